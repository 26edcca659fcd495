//! SIGINT and SIGTERM, and the thread that takes the steps.
//!
//! | | while no pool listens | at the first signal | at the second | at the third |
//! | --- | --- | --- | --- | --- |
//! | the handler | ends the process, as without this crate | wakes the thread | wakes the thread | ends the process |
//! | the thread | is not there | drains | discards | |
//!
//! The third signal is counted in the handler, since user code may hold up the thread. A handler
//! may only set flags and check them, so it cannot count. But at the first signal the thread is not
//! held up yet: it makes each later signal set a flag, and a signal that finds the flag set is the
//! third.

// The flags of signal-hook are atomics of the standard library. No model has signals.
#![allow(clippy::disallowed_types)]

use std::io::{self, ErrorKind, Read as _};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, process};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::backend::{Handle, SignalDelivery};
use signal_hook::iterator::exfiltrator::WithRawSiginfo;
use signal_hook::low_level::{exit, unregister};
use signal_hook::{flag, SigId};

use super::listeners::{Listeners, Take};
use super::SignalErrorKind;
use crate::panics::drop_catching;
use crate::sync::{thread, Arc, Process, ProcessLock};

const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

static STATE: ProcessLock<State> =
    ProcessLock::new(State { unheard: None, last: 0, session: None });

struct State {
    /// No pool listens. While it is set the handler acts as the system would without it, since
    /// signal-hook cannot remove the handler. `None` until a pool listens for the first time.
    unheard: Option<Arc<AtomicBool>>,
    /// The number of the last listener or session.
    last: u64,
    /// There is one while pools listen.
    session: Option<Session>,
}

/// From the first pool that listens to the end of the last one.
struct Session {
    number: u64,
    listeners: Listeners,
    /// How many signals came.
    signals: usize,
    /// The next signal ends the process.
    last_chance: Arc<AtomicBool>,
    /// What the handler does, apart from waking the thread.
    actions: Actions,
    handle: Handle,
    thread: thread::JoinHandle,
    /// The process that has the thread.
    process: u32,
    /// The thread runs user code, or is about to.
    busy: bool,
}

/// Actions of the handler, which are given back when this is dropped.
#[derive(Default)]
struct Actions(Vec<SigId>);

impl Drop for Actions {
    fn drop(&mut self) {
        self.0.drain(..).for_each(|action| _ = unregister(action));
    }
}

/// The arriving signals. They are in the memory of this process: the stream only wakes the thread,
/// since a forked child would write to the same one.
type Delivery = SignalDelivery<Arc<UnixStream>, WithRawSiginfo>;

/// Calls `take` with a step at each of the next two signals. Returns the number by which the
/// listener [leaves](leave).
pub(super) fn listen(take: Take) -> Result<u64, SignalErrorKind> {
    let mut state = STATE.lock();
    let copy = state.end_if_copied();
    let number = state.add(take);
    drop(state);
    if let Some(copy) = copy {
        let _ = copy.thread.join();
        copy.listeners.release();
    }
    number
}

/// Removes a listener whose pool has ended. With the last one, everything is given back.
///
/// A forked child gets back what the signals did. It does not block: nothing is given back if another
/// thread holds the lock, and signal-hook, which may wait for handlers of threads that are not there,
/// is left as it is until a pool of the child [listens](listen).
pub(super) fn leave(listener: u64, process: Process) {
    let Some(mut state) = STATE.lock_in(process) else { return };
    let session = state.session.as_mut();
    let Some(removed) = session.and_then(|session| session.listeners.remove(listener)) else {
        return;
    };
    let thread = match process {
        Process::Own => state.end_if_unused(),
        Process::ForkedChild => {
            state.ignore_if_unused();
            None
        }
    };
    drop(state);
    if let Some(thread) = thread {
        let _ = thread.join();
    }
    drop_catching(removed);
}

impl State {
    fn next_number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn add(&mut self, take: Take) -> Result<u64, SignalErrorKind> {
        let number = self.next_number();
        let session = match self.session.take() {
            Some(session) => session,
            None => self.begin()?,
        };
        self.session.insert(session).listeners.add(number, take);
        Ok(number)
    }

    /// Registers the handler and starts the thread. An error gives everything back.
    fn begin(&mut self) -> io::Result<Session> {
        let is_first = self.unheard.is_none();
        let defaults = if is_first { with_default_action()? } else { Vec::new() };
        let (read, write) = UnixStream::pair()?;
        let unheard = self.unheard.get_or_insert_with(|| Arc::new(AtomicBool::new(true)));
        let unheard = Arc::clone(unheard);
        // These stay. They come first, so that no signal is lost in between.
        for signal in defaults {
            flag::register_conditional_default(signal, Arc::clone(&unheard))?;
        }
        let last_chance = Arc::new(AtomicBool::new(false));
        let mut actions = Actions::default();
        // Before the action that wakes the thread: the thread sets the flag for the next signal,
        // and not for the one that it has been woken by.
        for signal in SIGNALS {
            let status = 128 + signal;
            let flag = Arc::clone(&last_chance);
            actions.0.push(flag::register_conditional_shutdown(signal, status, flag)?);
        }
        let read = Arc::new(read);
        let delivery = Delivery::with_pipe(Arc::clone(&read), write, WithRawSiginfo, SIGNALS)?;
        let handle = delivery.handle();
        let number = self.next_number();
        let main = move || main(number, &read, delivery);
        let thread = thread::spawn("last-call-signals".to_owned(), None, main)?;
        unheard.store(false, Ordering::SeqCst);
        let listeners = Listeners::new();
        Ok(Session {
            number,
            listeners,
            signals: 0,
            last_chance,
            actions,
            handle,
            thread,
            process: process::id(),
            busy: false,
        })
    }

    /// Ends the session if no pool listens. Returns the thread, unless user code holds it up: then
    /// it ends later.
    fn end_if_unused(&mut self) -> Option<thread::JoinHandle> {
        if !self.session.as_ref()?.listeners.is_empty() {
            return None;
        }
        let session = self.end()?;
        session.handle.close(); // wakes the thread
        (!session.busy).then_some(session.thread)
    }

    /// Makes the handler act as the system would without it if no pool listens, and keeps the session.
    fn ignore_if_unused(&self) {
        let session = self.session.as_ref().filter(|session| session.listeners.is_empty());
        if let (Some(session), Some(unheard)) = (session, &self.unheard) {
            session.last_chance.store(false, Ordering::SeqCst);
            unheard.store(true, Ordering::SeqCst);
        }
    }

    /// Ends the session of another process, of which this one is a forked child: its thread is not
    /// here.
    fn end_if_copied(&mut self) -> Option<Session> {
        match Process::of(self.session.as_ref()?.process) {
            Process::Own => None,
            Process::ForkedChild => self.end(),
        }
    }

    /// Gives the signals back.
    fn end(&mut self) -> Option<Session> {
        let session = self.session.take()?;
        if let Some(unheard) = &self.unheard {
            unheard.store(true, Ordering::SeqCst);
        }
        Some(session)
    }

    /// Returns the session, if it has not ended.
    fn session(&mut self, number: u64) -> Option<&mut Session> {
        self.session.as_mut().filter(|session| session.number == number)
    }
}

impl Session {
    /// Counts the signals that came, and ends the process if there are three. Returns how many are
    /// new.
    fn count(&mut self, delivery: &mut Delivery) -> usize {
        let before = self.signals;
        loop {
            let came: Vec<_> = delivery.pending().map(|info| info.si_signo).collect();
            if came.is_empty() {
                return self.signals - before;
            }
            if self.signals == 0 {
                self.arm();
            }
            for signal in came {
                self.signals += 1;
                if self.signals == 3 {
                    exit(128 + signal);
                }
            }
            if self.signals == 2 {
                self.last_chance.store(true, Ordering::SeqCst);
            }
        }
    }

    /// Makes the handler count from now on: the next signal is the second, and the one after that
    /// ends the process.
    fn arm(&mut self) {
        for signal in SIGNALS {
            // It cannot fail: the handler is there.
            let action = flag::register(signal, Arc::clone(&self.last_chance));
            self.actions.0.extend(action);
        }
    }
}

/// The thread. `read` is closed after the handler no longer writes to it, which may raise SIGPIPE.
fn main(session: u64, mut read: &UnixStream, mut delivery: Delivery) {
    while read.read_exact(&mut [0]).is_ok() {
        let Some(listeners) = wake(session, &mut delivery) else { break };
        for listener in listeners {
            step(session, listener);
        }
        match STATE.lock().session(session) {
            Some(session) => session.busy = false,
            None => break,
        }
    }
}

/// Returns which listeners take a step, in order; `None` if the session has ended.
fn wake(session: u64, delivery: &mut Delivery) -> Option<Vec<u64>> {
    let mut state = STATE.lock();
    let session = state.session(session)?;
    let listeners = session.listeners.numbers().repeat(session.count(delivery));
    session.busy = !listeners.is_empty();
    Some(listeners)
}

/// Lets a listener take its next step, if it has not left.
fn step(session: u64, listener: u64) {
    let begun = STATE.lock().session(session).and_then(|open| open.listeners.begin(listener));
    let Some((step, mut take)) = begun else { return };
    take(step);
    let mut left = Some(take);
    if let Some(open) = STATE.lock().session(session) {
        open.listeners.end(listener, &mut left);
    }
    drop_catching(left);
}

/// Returns the signals that would end the process now: those that it neither handles nor ignores.
/// Only Linux says which these are; elsewhere they count as all.
fn with_default_action() -> io::Result<Vec<i32>> {
    let status = match fs::read_to_string("/proc/self/status") {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        status => status?,
    };
    let sets = ["SigIgn:", "SigCgt:"].map(|name| {
        let set = status.lines().find_map(|line| line.strip_prefix(name));
        set.and_then(|digits| u128::from_str_radix(digits.trim(), 16).ok()).unwrap_or(0)
    });
    let is_in = |set: u128, signal: i32| set >> (signal - 1) & 1 == 1;
    Ok(SIGNALS.into_iter().filter(|signal| !sets.iter().any(|set| is_in(*set, *signal))).collect())
}
