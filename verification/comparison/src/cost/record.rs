//! The results of the benchmark that the README shows: `data/cost.json`.

use serde::{Deserialize, Serialize};

use super::results::{CostResults, Program};
use crate::base::numbers::figure;
use crate::base::table::{bold, Grid};

/// The record of a whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CostRecord {
    /// The version of this format.
    pub schema: u32,
    /// The day of the run, in UTC.
    pub date: String,
    /// How often each program was built.
    pub rounds: usize,
    /// The compiler.
    pub compiler: String,
    /// How many threads the machine can run at once.
    pub cores: usize,
    /// The cores that other processes kept busy, on average, if known.
    pub others: Option<f64>,
    /// A row for each program that could be built.
    pub rows: Vec<Row>,
}

/// The cost of one program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its dependencies, or its name if it has none.
    pub name: String,
    /// Whether it uses this pool.
    pub own: bool,
    /// The number of packages in the program.
    pub packages: usize,
    /// The number of packages of build scripts only.
    pub build_packages: usize,
    /// Processor seconds of a release build.
    pub processor: f64,
    /// The same divided by that of this pool with default features.
    pub ratio: f64,
    /// The size beside the program without a pool, in kB.
    pub added_kilobytes: i64,
}

impl CostRecord {
    /// The version of the format.
    pub const SCHEMA: u32 = 1;

    /// Records the results of a run, the cheapest program first.
    pub fn of(results: &CostResults) -> Self {
        let mut rows: Vec<_> = results.programs.iter().filter_map(Row::of).collect();
        rows.sort_by(|one, other| one.processor.total_cmp(&other.processor));
        CostRecord {
            schema: Self::SCHEMA,
            date: results.date.clone(),
            rounds: results.rounds,
            compiler: results.compiler.clone(),
            cores: results.machine.cores,
            others: results.machine.others,
            rows,
        }
    }

    /// The table; `mark` writes the programs with this pool.
    pub fn grid(&self, mark: fn(&str) -> String) -> Grid {
        let head =
            ["", "packages", "for build scripts", "processors, s", "ratio", "added size, kB"];
        Grid::new(&head, self.rows.iter().map(|row| row.cells(mark)))
    }

    /// How it was measured, in a sentence.
    pub fn circumstances(&self) -> String {
        let others = self.others.map_or_else(String::new, |others| {
            format!(", of which other processes kept {others:.1} busy")
        });
        let CostRecord { date, rounds, compiler, cores, .. } = self;
        format!("Measured on {date}: {rounds} rounds, {compiler}, {cores} cores{others}.")
    }

    /// The table in Markdown, and below it how it was measured.
    pub fn markdown(&self) -> String {
        format!("{}\n{}\n", self.grid(bold).markdown(), self.circumstances())
    }
}

impl Row {
    fn of(program: &Program) -> Option<Self> {
        let figures = program.figures?;
        let packages = program.dependencies.as_ref()?;
        let name = if program.requires.is_empty() { &program.name } else { &program.requires };
        Some(Row {
            name: name.clone(),
            own: program.own,
            packages: packages.normal.len(),
            build_packages: packages.build.len(),
            processor: figures.processor?.median,
            ratio: figures.processor_ratio?.median,
            added_kilobytes: (figures.added? + 500).div_euclid(1000),
        })
    }

    fn cells(&self, mark: fn(&str) -> String) -> [String; 6] {
        let name = if self.own { mark(&self.name) } else { self.name.clone() };
        let build = match self.build_packages {
            0 => "–".to_owned(),
            packages => packages.to_string(),
        };
        let (processor, ratio) = (figure(self.processor), figure(self.ratio));
        let added = self.added_kilobytes.to_string();
        [name, self.packages.to_string(), build, processor, ratio, added]
    }
}

#[cfg(test)]
mod tests {
    use super::CostRecord;
    use crate::cost::results::tests::results;

    #[test]
    fn every_program_that_could_be_built_has_a_row() {
        let text = CostRecord::of(&results()).markdown();
        let own = "| **last-call 1.0.0** | 0 | – | 8.25 | 1.00 | 20 |\n";
        let slow = "| slow 1.0.0 | 2 | 1 | 16.5 | 2.00 | -10 |\n";
        assert!(text.contains(&format!("{own}{slow}")), "{text}");
        assert!(!text.contains("absent"), "{text}");
    }
}
