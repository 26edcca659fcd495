//! Runs an execution: its threads take turns, as a strategy decides.
//!
//! The threads are coroutines of one operating system thread. An operation reaches its execution
//! through a thread-local variable.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, Location};

use crate::broken::Broken;
use crate::coroutine::{self, Coroutines};
use crate::event::{Choice, Kind};
use crate::execution::races::Race;
use crate::execution::{Execution, Index, Pending, Thread};
use crate::pick::Pick;
use crate::report::{Cause, FailureKind};
use crate::schedule::Schedule;
use crate::strategy::Strategy;

/// An execution and the strategy that decides in it.
pub(crate) struct Run {
    pub(crate) execution: Execution,
    pub(crate) strategy: Strategy,
    pub(crate) failure: Option<Cause>,
    /// Whether the execution was abandoned because every thread that could continue was asleep.
    pub(crate) redundant: bool,
    /// Whether time had to pass because no thread could continue.
    pub(crate) expired: bool,
    /// Whether the explorer still decides. An abandoned execution is completed in any order.
    explores: bool,
    next: Option<Thread>,
    /// Scratch space.
    races: Vec<Race>,
}

thread_local! {
    static RUN: RefCell<Option<Run>> = const { RefCell::new(None) };
}

/// Calls `ask` with the execution of this operating system thread, if a model is running on it.
pub(crate) fn with<R>(ask: impl FnOnce(&mut Execution) -> R) -> Option<R> {
    RUN.with(|run| run.try_borrow_mut().ok()?.as_mut().map(|run| ask(&mut run.execution)))
}

fn with_run<R>(ask: impl FnOnce(&mut Run) -> R) -> R {
    let answer = RUN.with(|run| run.try_borrow_mut().ok()?.as_mut().map(ask));
    answer.expect("an operation of mazurka outside a model; run it inside `explore`")
}

/// Returns the decisions so far of the execution on this operating system thread, for example for a
/// panic hook. `None` outside a model.
pub fn schedule_so_far() -> Option<Schedule> {
    with(|execution| Schedule { steps: execution.steps.clone() })
}

/// Performs a visible operation of the current thread when its turn comes. Returns the choice.
#[inline]
pub(crate) fn perform(
    kind: Kind,
    index: Index,
    mutex: Index,
    extent: u8,
    site: &'static Location<'static>,
) -> Choice {
    let goes_on = with_run(|run| {
        run.execution.request(kind, index, mutex, extent, site);
        run.goes_on()
    });
    if !goes_on {
        coroutine::suspend();
    }
    with_run(|run| run.execution.last_choice())
}

/// Waits for a thread to end.
pub(crate) fn join(target: Thread, site: &'static Location<'static>) {
    let goes_on = with_run(|run| {
        run.execution.request_join(target, site);
        run.goes_on()
    });
    if !goes_on {
        coroutine::suspend();
    }
}

/// Ends the execution with a failure. Never returns.
pub(crate) fn fail(kind: FailureKind, message: String) -> ! {
    with_run(|run| {
        run.failure.get_or_insert(Cause { kind, message });
        run.next = None;
    });
    loop {
        coroutine::suspend();
    }
}

/// Runs a model once, on this operating system thread.
pub(crate) fn run(mut run: Run, coroutines: &mut Coroutines, main: Box<dyn FnOnce()>) -> Run {
    run.begin(main);
    RUN.with(|place| *place.borrow_mut() = Some(run));
    let mut next = Some(0);
    while let Some(thread) = next {
        if let Err(message) = start_threads(coroutines) {
            with_run(|run| run.failure = Some(Cause::new(FailureKind::Limit, message)));
            break;
        }
        with_run(|run| run.execution.set_current(thread));
        let ended = coroutines.resume(thread);
        next = with_run(|run| {
            if ended {
                run.execution.end(thread);
                run.advance();
            }
            run.next
        });
    }
    let run = RUN.with(|place| place.borrow_mut().take()).expect("it was put there");
    if run.failure.is_some() {
        if run.execution.settings.unwinds {
            coroutines.unwind();
        } else {
            coroutines.abandon();
        }
    }
    run
}

fn start_threads(coroutines: &mut Coroutines) -> Result<(), String> {
    loop {
        let Some((thread, main)) = with_run(|run| run.execution.next_to_start()) else {
            return Ok(());
        };
        let main = Box::new(move || {
            // A panic that leaves a thread fails the model. A model that expects a panic catches it
            // inside.
            if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(main)) {
                if with(|_| ()).is_none() {
                    // The execution is over, and the thread is being unwound.
                    panic::resume_unwind(payload);
                }
                let message = message(payload.as_ref());
                // The payload's destructor may belong to the model.
                std::mem::forget(payload);
                fail(FailureKind::Panic, message);
            }
        });
        coroutines
            .create(thread, main)
            .map_err(|error| format!("no stack for a thread: {error}"))?;
    }
}

/// Returns the message of a panic.
fn message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&'static str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a payload that is not a string".to_owned())
}

impl Run {
    pub(crate) fn new(execution: Execution, strategy: Strategy) -> Self {
        Run {
            execution,
            strategy,
            failure: None,
            redundant: false,
            expired: false,
            explores: true,
            next: None,
            races: Vec::new(),
        }
    }

    fn begin(&mut self, main: Box<dyn FnOnce()>) {
        self.explores = true;
        self.redundant = false;
        self.expired = false;
        self.execution.begin(main);
    }

    /// Advances after a request of the current thread. Returns `true` if that thread runs next.
    fn goes_on(&mut self) -> bool {
        let current = self.execution.current();
        self.advance();
        self.next == Some(current)
    }

    /// Picks the thread that runs next. Performs the operations of threads that then fall asleep.
    fn advance(&mut self) {
        loop {
            if let Some(thread) = self.execution.start_or_join() {
                self.next = Some(thread);
                return;
            }
            let (thread, choice) = match self.pick() {
                Pick::Step(thread, choice) => (thread, choice),
                Pick::Nobody => {
                    if self.let_time_pass() {
                        continue;
                    }
                    self.next = None;
                    if self.failure.is_none() && !self.execution.all_ended() {
                        let message = "deadlock: no thread can go on";
                        self.failure = Some(Cause::new(FailureKind::Deadlock, message));
                    }
                    return;
                }
                Pick::Redundant => unreachable!("another strategy completes it"),
                Pick::Failed(cause) => return self.stop(cause),
            };
            let limit = self.execution.settings.max_steps;
            if self.execution.steps.len() >= limit {
                let message =
                    format!("an execution of more than {limit} steps; see `Builder::max_steps`");
                return self.stop(Cause::new(FailureKind::Limit, message));
            }
            if self.step(thread, choice) {
                self.next = Some(thread);
                self.execution.set_current(thread);
                return;
            }
        }
    }

    fn stop(&mut self, cause: Cause) {
        self.failure = Some(cause);
        self.next = None;
    }

    fn pick(&mut self) -> Pick {
        if !self.explores {
            return Strategy::First.pick(&self.execution);
        }
        let pick = self.strategy.pick(&self.execution);
        if !matches!(pick, Pick::Redundant) {
            return pick;
        }
        // An abandoned execution is still completed, so that its memory is freed.
        self.reverse_races_of_blocked(Broken::NoRacesWhenGivenUp);
        self.redundant = true;
        self.explores = false;
        Strategy::First.pick(&self.execution)
    }

    /// Lets the timeouts of sleepers pass when no thread can continue. Executions in which they
    /// time out are explored from the wait on, so this one is only brought to its end.
    fn let_time_pass(&mut self) -> bool {
        self.reverse_races_of_blocked(Broken::NoRacesAtDeadlock);
        if !self.execution.let_time_pass() {
            return false;
        }
        self.explores &= !matches!(self.strategy, Strategy::Explore(_));
        self.expired = true;
        true
    }

    /// Performs the operation that a thread has requested. Returns `true` if the thread then runs.
    fn step(&mut self, thread: Thread, choice: Choice) -> bool {
        let Some(pending) = self.execution.pending(thread) else {
            unreachable!("only a thread with a pending operation is picked")
        };
        self.execution.push_step(thread, pending, choice);
        let event = self.record(thread, pending, choice);
        self.execution.perform(thread, pending, choice, event)
    }

    /// Records the event of an operation. Returns its place, unless no events are wanted.
    fn record(&mut self, thread: Thread, pending: Pending, choice: Choice) -> Option<usize> {
        if !self.wants_events() {
            return None;
        }
        let at = self.execution.events.len();
        let fresh = self.strategy.is_fresh(at);
        self.execution.record(thread, pending, choice, fresh, &mut self.races);
        self.reverse_races();
        Some(at)
    }

    /// Lets the explorer reverse the races of threads that are blocked at the end.
    fn reverse_races_of_blocked(&mut self, unless: Broken) {
        if self.execution.settings.broken != Some(unless) && self.wants_events() {
            self.execution.races_of_blocked(&mut self.races);
            self.reverse_races();
        }
    }

    fn wants_events(&self) -> bool {
        self.explores && self.strategy.wants_events()
    }

    fn reverse_races(&mut self) {
        if let Strategy::Explore(search) = &mut self.strategy {
            search.reverse(&self.races, &self.execution.events);
        }
        self.races.clear();
    }
}
