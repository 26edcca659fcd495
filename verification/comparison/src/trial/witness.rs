//! The process that tries one property of one pool, and says line by line what it does and sees.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::tools::{listen_for_panics, say, Fault, Run};
use super::{scenarios, Property};
use crate::pools::{visit, Peer, Visit};

/// The size of the stack of a main thread, on most systems.
const STACK: usize = 8 << 20;

/// Tries a property of a pool so many times, or for so long, and writes what it sees to the standard
/// output; stops with the first run that has no end within the limit.
///
/// # Errors
///
/// There is no such pool.
pub fn testify(
    peer: &str,
    property: Property,
    runs: u64,
    budget: Duration,
    limit: Duration,
) -> Result<(), String> {
    listen_for_panics();
    let (sends, results) = mpsc::channel();
    let name = peer.to_owned();
    // In a thread of its own, so that a run that hangs can be left behind; its stack is that of a main
    // thread, whatever those of others are.
    let tries = move || visit(&name, Tries { property, runs, budget, sends });
    let trying = thread::Builder::new().stack_size(STACK).spawn(tries);
    let trying = trying.map_err(|error| error.to_string())?;
    loop {
        match results.recv_timeout(limit) {
            Ok(Ok(())) => say("kept", ""),
            Ok(Err(Fault::Broken(what))) => say("broken", &what),
            Ok(Err(Fault::Untried(why))) => say("untried", &why),
            Err(RecvTimeoutError::Timeout) => {
                say("hangs", "");
                return Ok(());
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    match trying.join() {
        Ok(Some(())) => {
            say("done", "");
            Ok(())
        }
        Ok(None) => Err(format!("there is no pool `{peer}`")),
        Err(_) => Err("the scenario itself panicked, or the pool did where it must not".to_owned()),
    }
}

struct Tries {
    property: Property,
    runs: u64,
    budget: Duration,
    sends: Sender<Run>,
}

impl Visit for Tries {
    type Output = ();

    fn visit<P: Peer>(self) {
        let began = Instant::now();
        for round in 0..self.runs {
            if self.sends.send(scenarios::run::<P>(self.property, round)).is_err() {
                return;
            }
            if began.elapsed() > self.budget {
                return;
            }
        }
    }
}
