//! Every clause of the contract with its evidence.

use harness::findings::evidence::Evidence;
use harness::findings::part::Part;
use harness::findings::verdict::Verdict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::audit::UNEVIDENCED;
use crate::contract::clauses::{Clause, CLAUSES};
use crate::findings::scope::Scope;

/// A clause and what there is for it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ClauseReport {
    /// `C7`, say.
    pub clause: String,
    /// What it promises.
    pub statement: String,
    /// The strongest verdict of its evidence; a failure beats them all; none without evidence.
    pub verdict: Option<Verdict>,
    /// Each piece.
    pub evidence: Vec<Evidence>,
}

impl ClauseReport {
    /// Whether there is nothing that shows it, and must be.
    pub(crate) fn is_bare(&self) -> bool {
        let excused = UNEVIDENCED.iter().any(|(number, _)| self.clause == format!("C{number}"));
        !excused && !self.evidence.iter().any(|piece| piece.verdict.holds())
    }

    /// How many pieces have which verdict, the strongest first, as `PROVED 5 · BOUNDED(3) 7`: one
    /// small proof does not make all of it proved.
    pub fn counts(&self) -> String {
        let word = |verdict: &Verdict| match verdict {
            Verdict::Sampled { .. } => "SAMPLED".to_owned(),
            Verdict::Stressed(_) => "STRESSED".to_owned(),
            verdict => verdict.to_string(),
        };
        let mut pieces: Vec<_> = self.evidence.iter().map(|piece| &piece.verdict).collect();
        pieces.sort_by_key(|verdict| std::cmp::Reverse(rank(verdict)));
        let mut counts: Vec<(String, usize)> = Vec::new();
        for verdict in pieces {
            let word = word(verdict);
            match counts.last_mut() {
                Some((last, times)) if *last == word => *times += 1,
                _ => counts.push((word, 1)),
            }
        }
        let counts: Vec<_> = counts.iter().map(|(word, times)| format!("{word} {times}")).collect();
        counts.join(" · ")
    }
}

/// Gathers what the parts of an audit say about each clause.
pub fn clauses(parts: &[&dyn Part<Scope>]) -> Vec<ClauseReport> {
    let report = |clause: &Clause| {
        let evidence: Vec<_> = parts.iter().flat_map(|part| part.evidence(clause.number)).collect();
        ClauseReport {
            clause: format!("C{}", clause.number),
            statement: clause.statement.clone(),
            verdict: strongest(&evidence),
            evidence,
        }
    };
    CLAUSES.iter().map(report).collect()
}

/// What does not hold comes first, then the strongest word; of tests, the one that ran most often.
fn strongest(evidence: &[Evidence]) -> Option<Verdict> {
    let broken = evidence.iter().find(|piece| !piece.verdict.holds());
    let best = || evidence.iter().max_by_key(|piece| rank(&piece.verdict));
    broken.or_else(best).map(|piece| piece.verdict.clone())
}

/// How strong a verdict is; what does not hold beats them all.
fn rank(verdict: &Verdict) -> (u8, u64) {
    match verdict {
        Verdict::Stressed(runs) => (0, *runs),
        Verdict::Sampled { schedules, .. } => (1, *schedules as u64),
        Verdict::Bounded(bound) => (2, *bound as u64),
        // Below a proof, since that the code has no other step is known from explorations.
        Verdict::ProvedAny => (2, u64::MAX),
        Verdict::Proved => (3, 0),
        Verdict::Unrecorded(_) => (4, 0),
        Verdict::Vacuous(_) => (5, 0),
        Verdict::Truncated(_) => (6, 0),
        Verdict::Failed(_) => (7, 0),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use harness::findings::evidence::Evidence;
    use harness::findings::sample::Scheduler;
    use harness::findings::verdict::Verdict;

    use super::{clauses, strongest, ClauseReport};
    use crate::contract::clauses::CLAUSES;

    fn evidence(verdict: Verdict) -> Evidence {
        Evidence {
            kind: "test".to_owned(),
            name: "t".to_owned(),
            verdict,
            bound: None,
            executions: None,
            seconds: None,
            reached: BTreeMap::new(),
            convicted: Vec::new(),
        }
    }

    #[test]
    fn a_clause_without_evidence_appears_as_such() {
        let reports = clauses(&[]);
        assert_eq!(reports.len(), CLAUSES.len());
        assert!(reports.iter().all(|report| report.verdict.is_none()));
    }

    #[test]
    fn failed_evidence_is_none() {
        let clause = |verdict| ClauseReport {
            clause: "C7".to_owned(),
            statement: String::new(),
            verdict: None,
            evidence: vec![evidence(verdict)],
        };
        assert!(clause(Verdict::Failed("it broke".to_owned())).is_bare());
        assert!(!clause(Verdict::Stressed(1)).is_bare());
    }

    #[test]
    fn a_failure_beats_every_proof() {
        let failed = Verdict::Failed("it broke".to_owned());
        let pieces = [Verdict::Proved, failed.clone(), Verdict::Stressed(9)].map(evidence);
        assert_eq!(strongest(&pieces), Some(failed));
    }

    #[test]
    fn the_counts_of_a_clause_say_more_than_its_strongest_word() {
        let sampled = Verdict::Sampled { scheduler: Scheduler::Pct, schedules: 9, seed: 1 };
        let bounded = [Verdict::Bounded(2), Verdict::Bounded(3), Verdict::Bounded(3)];
        let tests = [Verdict::Stressed(9), Verdict::Stressed(256), Verdict::Proved, sampled];
        let evidence: Vec<_> = tests.into_iter().chain(bounded).map(evidence).collect();
        let mut clause = ClauseReport {
            clause: "C7".to_owned(),
            statement: String::new(),
            verdict: None,
            evidence,
        };
        let held = "PROVED 1 · BOUNDED(3) 2 · BOUNDED(2) 1 · SAMPLED 1 · STRESSED 2";
        assert_eq!(clause.counts(), held);
        clause.evidence.push(super::tests::evidence(Verdict::Vacuous("nobody waited".to_owned())));
        assert_eq!(clause.counts(), format!("VACUOUS 1 · {held}"));
    }

    #[test]
    fn a_proof_beats_tests() {
        let pieces = [Verdict::Stressed(9), Verdict::Proved, Verdict::Bounded(3)].map(evidence);
        assert_eq!(strongest(&pieces), Some(Verdict::Proved));
    }
}
