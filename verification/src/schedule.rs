//! A schedule: which thread went on at each step of an execution, in a form that fits on a line.
//!
//! Threads are letters, in the order of their start, from `a` for the main thread; `.` is a random
//! number that the execution drew; a number before a letter repeats it. The whole begins with the
//! seed of those random numbers: `1f:3ab12c.b`.

use std::fmt::{self, Write};
use std::iter::repeat_n;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which thread went on at each step of an execution.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(with = "String")]
#[serde(into = "String", try_from = "String")]
pub struct Schedule {
    /// Where the random numbers that the execution draws begin.
    pub seed: u64,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// One step of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The thread of that number goes on; 0 is the main thread.
    Thread(usize),
    /// The thread that runs draws a random number.
    Draw,
}

/// Steps that are read at most.
const LONGEST: usize = 1_000_000;

/// Threads that have a letter.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Draw => f.write_char('.'),
            Step::Thread(number) => match LETTERS.chars().nth(*number) {
                Some(letter) => f.write_char(letter),
                None => write!(f, "({number})"),
            },
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}:", self.seed)?;
        for run in self.steps.chunk_by(PartialEq::eq) {
            if run.len() > 1 {
                write!(f, "{}", run.len())?;
            }
            write!(f, "{}", run[0])?;
        }
        Ok(())
    }
}

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (seed, mut rest) = text.split_once(':').ok_or("a schedule is SEED:STEPS")?;
        let seed = u64::from_str_radix(seed, 16).map_err(|error| format!("`{seed}`: {error}"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let times = number(&mut rest)?.unwrap_or(1);
            let step = step(&mut rest)?;
            if times > LONGEST - steps.len() {
                return Err(format!("a schedule has at most {LONGEST} steps"));
            }
            steps.extend(repeat_n(step, times));
        }
        Ok(Schedule { seed, steps })
    }
}

/// Takes the digits that a text begins with off it.
fn number(text: &mut &str) -> Result<Option<usize>, String> {
    let end = text.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    let parsed = (!digits.is_empty()).then(|| digits.parse());
    parsed.transpose().map_err(|error| format!("`{digits}`: {error}"))
}

/// Takes the step that a text begins with off it.
fn step(text: &mut &str) -> Result<Step, String> {
    let mut letters = text.chars();
    let first = letters.next().ok_or("the schedule ends with a number")?;
    *text = letters.as_str();
    match first {
        '.' => Ok(Step::Draw),
        '(' => {
            let thread = number(text)?.ok_or("no number behind `(`")?;
            *text = text.strip_prefix(')').ok_or("a `(` is not closed")?;
            Ok(Step::Thread(thread))
        }
        letter => {
            let thread = LETTERS.find(letter).ok_or_else(|| format!("`{letter}` is no step"))?;
            Ok(Step::Thread(thread))
        }
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> String {
        schedule.to_string()
    }
}

impl TryFrom<String> for Schedule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::{Schedule, Step};

    #[test]
    fn a_schedule_is_a_line_and_back() {
        let threads = [0, 0, 0, 1, 2, 2, 25, 26, 51, 52, 52];
        let mut steps: Vec<_> = threads.into_iter().map(Step::Thread).collect();
        steps.insert(4, Step::Draw);
        let schedule = Schedule { seed: 31, steps };
        assert_eq!(schedule.to_string(), "1f:3ab.2czAZ2(52)");
        assert_eq!(schedule.to_string().parse(), Ok(schedule));
        assert_eq!("0:".parse(), Ok(Schedule::default()));
    }

    #[test]
    fn what_is_no_schedule_is_told() {
        for text in [
            "",
            "abc",
            "x:a",
            "1:a3",
            "1:?",
            "1:(a)",
            "1:(5",
            "1:9a999999a",
            "1:99999999999999999999a",
        ] {
            assert!(text.parse::<Schedule>().is_err(), "{text}");
        }
    }
}
