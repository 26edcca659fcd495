//! One execution of a model: its threads and objects, and the effect of each operation on them.
//!
//! A thread runs until it requests a visible operation. Then a [`Strategy`] picks one of the
//! threads that can continue, and that thread performs its operation. The release of a lock, the
//! start of a thread, a thread's first steps and its end are invisible: they happen at once, and
//! the vector clocks carry the order that they create.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, Location};

use crate::broken::Broken;
use crate::clock::{Clock, MAX_THREADS};
use crate::coroutine::{self, Coroutines};
use crate::event::{wait, Choice, Choices, Dependence, Event, Kind, Operation};
use crate::explore::{Settings, Stand, Stuck};
use crate::schedule::Step;
use crate::strategy::{Pick, Strategy};

/// The number of a thread, the same in every execution. 0 is the main thread of the model.
pub(crate) type Thread = usize;

/// The index of an object in the current execution.
pub(crate) type Index = u32;

/// An operation that a thread has requested.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    pub(crate) operation: Operation,
    pub(crate) index: Index,
    pub(crate) site: &'static Location<'static>,
    /// The lock that a wait releases.
    mutex: Index,
    /// For a wait, whether it has a timeout. For a choice, the number of alternatives.
    extent: u8,
    /// For a lock, whether it completes a wait.
    woken: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Has not run yet.
    Fresh,
    Running,
    Pending(Pending),
    /// Joins a thread.
    Joining(Thread, &'static Location<'static>),
    /// Sleeps on a condition variable.
    Asleep(Pending),
    Ended,
}

struct ThreadState {
    state: State,
    clock: Clock,
    /// The clock of its first event.
    first_clock: Clock,
    /// The number of visible operations performed.
    position: u16,
    objects: u32,
    children: u8,
    /// How its last wait ended, chosen when the wait began.
    choice: Choice,
    name: String,
    /// The number of threads started before it.
    place: u8,
    /// The interchangeable thread that must move before this one.
    elder: Option<u8>,
}

#[derive(Default)]
struct Object {
    name: u32,
    owner: Option<u8>,
    /// The clock of the last owner when it released the lock.
    released: Clock,
    /// The last event that acquired the lock.
    acquired: Option<u32>,
    /// Sleepers, the longest first.
    sleepers: Vec<u8>,
    /// Events on it, except acquisitions.
    events: Vec<u32>,
}

/// How an execution ended, if not by the end of every thread.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A panic left a thread.
    Panic(String),
    /// No thread can continue.
    Deadlock,
    /// More operations than allowed.
    Limit(String),
    /// A replay does not match the model.
    Diverged(String),
}

/// Two events in a race: their order matters, and nothing else orders them.
#[derive(Clone, Copy)]
pub(crate) struct Race {
    pub(crate) first: u32,
    /// The position of the second event, or the one that it would have.
    pub(crate) until: u32,
    /// The second event, with its clock from before the first event.
    pub(crate) second: Event,
}

pub(crate) struct Execution {
    pub(crate) settings: Settings,
    pub(crate) dependence: Dependence,
    pub(crate) strategy: Strategy,
    pub(crate) events: Vec<Event>,
    /// The steps so far, for a replay.
    pub(crate) steps: Vec<Step>,
    pub(crate) failure: Option<Failure>,
    /// Whether the explorer still decides. An abandoned execution is completed in any order.
    pub(crate) explores: bool,
    /// Whether the execution was abandoned because every thread that could continue was asleep.
    pub(crate) redundant: bool,
    /// Whether time had to pass because no thread could continue.
    pub(crate) expired: bool,
    threads: Vec<ThreadState>,
    objects: Vec<Object>,
    used: usize,
    current: Thread,
    next: Option<Thread>,
    spurious_left: usize,
    failing_spawns_left: usize,
    races: Vec<Race>,
    to_start: Vec<(Thread, Box<dyn FnOnce()>)>,
    last_alike: Option<(Thread, Thread)>,
    /// The number of threads started so far.
    started: u8,
}

thread_local! {
    static EXECUTION: RefCell<Option<Execution>> = const { RefCell::new(None) };
}

/// Calls `ask` with the execution of this operating system thread, if a model is running on it.
pub(crate) fn with<R>(ask: impl FnOnce(&mut Execution) -> R) -> Option<R> {
    EXECUTION.with(|execution| execution.try_borrow_mut().ok()?.as_mut().map(ask))
}

fn with_running<R>(ask: impl FnOnce(&mut Execution) -> R) -> R {
    with(ask).expect("an operation of mazurka outside a model; run it inside `explore`")
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
    let goes_on = with_running(|execution| execution.ask(kind, index, mutex, extent, site));
    if !goes_on {
        coroutine::suspend();
    }
    with_running(|execution| execution.threads[execution.current].choice)
}

/// Waits for a thread to end.
pub(crate) fn join(target: Thread, site: &'static Location<'static>) {
    let goes_on = with_running(|execution| execution.ask_to_join(target, site));
    if !goes_on {
        coroutine::suspend();
    }
}

/// Ends the execution with a failure. Never returns.
pub(crate) fn fail(failure: Failure) -> ! {
    with_running(|execution| {
        execution.failure.get_or_insert(failure);
        execution.next = None;
    });
    loop {
        coroutine::suspend();
    }
}

/// Runs a model once, on this operating system thread.
pub(crate) fn run(
    execution: Execution,
    coroutines: &mut Coroutines,
    main: Box<dyn FnOnce()>,
) -> Execution {
    EXECUTION.with(|place| *place.borrow_mut() = Some(execution));
    with_running(|execution| execution.begin(main));
    let mut next = Some(0);
    while let Some(thread) = next {
        if let Err(message) = start_threads(coroutines) {
            with_running(|execution| execution.failure = Some(Failure::Limit(message)));
            break;
        }
        with_running(|execution| execution.current = thread);
        let ended = coroutines.resume(thread);
        next = with_running(|execution| {
            if ended {
                execution.end(thread);
            }
            execution.next
        });
    }
    let execution = EXECUTION.with(|place| place.borrow_mut().take()).expect("it was put there");
    if execution.failure.is_some() {
        if execution.settings.unwinds {
            coroutines.unwind();
        } else {
            coroutines.abandon();
        }
    }
    execution
}

fn start_threads(coroutines: &mut Coroutines) -> Result<(), String> {
    loop {
        let Some((thread, main)) = with_running(|execution| execution.to_start.pop()) else {
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
                fail(Failure::Panic(message));
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

impl Execution {
    pub(crate) fn new(settings: Settings, strategy: Strategy) -> Self {
        Execution {
            dependence: Dependence { wakes_any: settings.wakes_any, broken: settings.broken },
            spurious_left: 0,
            failing_spawns_left: 0,
            settings,
            strategy,
            events: Vec::new(),
            steps: Vec::new(),
            failure: None,
            explores: true,
            redundant: false,
            expired: false,
            threads: Vec::new(),
            objects: Vec::new(),
            used: 0,
            current: 0,
            next: None,
            races: Vec::new(),
            to_start: Vec::new(),
            last_alike: None,
            started: 0,
        }
    }

    fn begin(&mut self, main: Box<dyn FnOnce()>) {
        self.events.clear();
        self.steps.clear();
        self.explores = true;
        self.redundant = false;
        self.expired = false;
        self.used = 0;
        self.spurious_left = self.settings.spurious_wakeups;
        self.failing_spawns_left = self.settings.failing_spawns;
        self.last_alike = None;
        self.started = 0;
        self.threads.clear();
        self.start(0, Clock::default(), String::from("main"), main);
        self.threads[0].state = State::Running;
    }

    fn start(&mut self, thread: Thread, clock: Clock, name: String, main: Box<dyn FnOnce()>) {
        while self.threads.len() <= thread {
            self.threads.push(ThreadState {
                state: State::Ended,
                clock: Clock::default(),
                first_clock: Clock::default(),
                position: 0,
                objects: 0,
                children: 0,
                choice: 0,
                name: String::new(),
                place: 0,
                elder: None,
            });
        }
        let state = &mut self.threads[thread];
        state.state = State::Fresh;
        state.clock = clock;
        state.name = name;
        state.place = self.started;
        self.started += 1;
        self.to_start.push((thread, main));
    }

    // ----- requests of the model's threads

    pub(crate) fn current(&self) -> Thread {
        self.current
    }

    pub(crate) fn thread_name(&self, thread: Thread) -> &str {
        &self.threads[thread].name
    }

    pub(crate) fn create_object(&mut self) -> Index {
        let thread = &mut self.threads[self.current];
        // Named after its creator, since executions create objects in different orders.
        let creator = u32::try_from(self.current).expect("there are few threads");
        let name = creator << 24 | thread.objects;
        thread.objects += 1;
        if self.used == self.objects.len() {
            self.objects.push(Object::default());
        }
        let object = &mut self.objects[self.used];
        object.name = name;
        object.owner = None;
        object.released = Clock::default();
        object.acquired = None;
        object.sleepers.clear();
        object.events.clear();
        self.used += 1;
        u32::try_from(self.used - 1).expect("an execution has few objects")
    }

    /// Starts a thread, unless the explorer chooses that it fails.
    pub(crate) fn spawn(
        &mut self,
        name: String,
        main: Box<dyn FnOnce()>,
    ) -> Result<Thread, String> {
        let parent = u8::try_from(self.current).expect("there are few threads");
        let child = self.threads[self.current].children;
        self.threads[self.current].children += 1;
        let thread = self.settings.names.number(parent, child);
        if thread >= self.settings.max_threads {
            let limit = self.settings.max_threads;
            return Err(format!("more than {limit} threads; see `Builder::max_threads`"));
        }
        let clock = self.threads[self.current].clock;
        let alike = self.settings.symmetric.as_ref().is_some_and(|prefix| {
            let number = name.strip_prefix(prefix.as_str());
            number.is_some_and(|number| number.bytes().all(|digit| digit.is_ascii_digit()))
        });
        self.start(thread, clock, name, main);
        if alike {
            if let Some((_, elder)) = self.last_alike.filter(|(parent, _)| *parent == self.current)
            {
                self.threads[thread].elder = u8::try_from(elder).ok();
            }
            self.last_alike = Some((self.current, thread));
        }
        Ok(thread)
    }

    /// Returns `true` if starting a thread is an operation of its own. This does not depend on how
    /// many starts may still fail: then the starts of other threads would decide which operations a
    /// thread has.
    pub(crate) fn spawn_is_visible(&self) -> bool {
        self.settings.failing_spawns > 0
    }

    pub(crate) fn owns(&self, index: Index) -> bool {
        self.objects[index as usize].owner.map(usize::from) == Some(self.current)
    }

    pub(crate) fn release(&mut self, index: Index) {
        let clock = self.threads[self.current].clock;
        let object = &mut self.objects[index as usize];
        object.owner = None;
        object.released = clock;
    }

    fn ask_to_join(&mut self, target: Thread, site: &'static Location<'static>) -> bool {
        let current = self.current;
        self.threads[current].state = State::Joining(target, site);
        self.advance();
        self.next == Some(current)
    }

    fn ask(
        &mut self,
        kind: Kind,
        index: Index,
        mutex: Index,
        extent: u8,
        site: &'static Location<'static>,
    ) -> bool {
        let object = match kind {
            Kind::Choose | Kind::Spawn => u32::MAX,
            _ => self.objects[index as usize].name,
        };
        let operation = Operation { kind, object };
        let current = self.current;
        let pending = Pending { operation, index, site, mutex, extent, woken: false };
        self.threads[current].state = State::Pending(pending);
        self.advance();
        if self.next == Some(current) {
            self.current = current;
            return true;
        }
        false
    }

    fn end(&mut self, thread: Thread) {
        self.threads[thread].state = State::Ended;
        self.current = thread;
        self.advance();
    }

    // ----- scheduling

    /// Picks the thread that runs next. Performs the operations of threads that then fall asleep.
    fn advance(&mut self) {
        loop {
            if let Some(thread) = self.start_or_join() {
                self.next = Some(thread);
                return;
            }
            let pick = self.pick();
            let (thread, choice) = match pick {
                Pick::Step(thread, choice) => (thread, choice),
                Pick::Nobody => {
                    if self.let_time_pass() {
                        continue;
                    }
                    self.next = None;
                    if self.failure.is_none() && !self.all_ended() {
                        self.failure = Some(Failure::Deadlock);
                    }
                    return;
                }
                Pick::Redundant => unreachable!("another strategy completes it"),
                Pick::Failed(failure) => {
                    self.failure = Some(failure);
                    self.next = None;
                    return;
                }
            };
            if self.steps.len() >= self.settings.max_steps {
                let limit = self.settings.max_steps;
                self.failure = Some(Failure::Limit(format!(
                    "an execution of more than {limit} steps; see `Builder::max_steps`"
                )));
                self.next = None;
                return;
            }
            if self.do_operation(thread, choice) {
                self.next = Some(thread);
                self.current = thread;
                return;
            }
        }
    }

    /// Returns a thread with an invisible step: one that begins, or one whose join can return.
    fn start_or_join(&mut self) -> Option<Thread> {
        for thread in 0..self.threads.len() {
            match self.threads[thread].state {
                State::Fresh => {
                    self.threads[thread].state = State::Running;
                    return Some(thread);
                }
                State::Joining(target, _) if matches!(self.threads[target].state, State::Ended) => {
                    let clock = self.threads[target].clock;
                    let state = &mut self.threads[thread];
                    state.clock.join(&clock);
                    state.state = State::Running;
                    return Some(thread);
                }
                _ => {}
            }
        }
        None
    }

    fn pick(&mut self) -> Pick {
        if !self.explores {
            return Strategy::First.pick(self);
        }
        // Moved out, since it borrows the execution that contains it.
        let mut strategy = std::mem::replace(&mut self.strategy, Strategy::First);
        let pick = strategy.pick(self);
        self.strategy = strategy;
        if !matches!(pick, Pick::Redundant) {
            return pick;
        }
        // An abandoned execution is still completed, so that its memory is freed.
        if self.settings.broken != Some(Broken::NoRacesWhenGivenUp) {
            self.race_of_blocked();
        }
        self.redundant = true;
        self.explores = false;
        Strategy::First.pick(self)
    }

    /// Lets the timeouts of sleepers pass when no thread can continue. Executions in which they
    /// time out are explored from the wait on, so this one is only brought to its end.
    fn let_time_pass(&mut self) -> bool {
        let sleeps = |state: &State| matches!(state, State::Asleep(pending) if pending.extent > 0);
        if self.settings.broken != Some(Broken::NoRacesAtDeadlock) {
            self.race_of_blocked();
        }
        if !self.threads.iter().any(|thread| sleeps(&thread.state)) {
            return false;
        }
        self.explores &= !matches!(self.strategy, Strategy::Explore(_));
        self.expired = true;
        for thread in 0..self.threads.len() {
            if sleeps(&self.threads[thread].state) {
                self.threads[thread].choice = wait::TIMED_OUT;
                self.wake(thread, None);
            }
        }
        for object in &mut self.objects[..self.used] {
            object.sleepers.retain(|sleeper| {
                matches!(self.threads[usize::from(*sleeper)].state, State::Asleep(_))
            });
        }
        true
    }

    fn all_ended(&self) -> bool {
        self.threads.iter().all(|thread| matches!(thread.state, State::Ended))
    }

    // ----- queries of the strategy

    pub(crate) fn thread_count(&self) -> usize {
        self.threads.len()
    }

    /// Returns the operation that a thread has requested and its choices, if it can be performed
    /// now.
    pub(crate) fn enabled(&self, thread: Thread) -> Option<(Pending, Choices)> {
        let state = self.threads.get(thread)?;
        let State::Pending(pending) = state.state else { return None };
        if self.waits_for_elder(state) {
            return None;
        }
        let object = || &self.objects[pending.index as usize];
        let choices = match pending.operation.kind {
            Kind::Lock if object().owner.is_some() => return None,
            Kind::Wait => self.wait_choices(&pending),
            Kind::NotifyOne if !object().sleepers.is_empty() => {
                let sleepers = &object().sleepers;
                let first_only = self.settings.broken == Some(Broken::FirstSleeperOnly);
                let eligible =
                    if self.settings.wakes_any && !first_only { sleepers.len() } else { 1 };
                sleepers[..eligible].iter().fold(0, |all, sleeper| all | 1 << sleeper)
            }
            Kind::Choose if self.settings.broken == Some(Broken::FirstChoiceOnly) => 1,
            Kind::Spawn => 1 | Choices::from(self.failing_spawns_left > 0) << 1,
            // All numbers below the extent, of which there are at most 16.
            Kind::Choose => Choices::MAX >> (16 - u32::from(pending.extent)),
            _ => 1,
        };
        Some((pending, choices))
    }

    /// Returns `true` if an interchangeable thread must move first. Of such threads that have not
    /// moved, only the first may move. A thread that ended without a move is skipped.
    fn waits_for_elder(&self, state: &ThreadState) -> bool {
        state.position == 0 && self.last_moving_elder(state).is_some_and(|e| e.position == 0)
    }

    /// Returns the nearest elder that has moved or may still move.
    fn last_moving_elder(&self, state: &ThreadState) -> Option<&ThreadState> {
        let elder = |state: &ThreadState| Some(&self.threads[usize::from(state.elder?)]);
        let elders = std::iter::successors(elder(state), |state| elder(state));
        elders.into_iter().find(|state| state.position > 0 || !matches!(state.state, State::Ended))
    }

    fn wait_choices(&self, pending: &Pending) -> Choices {
        let broken = |kind| self.settings.broken == Some(kind);
        let mut choices = 1 << wait::NOTIFIED;
        if pending.extent > 0 {
            choices |= Choices::from(!broken(Broken::NoTimeouts)) << wait::TIMED_OUT;
            choices |= Choices::from(!broken(Broken::NoLateNotifications)) << wait::NOTIFIED_LATE;
        }
        if self.spurious_left > 0 && !broken(Broken::NoSpuriousWakeups) {
            choices |= 1 << wait::SPURIOUS;
        }
        choices
    }

    pub(crate) fn is_asked(&self, thread: Thread) -> Option<Pending> {
        match self.threads.get(thread)?.state {
            State::Pending(pending) => Some(pending),
            _ => None,
        }
    }

    // ----- the effects of operations

    /// Performs the operation that a thread has requested. Returns `true` if the thread then runs.
    fn do_operation(&mut self, thread: Thread, choice: Choice) -> bool {
        let State::Pending(pending) = self.threads[thread].state else {
            unreachable!("only a thread with a pending operation is picked")
        };
        self.steps.push(self.step(thread, pending, choice));
        let number = u8::try_from(thread).unwrap_or(u8::MAX);
        let event = self.record(thread, pending, choice);
        let state = &mut self.threads[thread];
        state.position = state.position.saturating_add(1);
        state.state = State::Running;
        if !pending.woken {
            state.choice = choice;
        }
        let index = pending.index as usize;
        match pending.operation.kind {
            Kind::Lock => {
                self.objects[index].owner = Some(number);
                true
            }
            Kind::Wait => {
                let clock = self.threads[thread].clock;
                let mutex = &mut self.objects[pending.mutex as usize];
                mutex.owner = None;
                mutex.released = clock;
                if choice == wait::SPURIOUS {
                    self.spurious_left -= 1;
                }
                self.threads[thread].state = State::Asleep(pending);
                if wait::sleeps(choice) {
                    self.objects[index].sleepers.push(number);
                } else {
                    self.wake(thread, None);
                }
                false
            }
            Kind::NotifyOne => {
                let sleepers = &mut self.objects[index].sleepers;
                if let Some(place) = sleepers.iter().position(|sleeper| *sleeper == choice) {
                    let sleeper = sleepers.remove(place);
                    self.wake(usize::from(sleeper), event);
                }
                true
            }
            Kind::NotifyAll => {
                for sleeper in std::mem::take(&mut self.objects[index].sleepers) {
                    self.wake(usize::from(sleeper), event);
                }
                true
            }
            Kind::Spawn => {
                self.failing_spawns_left -= usize::from(choice);
                true
            }
            Kind::Read | Kind::Write | Kind::Update | Kind::Choose => true,
        }
    }

    /// Returns a step for a replay. There, threads are numbered by their start in this one
    /// execution.
    fn step(&self, thread: Thread, pending: Pending, choice: Choice) -> Step {
        let place = |thread: Thread| self.threads[thread].place;
        let wakes = pending.operation.kind == Kind::NotifyOne
            && !self.objects[pending.index as usize].sleepers.is_empty();
        let choice = if wakes { place(choice.into()) } else { choice };
        Step { thread: place(thread).into(), choice }
    }

    /// Makes a sleeper request its lock again. `notification` is the event that woke it, if any.
    fn wake(&mut self, thread: Thread, notification: Option<usize>) {
        let State::Asleep(pending) = self.threads[thread].state else {
            unreachable!("only sleepers are woken")
        };
        let object = self.objects[pending.mutex as usize].name;
        let operation = Operation { kind: Kind::Lock, object };
        let clock = notification.map(|event| self.events[event].clock);
        let state = &mut self.threads[thread];
        if let Some(clock) = clock {
            state.clock.join(&clock);
        }
        let index = pending.mutex;
        state.state = State::Pending(Pending { operation, index, woken: true, ..pending });
    }

    /// Appends the event with its clock, and reports the races that it closes to the explorer.
    fn record(&mut self, thread: Thread, pending: Pending, choice: Choice) -> Option<usize> {
        if !self.explores || !self.strategy.wants_events() {
            return None;
        }
        let at = self.events.len();
        let until = u32::try_from(at).expect("steps are limited");
        let state = &self.threads[thread];
        let position = state.position + 1;
        let mut clock = state.clock;
        clock.set(thread, position);
        if let (1, Some(elder)) = (position, self.last_moving_elder(state)) {
            // The rule that elders move first orders events too.
            clock.join(&elder.first_clock);
        }
        let index = pending.index as usize;
        let kind = pending.operation.kind;
        let notifies = matches!(kind, Kind::NotifyOne | Kind::NotifyAll);
        let in_vain = notifies && self.objects[index].sleepers.is_empty();
        let number = u8::try_from(thread).expect("explored threads are few");
        let mut event = Event {
            thread: number,
            position,
            operation: pending.operation,
            choice,
            in_vain,
            clock,
            site: pending.site,
        };
        let broken = self.settings.broken;
        let fresh = self.strategy.is_fresh(at);
        let mut races = std::mem::take(&mut self.races);
        if kind == Kind::Lock {
            let object = &mut self.objects[index];
            if let Some(first) = object.acquired {
                let skipped = broken == Some(Broken::NoRacesOfLocks)
                    || broken == Some(Broken::NoRacesOfWokenThreads) && pending.woken;
                if fresh && !skipped && !knows(&clock, &self.events[first as usize]) {
                    races.push(Race { first, until, second: event });
                }
            }
            clock.join(&object.released);
            object.acquired = Some(until);
        } else if !matches!(kind, Kind::Choose | Kind::Spawn) {
            for place in (0..self.objects[index].events.len()).rev() {
                let first = self.objects[index].events[place];
                let earlier = &self.events[first as usize];
                if earlier.thread == number || !self.dependence.of_events(earlier, &event) {
                    continue;
                }
                if !knows(&clock, earlier) {
                    if fresh {
                        races.push(Race { first, until, second: event });
                    }
                    let known = earlier.clock;
                    clock.join(&known);
                }
            }
            for race in &mut races {
                race.second.clock = clock;
            }
            if broken == Some(Broken::LatestRaceOnly) {
                races.truncate(1);
            }
            self.objects[index].events.push(until);
        }
        event.clock = clock;
        self.threads[thread].clock = clock;
        if position == 1 {
            self.threads[thread].first_clock = clock;
        }
        self.events.push(event);
        self.reverse(races);
        Some(at)
    }

    /// Records the races of threads that wait for a lock at the end of the execution. At a deadlock
    /// the lock is never released. If the execution is abandoned, no other execution has these
    /// threads and the lock's owner in this order.
    fn race_of_blocked(&mut self) {
        if !self.explores || !self.strategy.wants_events() {
            return;
        }
        let until = u32::try_from(self.events.len()).expect("steps are limited");
        let mut races = Vec::new();
        for (thread, state) in self.threads.iter().enumerate() {
            let State::Pending(pending) = state.state else { continue };
            if self.waits_for_elder(state) {
                continue;
            }
            let Some(first) = self.objects[pending.index as usize].acquired else { continue };
            let position = state.position + 1;
            let mut clock = state.clock;
            clock.set(thread, position);
            if !knows(&clock, &self.events[first as usize]) {
                let second = Event {
                    thread: u8::try_from(thread).expect("explored threads are few"),
                    position,
                    operation: pending.operation,
                    choice: 0,
                    in_vain: false,
                    clock,
                    site: pending.site,
                };
                races.push(Race { first, until, second });
            }
        }
        self.reverse(races);
    }

    fn reverse(&mut self, mut races: Vec<Race>) {
        if let Strategy::Explore(search) = &mut self.strategy {
            search.reverse(&races, &self.events);
        }
        races.clear();
        self.races = races;
    }

    // ----- diagnostics

    /// Returns where each thread stands that has not ended.
    pub(crate) fn stands(&self) -> Vec<Stand> {
        let stuck = |state: &State| {
            Some(match state {
                State::Ended => return None,
                State::Fresh => (Stuck::NotBegun, None),
                State::Running => (Stuck::Running, None),
                State::Pending(pending) if pending.operation.kind == Kind::Lock => {
                    let owner = self.objects[pending.index as usize].owner;
                    let owner = owner.map(|owner| self.threads[usize::from(owner)].name.clone());
                    (Stuck::Lock(owner), Some(pending.site))
                }
                State::Pending(pending) => (Stuck::Running, Some(pending.site)),
                State::Joining(target, site) => {
                    (Stuck::Join(self.threads[*target].name.clone()), Some(*site))
                }
                State::Asleep(pending) => (Stuck::Asleep, Some(pending.site)),
            })
        };
        let stand = |thread: &ThreadState| {
            let (stuck, site) = stuck(&thread.state)?;
            Some(Stand { thread: thread.name.clone(), stuck, site: site.map(ToString::to_string) })
        };
        self.threads.iter().filter_map(stand).collect()
    }
}

/// Returns `true` if the event happened before the event that the clock belongs to.
pub(crate) fn knows(clock: &Clock, event: &Event) -> bool {
    event.position <= clock.get(usize::from(event.thread))
}

const _: () = assert!(MAX_THREADS <= 16, "choices are threads, as bits of a u16");
