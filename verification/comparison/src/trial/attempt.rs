//! The process that tries one property of one pool. It writes a line for each step and each run.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::tools::{record_panics, write_line, Failure, Run};
use super::{scenarios, Property};
use crate::pools::{visit, Pool, Visit};

/// The stack size of a main thread on most systems.
const STACK: usize = 8 << 20;

/// Tries a property of a pool for at most `runs` runs and at most `budget`, and writes what happens to
/// standard output. Stops at the first run that takes longer than `limit`.
///
/// # Errors
///
/// There is no such pool, or the scenario panicked.
pub fn attempt(
    pool: &str,
    property: Property,
    runs: u64,
    budget: Duration,
    limit: Duration,
) -> Result<(), String> {
    record_panics();
    let (sender, results) = mpsc::channel();
    let name = pool.to_owned();
    // A run that hangs is left behind in a thread of its own, with a stack that RUST_MIN_STACK does not
    // change.
    let attempts = move || visit(&name, Attempts { property, runs, budget, sender });
    let thread = thread::Builder::new().stack_size(STACK).spawn(attempts);
    let thread = thread.map_err(|error| error.to_string())?;
    loop {
        match results.recv_timeout(limit) {
            Ok(Ok(())) => write_line("kept", ""),
            Ok(Err(Failure::Broken(what))) => write_line("broken", &what),
            Ok(Err(Failure::Untried(why))) => write_line("untried", &why),
            Err(RecvTimeoutError::Timeout) => {
                write_line("hangs", "");
                return Ok(());
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    match thread.join() {
        Ok(Some(())) => {
            write_line("done", "");
            Ok(())
        }
        Ok(None) => Err(format!("there is no pool `{pool}`")),
        Err(_) => Err("the scenario panicked, or the pool did where it must not".to_owned()),
    }
}

struct Attempts {
    property: Property,
    runs: u64,
    budget: Duration,
    sender: Sender<Run>,
}

impl Visit for Attempts {
    type Output = ();

    fn visit<P: Pool>(self) {
        let began = Instant::now();
        for round in 0..self.runs {
            if self.sender.send(scenarios::run::<P>(self.property, round)).is_err() {
                return;
            }
            if began.elapsed() > self.budget {
                return;
            }
        }
    }
}
