//! A recorded number of executions. A model that explores fewer has lost coverage; one that explores
//! more has grown.

use std::fmt;

use serde::Deserialize;

/// The expected number of executions of the last exploration of a model, as an inclusive range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "(u64, u64)")]
pub struct Range {
    least: u64,
    most: u64,
}

impl Range {
    /// Creates the range from `least` to `most`.
    pub fn new(least: u64, most: u64) -> Self {
        Range { least, most }
    }

    /// Returns `true` if the range contains the number.
    pub fn contains(self, number: u64) -> bool {
        (self.least..=self.most).contains(&number)
    }

    /// Returns the least and the most, as they are recorded.
    pub fn ends(self) -> [u64; 2] {
        [self.least, self.most]
    }

    /// Returns the middle of the range: an estimate of the cost of the model relative to others.
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
        // A range wider than 5 % would not notice a change.
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
