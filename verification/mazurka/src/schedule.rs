//! A schedule: what was decided at each step of an execution, in a form that fits on a line.
//!
//! Threads are letters in the order of their first start, from `a` for the main thread. A digit
//! behind a letter is the choice of that step, if it is not 0; a number in `(…)` before a letter
//! repeats the step. `(3)ab2c` is `aaa`, `b` with choice 2, `c`.

use std::fmt;
use std::iter::repeat_n;
use std::str::FromStr;

/// What was decided at one step: the thread that goes on, and what its operation left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    pub(crate) thread: usize,
    pub(crate) choice: u8,
}

/// The decisions of one execution, in order. Its text, by [`Display`](fmt::Display), is one line,
/// and is read back by [`FromStr`].
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
    pub(crate) steps: Vec<Step>,
}

impl Schedule {
    /// Returns the number of steps.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Returns `true` if there is no step.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// A text that is no schedule. Its message says what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleError(String);

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ScheduleError {}

/// Threads that have a letter.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Steps that are read at most.
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
        Ok(Schedule { steps })
    }
}

/// Takes the digits that a text begins with off it.
fn number(text: &mut &str) -> Result<Option<usize>, ScheduleError> {
    let end = text.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    let parsed = (!digits.is_empty()).then(|| digits.parse());
    parsed.transpose().map_err(|error| ScheduleError(format!("`{digits}`: {error}")))
}

/// Takes a number in brackets off a text, if it begins with one.
fn enclosed(text: &mut &str, open: char, close: char) -> Result<Option<usize>, ScheduleError> {
    let Some(rest) = text.strip_prefix(open) else { return Ok(None) };
    *text = rest;
    let value = number(text)?.ok_or(ScheduleError(format!("no number behind `{open}`")))?;
    let rest = text.strip_prefix(close);
    *text = rest.ok_or(ScheduleError(format!("a `{open}` is not closed")))?;
    Ok(Some(value))
}

/// Takes a thread off a text.
fn thread(text: &mut &str) -> Result<usize, ScheduleError> {
    if let Some(thread) = enclosed(text, '[', ']')? {
        return Ok(thread);
    }
    let mut letters = text.chars();
    let first =
        letters.next().ok_or(ScheduleError("the schedule ends with a number".to_owned()))?;
    *text = letters.as_str();
    LETTERS.find(first).ok_or_else(|| ScheduleError(format!("`{first}` is no thread")))
}

#[cfg(test)]
mod tests {
    use super::{Schedule, Step};

    #[test]
    fn a_schedule_is_a_line_and_back() {
        let steps = [(0, 0), (0, 0), (0, 0), (1, 2), (2, 0), (2, 15), (26, 0), (52, 0), (52, 1)];
        let steps = steps.map(|(thread, choice)| Step { thread, choice }).to_vec();
        let schedule = Schedule { steps };
        assert_eq!(schedule.to_string(), "(3)ab2cc15A[52][52]1");
        assert_eq!(schedule.to_string().parse(), Ok(schedule));
        assert_eq!("".parse(), Ok(Schedule::default()));
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_a_reason() {
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
            "(99999999999)a",
            "(99999999999999999999)a",
        ] {
            let error = text.parse::<Schedule>().expect_err(text);
            assert!(!error.to_string().is_empty());
        }
    }
}
