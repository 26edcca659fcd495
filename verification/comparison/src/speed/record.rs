//! The results of the benchmark that the README shows: `data/speed.json`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::catalog;
use super::results::{SpeedResults, Target};
use crate::base::machine::Machine;
use crate::base::numbers::{figure, ratio};
use crate::base::statistics::Spread;
use crate::base::table::{bold, Grid};

/// The queue of this pool that is recorded: its default one.
const OWN: &str = "last-call";

/// Stands for the figures of a workload that is newer than the record.
const NOT_MEASURED: &str = "not measured";

/// The record of a whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpeedRecord {
    /// The version of this format.
    pub schema: u32,
    /// The day of the run, in UTC.
    pub date: String,
    /// How much ran: `quick` or `full`.
    pub profile: String,
    /// How often each pool ran each workload.
    pub rounds: usize,
    /// Where it ran.
    pub machine: Machine,
    /// A row for each figure of each workload.
    pub rows: Vec<Row>,
}

/// A figure of this pool beside the best peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The workload: `W1`.
    pub workload: String,
    /// What distinguishes this setting.
    pub setting: String,
    /// The figure: `a job`.
    pub figure: String,
    /// The unit of the figure.
    pub unit: String,
    /// The best peer, if there is one.
    pub best: Option<String>,
    /// The figure of the best peer.
    pub best_value: Option<f64>,
    /// The figure of this pool.
    pub value: Option<f64>,
    /// The figure of this pool divided by that of the best peer, in the same round.
    pub ratio: Option<Spread>,
    /// The target, if there is one.
    pub target: Option<Target>,
    /// What is special about this row.
    pub remark: Option<String>,
}

impl SpeedRecord {
    /// The version of the format.
    pub const SCHEMA: u32 = 1;

    /// Records the results of a run, for this pool on its default queue.
    pub fn of(results: &SpeedResults) -> Self {
        let rows = results.tables.iter().filter_map(|table| {
            let standing = table.standings.iter().find(|standing| standing.pool == OWN)?;
            let value = |name: &str| {
                let entry = table.entries.iter().find(|entry| entry.pool == name)?;
                Some(entry.value?.median)
            };
            Some(Row {
                workload: table.workload.clone(),
                setting: table.setting.clone(),
                figure: table.figure.clone(),
                unit: table.unit.clone(),
                best: standing.best.clone(),
                best_value: standing.best.as_deref().and_then(value),
                value: value(OWN),
                ratio: standing.ratio,
                target: standing.target,
                remark: None,
            })
        });
        SpeedRecord {
            schema: Self::SCHEMA,
            date: results.date.clone(),
            profile: results.profile.clone(),
            rounds: results.rounds,
            machine: results.machine.clone(),
            rows: rows.collect(),
        }
    }

    /// The table; `mark` writes that a target is not met. Of the many settings of one job at a time it
    /// has those with a target. Workloads without a record are at the end.
    pub fn grid(&self, mark: fn(&str) -> String) -> Grid {
        let head = ["workload", "figure", "best peer", "this pool", "target", ""];
        let rows = self.rows.iter().filter(|row| !row.is_latency() || row.target.is_some());
        let absent = self.not_measured().into_iter();
        let absent = absent.map(|name| [name, "", "", NOT_MEASURED, "", ""].map(str::to_owned));
        Grid::new(&head, rows.map(|row| row.cells(mark)).chain(absent))
    }

    /// The workloads that are newer than the record, in their order.
    pub fn not_measured(&self) -> Vec<&'static str> {
        let is_recorded = |workload: &str| self.rows.iter().any(|row| row.workload == workload);
        let workloads = catalog::workloads().into_iter().map(|(workload, _)| workload);
        workloads.filter(|workload| !is_recorded(workload)).collect()
    }

    /// The table of one job at a time: a line for each setting, a column for each figure.
    pub fn latency(&self) -> Grid {
        let rows: Vec<_> = self.rows.iter().filter(|row| row.is_latency()).collect();
        let mut figures: Vec<&str> = rows.iter().map(|row| &*row.figure).collect();
        let mut settings: Vec<&str> = rows.iter().map(|row| &*row.setting).collect();
        let mut known = BTreeSet::new();
        figures.retain(|figure| known.insert(*figure));
        settings.dedup();
        let line = |setting: &str| {
            let cell = |figure: &&str| {
                let is_it = |row: &&&Row| row.setting == setting && row.figure == *figure;
                rows.iter().find(is_it).map_or_else(String::new, |row| row.beside())
            };
            let cells: Vec<_> = figures.iter().map(cell).collect();
            [vec![setting.to_owned()], cells].concat()
        };
        let unit = |figure: &&str| format!("{figure}, µs");
        let heads: Vec<_> = figures.iter().map(unit).collect();
        let mut head = vec!["W8p"];
        head.extend(heads.iter().map(String::as_str));
        Grid::new(&head, settings.into_iter().map(line))
    }

    /// How it was measured, in a sentence, and what is special about a row.
    pub fn circumstances(&self) -> String {
        let Machine { cores, system, others, .. } = &self.machine;
        let others = others.map_or_else(String::new, |others| {
            format!(", of which other processes kept {others:.1} busy")
        });
        let (date, rounds, profile) = (&self.date, self.rounds, &self.profile);
        let mut out = format!(
            "Measured on {date}: {rounds} rounds of the {profile} mode, {cores} cores{others}, \
             {system}."
        );
        for row in &self.rows {
            if let Some(remark) = &row.remark {
                let _ = write!(out, " {}, {}: {remark}.", row.workload, row.setting);
            }
        }
        out
    }

    /// The table in Markdown, and below it how it was measured.
    pub fn markdown(&self) -> String {
        format!("{}\n{}\n", self.grid(bold).markdown(), self.circumstances())
    }
}

impl Row {
    /// Whether the target is met. `None` without a target or a figure.
    pub fn met(&self) -> Option<bool> {
        self.target?.met(self.ratio.map(|ratio| ratio.median), self.value)
    }

    /// Returns `true` for one job at a time.
    fn is_latency(&self) -> bool {
        self.workload == "W8p"
    }

    /// The figure of this pool, and that of the best peer.
    fn beside(&self) -> String {
        let text = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), figure);
        let best = self.best.as_deref().unwrap_or("no peer");
        format!("{} ({best} {})", text(self.value), text(self.best_value))
    }

    fn cells(&self, mark: fn(&str) -> String) -> [String; 6] {
        let unit = |value: f64| format!("{} {}", figure(value), self.unit);
        let is_absolute = matches!(self.target, Some(Target::Figure(_))) || self.ratio.is_none();
        let (best, own) = if is_absolute {
            let best = self.best.iter().map(|name| match self.best_value {
                Some(value) => format!("{name}, {}", unit(value)),
                None => name.clone(),
            });
            (best.collect(), self.value.map_or_else(String::new, unit))
        } else {
            let ratio = self.ratio.as_ref().map_or_else(String::new, ratio);
            (self.best.clone().unwrap_or_default(), ratio)
        };
        let target = match self.target {
            None => String::new(),
            Some(Target::Ratio(most)) => format!("≤ {most}"),
            Some(Target::Figure(most)) => format!("≤ {most} {}", self.unit),
        };
        let met = match self.met() {
            None => String::new(),
            Some(true) => "met".to_owned(),
            Some(false) => mark("not met"),
        };
        let workload = format!("{}, {}", self.workload, self.setting);
        [workload, self.figure.clone(), best, own, target, met]
    }
}

#[cfg(test)]
mod tests {
    use super::SpeedRecord;
    use crate::speed::results::tests::results;
    use crate::speed::results::Target;

    #[test]
    fn a_row_has_the_ratio_to_the_best_peer_and_whether_the_target_is_met() {
        let record = SpeedRecord::of(&results());
        let text = record.markdown();
        let row = "| W1, 2 workers | a job | slow | 0.50 (0.50–0.50) | ≤ 0.6 | met |\n";
        assert!(text.contains(row), "{text}");
        assert!(text.contains("2025-01-31: 3 rounds of the quick mode, 2 cores"), "{text}");
    }

    #[test]
    fn one_job_at_a_time_has_a_table_of_its_own() {
        let mut record = SpeedRecord::of(&results());
        let row = &mut record.rows[0];
        (row.workload, row.setting) = ("W8p".to_owned(), "two cores".to_owned());
        row.target = None;
        let rows = record.grid(crate::base::table::bold).rows;
        assert!(rows.iter().all(|row| !row[0].starts_with("W8p")), "{rows:?}");
        let grid = record.latency();
        assert_eq!(grid.head, ["W8p", "a job, µs"]);
        assert_eq!(grid.rows, [["two cores", "110 (slow 220)"]]);
    }

    #[test]
    fn a_workload_without_a_record_is_not_measured() {
        let mut record = SpeedRecord::of(&results());
        let text = record.markdown();
        assert!(text.contains("| W10 | | | not measured | | |\n"), "{text}");
        assert!(!text.contains("| W1 |"), "{text}");
        record.rows.clear();
        assert!(record.markdown().contains("| W1 | | | not measured | | |\n"));
    }

    #[test]
    fn an_absolute_target_is_compared_with_the_figure() {
        let mut record = SpeedRecord::of(&results());
        record.rows[0].target = Some(Target::Figure(100.0));
        let row = "| slow, 220 ns | 110 ns | ≤ 100 ns | **not met** |\n";
        assert!(record.markdown().contains(row), "{}", record.markdown());
    }
}
