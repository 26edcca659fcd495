//! The recorded numbers of executions: `verification/data/expected.toml`.
//!
//! A model that explores fewer has lost coverage, one that explores more has grown. The engines are
//! deterministic, so a range is one number unless somebody widens it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::{fmt, fs};

use serde::Deserialize;

/// How many executions the last exploration of a trial may have, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "(u64, u64)")]
pub struct Range {
    least: u64,
    most: u64,
}

impl Range {
    /// The range from `least` to `most`.
    pub fn new(least: u64, most: u64) -> Self {
        Range { least, most }
    }

    /// Whether the number lies in it.
    pub fn contains(self, number: u64) -> bool {
        (self.least..=self.most).contains(&number)
    }

    /// The middle: about how long the trial takes beside others.
    pub fn typical(self) -> u64 {
        self.least.midpoint(self.most)
    }
}

impl TryFrom<(u64, u64)> for Range {
    type Error = String;

    fn try_from((least, most): (u64, u64)) -> Result<Self, String> {
        if least > most {
            return Err(format!("the range [{least}, {most}] is empty"));
        }
        // A twentieth: a wider range would not notice what it is there for.
        if most - least > least / 20 {
            return Err(format!("the range [{least}, {most}] is too wide to notice a change"));
        }
        Ok(Range { least, most })
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.least == self.most {
            write!(f, "{}", self.least)
        } else {
            write!(f, "{} to {}", self.least, self.most)
        }
    }
}

/// The ranges, by trial.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    executions: BTreeMap<String, Range>,
    /// Executions of the second engine, of the models that it finishes soon.
    #[serde(default)]
    second_opinions: BTreeMap<String, u64>,
}

impl Expected {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// What is wrong with it, naming the file.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text =
            fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        toml::from_str(&text).map_err(|error| format!("{} is damaged: {error}", path.display()))
    }

    /// Refuses names that are not of trials: what they recorded is checked by nobody.
    ///
    /// # Errors
    ///
    /// The first such name.
    pub fn check_names(&self, known: impl Fn(&str) -> bool) -> Result<(), String> {
        let mut names = self.executions.keys().chain(self.second_opinions.keys());
        match names.find(|trial| !known(trial)) {
            Some(trial) => Err(format!("expected.toml records `{trial}`, which is no trial")),
            None => Ok(()),
        }
    }

    /// The range of a trial.
    pub fn range(&self, trial: &str) -> Option<Range> {
        self.executions.get(trial).copied()
    }

    /// The executions of the second engine, if it is asked about a trial.
    pub fn second_opinion(&self, trial: &str) -> Option<u64> {
        self.second_opinions.get(trial).copied()
    }

    /// Records the executions of the second engine, or that it is not to be asked.
    pub fn record_second_opinion(&mut self, trial: String, number: Option<u64>) {
        match number {
            Some(number) => self.second_opinions.insert(trial, number),
            None => self.second_opinions.remove(&trial),
        };
    }

    /// Records the number of a trial.
    pub fn record(&mut self, trial: String, number: u64) {
        self.executions.insert(trial, Range::new(number, number));
    }

    /// Forgets what is not among these trials.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.executions.retain(|trial, _| keep(trial));
        self.second_opinions.retain(|trial, _| keep(trial));
    }

    /// Writes the file.
    ///
    /// # Errors
    ///
    /// What went wrong, naming the file.
    pub fn write(&self, path: &Path) -> Result<(), String> {
        let mut text = String::from(
            "# How many executions each model explores, each another trace: [least, most].\n\
             # Written by `cargo verify --record`; read the difference before you commit it.\n\n\
             [executions]\n",
        );
        for (trial, range) in &self.executions {
            let _ = writeln!(text, "\"{trial}\" = [{}, {}]", range.least, range.most);
        }
        text.push_str(
            "\n# Executions of loom, of the models that it finishes soon: it must reach the same\n\
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
    use super::Expected;
    use crate::trials::trial::{Expect, Trial};

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
