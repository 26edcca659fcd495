//! This pool beside others, in figures: what the benchmark `peers` measured, and what follows.
//!
//! It goes to `speed.json`; the terminal and the page are written from it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::base::files;
use crate::base::machine::Machine;
use crate::base::numbers::{figure, place};
use crate::base::statistics::{Rounds, Spread};

/// The version of the format of `speed.json`.
pub const SCHEMA: u32 = 1;

/// The name of the file, in the folder of the results.
pub const FILE: &str = "speed.json";

/// The name of the file of a run that did not look at everything.
pub const PARTIAL: &str = "speed-partial.json";

/// Everything that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The version of this format: [`SCHEMA`].
    pub schema: u32,
    /// How much was run: `quick` or `full`.
    pub profile: String,
    /// Whether nothing was filtered out.
    pub is_whole: bool,
    /// How often each pool ran each workload.
    pub rounds: usize,
    /// How long it took.
    pub seconds: f64,
    /// Where it ran.
    pub machine: Machine,
    /// The pools.
    pub subjects: Vec<Subject>,
    /// A table a figure of a workload.
    pub tables: Vec<Table>,
    /// How cost grows.
    pub curves: Vec<Curve>,
}

/// A pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Its name in the tables.
    pub name: String,
    /// Its version, if it has one.
    pub version: Option<String>,
    /// What it is.
    pub what: String,
    /// What it does less than this pool.
    pub less: String,
    /// Whether it is this pool, on one of its queues.
    pub own: bool,
}

/// A figure of a workload, for each pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The workload: `W1`.
    pub workload: String,
    /// What is particular: the number of workers, say.
    pub setting: String,
    /// What is done and timed, in a sentence.
    pub text: String,
    /// The figure: `a job`.
    pub figure: String,
    /// The unit of the figure.
    pub unit: String,
    /// Whether it ran on one core; none if it was not to.
    pub pinned: Option<bool>,
    /// The cores that others kept busy meanwhile, on average, if the system says.
    pub others: Option<f64>,
    /// A row a pool.
    pub entries: Vec<Entry>,
    /// Where this pool stands, once for each of its queues that ran.
    pub standings: Vec<Standing>,
}

/// A figure of one pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The pool's name.
    pub subject: String,
    /// Whether it is this pool.
    pub own: bool,
    /// The figure; none if it does not take part or never came to an end.
    pub value: Option<Spread>,
    /// Context switches in a run, the median.
    pub switches: Option<f64>,
    /// This pool's figure by that of the pool, by the name of this pool's variant; below 1 this pool
    /// is better.
    pub ratios: BTreeMap<String, Spread>,
    /// Whether it can be the best peer: it does the same.
    pub counts: bool,
    /// Why it does not count or has no figure, and what went wrong.
    pub remark: Option<String>,
}

/// Where this pool stands among those that do the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The name of this pool's variant.
    pub subject: String,
    /// The best peer, if there is one.
    pub best: Option<String>,
    /// This pool's figure by that of the best peer.
    pub ratio: Option<Spread>,
    /// What is aimed at, if anything.
    pub target: Option<Target>,
    /// Whether that is reached; none if there is nothing to tell it from.
    pub met: Option<bool>,
}

/// What is aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Target {
    /// At most this part of the best peer's figure.
    Ratio(f64),
    /// At most this figure.
    Figure(f64),
}

/// How a figure changes with another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// What is looked at.
    pub title: String,
    /// What was run, in a sentence.
    pub text: String,
    /// What the horizontal axis counts.
    pub along: String,
    /// The unit of the vertical axis.
    pub unit: String,
    /// A line a pool.
    pub lines: Vec<Line>,
}

/// A figure of one pool at several places.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The pool's name.
    pub subject: String,
    /// Whether it is this pool.
    pub own: bool,
    /// Where, and the figure there.
    pub points: Vec<(f64, Spread)>,
    /// Where no figure came out, and why.
    pub remarks: Vec<String>,
}

impl Table {
    /// Fills a table that has no entries yet; a target may depend on the variant of this pool.
    #[must_use]
    pub fn filled(
        mut self,
        rounds: &[(&Subject, Rounds)],
        target: impl Fn(&str) -> Option<Target>,
    ) -> Self {
        let own = || rounds.iter().filter(|(subject, _)| subject.own);
        self.entries = rounds
            .iter()
            .map(|(subject, runs)| {
                let by =
                    |(own, other): &(&Subject, Rounds)| Some((own.name.clone(), other.by(runs)?));
                let remarks = [&runs.remark, &runs.failure].into_iter().flatten();
                let remarks: Vec<_> = remarks.map(String::as_str).collect();
                Entry {
                    subject: subject.name.clone(),
                    own: subject.own,
                    value: runs.spread(),
                    switches: Spread::of(runs.switches.iter().copied()).map(|all| all.median),
                    ratios: own().filter(|_| !subject.own).filter_map(by).collect(),
                    counts: !subject.own && runs.remark.is_none(),
                    remark: (!remarks.is_empty()).then(|| remarks.join("; ")),
                }
            })
            .collect();
        self.standings = own().map(|(subject, _)| self.standing(&subject.name, &target)).collect();
        self
    }

    fn standing(&self, own: &str, target: impl Fn(&str) -> Option<Target>) -> Standing {
        let best = self.best();
        let ratio = best.and_then(|best| best.ratios.get(own).copied());
        let value = self.entries.iter().find(|entry| entry.subject == own);
        let value = value.and_then(|entry| Some(entry.value?.median));
        let target = target(own);
        let met = target.and_then(|target| match target {
            Target::Ratio(most) => ratio.map(|ratio| ratio.median <= most),
            Target::Figure(most) => value.map(|value| value <= most),
        });
        let best = best.map(|best| best.subject.clone());
        Standing { subject: own.to_owned(), best, ratio, target, met }
    }

    /// The peer with the smallest figure among those that do the same.
    pub fn best(&self) -> Option<&Entry> {
        let counting = self.entries.iter().filter(|entry| entry.counts);
        let valued = counting.filter_map(|entry| Some((entry.value?.median, entry)));
        valued.min_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, entry)| entry)
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Ratio(most) => write!(f, "≤ {most} of it"),
            Target::Figure(most) => write!(f, "≤ {most}"),
        }
    }
}

impl Standing {
    /// Whether the target is met, in words.
    pub fn word(&self) -> &'static str {
        match self.met {
            Some(true) => "met",
            Some(false) => "not met",
            None => "–",
        }
    }
}

impl Curve {
    /// What the curve shows of this pool, in a sentence; none if it has no two points.
    pub fn sentence(&self) -> Option<String> {
        let tell = |line: &Line| {
            let ((from, first), (to, last)) = (line.points.first()?, line.points.last()?);
            (from < to).then(|| {
                let (first, last) = (first.median, last.median);
                format!("{}: {} {}, then {}", line.subject, figure(first), self.unit, figure(last))
            })
        };
        let (from, to) = self.range()?;
        let told: Vec<_> = self.lines.iter().filter_map(tell).collect();
        let (from, to) = (place(from), place(to));
        (!told.is_empty())
            .then(|| format!("From {from} to {to} {}: {}.", self.along, told.join("; ")))
    }

    /// The first and the last place; none if there is no point.
    pub fn range(&self) -> Option<(f64, f64)> {
        let places = || self.lines.iter().flat_map(|line| &line.points).map(|(place, _)| *place);
        Some((places().min_by(f64::total_cmp)?, places().max_by(f64::total_cmp)?))
    }
}

impl Comparison {
    /// Reads the file of that folder; nothing if there is none.
    ///
    /// # Errors
    ///
    /// What is wrong with the file.
    pub fn read(folder: &Path) -> Result<Option<Self>, String> {
        files::read(&folder.join(FILE), SCHEMA)
    }

    /// Writes the file into that folder, which is created; what was filtered replaces nothing whole.
    ///
    /// # Errors
    ///
    /// What went wrong, naming the file.
    pub fn write(&self, folder: &Path) -> Result<std::path::PathBuf, String> {
        files::write(self, folder.join(if self.is_whole { FILE } else { PARTIAL }))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn subject(name: &str, own: bool) -> Subject {
        Subject {
            name: name.to_owned(),
            version: Some("1.0.0".to_owned()),
            what: "a pool".to_owned(),
            less: "it <waits> for nothing".to_owned(),
            own,
        }
    }

    fn rounds(figures: &[f64]) -> Rounds {
        Rounds { figures: figures.iter().copied().map(Some).collect(), ..Rounds::default() }
    }

    fn table() -> Table {
        Table {
            workload: "W1".to_owned(),
            setting: "2 workers".to_owned(),
            text: "jobs & jobs".to_owned(),
            figure: "a job".to_owned(),
            unit: "ns".to_owned(),
            pinned: None,
            others: Some(0.25),
            entries: Vec::new(),
            standings: Vec::new(),
        }
    }

    /// This pool, a slower one, a faster one that does less, and one that hangs.
    pub(crate) fn comparison() -> Comparison {
        let names = [("last-call", true), ("slow", false), ("careless", false), ("stuck", false)];
        let subjects = names.map(|(name, own)| subject(name, own)).to_vec();
        let own = rounds(&[100.0, 1_000.0, 110.0]);
        let slow = rounds(&[200.0, 2_000.0, 220.0]);
        let careless =
            Rounds { remark: Some("does not wait".to_owned()), ..rounds(&[10.0, 10.0, 10.0]) };
        let stuck = Rounds { failure: Some("killed".to_owned()), ..Rounds::default() };
        let rounds: Vec<_> = subjects.iter().zip([own, slow, careless, stuck]).collect();
        let table = table().filled(&rounds, |_| Some(Target::Ratio(0.6)));
        let at = |median| Spread { median, lower: median, upper: median };
        let line = |subject: &str, own, scale: f64| Line {
            subject: subject.to_owned(),
            own,
            points: vec![(1.0, at(scale)), (64.0, at(scale * 30.0))],
            remarks: Vec::new(),
        };
        let curve = Curve {
            title: "Workers".to_owned(),
            text: "W1".to_owned(),
            along: "workers".to_owned(),
            unit: "ns".to_owned(),
            lines: vec![line("last-call", true, 50.0), line("slow", false, 90.0)],
        };
        Comparison {
            schema: SCHEMA,
            profile: "quick".to_owned(),
            is_whole: true,
            rounds: 3,
            seconds: 12.5,
            machine: Machine {
                processor: None,
                cores: 2,
                system: "linux".to_owned(),
                others: Some(0.5),
            },
            subjects,
            tables: vec![table],
            curves: vec![curve],
        }
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        let table = &comparison().tables[0];
        let ratio = table.entries[1].ratios["last-call"];
        // The machine was ten times slower in the second round: the ratio does not see it.
        assert_eq!((ratio.lower, ratio.median, ratio.upper), (0.5, 0.5, 0.5));
        assert!(table.entries[0].ratios.is_empty(), "this pool has no ratio to itself");
    }

    #[test]
    fn a_failed_run_leaves_the_others_of_its_round_alone() {
        let own = rounds(&[100.0, 200.0]);
        let mut other = rounds(&[400.0, 400.0]);
        other.figures[0] = None;
        assert_eq!(own.by(&other).map(|ratio| ratio.median), Some(0.5));
        other.figures[1] = None;
        assert_eq!(own.by(&other), None);
    }

    #[test]
    fn the_best_peer_is_one_that_does_the_same_and_ends() {
        let table = &comparison().tables[0];
        assert_eq!(table.best().map(|best| &*best.subject), Some("slow"));
        let standing = &table.standings[0];
        assert_eq!((standing.best.as_deref(), standing.met), (Some("slow"), Some(true)));
        assert_eq!(table.entries[3].remark.as_deref(), Some("killed"));
    }

    #[test]
    fn a_target_is_met_up_to_and_including_its_limit() {
        let own = subject("last-call", true);
        let peer = subject("slow", false);
        let rounds = [(&own, rounds(&[48.0])), (&peer, rounds(&[56.0]))];
        let met = |target| table().filled(&rounds, |_| target).standings[0].met;
        assert_eq!(met(Some(Target::Figure(48.0))), Some(true));
        assert_eq!(met(Some(Target::Figure(47.0))), Some(false));
        assert_eq!(met(Some(Target::Ratio(0.9))), Some(true));
        assert_eq!(met(Some(Target::Ratio(0.85))), Some(false));
        assert_eq!(met(None), None);
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let folder = std::env::temp_dir().join(format!("peers-{}", std::process::id()));
        assert_eq!(Comparison::read(&folder), Ok(None));
        let mut comparison = comparison();
        comparison.write(&folder).unwrap();
        assert_eq!(Comparison::read(&folder), Ok(Some(comparison.clone())));
        let partial = Comparison { is_whole: false, rounds: 1, ..comparison.clone() };
        assert!(partial.write(&folder).unwrap().ends_with(PARTIAL));
        assert_eq!(Comparison::read(&folder), Ok(Some(comparison.clone())));
        comparison.schema += 1;
        comparison.write(&folder).unwrap();
        assert!(Comparison::read(&folder).unwrap_err().contains("has the format"));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_curve_is_told_in_a_sentence() {
        let told = comparison().curves[0].sentence().unwrap();
        assert_eq!(
            told,
            "From 1 to 64 workers: last-call: 50.0 ns, then 1500; slow: 90.0 ns, then 2700."
        );
    }
}
