//! The recorded results: the files in `data`, which the README and the page show.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::base::json;
use crate::cost::record::CostRecord;
use crate::results::Results;
use crate::speed::record::SpeedRecord;
use crate::trial::record::TrialRecord;

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
        fn read<T: DeserializeOwned>(file: &Path, schema: u32) -> Result<T, String> {
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
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::Records;
    use crate::pools::ALL;
    use crate::results::Results;
    use crate::speed;
    use crate::trial::results::Verdict;
    use crate::trial::{is_control, Property};

    /// The records of this package.
    pub(crate) fn records() -> Records {
        Records::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data")).unwrap()
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
    fn every_recorded_workload_exists_and_every_other_one_reads_as_not_measured() {
        let record = records().speed;
        let mut names: BTreeSet<_> = record.rows.iter().map(|row| row.workload.as_str()).collect();
        let all: BTreeSet<_> = speed::workloads().iter().map(|(name, _)| *name).collect();
        assert!(names.is_subset(&all), "{names:?} are recorded, and there are {all:?}");
        names.extend(record.not_measured());
        assert_eq!(names, all);
        let text = record.markdown();
        for name in record.not_measured() {
            assert!(text.contains(&format!("| {name} | | | not measured |")), "{name}: {text}");
        }
    }
}
