//! The recorded numbers of executions, and what each trial must show:
//! `verification/data/expected.toml`.
//!
//! A model that explores fewer executions has lost coverage; one that explores more has grown. The
//! engines are deterministic, so each range is a single number unless it is widened by hand.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use harness::findings::recorded::Range;
use serde::Deserialize;

use crate::trials::trial::Trial;

/// The contents of the file, by trial.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// What each trial must show. A test holds the trials against it, so none loses a defect, or
    /// its place in the default audit, without a word in a diff of this file.
    #[serde(default)]
    duties: BTreeMap<String, Vec<String>>,
    executions: BTreeMap<String, Range>,
    /// The executions of the second engine, for the models that it finishes quickly.
    #[serde(default)]
    second_opinions: BTreeMap<String, u64>,
}

impl Expected {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// Returns a message that names the file if it cannot be read or parsed.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text =
            fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        toml::from_str(&text).map_err(|error| format!("{} is damaged: {error}", path.display()))
    }

    /// Checks that every name is that of a trial. A number under any other name is never checked.
    ///
    /// # Errors
    ///
    /// Returns a message with the first unknown name.
    pub fn check_names(&self, known: impl Fn(&str) -> bool) -> Result<(), String> {
        let mut names = self.executions.keys().chain(self.second_opinions.keys());
        match names.find(|trial| !known(trial)) {
            Some(trial) => Err(format!("expected.toml records `{trial}`, which is not a trial")),
            None => Ok(()),
        }
    }

    /// Returns the range of a trial.
    pub fn range(&self, trial: &str) -> Option<Range> {
        self.executions.get(trial).copied()
    }

    /// Returns the number of executions of the second engine, if it checks the trial.
    pub fn second_opinion(&self, trial: &str) -> Option<u64> {
        self.second_opinions.get(trial).copied()
    }

    /// Records the number of executions of the second engine, or `None` if it does not check the trial.
    pub fn record_second_opinion(&mut self, trial: String, number: Option<u64>) {
        match number {
            Some(number) => self.second_opinions.insert(trial, number),
            None => self.second_opinions.remove(&trial),
        };
    }

    /// Records the number of executions of a trial.
    pub fn record(&mut self, trial: String, number: u64) {
        self.executions.insert(trial, Range::new(number, number));
    }

    /// Records what each trial must show.
    pub fn record_duties(&mut self, trials: impl Iterator<Item = &'static Trial>) {
        self.duties = trials.map(|trial| (trial.name(), trial.duties())).collect();
    }

    /// Keeps only the trials for which `keep` returns `true`.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.executions.retain(|trial, _| keep(trial));
        self.second_opinions.retain(|trial, _| keep(trial));
    }

    /// Writes the file.
    ///
    /// # Errors
    ///
    /// Returns a message that names the file if it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), String> {
        let mut text = String::from(
            "# Written by `cargo verify --record`; read the difference before you commit it.\n\n\
             # What each trial must show: the result, when it runs, and the defects that it convicts.\n\
             [duties]\n",
        );
        for (trial, duties) in &self.duties {
            let _ = writeln!(text, "{trial:?} = {duties:?}");
        }
        text.push_str(
            "\n# The number of executions that each model explores, each another trace: [least, most].\n\
             [executions]\n",
        );
        for (trial, range) in &self.executions {
            let _ = writeln!(text, "{trial:?} = {:?}", range.ends());
        }
        text.push_str(
            "\n# Executions of loom, for the models that it finishes quickly: it must reach the same\n\
             # outcomes.\n[second_opinions]\n",
        );
        for (trial, number) in &self.second_opinions {
            let _ = writeln!(text, "\"{trial}\" = {number}");
        }
        fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Expected, Trial};
    use crate::trials::trial::Expect;

    fn parse(text: &str) -> Result<Expected, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_range_is_read() {
        let expected = parse("[executions]\n\"a/b\" = [100, 105]").expect("it is whole");
        let range = expected.range("a/b").expect("it is there");
        assert!(range.contains(100) && range.contains(105));
        assert!(!range.contains(99) && !range.contains(106));
        assert!(expected.check_names(|name| name == "a/b").is_ok());
        assert!(expected.check_names(|name| name == "a/c").is_err());
    }

    #[test]
    fn every_trial_that_must_hold_is_recorded() {
        let expected = parse(include_str!("../../data/expected.toml")).expect("it is whole");
        let holds = |trial: &&Trial| !matches!(trial.expect, Expect::Convicted(_));
        for trial in Trial::all(true).filter(holds) {
            assert!(expected.range(&trial.name()).is_some(), "not recorded: {}", trial.name());
        }
    }

    #[test]
    fn every_trial_must_show_what_is_recorded() {
        let recorded = parse(include_str!("../../data/expected.toml")).expect("it is whole");
        let mut current = recorded.clone();
        current.record_duties(Trial::all(true));
        // Pair by pair, for a message that can be read.
        for (recorded, current) in recorded.duties.iter().zip(&current.duties) {
            assert_eq!(recorded, current);
        }
        assert_eq!(recorded.duties.len(), current.duties.len(), "a trial is missing at the end");
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        for text in [
            "",
            "[executions]\n\"a/b\" = [5, 3]",
            "[executions]\n\"a/b\" = [5]",
            "[executions]\n\"a/b\" = [0, 1000]",
            "[runs]",
            "[",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
