//! What a model may be called. Each way to pass and to show nothing has a verdict of its own.

use crate::record::{End, Model};
use crate::run::Finished;

/// The verdict on a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Every trace was explored, there are several, and none failed.
    Complete,
    /// The one schedule that was replayed did not fail.
    Replayed,
    /// An execution failed, as the test says that it must.
    Convicted,
    /// An execution failed, or the test did.
    Failed,
    /// A limit ended the exploration.
    Truncated,
    /// There is one execution only, so nothing was shown about interleavings.
    Vacuous,
    /// The watchdog killed the test.
    TimedOut,
    /// The process ended without a result.
    Died,
}

impl Verdict {
    /// Returns `true` if the model is as it must be.
    pub(crate) fn holds(self) -> bool {
        matches!(self, Verdict::Complete | Verdict::Convicted | Verdict::Replayed)
    }

    /// Returns the word for reports.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Verdict::Complete => "COMPLETE",
            Verdict::Replayed => "REPLAYED",
            Verdict::Convicted => "CONVICTED",
            Verdict::Failed => "FAILED",
            Verdict::Truncated => "TRUNCATED",
            Verdict::Vacuous => "VACUOUS",
            Verdict::TimedOut => "TIMED OUT",
            Verdict::Died => "DIED",
        }
    }
}

/// A model, or a test without one, with its verdict.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// Whether the test called a model.
    pub(crate) is_model: bool,
    pub(crate) verdict: Verdict,
    /// What it found, in a sentence.
    pub(crate) message: String,
    /// The call of the model, as `file:line`.
    pub(crate) site: String,
    pub(crate) engine: String,
    pub(crate) end: End,
    pub(crate) seconds: f64,
}

/// Judges the models of a test. A test without a model is a case of its own.
pub(crate) fn judge(test: &Finished, replays: bool) -> Vec<Case> {
    let passed = test.status.is_some_and(|status| status.success());
    if test.models.is_empty() {
        let verdict = if passed { Verdict::Vacuous } else { Verdict::Died };
        return vec![Case {
            name: test.name.clone(),
            is_model: false,
            verdict,
            message: String::new(),
            site: String::new(),
            engine: String::new(),
            end: End::default(),
            seconds: test.seconds,
        }];
    }
    let several = test.models.len() > 1;
    let last = test.models.len() - 1;
    let case = |(place, model): (usize, &Model)| {
        let (verdict, message) = match verdict(test, model, place == last) {
            (Verdict::Vacuous | Verdict::Complete, _) if replays => {
                (Verdict::Replayed, String::new())
            }
            judged => judged,
        };
        let number = if several { format!("#{}", model.index) } else { String::new() };
        let end = model.end.clone().unwrap_or_default();
        Case {
            name: format!("{}{number}", test.name),
            is_model: true,
            verdict,
            message,
            site: model.site.clone(),
            engine: model.engine.clone(),
            seconds: if model.end.is_some() { end.seconds } else { test.seconds },
            end: End { executions: end.executions.max(model.progress), ..end },
        }
    };
    test.models.iter().enumerate().map(case).collect()
}

fn verdict(test: &Finished, model: &Model, is_last: bool) -> (Verdict, String) {
    let passed = test.status.is_some_and(|status| status.success());
    let Some(end) = &model.end else {
        return match test.status {
            None => (Verdict::TimedOut, "the watchdog killed it".to_owned()),
            Some(status) => (Verdict::Died, format!("{status}: {}", tail(&test.output))),
        };
    };
    match &*end.end {
        "failed" if passed => (Verdict::Convicted, end.message.clone()),
        "failed" => (Verdict::Failed, end.message.clone()),
        "limited" => (Verdict::Truncated, "a limit ended the exploration".to_owned()),
        _ if is_last && test.status.is_none() => {
            (Verdict::TimedOut, "the test went on after the model, until it was killed".to_owned())
        }
        _ if is_last && !passed => {
            (Verdict::Failed, format!("the test failed after the model: {}", tail(&test.output)))
        }
        "complete" if end.executions > 1 => (Verdict::Complete, String::new()),
        "complete" => (
            Verdict::Vacuous,
            "one execution only: its threads share nothing that is explored".to_owned(),
        ),
        other => (Verdict::Died, format!("its record says `{other}`")),
    }
}

/// Returns the first panic of an output, or else its last lines.
fn tail(output: &str) -> String {
    let lines: Vec<_> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    let first = lines.iter().position(|line| line.contains("panicked at"));
    let (from, to) = match first {
        Some(first) => (first, lines.len().min(first + 3)),
        None => (lines.len().saturating_sub(4), lines.len()),
    };
    lines[from..to].join(" / ")
}

#[cfg(test)]
mod tests {
    use std::process::{Command, ExitStatus};

    use super::{judge, Verdict};
    use crate::record::{End, Model};
    use crate::run::Finished;

    fn status(code: i32) -> ExitStatus {
        Command::new("sh").args(["-c", &format!("exit {code}")]).status().unwrap()
    }

    fn verdict(end: Option<(&str, u64)>, status: Option<ExitStatus>) -> Verdict {
        let end =
            end.map(|(end, executions)| End { end: end.to_owned(), executions, ..End::default() });
        let model = Model { index: 1, end, ..Model::default() };
        let test = Finished {
            name: "a::b".to_owned(),
            models: vec![model],
            status,
            output: String::new(),
            seconds: 1.0,
        };
        let cases = judge(&test, false);
        assert_eq!(cases.len(), 1);
        cases[0].verdict
    }

    #[test]
    fn only_a_complete_exploration_of_several_executions_holds() {
        let good = Some(status(0));
        let bad = Some(status(101));
        let cases = [
            (Some(("complete", 2)), good, Verdict::Complete),
            (Some(("complete", 1)), good, Verdict::Vacuous),
            (Some(("complete", 0)), good, Verdict::Vacuous),
            (Some(("complete", 2)), bad, Verdict::Failed),
            (Some(("complete", 2)), None, Verdict::TimedOut),
            (Some(("limited", 9)), good, Verdict::Truncated),
            (Some(("limited", 9)), bad, Verdict::Truncated),
            (Some(("failed", 9)), bad, Verdict::Failed),
            (Some(("failed", 9)), good, Verdict::Convicted),
            (Some(("else", 9)), good, Verdict::Died),
            (None, good, Verdict::Died),
            (None, bad, Verdict::Died),
            (None, None, Verdict::TimedOut),
        ];
        for (end, status, expected) in cases {
            assert_eq!(verdict(end, status), expected, "{end:?} {status:?}");
            assert_eq!(
                expected.holds(),
                [Verdict::Complete, Verdict::Convicted].contains(&expected)
            );
        }
    }
}
