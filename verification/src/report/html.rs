//! The page for a reviewer: self-contained, without network, readable without scripts.

use std::borrow::Borrow;

use askama::Template;

use super::Shown;
use crate::audit::{Audit, ClauseReport, TrialReport};
use crate::callsite::{KillEntry, KillMatrix};
use crate::checker::CheckerReport;
use crate::figures;
use crate::generated::Generated;
use crate::interleaving::{Interleaving, Lane, Row, Standing};
use crate::mutants::Mutants;
use crate::terminal::{self, thousands};
use crate::trial;
use crate::verdict::Verdict;

/// Writes the page.
///
/// # Errors
///
/// What the template could not be filled with.
pub fn render(audit: &Audit) -> Result<String, String> {
    Page::new(audit).render().map_err(|error| error.to_string())
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    audit: &'a Audit,
    verdict: String,
    promises: Vec<Promise<'a>>,
    /// Why the book's first pool hangs.
    story: Option<Conviction>,
    subjects: Vec<(&'static str, &'static str)>,
    properties: Vec<Property<'a>>,
    kills: Option<Kills<'a>>,
    convictions: Vec<Conviction>,
    figures: Vec<figures::Row>,
    failures: Vec<super::Complaint<'a>>,
}

/// A headline promise and the clauses that make it up.
struct Promise<'a> {
    text: &'static str,
    proviso: &'static str,
    clauses: Vec<&'a ClauseReport>,
}

impl Promise<'_> {
    /// Whether every clause has evidence, and all of it holds.
    fn is_kept(&self) -> bool {
        let holds = |clause: &&ClauseReport| clause.verdict.as_ref().is_some_and(Verdict::holds);
        self.clauses.iter().all(holds)
    }

    fn count(&self, wanted: fn(&Verdict) -> bool) -> usize {
        self.clauses.iter().filter(|clause| clause.verdict.as_ref().is_some_and(wanted)).count()
    }

    fn proved(&self) -> usize {
        self.count(|verdict| *verdict == Verdict::Proved)
    }
}

/// A row of the matrix.
struct Property<'a> {
    text: &'a str,
    clauses: String,
    cells: Vec<Option<&'a TrialReport>>,
}

impl Property<'_> {
    /// What the filter of verdicts looks at.
    fn words(&self) -> String {
        self.cells.iter().flatten().map(|trial| word(trial)).collect::<Vec<_>>().join(" ")
    }
}

/// What a trial is called in its cell.
fn word(trial: &TrialReport) -> String {
    match (&trial.verdict, trial.as_expected) {
        (Verdict::Failed(_), true) => "convicted".to_owned(),
        (verdict, true) => verdict.to_string(),
        (verdict, false) => format!("wrong {verdict}"),
    }
}

struct Kills<'a> {
    matrix: &'a KillMatrix,
    entries: Vec<&'a KillEntry>,
}

/// The rows of an interleaving that are drawn: its end, if it is longer.
const ROWS: usize = 70;

/// Something that was convicted, with the execution that did it.
struct Conviction {
    id: String,
    title: String,
    model: String,
    /// As [`Shown::kind`].
    kind: &'static str,
    how: String,
    told: Interleaving,
}

impl Conviction {
    fn new(id: String, shown: Shown<'_>) -> Self {
        let Shown { title, model, kind, how, trace } = shown;
        let told = Interleaving::ending(trace, ROWS);
        let (model, how) = (model.to_owned(), how.to_owned());
        Conviction { id, title, model, kind, how, told }
    }

    #[allow(clippy::trivially_copy_pass_by_ref)] // templates pass references
    fn lane(lane: &Lane) -> &'static str {
        match lane {
            Lane::Absent => "absent",
            Lane::Running => "running",
            Lane::Sleeping => "sleeping",
            Lane::Waiting => "waiting",
        }
    }

    /// What a cell says to who does not see its border.
    #[allow(clippy::trivially_copy_pass_by_ref)] // templates pass references
    fn heard(lane: &Lane) -> &'static str {
        match lane {
            Lane::Absent | Lane::Running => "",
            Lane::Sleeping => "<i>sleeps</i>",
            Lane::Waiting => "<i>waits</i>",
        }
    }

    fn mark(row: &Row) -> &'static str {
        match row.last {
            Some(Standing::Blocked) => "✗",
            Some(Standing::Ended) => "■",
            Some(Standing::Stopped) => "●",
            _ => "",
        }
    }

    fn names(&self, threads: &[usize]) -> String {
        let names = threads.iter().map(|thread| self.told.threads[*thread].name.as_str());
        names.collect::<Vec<_>>().join(", ")
    }

    fn end(thread: &crate::interleaving::Thread) -> String {
        Interleaving::end(thread)
    }
}

impl<'a> Page<'a> {
    fn new(audit: &'a Audit) -> Self {
        Page {
            audit,
            verdict: terminal::verdict(audit),
            promises: promises(audit),
            story: story(audit),
            subjects: subjects(audit),
            properties: properties(audit),
            kills: audit
                .kill_matrix
                .as_ref()
                .map(|matrix| Kills { matrix, entries: matrix.entries.iter().collect() }),
            convictions: convictions(audit),
            figures: figures::rows(audit),
            failures: super::complaints(audit),
        }
    }

    fn executions(&self) -> String {
        let explorations = self.audit.trials.iter().flat_map(|trial| &trial.explorations);
        thousands(explorations.map(|exploration| exploration.executions).sum())
    }

    /// Trials of the pool that the page is about.
    fn models(&self) -> usize {
        self.audit.trials.iter().filter(|trial| trial::is_this_pool(&trial.subject)).count()
    }

    fn defects(&self) -> usize {
        self.audit.trials.iter().map(|trial| trial.defects.len()).sum()
    }

    fn tests(&self) -> usize {
        self.audit.suites.iter().map(|suite| suite.tests.len()).sum()
    }

    fn grouped(number: impl Borrow<u64>) -> String {
        thousands(*number.borrow())
    }

    fn word(trial: &TrialReport) -> String {
        word(trial)
    }

    fn mutants(mutants: &Mutants) -> String {
        terminal::mutants(mutants)
    }

    fn check(checker: &CheckerReport) -> String {
        terminal::check(checker)
    }

    fn programs(generated: &Generated) -> String {
        terminal::programs(generated)
    }
}

fn promises(audit: &Audit) -> Vec<Promise<'_>> {
    let of = |numbers: &[u8]| {
        let named = |clause: &&ClauseReport| {
            numbers.iter().any(|number| clause.clause == format!("C{number}"))
        };
        audit.clauses.iter().filter(named).collect()
    };
    vec![
        Promise {
            text: "Dropping or shutting down the pool always returns.",
            proviso: "Provided that the jobs already running return; with a deadline, whatever the jobs do.",
            clauses: of(&[1, 2, 10, 16, 17, 18, 19, 20, 21, 22, 23, 27]),
        },
        Promise {
            text: "Every submitted job either runs or is reported.",
            proviso:
                "Each accepted job has exactly one outcome: completed, panicked or cancelled. A \
                      refused job comes back to its submitter unrun.",
            clauses: of(&[3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 24, 25, 26, 28]),
        },
    ]
}

fn subjects(audit: &Audit) -> Vec<(&'static str, &'static str)> {
    let subjects = trial::subjects().iter();
    let there = |name: &str| audit.trials.iter().any(|trial| trial.subject == name);
    subjects
        .filter(|subject| there(subject.name()))
        .map(|subject| (subject.name(), subject.description()))
        .collect()
}

fn properties(audit: &Audit) -> Vec<Property<'_>> {
    let subjects = subjects(audit);
    let mut properties: Vec<Property<'_>> = Vec::new();
    for trial in &audit.trials {
        if properties.iter().any(|property| property.text == trial.property) {
            continue;
        }
        let cell = |(subject, _): &(&str, &str)| {
            audit
                .trials
                .iter()
                .find(|other| other.subject == *subject && other.scenario == trial.scenario)
        };
        let clauses = trial.clauses.iter().map(|number| format!("C{number}"));
        properties.push(Property {
            text: &trial.property,
            clauses: clauses.collect::<Vec<_>>().join(" "),
            cells: subjects.iter().map(cell).collect(),
        });
    }
    properties
}

/// The first pool of the book, which joins its workers while the channel is open.
fn story(audit: &Audit) -> Option<Conviction> {
    let is_it =
        |shown: &Shown<'_>| shown.kind == "subject" && shown.model == "book-stage-1/drop-idle";
    let shown = super::shown(audit).into_iter().find(is_it)?;
    Some(Conviction::new("story".to_owned(), shown))
}

/// Everything that was convicted, with its interleaving.
fn convictions(audit: &Audit) -> Vec<Conviction> {
    let shown = super::shown(audit).into_iter().enumerate();
    shown.map(|(number, shown)| Conviction::new(format!("v{number}"), shown)).collect()
}

#[cfg(test)]
mod tests {
    use crate::report::tests::{failing, holding};

    #[test]
    fn the_verdict_comes_first_and_text_is_escaped() {
        let page = super::render(&holding()).unwrap();
        assert!(page.contains("Every guarantee holds"), "{page}");
        assert!(page.contains("drop &#60;b&#62;returns") || page.contains("drop &lt;b&gt;returns"));
        let page = super::render(&failing()).unwrap();
        assert!(page.contains("NOT EVERYTHING HOLDS") && page.contains("it broke"));
    }

    #[test]
    fn a_counterexample_is_drawn_with_its_lanes() {
        let page = super::render(&failing()).unwrap();
        for part in ["sleeps on c2", "worker: sleeps on c2, and nobody has woken it", "src/a.rs:17"]
        {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn what_a_lane_shows_is_also_said() {
        let page = super::render(&failing()).unwrap();
        assert!(page.contains("<td class=\"sleeping\"><i>sleeps</i></td>"), "{page}");
        assert!(!page.contains("hatched"), "no lane is");
    }

    #[test]
    fn the_sections_stand_in_the_order_in_which_they_are_asked_for() {
        let page = super::render(&failing()).unwrap();
        let at = |id: &str| page.find(&format!("<section id=\"{id}\"")).expect(id);
        let order = ["failures", "guaranteed", "matrix", "clauses", "kills", "assumed"];
        let places: Vec<_> = order.into_iter().chain(["convictions"]).map(at).collect();
        assert!(places.is_sorted(), "{places:?}");
    }

    #[test]
    fn a_clause_has_its_counts_and_a_failed_sample_its_replay() {
        let mut audit = holding();
        audit.samples[0].replay = Some("sample -- --replay 7:3ab.".to_owned());
        let page = super::render(&audit).unwrap();
        assert!(page.contains("PROVED 1 · STRESSED 1"), "{page}");
        assert!(page.contains("<code>sample -- --replay 7:3ab.</code>"), "{page}");
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        let page = super::render(&failing()).unwrap();
        assert!(!page.contains("src=") && !page.contains("<link"));
        assert!(page.contains("default-src 'none'"));
    }
}
