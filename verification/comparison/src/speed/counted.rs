//! What a job takes, counted instead of timed.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::base::child;

use super::workloads::{Kind, Load};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Instructions, by callgrind. It runs one thread at a time, so other load does not change them.
    Instructions,
    /// Calls of the system in which a thread sleeps or wakes another, by perf.
    Futexes,
}

/// A load that is counted with so many workers.
pub(crate) fn load(kind: Kind, workers: usize) -> Load {
    Load { workers, ..Load::of(kind, 20_000) }
}

impl Counted {
    /// The number for one job, or of futex calls for 1,000 jobs.
    ///
    /// Instructions are the difference of two runs, of which the second has twice as many jobs.
    /// Calls are those of a whole run with its start and end, since the jobs alone take next to none.
    ///
    /// # Errors
    ///
    /// There is no such tool, or it failed.
    pub(crate) fn of_jobs(self, program: &Path, pool: &str, load: &Load) -> Result<f64, String> {
        let count = |jobs| self.of_a_run(program, pool, &Load { jobs, ..*load });
        // The warm-up of a tenth is counted, too.
        #[allow(clippy::cast_precision_loss)] // of a measurement
        let with_warm_up = |jobs: usize| jobs as f64 * 1.1;
        match self {
            Counted::Instructions => {
                let (less, more) = (count(load.jobs)?, count(2 * load.jobs)?);
                Ok((more - less) / with_warm_up(load.jobs))
            }
            Counted::Futexes => Ok(1e3 * count(10 * load.jobs)? / with_warm_up(10 * load.jobs)),
        }
    }

    fn of_a_run(self, program: &Path, pool: &str, load: &Load) -> Result<f64, String> {
        let (tool, arguments) = match self {
            Counted::Instructions => {
                ("valgrind", &["--tool=callgrind", "--callgrind-out-file=/dev/null"][..])
            }
            Counted::Futexes => {
                ("perf", &["stat", "-x", ",", "-e", "syscalls:sys_enter_futex"][..])
            }
        };
        let mut command = Command::new(tool);
        command.args(arguments).arg(program).args(["--run", pool]).args(load.arguments());
        let finished = child::run(&mut command, Duration::from_secs(120))
            .map_err(|error| format!("{tool}: {error}"))?;
        finished.stderr.lines().find_map(|line| self.read(line)).ok_or_else(|| {
            let status =
                finished.status.map_or("did not end".to_owned(), |status| status.to_string());
            format!("{tool}: {status}")
        })
    }

    /// Reads the number from the line of the tool that has it.
    fn read(self, line: &str) -> Option<f64> {
        let number = match self {
            Counted::Instructions => line.split_once("Collected :")?.1,
            Counted::Futexes => line.split_once(",,syscalls:")?.0,
        };
        number.trim().parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Counted;

    #[test]
    fn the_number_is_read_from_the_line_of_the_tool() {
        let callgrind = "==7== Collected : 1234567";
        assert_eq!(Counted::Instructions.read(callgrind), Some(1_234_567.0));
        let perf = "2256,,syscalls:sys_enter_futex,62365210,100.00,,";
        assert_eq!(Counted::Futexes.read(perf), Some(2256.0));
        assert_eq!(Counted::Futexes.read(callgrind), None);
        assert_eq!(Counted::Futexes.read("<not supported>,,syscalls:sys_enter_futex,0"), None);
    }
}
