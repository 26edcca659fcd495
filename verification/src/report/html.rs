//! The page for an auditor: one file, without network. Without scripts it says what holds; a script
//! draws the interleavings, filters the tables and keeps what is shown in the address.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use askama::Template;
use harness::base::text::{thousands, to_float};
use harness::findings::part::{Complaint, Exhibit};
use harness::findings::verdict::Verdict;
use harness::report::interleaving::Interleaving;
use harness::report::page::{self, slug, Listed};
use last_call::QueueKind;

use crate::any_number::ProtocolReport;
use crate::audit::clauses::ClauseReport;
use crate::audit::Audit;
use crate::cross_check::CheckerReport;
use crate::mutation::seeded::Mutants;
use crate::programs::Generated;
use crate::report::{figures, sentences};
use crate::subjects;
use crate::trials::report::TrialReport;

/// Writes the page.
///
/// # Errors
///
/// What the template could not be filled with.
pub fn render(audit: &Audit) -> Result<String, String> {
    Page::new(audit)?.render().map_err(|error| error.to_string())
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    audit: &'a Audit,
    verdict: String,
    trend: Trend<'a>,
    promises: Vec<Promise<'a>>,
    /// Why the book's first pool hangs.
    story: Option<Story<'a>>,
    subjects: Vec<(&'static str, &'static str)>,
    properties: Vec<Property<'a>>,
    /// The ids of the rows of models.
    rows: BTreeMap<&'a str, String>,
    /// The section that lists the faults at call sites.
    kills_section: Option<String>,
    /// The list of interleavings, and where each is.
    listed: Listed<'a>,
    /// The section that lists them.
    interleavings: String,
    /// The interleavings as data for the script.
    scripts: String,
    figures: Vec<figures::Row>,
    failures: Vec<Complaint<'a>>,
    /// The section that lists them.
    failures_section: String,
}

/// The kinds of interleavings that a reader can ask for.
const KINDS: [(&str, &str); 7] = [
    ("FAILURE", "failures"),
    ("subject", "broken subjects"),
    ("defect", "seeded defects"),
    ("fault", "faults at call sites"),
    ("program", "defects under generated programs"),
    ("sample", "defects in samples"),
    ("patch", "patches on the sources"),
];

/// A headline promise and the clauses that make it up.
struct Promise<'a> {
    text: &'static str,
    proviso: &'static str,
    clauses: Vec<&'a ClauseReport>,
}

impl Promise<'_> {
    fn count(&self, wanted: fn(&Verdict) -> bool) -> usize {
        self.clauses.iter().filter(|clause| clause.verdict.as_ref().is_some_and(wanted)).count()
    }

    /// The clauses without evidence in this run.
    fn bare(&self) -> usize {
        self.clauses.iter().filter(|clause| clause.verdict.is_none()).count()
    }

    /// Whether some evidence does not hold.
    fn is_broken(&self) -> bool {
        self.count(|verdict| !verdict.holds()) > 0
    }

    fn proved(&self) -> usize {
        self.count(|verdict| *verdict == Verdict::Proved)
    }
}

/// A piece of evidence for a clause, or the same test on several queues.
struct Piece<'a> {
    kind: &'a str,
    name: &'a str,
    verdict: String,
    /// The row about it: of the matrix, or of the samples.
    row: Option<String>,
    /// The queues of a test, or the subjects of a model.
    on: Vec<&'a str>,
    /// How many seeded defects it convicts.
    convicted: usize,
    /// The interleaving of the first of them; the others follow it.
    interleaving: Option<&'a str>,
}

impl Piece<'_> {
    /// Where it was found, in words.
    fn found_on(&self) -> String {
        match self.on.len() {
            0 => String::new(),
            every if every == QueueKind::ALL.len() && self.kind == "test" => {
                " on every queue".to_owned()
            }
            _ => format!(" on {}", self.on.join(", ")),
        }
    }
}

/// A row of the matrix.
struct Property<'a> {
    id: String,
    text: &'a str,
    clauses: &'a [u8],
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

/// The class of a verdict's word: each kind has a colour and a mark of its own.
fn class(word: &str) -> &'static str {
    const KINDS: [(&str, &str); 8] = [
        ("PROVED", "proved"),
        ("BOUNDED", "bounded"),
        ("SAMPLED", "sampled"),
        ("STRESSED", "stressed"),
        ("convicted", "convicted"),
        ("equivalent", "excused"),
        ("explained", "excused"),
        ("survived", "survived"),
    ];
    let kind = KINDS.iter().find(|(start, _)| word.starts_with(start));
    kind.map_or("wrong", |(_, class)| class)
}

/// Executions beside the recorded ones.
struct Trend<'a> {
    /// Models with a recorded number.
    models: usize,
    recorded: u64,
    now: u64,
    /// Models that explored another number: name, recorded, now.
    differing: Vec<(&'a str, u64, u64)>,
}

impl<'a> Trend<'a> {
    fn new(audit: &'a Audit) -> Self {
        let pairs = audit.trials.iter().filter_map(|trial| Some((trial, trial.recorded?)));
        let mut trend = Trend { models: 0, recorded: 0, now: 0, differing: Vec::new() };
        for (trial, recorded) in pairs {
            let now = trial.executions();
            trend.models += 1;
            trend.recorded += recorded;
            trend.now += now;
            if now != recorded {
                trend.differing.push((&trial.name, recorded, now));
            }
        }
        trend
    }

    /// The difference in per cent.
    fn change(recorded: impl Borrow<u64>, now: impl Borrow<u64>) -> String {
        let (recorded, now) = (*recorded.borrow(), *now.borrow());
        if now == recorded {
            return "no change".to_owned();
        }
        let [recorded, now] = [recorded, now].map(to_float);
        format!("{:+.1} %", (now - recorded) / recorded.max(1.0) * 100.0)
    }
}

/// The first pool of the book, which joins its workers while the channel is open.
struct Story<'a> {
    /// Of the interleaving.
    id: String,
    model: &'a str,
    how: &'a str,
    /// Where each thread stands at the end.
    ends: Vec<String>,
}

impl<'a> Story<'a> {
    fn new(listed: &Listed<'a>) -> Option<Self> {
        let is_it = |(_, shown): &&(String, Exhibit<'_>)| {
            shown.kind == "subject" && shown.model == "book-stage-1/drop-idle"
        };
        let (id, shown) = listed.iter().find(is_it)?;
        let told = Interleaving::new(shown.trace);
        let ends = told.threads.iter().map(Interleaving::end).collect();
        Some(Story { id: id.clone(), model: shown.model, how: shown.how, ends })
    }
}

impl<'a> Page<'a> {
    fn new(audit: &'a Audit) -> Result<Self, String> {
        let listed = Listed::new(audit.exhibits(), &KINDS, "audit.json");
        let failures = audit.complaints();
        let properties = properties(audit);
        let rows = audit.trials.iter().filter_map(|trial| {
            let row = properties.iter().find(|property| property.text == trial.property)?;
            Some((&*trial.name, row.id.clone()))
        });
        let rows: BTreeMap<_, _> = rows.collect();
        let kills =
            |matrix| page::faults("Faults at the pool's call sites", matrix, &listed, &rows);
        let kills_section = audit.kill_matrix.as_ref().map(kills);
        Ok(Page {
            audit,
            verdict: sentences::verdict(audit),
            trend: Trend::new(audit),
            promises: promises(audit),
            story: Story::new(&listed),
            subjects: subjects(audit),
            kills_section: kills_section.transpose()?,
            properties,
            scripts: listed.scripts()?,
            interleavings: listed.section()?,
            failures_section: page::failures(&failures, &listed)?,
            listed,
            rows,
            figures: figures::rows(audit),
            failures,
        })
    }

    fn style() -> &'static str {
        page::STYLE
    }

    fn executions(&self) -> String {
        let explorations = self.audit.trials.iter().flat_map(|trial| &trial.explorations);
        thousands(explorations.map(|exploration| exploration.executions).sum())
    }

    /// Trials of the pool that the page is about.
    fn models(&self) -> usize {
        self.audit.trials.iter().filter(|trial| subjects::is_this_pool(&trial.subject)).count()
    }

    fn defects(&self) -> usize {
        self.audit.trials.iter().map(|trial| trial.defects.len()).sum()
    }

    fn tests(&self) -> usize {
        self.audit.suites.iter().map(|suite| suite.tests.len()).sum()
    }

    /// The time that the run took.
    fn took(&self) -> String {
        let seconds = self.audit.seconds;
        let minutes = (seconds / 60.0).floor();
        if minutes < 1.0 {
            format!("{seconds:.0} s")
        } else {
            format!("{minutes:.0} min {:.0} s", (seconds - minutes * 60.0).floor())
        }
    }

    fn commit(&self) -> Option<&str> {
        let commit = &self.audit.source.as_ref()?.commit;
        Some(commit.get(..10).unwrap_or(commit))
    }

    fn grouped(number: impl Borrow<u64>) -> String {
        thousands(*number.borrow())
    }

    fn word(trial: &TrialReport) -> String {
        word(trial)
    }

    fn class(word: impl AsRef<str>) -> &'static str {
        class(word.as_ref())
    }

    fn slug(text: impl AsRef<str>) -> String {
        slug(text.as_ref())
    }

    /// The counts of a clause, one for each kind of verdict.
    fn counts(clause: &ClauseReport) -> Vec<String> {
        clause.counts().split(" · ").map(str::to_owned).collect()
    }

    /// The evidence of a clause, with tests and models that differ only in the queue as one.
    fn pieces(&'a self, clause: &'a ClauseReport) -> Vec<Piece<'a>> {
        let mut pieces: Vec<Piece<'a>> = Vec::new();
        for evidence in &clause.evidence {
            let verdict = evidence.verdict.to_string();
            let kind = &*evidence.kind;
            // The name of a test begins with the queue, that of a model with the subject.
            let on = evidence.name.split_once('/').filter(|_| matches!(kind, "test" | "model"));
            let (on, name) = match on {
                Some((on, name)) => (Some(on), name),
                None => (None, &*evidence.name),
            };
            let row = match kind {
                "sample" => Some(format!("s-{}", slug(name))),
                "protocol" => Some(format!("p-{}", slug(name))),
                _ => self.row(&evidence.name).map(str::to_owned),
            };
            let first = evidence.convicted.first();
            let interleaving = first.and_then(|defect| self.of_defect(&evidence.name, defect));
            let convicted = evidence.convicted.len();
            let same = |piece: &&mut Piece<'_>| {
                let key = (piece.kind, piece.name, &piece.verdict, &piece.row);
                on.is_some() && key == (kind, name, &verdict, &row)
            };
            if let Some(piece) = pieces.iter_mut().find(same) {
                piece.on.extend(on);
                piece.convicted += convicted;
                piece.interleaving = piece.interleaving.or(interleaving);
                continue;
            }
            let on = on.into_iter().collect();
            pieces.push(Piece { kind, name, verdict, row, on, convicted, interleaving });
        }
        pieces
    }

    fn protocols() -> &'static str {
        sentences::PROTOCOLS
    }

    fn word_of(&self, protocol: &ProtocolReport) -> String {
        protocol.verdict(self.audit.scope.shard.is_none()).to_string()
    }

    /// The interleaving that convicted a trial, or made it fail.
    fn of_trial(&self, trial: &TrialReport) -> Option<&str> {
        self.listed.id(&trial.name, &trial.property)
    }

    fn of_defect(&self, model: &str, defect: &str) -> Option<&str> {
        self.listed.id(model, defect)
    }

    /// The row of the matrix of a model, if it has one.
    fn row(&self, model: &str) -> Option<&str> {
        self.rows.get(model).map(String::as_str)
    }

    fn mutants(mutants: &Mutants) -> String {
        sentences::mutants(mutants)
    }

    fn check(checker: &CheckerReport) -> String {
        sentences::check(checker)
    }

    fn programs(generated: &Generated) -> String {
        sentences::programs(generated)
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
    let subjects = subjects::subjects().iter();
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
        properties.push(Property {
            id: format!("p-{}", slug(&trial.scenario)),
            text: &trial.property,
            clauses: &trial.clauses,
            cells: subjects.iter().map(cell).collect(),
        });
    }
    properties
}

#[cfg(test)]
mod tests {
    use super::class;
    use crate::audit::fixtures::{failing, holding};

    #[test]
    fn the_verdict_comes_first_and_text_is_escaped() {
        let page = super::render(&holding()).unwrap();
        assert!(page.contains("Every guarantee holds"), "{page}");
        assert!(page.contains("drop &#60;b&#62;returns") || page.contains("drop &lt;b&gt;returns"));
        let page = super::render(&failing()).unwrap();
        assert!(page.contains("NOT EVERYTHING HOLDS") && page.contains("it broke"));
    }

    #[test]
    fn a_counterexample_is_drawn_by_the_script_and_linked() {
        let page = super::render(&failing()).unwrap();
        let drawn = "class=\"drawing\" data-interleaving=\"i-last-call-x-1\"";
        assert!(page.contains(drawn), "a failure is drawn where it is named");
        let linked = ["href=\"#i-last-call-x-1\"", "id=\"i-last-call-x-1\""];
        assert!(linked.iter().all(|part| page.contains(part)), "{page}");
        assert!(!page.contains("<td class=\"sleeping\">"), "the script draws it");
    }

    #[test]
    fn the_heading_says_of_what_and_when() {
        let mut audit = holding();
        audit.seconds = 125.9;
        let page = super::render(&audit).unwrap();
        for part in ["0123abc", "2026-01-31 17:05 UTC", "2 min 5 s", "rustc", "as recorded"] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("uncommitted"));
        audit.trials[0].recorded = Some(10);
        if let Some(source) = &mut audit.source {
            source.dirty = true;
        }
        let page = super::render(&audit).unwrap();
        for part in ["with uncommitted changes", "+20.0 % against the record"] {
            assert!(page.contains(part), "{part}");
        }
        assert!(page.contains("1 of 1 models differ from the record"), "{page}");
    }

    #[test]
    fn each_kind_of_verdict_has_a_class_of_its_own() {
        let words =
            ["PROVED 5", "BOUNDED(3)", "SAMPLED(pct, 9, 1)", "STRESSED 2", "convicted", "FAILED"];
        let classes = words.map(class);
        assert_eq!(classes, ["proved", "bounded", "sampled", "stressed", "convicted", "wrong"]);
        assert_eq!(["wrong PROVED", "MISSED"].map(class), ["wrong", "wrong"]);
    }

    #[test]
    fn the_sections_stand_in_the_order_in_which_they_are_asked_for() {
        let page = super::render(&failing()).unwrap();
        let at = |id: &str| page.find(&format!("<section id=\"{id}\"")).expect(id);
        let order = ["failures", "guaranteed", "known", "assumed", "matrix", "clauses", "kills"];
        let places: Vec<_> = order.into_iter().chain(["convictions"]).map(at).collect();
        assert!(places.is_sorted(), "{places:?}");
    }

    #[test]
    fn a_clause_has_its_counts_and_a_failed_sample_its_replay() {
        let mut audit = holding();
        audit.samples[0].replay = Some("sample -- --replay 7:3ab.".to_owned());
        let page = super::render(&audit).unwrap();
        assert!(page.contains(">PROVED 4<") && page.contains("stressed\">STRESSED 1<"), "{page}");
        assert!(page.contains("<code>sample -- --replay 7:3ab.</code>"), "{page}");
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        let page = super::render(&failing()).unwrap();
        assert!(!page.contains("src=") && !page.contains("<link"));
        assert!(page.contains("default-src 'none'"));
    }
}
