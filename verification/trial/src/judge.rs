//! What a model may be called, by the rules of the harness. Each way to pass and to show nothing has a
//! verdict of its own.

use std::time::Duration;

use harness::base::sources::Sources;
use harness::findings::trace::Trace;
use harness::findings::{run, verdict};
use harness::rules::{self, Demand};
use serde::{Serialize, Serializer};

use crate::record::{End, Model};
use crate::recorded::Recorded;
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
    /// The number of executions is not the recorded one, or a recorded model is gone.
    Unrecorded,
}

impl Verdict {
    /// Every verdict.
    pub(crate) const ALL: [Verdict; 9] = [
        Verdict::Complete,
        Verdict::Convicted,
        Verdict::Replayed,
        Verdict::Failed,
        Verdict::Truncated,
        Verdict::Vacuous,
        Verdict::Unrecorded,
        Verdict::TimedOut,
        Verdict::Died,
    ];

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
            Verdict::Unrecorded => "UNRECORDED",
        }
    }

    /// Returns what it means, in a sentence.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Verdict::Complete => "Every order of events was explored, and none failed.",
            Verdict::Replayed => "The one schedule that was replayed did not fail.",
            Verdict::Convicted => "An execution failed, and the test says that it must.",
            Verdict::Failed => "An execution failed, or the test did.",
            Verdict::Truncated => "A limit ended the exploration.",
            Verdict::Vacuous => "One execution only: nothing was shown about interleavings.",
            Verdict::TimedOut => "The watchdog killed the test.",
            Verdict::Died => "The process ended without a result.",
            Verdict::Unrecorded => {
                "Another number of executions than is recorded in trial.toml, or no such model."
            }
        }
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// A model, or a test without one, with its verdict.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// Its package.
    pub(crate) package: String,
    /// Whether the test called a model.
    #[serde(skip)]
    pub(crate) is_model: bool,
    pub(crate) verdict: Verdict,
    /// What it found, in a sentence.
    pub(crate) message: String,
    /// The call of the model, as `file:line`.
    pub(crate) site: String,
    pub(crate) engine: String,
    pub(crate) end: End,
    pub(crate) seconds: f64,
    /// The execution that failed.
    pub(crate) trace: Option<Trace>,
}

/// What is known of a run beside what a test has written.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// Whether a schedule is replayed.
    pub(crate) replays: bool,
    /// The limit of a test.
    pub(crate) limit: Duration,
    /// The recorded numbers, if they are to be compared.
    pub(crate) recorded: Option<&'a Recorded>,
}

/// Judges the models of a test. A test without a model is a case of its own.
pub(crate) fn judge(test: &Finished, context: &Context<'_>, sources: &mut Sources) -> Vec<Case> {
    let passed = test.status.is_some_and(|status| status.success());
    if test.models.is_empty() {
        let verdict = if passed { Verdict::Vacuous } else { Verdict::Died };
        return vec![Case {
            name: test.name.clone(),
            package: test.package.clone(),
            is_model: false,
            verdict,
            message: String::new(),
            site: String::new(),
            engine: String::new(),
            end: End::default(),
            seconds: test.seconds,
            trace: None,
        }];
    }
    let several = test.models.len() > 1;
    let last = test.models.len() - 1;
    let mut case = |(place, model): (usize, &Model)| {
        let number = if several { format!("#{}", model.index) } else { String::new() };
        let name = format!("{}{number}", test.name);
        let (verdict, message) = match verdict(test, model, place == last, &name, context) {
            (Verdict::Vacuous | Verdict::Complete | Verdict::Unrecorded, _) if context.replays => {
                (Verdict::Replayed, String::new())
            }
            judged => judged,
        };
        let mut end = model.end.clone().unwrap_or_default();
        end.executions = end.executions.max(model.progress);
        Case {
            name,
            package: test.package.clone(),
            is_model: true,
            verdict,
            message,
            site: model.site.clone(),
            engine: model.engine.clone(),
            seconds: if model.end.is_some() { end.seconds } else { test.seconds },
            trace: end.trace(sources),
            end,
        }
    };
    test.models.iter().enumerate().map(&mut case).collect()
}

/// Returns a case for each recorded model of which there is none. A test that did not come to its other
/// models has a case already that does not hold.
pub(crate) fn vanished(recorded: &Recorded, cases: &[Case]) -> Vec<Case> {
    fn test(name: &str) -> &str {
        name.split('#').next().unwrap_or(name)
    }
    let is_told = |name: &str| {
        cases.iter().any(|case| {
            case.name == name || test(&case.name) == test(name) && !case.verdict.holds()
        })
    };
    let case = |name: &str| Case {
        name: name.to_owned(),
        package: String::new(),
        is_model: true,
        verdict: Verdict::Unrecorded,
        message: "recorded in trial.toml, but no such model ran; `--record` forgets it".to_owned(),
        site: String::new(),
        engine: String::new(),
        end: End::default(),
        seconds: 0.0,
        trace: None,
    };
    recorded.models().filter(|name| !is_told(name)).map(case).collect()
}

/// What every model must show. The process that explores vouches for its settings.
const DEMAND: Demand<'static> =
    Demand { options: None, bound: None, reach: &[], defects: Vec::new() };

fn verdict(
    test: &Finished,
    model: &Model,
    is_last: bool,
    name: &str,
    context: &Context<'_>,
) -> (Verdict, String) {
    let passed = test.status.is_some_and(|status| status.success());
    let run = model.run(name, died(test, context.limit));
    let range = context.recorded.map(|recorded| recorded.range(name));
    let judged = rules::shown(&DEMAND, &run)
        .and_then(|()| range.map_or(Ok(()), |range| rules::as_recorded(&run, range)));
    match (&run.end, judged) {
        (run::End::Failed { message, .. }, _) if passed => (Verdict::Convicted, message.clone()),
        (run::End::Failed { message, .. }, _) => (Verdict::Failed, message.clone()),
        (run::End::TimedOut { .. }, _) => (Verdict::TimedOut, "the watchdog killed it".to_owned()),
        (run::End::Died { message }, _) => (Verdict::Died, message.clone()),
        (run::End::GaveUp { message }, _) => (Verdict::Truncated, message.clone()),
        (run::End::Explored, _) if is_last && test.status.is_none() => {
            (Verdict::TimedOut, "the test went on after the model, until it was killed".to_owned())
        }
        (run::End::Explored, _) if is_last && !passed => (Verdict::Failed, failed_after(test)),
        (run::End::Explored, Ok(())) => (Verdict::Complete, String::new()),
        (run::End::Explored, Err(verdict)) => {
            let word = match verdict {
                verdict::Verdict::Vacuous(_) => Verdict::Vacuous,
                verdict::Verdict::Unrecorded(_) => Verdict::Unrecorded,
                verdict::Verdict::Failed(_) => Verdict::Failed,
                _ => Verdict::Truncated,
            };
            (word, verdict.reason().unwrap_or_default().to_owned())
        }
    }
}

/// Returns how a test ended that has left no end of a model.
pub(crate) fn died(test: &Finished, limit: Duration) -> run::End {
    match test.status {
        None => run::End::TimedOut { seconds: limit.as_secs(), stands: Vec::new() },
        Some(status) => run::End::Died { message: format!("{status}: {}", tail(&test.output)) },
    }
}

/// Says that a test failed after its models.
pub(crate) fn failed_after(test: &Finished) -> String {
    format!("the test failed after the model: {}", tail(&test.output))
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
    use std::time::Duration;

    use harness::base::sources::Sources;

    use super::{judge, Context, Verdict};
    use crate::record::{End, Model};
    use crate::recorded::Recorded;
    use crate::run::Finished;

    fn status(code: i32) -> ExitStatus {
        Command::new("sh").args(["-c", &format!("exit {code}")]).status().unwrap()
    }

    fn verdict(end: Option<(&str, u64)>, status: Option<ExitStatus>) -> Verdict {
        with_record(end, status, None)
    }

    fn with_record(
        end: Option<(&str, u64)>,
        status: Option<ExitStatus>,
        recorded: Option<&Recorded>,
    ) -> Verdict {
        let end =
            end.map(|(end, executions)| End { end: end.to_owned(), executions, ..End::default() });
        let model = Model { index: 1, end, ..Model::default() };
        let test = Finished {
            name: "a::b".to_owned(),
            package: "a".to_owned(),
            models: vec![model],
            status,
            output: String::new(),
            seconds: 1.0,
        };
        let cases = judge(
            &test,
            &Context { replays: false, limit: Duration::from_secs(9), recorded },
            &mut Sources::new("/"),
        );
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

    #[test]
    fn another_number_than_the_recorded_one_does_not_hold() {
        let mut recorded = Recorded::default();
        let judged = |recorded: &Recorded| {
            with_record(Some(("complete", 7)), Some(status(0)), Some(recorded))
        };
        assert_eq!(judged(&recorded), Verdict::Unrecorded);
        recorded.record("a::b".to_owned(), 8);
        assert_eq!(judged(&recorded), Verdict::Unrecorded);
        recorded.record("a::b".to_owned(), 7);
        assert_eq!(judged(&recorded), Verdict::Complete);
        assert!(!Verdict::Unrecorded.holds());
    }
}
