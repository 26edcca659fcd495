//! Runs an execution: its threads take turns, as a strategy decides.
//!
//! The threads are coroutines of one operating system thread. An operation reaches its execution
//! through a thread-local variable.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, Location};
use std::rc::Rc;

use crate::broken::Broken;
use crate::coroutine::{self, Coroutines};
use crate::event::{Choice, Kind};
use crate::execution::races::Race;
use crate::execution::{Execution, Index, Pending, Thread};
use crate::memory::Memory;
use crate::pick::Pick;
use crate::report::{Cause, FailureKind};
use crate::schedule::Schedule;
use crate::settings::Sees;
use crate::strategy::Strategy;

/// An execution and the strategy that decides in it.
#[allow(clippy::struct_excessive_bools)] // each says one thing about how it ends
pub(crate) struct Run {
    pub(crate) execution: Execution,
    pub(crate) strategy: Strategy,
    pub(crate) failure: Option<Cause>,
    /// Whether the execution was abandoned because every thread that could continue was asleep.
    pub(crate) redundant: bool,
    /// Whether time had to pass because no thread could continue.
    pub(crate) expired: bool,
    /// Whether the exploration must start again, since something new must be visible.
    pub(crate) restart: bool,
    /// Whether the model asked for this execution to be skipped.
    skipped: bool,
    /// Whether a thread went on that repeated itself, since no other could.
    pub(crate) released: bool,
    pub(crate) memory: Memory,
    locals: Vec<Local>,
    /// The threads whose locals are gone.
    without_locals: u16,
    /// The threads in which a fault has acted that acts once for each.
    spent: u16,
    at_end: Vec<AtEnd>,
    /// Whether the explorer still decides. An abandoned execution is completed in any order.
    explores: bool,
    next: Option<Thread>,
    /// Scratch space.
    races: Vec<Race>,
}

/// What an execution asks when it has ended.
type AtEnd = Box<dyn FnOnce() -> Result<(), String>>;

/// A value that lives as long as a thread of an execution, or as the main thread if it belongs to
/// all.
struct Local {
    owner: Option<Thread>,
    key: usize,
    value: Rc<dyn Any>,
}

thread_local! {
    static RUN: RefCell<Option<Run>> = const { RefCell::new(None) };
    /// The place of the last panic of a model on this operating system thread, if a hook notes it.
    static PANIC_SITE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Notes the place of a panic, from a panic hook.
pub(crate) fn set_panic_site(site: Option<String>) {
    PANIC_SITE.set(site);
}

/// Returns the place of the last panic, and forgets it.
pub(crate) fn take_panic_site() -> Option<String> {
    PANIC_SITE.take()
}

/// Notes that a panic ends the current thread.
pub(crate) fn note_panic(payload: &(dyn Any + Send)) {
    with(|execution| {
        let site = PANIC_SITE.with_borrow(Option::clone);
        execution.note_panic(message(payload), site);
    });
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
    with(|execution| Schedule { sees: execution.sees, steps: execution.steps.clone() })
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

/// Ends the execution, and the exploration starts again, unless it already sees what is new.
pub(crate) fn make_visible(flag: u8) {
    let sees = with_run(|run| {
        if run.execution.sees & flag != 0 || run.failure.is_some() {
            return true;
        }
        run.execution.settings.sees.add(flag);
        run.restart = true;
        run.next = None;
        false
    });
    if sees {
        return;
    }
    loop {
        coroutine::suspend();
    }
}

/// Ends the execution; it does not count.
pub(crate) fn skip() -> ! {
    with_run(|run| {
        run.reverse_races_of_blocked(Broken::NoRacesWhenGivenUp);
        run.redundant = true;
        run.skipped = true;
        run.next = None;
    });
    loop {
        coroutine::suspend();
    }
}

/// Lets the other threads go on, if the current thread repeats itself. Returns `false` outside a
/// model.
pub(crate) fn yield_now(site: &'static Location<'static>) -> bool {
    if with(|_| ()).is_none() {
        return false;
    }
    make_visible(Sees::YIELDS);
    match with_run(|run| run.execution.yields(site)) {
        Err(endless) => fail(FailureKind::Limit, endless),
        Ok(false) => {}
        Ok(true) => {
            let goes_on = with_run(Run::goes_on);
            if !goes_on {
                coroutine::suspend();
            }
        }
    }
    true
}

/// Returns `true` for the first call of the current thread in this execution.
pub(crate) fn spend() -> bool {
    with_run(|run| {
        let thread = 1 << run.execution.current();
        let first = run.spent & thread == 0;
        run.spent |= thread;
        first
    })
}

/// Notes that a fault changes an operation of the current thread on an object.
pub(crate) fn note_fault(
    object: Option<Index>,
    operation: &'static str,
    words: &'static str,
    site: &'static Location<'static>,
) {
    with(|execution| execution.note_fault(object, operation, words, site));
}

/// Asks for what happened before what, with the number of the current thread. `None` outside a
/// model.
pub(crate) fn memory<R>(ask: impl FnOnce(&mut Memory, Thread) -> R) -> Option<R> {
    RUN.with(|run| {
        let mut run = run.try_borrow_mut().ok()?;
        let run = run.as_mut()?;
        Some(ask(&mut run.memory, run.execution.current()))
    })
}

/// Returns the value with this key, of the current thread or of all. An error if it is gone.
pub(crate) fn local(of_all: bool, key: usize) -> Result<Option<Rc<dyn Any>>, ()> {
    with_run(|run| {
        let current = run.execution.current();
        let thread = if of_all { 0 } else { current };
        if run.without_locals & (1 << thread) != 0 {
            return Err(());
        }
        let owner = (!of_all).then_some(current);
        let own = run.locals.iter().find(|local| local.owner == owner && local.key == key);
        Ok(own.map(|local| Rc::clone(&local.value)))
    })
}

/// Sets the value with this key.
pub(crate) fn set_local(of_all: bool, key: usize, value: Rc<dyn Any>) {
    with_run(|run| {
        let owner = (!of_all).then(|| run.execution.current());
        run.locals.push(Local { owner, key, value });
    });
}

/// Drops the values of the current thread, in the order of their creation, and with the main thread
/// those of all.
fn drop_locals() {
    let next = || {
        with(|_| ())?;
        with_run(|run| {
            let current = run.execution.current();
            let own = |local: &Local| {
                local.owner == Some(current) || local.owner.is_none() && current == 0
            };
            let place = run.locals.iter().position(own);
            run.without_locals |= u16::from(place.is_none()) << current;
            place.map(|place| run.locals.remove(place).value)
        })
    };
    while let Some(value) = next() {
        drop(value);
    }
}

/// Adds a question to ask when the execution has ended without a failure. An error fails it.
pub(crate) fn at_end(question: AtEnd) {
    with_run(|run| run.at_end.push(question));
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
    let mut run = RUN.with(|place| place.borrow_mut().take()).expect("it was put there");
    let is_over = run.failure.is_some() || run.restart || run.skipped;
    for question in std::mem::take(&mut run.at_end) {
        if let (false, Err(message)) = (is_over, question()) {
            run.failure.get_or_insert(Cause::new(FailureKind::Panic, message));
        }
    }
    if is_over {
        // Their destructors belong to the model.
        std::mem::forget(std::mem::take(&mut run.locals));
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
            let main = move || {
                main();
                drop_locals();
            };
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
fn message(payload: &(dyn Any + Send)) -> String {
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
            restart: false,
            skipped: false,
            released: false,
            memory: Memory::default(),
            locals: Vec::new(),
            without_locals: 0,
            spent: 0,
            at_end: Vec::new(),
            explores: true,
            next: None,
            races: Vec::new(),
        }
    }

    fn begin(&mut self, main: Box<dyn FnOnce()>) {
        self.explores = true;
        self.redundant = false;
        self.expired = false;
        self.skipped = false;
        self.released = false;
        self.memory.clear();
        self.without_locals = 0;
        self.spent = 0;
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
                    if self.let_time_pass() || self.release_spinners() {
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
                let livelock = if self.released {
                    ", in which threads repeat a loop that sees nothing new"
                } else {
                    ""
                };
                let message = format!(
                    "an execution of more than {limit} steps{livelock}; see `Builder::max_steps`"
                );
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

    /// Lets threads go on that repeat themselves, since no other thread can.
    fn release_spinners(&mut self) -> bool {
        self.reverse_races_of_blocked(Broken::NoRacesAtDeadlock);
        let Some(news) = self.execution.release_spinners() else { return false };
        if news && matches!(self.strategy, Strategy::Explore(_)) {
            // The execution in which a thread saw the news in an earlier round is explored too.
            self.redundant |= self.explores;
            self.explores = false;
        } else {
            self.released = true;
        }
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
