//! Starts the attempts of one property of one pool, each in a process under a watchdog.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::base::child;

use super::documentation::{documented, Stance};
use super::results::{End, Finding, Observation};
use super::tools::memory;
use super::{is_control, Property};
use crate::pools::About;

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How often each process tries at most. `None` means as often as the property needs.
    pub runs: Option<u64>,
    /// How long one run may take before it counts as hanging.
    pub limit: Duration,
    /// How long a process goes on trying.
    pub budget: Duration,
}

impl Default for Plan {
    fn default() -> Self {
        Plan { runs: None, limit: Duration::from_secs(10), budget: Duration::from_secs(3) }
    }
}

/// Tries a property of a pool, in as many processes as it needs. `compare` is the executable that they
/// run.
pub fn supervise(compare: &Path, about: &About, property: Property, plan: &Plan) -> Finding {
    let documented = documented(about, property);
    let (runs, processes) = property.effort();
    let runs = plan.runs.unwrap_or(runs);
    let processes = match (documented.stance, plan.runs) {
        (Stance::NotOffered, _) => 0,
        (_, Some(few)) if few < 3 => 1,
        _ => processes,
    };
    let observations = (0..processes).map(|_| observe(compare, about, property, runs, plan));
    Finding::new(
        property.name(),
        is_control(about, property),
        (documented.stance != Stance::NotOffered).then(|| observations.collect()),
        documented.says,
    )
}

/// Runs one process.
fn observe(
    compare: &Path,
    about: &About,
    property: Property,
    runs: u64,
    plan: &Plan,
) -> Observation {
    let Plan { limit, budget, .. } = plan;
    let mut command = Command::new(compare);
    command.args(["--attempt", "--pool", about.name, "--property", property.name()]);
    command.args(["--runs", &runs.to_string(), "--budget", &budget.as_secs().to_string()]);
    command.args(["--limit", &limit.as_secs().to_string()]);
    if property == Property::ThreadFails && memory::STACK > 0 {
        command.env("RUST_MIN_STACK", memory::STACK.to_string());
    }
    match child::run(&mut command, *budget + *limit + child::GRACE) {
        Ok(finished) => {
            let end = End::of(finished.status, &finished.stderr);
            Observation::read(&finished.stdout, end, limit.as_secs())
        }
        Err(error) => Observation::failed(&format!("{}: {error}", compare.display())),
    }
}
