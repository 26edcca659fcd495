//! The results of the trial that the README shows: `data/trial.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::results::{PoolReport, TrialResults, Verdict};
use crate::base::table::{bold, Grid};

/// The record of a whole trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// The version of this format.
    pub schema: u32,
    /// The day of the trial, in UTC.
    pub date: String,
    /// The operating system and the architecture of the processor.
    pub system: String,
    /// How many threads the machine can run at once.
    pub cores: usize,
    /// How long the trial took, in seconds.
    pub seconds: u64,
    /// The properties, in the order of the table.
    pub properties: Vec<String>,
    /// The pools, in the order of the table.
    pub pools: Vec<PoolRecord>,
}

/// The verdicts on one pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolRecord {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// The verdict on each property.
    pub verdicts: BTreeMap<String, Verdict>,
    /// The violations of each broken property, in words.
    pub violations: BTreeMap<String, String>,
}

impl TrialRecord {
    /// The version of the format.
    pub const SCHEMA: u32 = 1;

    /// Records the results of a trial.
    pub fn of(trial: &TrialResults) -> Self {
        let pool = |pool: &PoolReport| PoolRecord {
            name: pool.name.clone(),
            version: pool.version.clone(),
            verdicts: pool.findings.iter().map(|one| (one.property.clone(), one.verdict)).collect(),
            violations: pool
                .broken()
                .map(|finding| (finding.property.clone(), finding.violations_text()))
                .collect(),
        };
        TrialRecord {
            schema: Self::SCHEMA,
            date: trial.date.clone(),
            system: trial.system.clone(),
            cores: trial.cores,
            seconds: trial.seconds,
            properties: trial.properties.iter().map(|property| property.name.clone()).collect(),
            pools: trial.pools.iter().map(pool).collect(),
        }
    }

    /// The table; `mark` writes the word of a broken property.
    pub fn grid(&self, mark: fn(&str) -> String) -> Grid {
        let head: Vec<_> =
            [""].into_iter().chain(self.properties.iter().map(String::as_str)).collect();
        let rows = self.pools.iter().map(|pool| {
            let title = format!("{} {}", pool.name, pool.version.as_deref().unwrap_or_default());
            let word = |property: &String| match pool.verdicts.get(property) {
                None | Some(Verdict::NotOffered) => "–".to_owned(),
                Some(Verdict::Broken) => mark(Verdict::Broken.word()),
                Some(verdict) => verdict.word().to_owned(),
            };
            let title = title.trim_end().to_owned();
            [title].into_iter().chain(self.properties.iter().map(word)).collect::<Vec<_>>()
        });
        Grid::new(&head, rows)
    }

    /// How it was tried, in a sentence.
    pub fn circumstances(&self) -> String {
        let TrialRecord { date, system, cores, seconds, .. } = self;
        format!("Tried on {date}, {system}, {cores} cores, in {seconds} s.")
    }

    /// The table in Markdown, and below it the violations.
    pub fn markdown(&self) -> String {
        let (table, circumstances) = (self.grid(bold).markdown(), self.circumstances());
        let line = |pool: &PoolRecord| {
            let texts = self.properties.iter().filter_map(|property| {
                let text = pool.violations.get(property)?;
                Some(format!("* {}, {property}: {text}.\n", pool.name))
            });
            texts.collect::<String>()
        };
        let violations: String = self.pools.iter().map(line).collect();
        format!(
            "{table}\n{circumstances}\n\n<details><summary>What was observed</summary>\n\n\
             {violations}\n</details>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::TrialRecord;
    use crate::trial::results::tests::trial;

    #[test]
    fn the_table_has_a_word_in_every_cell_and_the_violations_below() {
        let text = TrialRecord::of(&trial()).markdown();
        let rows = ["| last-call 1.2.3 | kept |\n", "| other 1.2.3 | **broken** |\n"];
        for part in rows.into_iter().chain(["* other, own-job: 1 of 1 run: hangs"]) {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
    }
}
