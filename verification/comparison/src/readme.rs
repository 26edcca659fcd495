//! The tables of the README, generated from the code and from the records in `data`.

use std::path::{Path, PathBuf};

use crate::base::json;
use crate::base::table::markdown;
use crate::cost::record::CostRecord;
use crate::pools;
use crate::report::Results;
use crate::speed::{self, record::SpeedRecord};
use crate::trial::{record::TrialRecord, Property};

/// The recorded results.
#[derive(Clone, Debug, PartialEq)]
pub struct Records {
    /// The trial.
    pub trial: TrialRecord,
    /// The benchmark `speed`.
    pub speed: SpeedRecord,
    /// The benchmark `cost`.
    pub cost: CostRecord,
}

impl Records {
    /// Reads the records in that folder.
    ///
    /// # Errors
    ///
    /// What is wrong with one of the files.
    pub fn read(folder: &Path) -> Result<Self, String> {
        fn read<T: serde::de::DeserializeOwned>(file: &Path, schema: u32) -> Result<T, String> {
            json::read(file, schema)?.ok_or_else(|| format!("{} is missing", file.display()))
        }
        Ok(Records {
            trial: read(&folder.join("trial.json"), TrialRecord::SCHEMA)?,
            speed: read(&folder.join("speed.json"), SpeedRecord::SCHEMA)?,
            cost: read(&folder.join("cost.json"), CostRecord::SCHEMA)?,
        })
    }

    /// Replaces the records of what has been run, and returns the written files.
    ///
    /// # Errors
    ///
    /// What went wrong, naming the file.
    pub fn update(&mut self, results: &Results, folder: &Path) -> Result<Vec<PathBuf>, String> {
        let mut files = Vec::new();
        if let Some(trial) = &results.trial {
            self.trial = TrialRecord::of(trial);
            files.push(json::write(&self.trial, folder.join("trial.json"))?);
        }
        if let Some(speed) = &results.speed {
            self.speed = SpeedRecord::of(speed);
            files.push(json::write(&self.speed, folder.join("speed.json"))?);
        }
        if let Some(cost) = &results.cost {
            self.cost = CostRecord::of(cost);
            files.push(json::write(&self.cost, folder.join("cost.json"))?);
        }
        Ok(files)
    }

    /// The generated parts of the README, each with its name.
    fn parts(&self) -> [(&'static str, String); 6] {
        [
            ("pools", peers()),
            ("properties", properties()),
            ("trial", self.trial.markdown()),
            ("workloads", workloads()),
            ("speed", self.speed.markdown()),
            ("cost", self.cost.markdown()),
        ]
    }

    /// The text of a README with its generated parts replaced.
    ///
    /// # Errors
    ///
    /// The README has no place for one of the parts.
    pub fn fill(&self, readme: &str) -> Result<String, String> {
        let mut text = readme.to_owned();
        for (name, part) in self.parts() {
            let (begin, end) =
                (format!("<!-- generated: {name} -->\n"), format!("<!-- end: {name} -->\n"));
            let missing = || format!("the README has no place for `{name}`");
            let (before, rest) = text.split_once(&begin).ok_or_else(missing)?;
            let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
            text = format!("{before}{begin}{part}{end}{after}");
        }
        Ok(text)
    }
}

/// Every peer, and what it does less than this pool.
fn peers() -> String {
    let others = pools::ALL.iter().filter(|about| !about.is_own());
    let rows = others.map(|about| {
        let version = about.version().unwrap_or_default();
        [format!("{} {version}", about.name), about.less.to_owned()]
    });
    markdown(&["pool", "what it does less than this pool"], rows)
}

fn properties() -> String {
    let line = |property: &Property| format!("* `{}`: {}\n", property.name(), property.text());
    Property::ALL.iter().map(line).collect()
}

fn workloads() -> String {
    let line = |(name, text): (&str, &str)| format!("* {name}: {text}\n");
    speed::workloads().into_iter().map(line).collect()
}

/// Records the results in `results` and writes the README anew. Returns the written files.
///
/// # Errors
///
/// There are no results, or what went wrong, naming the file.
pub fn record(results: &Path, package: &Path) -> Result<Vec<PathBuf>, String> {
    let folder = package.join("data");
    let mut records = Records::read(&folder)?;
    let mut files = records.update(&Results::read(results)?, &folder)?;
    let file = package.join("README.md");
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = std::fs::read_to_string(&file).map_err(|error| failed(&error))?;
    let text = records.fill(&text).map_err(|error| failed(&error))?;
    std::fs::write(&file, text).map_err(|error| failed(&error))?;
    files.push(file);
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::Records;
    use crate::pools::ALL;
    use crate::report::Results;
    use crate::trial::results::Verdict;
    use crate::trial::{is_control, Property};

    const README: &str = include_str!("../README.md");

    fn records() -> Records {
        Records::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data")).unwrap()
    }

    #[test]
    fn the_readme_is_that_of_the_records() {
        let expected = records().fill(README).unwrap();
        assert!(expected == README, "`cargo compare record` writes it anew:\n{expected}");
    }

    #[test]
    fn a_readme_without_a_place_is_refused() {
        assert!(records().fill("# Nothing\n").unwrap_err().contains("no place for `pools`"));
    }

    #[test]
    fn every_pool_in_its_version_has_a_verdict_on_every_property() {
        let trial = records().trial;
        assert_eq!(trial.properties, Property::ALL.map(Property::name));
        for about in ALL {
            let pool = trial.pools.iter().find(|pool| pool.name == about.name);
            let pool = pool.unwrap_or_else(|| panic!("no record of {}", about.name));
            assert_eq!(pool.version, about.version(), "{}", about.name);
            for property in Property::ALL {
                let verdict = pool.verdicts[property.name()];
                let is_broken = verdict == Verdict::Broken;
                assert_eq!(is_broken, pool.violations.contains_key(property.name()));
                assert!(!about.is_own() || verdict == Verdict::Kept, "{} {property:?}", about.name);
                assert!(!is_control(about, property) || is_broken, "{property:?}");
            }
        }
    }

    #[test]
    fn every_recorded_workload_exists_and_every_workload_is_recorded() {
        let recorded: BTreeSet<_> =
            records().speed.rows.iter().map(|row| row.workload.clone()).collect();
        let all: BTreeSet<_> =
            crate::speed::workloads().iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(recorded, all);
    }

    #[test]
    fn only_what_has_been_run_is_recorded_anew() {
        let folder = std::env::temp_dir().join(format!("records-{}", std::process::id()));
        let mut new = records();
        let trial = crate::trial::results::tests::trial();
        let results = Results { trial: Some(trial), ..Results::default() };
        let files = new.update(&results, &folder).unwrap();
        assert_eq!(files, [folder.join("trial.json")]);
        assert_ne!(new.trial, records().trial);
        assert_eq!((new.speed, new.cost), (records().speed, records().cost));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
