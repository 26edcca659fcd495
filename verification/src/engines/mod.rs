//! The engines that explore: mazurka gives the verdicts, and loom a second opinion. Each runs one
//! trial in this process, reports the result, and ends the process.

pub(crate) mod completion;
pub(crate) mod loom;
mod mazurka;
mod naming;
pub(crate) mod record;
mod sampling;
mod watch;

use std::time::Duration;

use harness::findings::run::Engine;
pub use mazurka::{replay, run_programs};
pub use sampling::{run as sample, Plan, Request, Wrong};

use crate::findings::run::Run;
use crate::trials::purpose::Purpose;
use crate::trials::trial::Trial;

/// Explores a trial, passes the result to `emit`, and ends the process.
///
/// # Panics
///
/// If it is called twice: a process has one engine.
pub fn run(trial: &'static Trial, purpose: &Purpose, limit: Duration, emit: fn(&Run)) -> ! {
    match purpose.engine(trial) {
        Engine::Mazurka => mazurka::run(trial, purpose, limit, emit),
        Engine::Loom => loom::run(trial, purpose, limit, emit),
    }
}
