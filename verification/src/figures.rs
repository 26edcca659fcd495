//! What a run cost, beside what is aimed at. These are figures and no verdicts: machines differ.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::audit::Audit;
use crate::run::Run;
use crate::terminal::thousands;

/// The trial whose speed is told: the default pool with two workers and two jobs.
pub const MODEL: &str = "last-call-two-lock/drop-2x2";

/// What a run cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Figures {
    /// The time until everything was built, in seconds.
    pub build_seconds: f64,
    /// The time of models, seeded defects and faults at call sites, in seconds.
    pub exploring_seconds: f64,
    /// One small model, explored again at the end with nothing of ours beside it.
    pub speed: Option<Speed>,
    /// What the largest process had of memory, if the system says.
    pub memory: Option<Memory>,
}

/// A model explored alone, on one core.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Speed {
    /// The trial.
    pub model: String,
    /// Executions of all its explorations.
    pub executions: u64,
    /// Their wall time.
    pub seconds: f64,
}

impl Speed {
    /// Of a run that came to its end.
    pub fn of(run: &Run) -> Option<Self> {
        let executions = run.explorations.iter().map(|exploration| exploration.executions).sum();
        let seconds = run.explorations.iter().map(|exploration| exploration.seconds).sum();
        let ended = run.end == crate::run::End::Explored && seconds > 0.0;
        ended.then(|| Speed { model: run.trial.clone(), executions, seconds })
    }

    /// Executions a second.
    pub fn a_second(&self) -> f64 {
        to_float(self.executions) / self.seconds
    }
}

/// What the largest process that was started had of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Memory {
    /// In bytes.
    pub bytes: u64,
    /// Whether that was a compiler or cargo, so that no model and no test had more.
    pub at_most: bool,
}

impl Memory {
    /// What the largest process had, of those that have ended since `built` and before.
    pub fn since(built: Option<u64>) -> Option<Self> {
        let bytes = largest_child()?;
        Some(Memory { bytes, at_most: built == Some(bytes) })
    }

    fn larger(self, other: Memory) -> Self {
        if self.bytes >= other.bytes {
            self
        } else {
            other
        }
    }
}

/// What the largest child that has ended had of memory, in bytes.
#[cfg(unix)]
pub fn largest_child() -> Option<u64> {
    use nix::sys::resource::{getrusage, UsageWho};

    // Kibibytes but on Apple's systems.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    let most = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?.max_rss();
    u64::try_from(most).ok().filter(|most| *most > 0).map(|most| most * unit)
}

/// What the largest child that has ended had of memory, in bytes.
#[cfg(not(unix))]
pub fn largest_child() -> Option<u64> {
    None
}

impl Figures {
    /// These and those of another shard.
    pub(crate) fn and(self, other: Figures) -> Self {
        let memory = match (self.memory, other.memory) {
            (Some(one), Some(other)) => Some(one.larger(other)),
            (one, other) => one.or(other),
        };
        Figures {
            build_seconds: self.build_seconds + other.build_seconds,
            exploring_seconds: self.exploring_seconds + other.exploring_seconds,
            speed: self.speed.or(other.speed),
            memory,
        }
    }
}

/// A figure beside what is aimed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// What came out.
    pub figure: String,
    /// What is aimed at.
    pub target: &'static str,
    /// Whether it is reached; none where the target is for another kind of run.
    pub reached: Option<bool>,
}

impl Row {
    fn new(what: &str, figure: String, target: &'static str, reached: bool) -> Self {
        Row { what: what.to_owned(), figure, target, reached: Some(reached) }
    }

    /// `reached` or not.
    pub fn word(&self) -> &'static str {
        match self.reached {
            Some(true) => "reached",
            Some(false) => "not reached",
            None => "",
        }
    }
}

/// Every figure that the audit has.
pub fn rows(audit: &Audit) -> Vec<Row> {
    const MEMORY: u64 = 300 << 20;
    let Figures { build_seconds, exploring_seconds, speed, memory } = &audit.figures;
    let speed = speed.as_ref().map(|speed| {
        let what = format!("executions a second of {} alone, on one core", speed.model);
        let figure = format!("{:.0}", speed.a_second());
        Row::new(&what, figure, "100000", speed.a_second() >= 100_000.0)
    });
    let faults = audit.kill_matrix.as_ref().and_then(|matrix| {
        let rate = matrix.faults_a_minute()?;
        let what = "faults at call sites a minute";
        Some(Row::new(what, format!("{rate:.0}"), "1000", rate >= 1000.0))
    });
    let memory = memory.map(|Memory { bytes, at_most }| {
        let at_most = if at_most { "at most " } else { "" };
        let figure = format!("{at_most}{} MiB", thousands(bytes >> 20));
        Row::new("memory of the largest process", figure, "300 MiB", bytes <= MEMORY)
    });
    let exploring = *exploring_seconds;
    let explored = Row::new(
        "seconds for models, defects and faults",
        format!("{exploring:.0}"),
        "60",
        exploring <= 60.0,
    );
    let run = audit.seconds - build_seconds;
    let ran = Row::new("seconds from built", format!("{run:.0}"), "300", run <= 300.0);
    let all = audit.seconds;
    let built = format!("{all:.0}, {build_seconds:.0} of them building");
    let built = Row::new("seconds, with what had to be built", built, "600", all <= 600.0);
    // Aimed at is the default audit on one machine.
    let whole = audit.scope.is_whole() && !audit.scope.nightly && audit.shards == 1;
    let timed =
        [explored, ran, built].map(|row| Row { reached: row.reached.filter(|_| whole), ..row });
    speed.into_iter().chain(faults).chain(memory).chain(timed).collect()
}

/// A count as a float: no count here is large enough to be rounded.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn to_float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::{largest_child, rows, Figures, Memory, Speed};
    use crate::report::tests::holding;

    fn speed(seconds: f64) -> Speed {
        Speed { model: "m".to_owned(), executions: 200_000, seconds }
    }

    #[test]
    fn a_figure_stands_beside_its_target() {
        let mut audit = holding();
        audit.seconds = 500.0;
        let memory = Some(Memory { bytes: 2 << 30, at_most: true });
        audit.figures = Figures {
            build_seconds: 250.0,
            exploring_seconds: 50.0,
            speed: Some(speed(1.0)),
            memory,
        };
        let told: Vec<_> =
            rows(&audit).iter().map(|row| (row.figure.clone(), row.word())).collect();
        let expected = [
            ("200000", "reached"),
            ("240", "not reached"),
            ("at most 2,048 MiB", "not reached"),
            ("50", "reached"),
            ("250", "reached"),
            ("500, 250 of them building", "reached"),
        ];
        assert_eq!(told, expected.map(|(figure, word)| (figure.to_owned(), word)));
        audit.figures.speed = Some(speed(4.0));
        assert_eq!(rows(&audit)[0].word(), "not reached");
        audit.scope.tests = false;
        assert_eq!(rows(&audit)[4].word(), "", "the target is for the whole of it");
    }

    #[test]
    fn shards_tell_of_the_largest() {
        let memory = |bytes| Some(Memory { bytes, at_most: false });
        let one =
            Figures { build_seconds: 1.0, exploring_seconds: 1.0, speed: None, memory: memory(5) };
        let other = Figures {
            build_seconds: 2.0,
            exploring_seconds: 2.0,
            speed: Some(speed(1.0)),
            memory: memory(7),
        };
        let both = Figures {
            build_seconds: 3.0,
            exploring_seconds: 3.0,
            speed: Some(speed(1.0)),
            memory: memory(7),
        };
        assert_eq!(one.and(other), both);
    }

    #[cfg(unix)]
    #[test]
    fn a_child_has_some_memory() {
        assert!(std::process::Command::new("true").status().is_ok_and(|status| status.success()));
        assert!(largest_child() > Some(100_000));
    }
}
