//! The cost of a run beside its targets, as rows of a table.

use harness::base::text::thousands;

use crate::audit::figures::{Figures, Memory};
use crate::audit::Audit;

/// A figure beside its target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// The result.
    pub figure: String,
    /// The target.
    pub target: &'static str,
    /// Whether the target is reached; `None` if it is for another kind of run.
    pub reached: Option<bool>,
}

impl Row {
    fn new(what: &str, figure: String, target: &'static str, reached: bool) -> Self {
        Row { what: what.to_owned(), figure, target, reached: Some(reached) }
    }

    /// Returns `reached`, `not reached`, or nothing.
    pub fn word(&self) -> &'static str {
        match self.reached {
            Some(true) => "reached",
            Some(false) => "not reached",
            None => "",
        }
    }
}

/// Returns the figures of an audit.
pub fn rows(audit: &Audit) -> Vec<Row> {
    const MEMORY: u64 = 300 << 20;
    let Figures { build_seconds, exploring_seconds, speed, memory } = &audit.figures;
    let speed = speed.as_ref().map(|speed| {
        let what = format!("executions per second of {} alone, on one core", speed.model);
        let figure = format!("{:.0}", speed.a_second());
        Row::new(&what, figure, "100000", speed.a_second() >= 100_000.0)
    });
    let faults = audit.kill_matrix.as_ref().and_then(|matrix| {
        let rate = matrix.faults_a_minute()?;
        let what = "faults at call sites per minute";
        Some(Row::new(what, format!("{rate:.0}"), "1000", rate >= 1000.0))
    });
    let memory = memory.map(|Memory { bytes, at_most }| {
        let at_most = if at_most { "at most " } else { "" };
        let figure = format!("{at_most}{} MiB", thousands(bytes >> 20));
        let row = Row::new("memory of the largest process", figure, "300 MiB", bytes <= MEMORY);
        // If that was a compiler, the models may have had less.
        Row { reached: row.reached.filter(|reached| *reached || at_most.is_empty()), ..row }
    });
    let exploring = *exploring_seconds;
    let explored = Row::new(
        "seconds for models, defects and faults",
        format!("{exploring:.0}"),
        "60",
        exploring <= 60.0,
    );
    let all = audit.seconds;
    let ran = format!("{all:.0}, {build_seconds:.0} of them until the models were built");
    let ran = Row::new("seconds for all of it", ran, "300", all <= 300.0);
    // The targets are for the default audit on one machine.
    let whole = audit.scope.is_whole() && !audit.scope.nightly && audit.shards == 1;
    let timed = [explored, ran].map(|row| Row { reached: row.reached.filter(|_| whole), ..row });
    speed.into_iter().chain(faults).chain(memory).chain(timed).collect()
}

#[cfg(test)]
mod tests {
    use super::rows;
    use crate::audit::figures::{Figures, Memory, Speed};
    use crate::audit::fixtures::holding;

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
            ("at most 2,048 MiB", ""),
            ("50", "reached"),
            ("500, 250 of them until the models were built", "not reached"),
        ];
        assert_eq!(told, expected.map(|(figure, word)| (figure.to_owned(), word)));
        audit.figures.speed = Some(speed(4.0));
        assert_eq!(rows(&audit)[0].word(), "not reached");
        audit.scope.tests = false;
        assert_eq!(rows(&audit)[4].word(), "", "the target is for the whole of it");
    }
}
