//! Ctrl-C, where there are no Unix signals.
//!
//! The ctrlc crate has one handler for the whole process, and calls it on a thread of its own. The
//! handler runs no user code, so it can count, and end the process at the third event. It stays, and
//! while no pool listens it ends the process at once, as the system would without it.

// No model has this.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::sync::mpsc::{channel, Receiver, Sender};
use std::{io, process};

use super::listeners::{Listeners, Take};
use super::SignalErrorKind;
use crate::panics::drop_catching;
use crate::sync::{thread, Process, ProcessLock};

/// The exit code of a process that Ctrl-C has ended: `STATUS_CONTROL_C_EXIT`, 0xC000013A.
const EXIT_CODE: i32 = -0x3FFF_FEC6;

static STATE: ProcessLock<State> = ProcessLock::new(State {
    handled: false,
    last: 0,
    events: 0,
    listeners: Listeners::new(),
    thread: None,
});

struct State {
    /// The handler is there.
    handled: bool,
    /// The number of the last listener.
    last: u64,
    /// How many events came since the first of the listeners.
    events: usize,
    listeners: Listeners,
    /// Tells the thread which listeners take a step.
    thread: Option<Sender<Vec<u64>>>,
}

/// Calls `take` with a step at each of the next two events. Returns the number by which the
/// listener [leaves](leave).
pub(super) fn listen(take: Take) -> Result<u64, SignalErrorKind> {
    let mut state = STATE.lock();
    if !state.handled {
        ctrlc::try_set_handler(handle)?;
        state.handled = true;
    }
    if state.thread.is_none() {
        let (send, receive) = channel();
        thread::spawn("last-call-signals".to_owned(), None, move || main(&receive))?;
        state.thread = Some(send);
        state.events = 0;
    }
    state.last += 1;
    let number = state.last;
    state.listeners.add(number, take);
    Ok(number)
}

/// Removes a listener whose pool has ended. After the last one, the thread ends.
pub(super) fn leave(listener: u64, process: Process) {
    let Some(mut state) = STATE.lock_in(process) else { return };
    let removed = state.listeners.remove(listener);
    if state.listeners.is_empty() {
        state.thread = None;
    }
    drop(state);
    drop_catching(removed);
}

/// Runs on the thread of ctrlc.
fn handle() {
    let mut state = STATE.lock();
    state.events += 1;
    match &state.thread {
        Some(thread) if state.events < 3 => _ = thread.send(state.listeners.numbers()),
        _ => process::exit(EXIT_CODE),
    }
}

fn main(events: &Receiver<Vec<u64>>) {
    for listener in events.iter().flatten() {
        step(listener);
    }
}

/// Lets a listener take its next step, if it has not left.
fn step(listener: u64) {
    let begun = STATE.lock().listeners.begin(listener);
    let Some((step, mut take)) = begun else { return };
    take(step);
    let mut left = Some(take);
    STATE.lock().listeners.end(listener, &mut left);
    drop_catching(left);
}

impl From<ctrlc::Error> for SignalErrorKind {
    fn from(error: ctrlc::Error) -> Self {
        match error {
            ctrlc::Error::MultipleHandlers => SignalErrorKind::Handled,
            ctrlc::Error::System(source) => SignalErrorKind::System(source),
            ctrlc::Error::NoSuchSignal(_) => SignalErrorKind::System(io::Error::other(error)),
        }
    }
}
