//! The instructions of a job, counted by callgrind. Other load does not change them.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::base::child;

use super::workloads::{Kind, Load};

/// The number of jobs of the shorter run. The longer one has twice as many.
const JOBS: usize = 20_000;

/// The load that is counted. It has one worker, since callgrind runs one thread at a time.
const LOAD: Load = Load {
    kind: Kind::Stream,
    workers: 1,
    producers: 1,
    jobs: JOBS,
    parts: 0,
    bytes: 8,
    steps: 0,
    slots: 0,
    gap: 0,
    beside: false,
    pinned: false,
};

/// The instructions of a job: the difference of two runs, divided by the difference in jobs.
///
/// # Errors
///
/// There is no valgrind, or it failed.
pub(crate) fn of(program: &Path, pool: &str) -> Result<f64, String> {
    let (less, more) = (count(program, pool, JOBS)?, count(program, pool, 2 * JOBS)?);
    // The warm-up of a tenth is counted too.
    #[allow(clippy::cast_precision_loss)] // of a measurement
    let jobs = JOBS as f64 * 1.1;
    Ok((more - less) / jobs)
}

fn count(program: &Path, pool: &str, jobs: usize) -> Result<f64, String> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
    command.args(["--run", pool]).args(Load { jobs, ..LOAD }.arguments());
    let finished = child::run(&mut command, Duration::from_secs(120))
        .map_err(|error| format!("valgrind: {error}"))?;
    let collected = finished.stderr.lines().find_map(|line| line.split_once("Collected :"));
    let number = collected.and_then(|(_, number)| number.trim().parse().ok());
    number.ok_or_else(|| {
        let status = finished.status.map_or("did not end".to_owned(), |status| status.to_string());
        format!("valgrind: {status}")
    })
}
