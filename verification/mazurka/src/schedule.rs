//! A schedule: the decisions at each step of an execution, in a form that fits on a line.
//!
//! Letters are threads in the order of their first start; `a` is the main thread. A digit after a
//! letter is the choice of that step, if it is not 0. A number in `(…)` before a letter repeats the
//! step. `(3)ab2c` is `aaa`, `b` with choice 2, `c`. A number in `{…}` at the beginning tells which
//! further operations are steps, since the model tries locks, say.

use std::fmt;
use std::iter::repeat_n;
use std::str::FromStr;

/// The decision at one step: the thread that runs, and the choice of its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    pub(crate) thread: usize,
    pub(crate) choice: u8,
}

/// The decisions of one execution, in order. [`Display`](fmt::Display) formats it as one line, and
/// [`FromStr`] parses that line.
///
/// ```
/// let schedule: mazurka::Schedule = "(3)ab2c".parse()?;
/// assert_eq!(schedule.len(), 5);
/// assert_eq!(schedule.to_string(), "(3)ab2c");
/// assert!("a?".parse::<mazurka::Schedule>().is_err());
/// # Ok::<(), mazurka::ScheduleError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// What the model used of the explorer; it decides which operations are steps.
    pub(crate) sees: u8,
    pub(crate) steps: Vec<Step>,
}

impl Schedule {
    /// Returns the number of steps.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Returns `true` if there are no steps.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// A parse error of a schedule. The message says what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleError(String);

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ScheduleError {}

/// The letters of the threads.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The most steps that a schedule may have.
const LONGEST: usize = 10_000_000;

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match LETTERS.chars().nth(self.thread) {
            Some(letter) => write!(f, "{letter}")?,
            None => write!(f, "[{}]", self.thread)?,
        }
        if self.choice > 0 {
            write!(f, "{}", self.choice)?;
        }
        Ok(())
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sees != 0 {
            write!(f, "{{{}}}", self.sees)?;
        }
        for run in self.steps.chunk_by(PartialEq::eq) {
            if run.len() > 1 {
                write!(f, "({})", run.len())?;
            }
            write!(f, "{}", run[0])?;
        }
        Ok(())
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let mut rest = text;
        let sees = enclosed(&mut rest, '{', '}')?.unwrap_or(0);
        let sees =
            u8::try_from(sees).map_err(|error| ScheduleError(format!("`{sees}`: {error}")))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let times = enclosed(&mut rest, '(', ')')?.unwrap_or(1);
            let thread = thread(&mut rest)?;
            let choice = number(&mut rest)?.unwrap_or(0);
            let choice = u8::try_from(choice).ok().filter(|choice| *choice < 16);
            let choice = choice.ok_or(ScheduleError("a choice is a number below 16".to_owned()))?;
            if times == 0 || times > LONGEST - steps.len() {
                return Err(ScheduleError(format!(
                    "a schedule has at most {LONGEST} steps, each at least once"
                )));
            }
            steps.extend(repeat_n(Step { thread, choice }, times));
        }
        Ok(Schedule { sees, steps })
    }
}

/// Removes the leading digits of a text and returns their number.
fn number(text: &mut &str) -> Result<Option<usize>, ScheduleError> {
    let end = text.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    let parsed = (!digits.is_empty()).then(|| digits.parse());
    parsed.transpose().map_err(|error| ScheduleError(format!("`{digits}`: {error}")))
}

/// Removes a leading number in brackets from a text, if there is one.
fn enclosed(text: &mut &str, open: char, close: char) -> Result<Option<usize>, ScheduleError> {
    let Some(rest) = text.strip_prefix(open) else { return Ok(None) };
    *text = rest;
    let value = number(text)?.ok_or(ScheduleError(format!("no number behind `{open}`")))?;
    let rest = text.strip_prefix(close);
    *text = rest.ok_or(ScheduleError(format!("a `{open}` is not closed")))?;
    Ok(Some(value))
}

/// Removes a leading thread from a text.
fn thread(text: &mut &str) -> Result<usize, ScheduleError> {
    if let Some(thread) = enclosed(text, '[', ']')? {
        return Ok(thread);
    }
    let mut letters = text.chars();
    let first =
        letters.next().ok_or(ScheduleError("the schedule ends with a number".to_owned()))?;
    *text = letters.as_str();
    LETTERS.find(first).ok_or_else(|| ScheduleError(format!("`{first}` is not a thread")))
}

#[cfg(test)]
mod tests {
    use super::{Schedule, Step};

    #[test]
    fn a_schedule_round_trips_through_its_line() {
        let steps = [(0, 0), (0, 0), (0, 0), (1, 2), (2, 0), (2, 15), (26, 0), (52, 0), (52, 1)];
        let steps = steps.map(|(thread, choice)| Step { thread, choice }).to_vec();
        let schedule = Schedule { sees: 0, steps };
        assert_eq!(schedule.to_string(), "(3)ab2cc15A[52][52]1");
        assert_eq!("{3}(3)a".parse::<Schedule>().unwrap().to_string(), "{3}(3)a");
        assert_eq!(schedule.to_string().parse(), Ok(schedule));
        assert_eq!("".parse(), Ok(Schedule::default()));
    }

    #[test]
    fn an_invalid_schedule_is_refused_with_a_reason() {
        for text in [
            "?",
            "3a",
            "(a)",
            "(3)",
            "(3a",
            "(0)a",
            "a16",
            "[5",
            "[]",
            "{a",
            "{300}a",
            "(99999999999)a",
            "(99999999999999999999)a",
        ] {
            let error = text.parse::<Schedule>().expect_err(text);
            assert!(!error.to_string().is_empty());
        }
    }
}
