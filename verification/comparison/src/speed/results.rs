//! The results of the benchmark: `speed.json`. The terminal, the page and the README are written from it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::base::json;
use crate::base::machine::Machine;
use crate::base::numbers::{figure, grouped};
use crate::base::statistics::{Rounds, Spread};

/// The version of the format of `speed.json`.
pub const SCHEMA: u32 = 1;

/// The name of the file, in the folder of the results.
pub const FILE: &str = "speed.json";

/// The name of the file of a filtered run.
pub const PARTIAL: &str = "speed-partial.json";

/// Everything that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpeedResults {
    /// The version of this format: [`SCHEMA`].
    pub schema: u32,
    /// The day of the run, in UTC.
    pub date: String,
    /// How much ran: `quick` or `full`.
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
    pub pools: Vec<PoolInfo>,
    /// A table for each figure of each workload.
    pub tables: Vec<Table>,
    /// How costs grow.
    pub curves: Vec<Curve>,
}

/// A pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolInfo {
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

/// A figure of a workload on each pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The workload: `W1`.
    pub workload: String,
    /// What distinguishes this setting, such as the number of workers.
    pub setting: String,
    /// What runs and is timed, in a sentence.
    pub text: String,
    /// The figure: `a job`.
    pub figure: String,
    /// The unit of the figure.
    pub unit: String,
    /// Whether it was pinned to one core. `None` if it was not meant to be.
    pub pinned: Option<bool>,
    /// The cores that other processes kept busy, on average, if the system tells.
    pub others: Option<f64>,
    /// A row for each pool.
    pub entries: Vec<Entry>,
    /// The standing of this pool, for each of its queues that ran.
    pub standings: Vec<Standing>,
}

/// A figure of one pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The name of the pool.
    pub pool: String,
    /// Whether it is this pool.
    pub own: bool,
    /// The figure. `None` if the pool does not take part, or every run failed.
    pub value: Option<Spread>,
    /// The median of the context switches in a run.
    pub switches: Option<f64>,
    /// The figure of this pool divided by that of the peer, for each queue of this pool. Below 1 this
    /// pool is better.
    pub ratios: BTreeMap<String, Spread>,
    /// Whether it is compared, so that it can be the best peer.
    pub is_compared: bool,
    /// Why it is not compared or has no figure, and what went wrong.
    pub remark: Option<String>,
}

/// The standing of this pool among those that are compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The name of this pool, which names its queue.
    pub pool: String,
    /// The best peer, if there is one.
    pub best: Option<String>,
    /// The figure of this pool divided by that of the best peer.
    pub ratio: Option<Spread>,
    /// The target, if there is one.
    pub target: Option<Target>,
    /// Whether the target is met. `None` without a target or a figure.
    pub met: Option<bool>,
}

/// A target.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Target {
    /// At most this part of the figure of the best peer.
    Ratio(f64),
    /// At most this figure.
    Figure(f64),
}

/// How a figure changes with another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Its title.
    pub title: String,
    /// What ran, in a sentence.
    pub text: String,
    /// What the horizontal axis counts.
    pub along: String,
    /// The unit of the vertical axis.
    pub unit: String,
    /// A line for each pool.
    pub lines: Vec<Line>,
}

/// A figure of one pool at several points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The name of the pool.
    pub pool: String,
    /// Whether it is this pool.
    pub own: bool,
    /// The points, each with its figure.
    pub points: Vec<(f64, Spread)>,
    /// Where there is no figure, and why.
    pub remarks: Vec<String>,
}

impl Table {
    /// Fills a table without entries. A target may depend on the queue of this pool.
    #[must_use]
    pub fn filled(
        mut self,
        rounds: &[(&PoolInfo, Rounds)],
        target: impl Fn(&str) -> Option<Target>,
    ) -> Self {
        let own = || rounds.iter().filter(|(pool, _)| pool.own);
        self.entries = rounds
            .iter()
            .map(|(pool, runs)| {
                let by =
                    |(own, other): &(&PoolInfo, Rounds)| Some((own.name.clone(), other.by(runs)?));
                let remarks = [&runs.remark, &runs.failure].into_iter().flatten();
                let remarks: Vec<_> = remarks.map(String::as_str).collect();
                Entry {
                    pool: pool.name.clone(),
                    own: pool.own,
                    value: runs.spread(),
                    switches: Spread::of(runs.switches.iter().copied()).map(|all| all.median),
                    ratios: own().filter(|_| !pool.own).filter_map(by).collect(),
                    is_compared: !pool.own && runs.remark.is_none(),
                    remark: (!remarks.is_empty()).then(|| remarks.join("; ")),
                }
            })
            .collect();
        self.standings = own().map(|(pool, _)| self.standing(&pool.name, &target)).collect();
        self
    }

    fn standing(&self, own: &str, target: impl Fn(&str) -> Option<Target>) -> Standing {
        let best = self.best();
        let ratio = best.and_then(|best| best.ratios.get(own).copied());
        let value = self.entries.iter().find(|entry| entry.pool == own);
        let value = value.and_then(|entry| Some(entry.value?.median));
        let target = target(own);
        let met = target.and_then(|target| target.met(ratio.map(|ratio| ratio.median), value));
        let best = best.map(|best| best.pool.clone());
        Standing { pool: own.to_owned(), best, ratio, target, met }
    }

    /// The peer with the smallest figure among those that are compared.
    pub fn best(&self) -> Option<&Entry> {
        let compared = self.entries.iter().filter(|entry| entry.is_compared);
        let valued = compared.filter_map(|entry| Some((entry.value?.median, entry)));
        valued.min_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, entry)| entry)
    }
}

impl Target {
    /// Whether a ratio and a figure meet the target. `None` without the one that it is about.
    pub fn met(self, ratio: Option<f64>, figure: Option<f64>) -> Option<bool> {
        match self {
            Target::Ratio(most) => ratio.map(|ratio| ratio <= most),
            Target::Figure(most) => figure.map(|figure| figure <= most),
        }
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
    /// Whether the target is met, in a word.
    pub fn word(&self) -> &'static str {
        match self.met {
            Some(true) => "met",
            Some(false) => "not met",
            None => "–",
        }
    }
}

impl Curve {
    /// What the curve shows, in a sentence. Returns `None` without two points.
    pub fn sentence(&self) -> Option<String> {
        let text = |line: &Line| {
            let ((from, first), (to, last)) = (line.points.first()?, line.points.last()?);
            (from < to).then(|| {
                let (first, last) = (first.median, last.median);
                format!("{}: {} {}, then {}", line.pool, figure(first), self.unit, figure(last))
            })
        };
        let (from, to) = self.range()?;
        let texts: Vec<_> = self.lines.iter().filter_map(text).collect();
        let (from, to) = (grouped(from), grouped(to));
        (!texts.is_empty())
            .then(|| format!("From {from} to {to} {}: {}.", self.along, texts.join("; ")))
    }

    /// The first and the last point. Returns `None` without a point.
    pub fn range(&self) -> Option<(f64, f64)> {
        let places = || self.lines.iter().flat_map(|line| &line.points).map(|(place, _)| *place);
        Some((places().min_by(f64::total_cmp)?, places().max_by(f64::total_cmp)?))
    }
}

impl SpeedResults {
    /// Reads the file of that folder. Returns `None` if there is no file.
    ///
    /// # Errors
    ///
    /// What is wrong with the file.
    pub fn read(folder: &Path) -> Result<Option<Self>, String> {
        json::read(&folder.join(FILE), SCHEMA)
    }

    /// Writes the file into that folder, which is created. A filtered run has a file of its own.
    ///
    /// # Errors
    ///
    /// What went wrong, naming the file.
    pub fn write(&self, folder: &Path) -> Result<std::path::PathBuf, String> {
        json::write(self, folder.join(if self.is_whole { FILE } else { PARTIAL }))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn pool(name: &str, own: bool) -> PoolInfo {
        PoolInfo {
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
    pub(crate) fn results() -> SpeedResults {
        let names = [("last-call", true), ("slow", false), ("careless", false), ("stuck", false)];
        let pools = names.map(|(name, own)| pool(name, own)).to_vec();
        let own = rounds(&[100.0, 1_000.0, 110.0]);
        let slow = rounds(&[200.0, 2_000.0, 220.0]);
        let careless =
            Rounds { remark: Some("does not wait".to_owned()), ..rounds(&[10.0, 10.0, 10.0]) };
        let stuck = Rounds { failure: Some("killed".to_owned()), ..Rounds::default() };
        let rounds: Vec<_> = pools.iter().zip([own, slow, careless, stuck]).collect();
        let table = table().filled(&rounds, |_| Some(Target::Ratio(0.6)));
        let at = |median| Spread { median, lower: median, upper: median };
        let line = |pool: &str, own, scale: f64| Line {
            pool: pool.to_owned(),
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
        SpeedResults {
            schema: SCHEMA,
            date: "2025-01-31".to_owned(),
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
            pools,
            tables: vec![table],
            curves: vec![curve],
        }
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        let table = &results().tables[0];
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
        let table = &results().tables[0];
        assert_eq!(table.best().map(|best| &*best.pool), Some("slow"));
        let standing = &table.standings[0];
        assert_eq!((standing.best.as_deref(), standing.met), (Some("slow"), Some(true)));
        assert_eq!(table.entries[3].remark.as_deref(), Some("killed"));
    }

    #[test]
    fn a_target_is_met_up_to_and_including_its_limit() {
        let own = pool("last-call", true);
        let peer = pool("slow", false);
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
        let folder = std::env::temp_dir().join(format!("speed-{}", std::process::id()));
        assert_eq!(SpeedResults::read(&folder), Ok(None));
        let mut results = results();
        results.write(&folder).unwrap();
        assert_eq!(SpeedResults::read(&folder), Ok(Some(results.clone())));
        let partial = SpeedResults { is_whole: false, rounds: 1, ..results.clone() };
        assert!(partial.write(&folder).unwrap().ends_with(PARTIAL));
        assert_eq!(SpeedResults::read(&folder), Ok(Some(results.clone())));
        results.schema += 1;
        results.write(&folder).unwrap();
        assert!(SpeedResults::read(&folder).unwrap_err().contains("has the format"));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_curve_has_a_sentence() {
        let text = results().curves[0].sentence().unwrap();
        assert_eq!(
            text,
            "From 1 to 64 workers: last-call: 50.0 ns, then 1500; slow: 90.0 ns, then 2700."
        );
    }
}
