//! One execution of a model: its threads and objects, what the threads request, and which of them
//! can continue.
//!
//! A thread runs until it requests a visible operation. Then a strategy picks one of the threads
//! that can continue, and that thread performs its operation. The release of a lock, the start of a
//! thread, a thread's first steps and its end are invisible: they happen at once, and the vector
//! clocks carry the order that they create.

use std::panic::Location;

use crate::broken::Broken;
use crate::clock::Clock;
use crate::event::{attempt, wait, Choice, Choices, Dependence, Event, Kind, Operation, NO_LOCK};
use crate::report::Panicked;
use crate::schedule::Step;
use crate::settings::{ExecutionSettings, Sees};

mod diagnosis;
mod effects;
mod looks;
pub(crate) mod races;

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
    /// Has yielded, and sees nothing new.
    Spinning(&'static Location<'static>),
    /// Goes on after it was `Spinning`.
    Released,
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
    looks: Looks,
}

/// What a thread has looked at.
#[derive(Default)]
struct Looks {
    /// Objects, each with its version when the thread last looked.
    seen: Vec<(Index, u32)>,
    /// Whether the thread has seen or changed anything since it last yielded.
    news: bool,
    /// `news` before the last operation changed its object.
    news_before: bool,
    /// The number of rounds in a row without news.
    stale: usize,
    /// Whether the thread has performed an operation since it last yielded.
    active: bool,
    /// The number of yields in a row without an operation.
    idle: usize,
}

#[derive(Default)]
struct Object {
    name: u32,
    owner: Option<u8>,
    /// The threads that hold the lock together, each as often as it does.
    readers: Vec<u8>,
    /// The acquisitions by readers since the last exclusive one.
    shared: Vec<Shared>,
    /// Grows with each change that another thread could notice.
    version: u32,
    created: Option<&'static Location<'static>>,
    /// The clock of the last owner when it released the lock.
    released: Clock,
    /// The last event that acquired the lock.
    acquired: Option<u32>,
    /// Sleepers, the longest first.
    sleepers: Vec<u8>,
    /// Events on it, except acquisitions. If the model tries locks, all events.
    events: Vec<u32>,
}

/// An acquisition by a reader.
#[derive(Clone, Copy)]
struct Shared {
    event: u32,
    thread: u8,
    /// The clock of the reader when it released the lock.
    released: Option<Clock>,
}

/// An operation that a fault has changed.
pub(crate) struct Changed {
    /// The number of events before.
    before: usize,
    thread: Thread,
    /// The name of the object, if it has one.
    object: Option<u32>,
    /// The operation, and what it does instead.
    operation: &'static str,
    words: &'static str,
    site: &'static Location<'static>,
}

pub(crate) struct Execution {
    pub(crate) settings: ExecutionSettings,
    pub(crate) dependence: Dependence,
    pub(crate) events: Vec<Event>,
    /// The steps so far, for a replay.
    pub(crate) steps: Vec<Step>,
    threads: Vec<ThreadState>,
    objects: Vec<Object>,
    /// The number of objects in use. Those behind them are kept for later executions.
    used: usize,
    current: Thread,
    spurious_left: usize,
    failing_spawns_left: usize,
    to_start: Vec<(Thread, Box<dyn FnOnce()>)>,
    last_alike: Option<(Thread, Thread)>,
    /// The number of threads started so far.
    started: u8,
    /// What the model uses; see [`Sees`].
    pub(crate) sees: u8,
    /// Remarks on events, by their index, if they are wanted.
    pub(crate) notes: Option<Vec<(usize, String)>>,
    /// The releases that are no operations, if remarks are wanted: the number of events before, the
    /// thread, and the name of the lock.
    releases: Vec<(usize, Thread, u32)>,
    /// The operations that a fault has changed, if remarks are wanted.
    faults: Vec<Changed>,
    /// The panics that ended threads.
    panicked: Vec<Panicked>,
}

impl Execution {
    pub(crate) fn new(settings: ExecutionSettings) -> Self {
        Execution {
            dependence: Dependence { wakes_any: settings.wakes_any, broken: settings.broken },
            spurious_left: 0,
            failing_spawns_left: 0,
            settings,
            events: Vec::new(),
            steps: Vec::new(),
            threads: Vec::new(),
            objects: Vec::new(),
            used: 0,
            current: 0,
            to_start: Vec::new(),
            last_alike: None,
            started: 0,
            sees: 0,
            notes: None,
            releases: Vec::new(),
            faults: Vec::new(),
            panicked: Vec::new(),
        }
    }

    /// Starts anew, with the main thread.
    pub(crate) fn begin(&mut self, main: Box<dyn FnOnce()>) {
        self.events.clear();
        self.steps.clear();
        self.used = 0;
        self.spurious_left = self.settings.spurious_wakeups;
        self.failing_spawns_left = self.settings.failing_spawns;
        self.last_alike = None;
        self.started = 0;
        self.sees = self.settings.sees.get();
        if let Some(notes) = &mut self.notes {
            notes.clear();
        }
        self.releases.clear();
        self.faults.clear();
        self.panicked.clear();
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
                looks: Looks::default(),
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

    /// Notes that a panic ends the current thread.
    pub(crate) fn note_panic(&mut self, message: String, site: Option<String>) {
        self.panicked.push(Panicked { thread: self.current, message, site });
    }

    /// Removes a started thread that has no coroutine yet.
    pub(crate) fn next_to_start(&mut self) -> Option<(Thread, Box<dyn FnOnce()>)> {
        self.to_start.pop()
    }

    // ----- requests of the model's threads

    #[inline]
    pub(crate) fn current(&self) -> Thread {
        self.current
    }

    #[inline]
    pub(crate) fn set_current(&mut self, thread: Thread) {
        self.current = thread;
    }

    pub(crate) fn create_object(&mut self, site: &'static Location<'static>) -> Index {
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
        object.readers.clear();
        object.shared.clear();
        object.version = 0;
        object.created = Some(site);
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
        let name = if name.is_empty() { format!("thread {}", self.started) } else { name };
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

    /// Returns `true` if the current thread holds the lock, perhaps together with other readers.
    pub(crate) fn owns(&self, index: Index) -> bool {
        let object = &self.objects[index as usize];
        let holds = |thread: u8| usize::from(thread) == self.current;
        object.owner.is_some_and(holds) || object.readers.iter().any(|reader| holds(*reader))
    }

    /// Notes that a fault changes an operation of the current thread.
    pub(crate) fn note_fault(
        &mut self,
        index: Option<Index>,
        operation: &'static str,
        words: &'static str,
        site: &'static Location<'static>,
    ) {
        if self.notes.is_some() {
            let object = index.map(|index| self.objects[index as usize].name);
            let (before, thread) = (self.events.len(), self.current);
            self.faults.push(Changed { before, thread, object, operation, words, site });
        }
    }

    /// Releases a lock that the current thread holds.
    pub(crate) fn release(&mut self, index: Index) {
        if self.notes.is_some() {
            let name = self.objects[index as usize].name;
            self.releases.push((self.events.len(), self.current, name));
        }
        self.release_by(self.current, index);
    }

    fn release_by(&mut self, thread: Thread, index: Index) {
        let clock = self.threads[thread].clock;
        let object = &mut self.objects[index as usize];
        if object.readers.is_empty() {
            object.owner = None;
            object.released = clock;
        } else {
            let own = |reader: u8| usize::from(reader) == thread;
            if let Some(place) = object.readers.iter().position(|reader| own(*reader)) {
                object.readers.swap_remove(place);
            }
            let held = object.shared.iter_mut().rev();
            let mut held = held.filter(|one| own(one.thread) && one.released.is_none());
            if let Some(one) = held.next() {
                one.released = Some(clock);
            }
        }
        if self.sees & Sees::YIELDS != 0 {
            self.note_own_change(thread, index);
        }
    }

    /// Returns `true` if the release of a lock is an operation of its own.
    pub(crate) fn release_is_visible(&self) -> bool {
        self.sees & Sees::TRIES != 0 && self.settings.broken != Some(Broken::ReleasesUnseen)
    }

    /// Notes that the current thread requests a visible operation.
    #[inline]
    pub(crate) fn request(
        &mut self,
        kind: Kind,
        index: Index,
        mutex: Index,
        extent: u8,
        site: &'static Location<'static>,
    ) {
        let object = match kind {
            Kind::Choose | Kind::Spawn => u32::MAX,
            _ => self.objects[index as usize].name,
        };
        let released = match kind {
            Kind::Wait if self.release_is_visible() => self.objects[mutex as usize].name,
            _ => NO_LOCK,
        };
        let operation = Operation { kind, object, mutex: released };
        let pending = Pending { operation, index, site, mutex, extent, woken: false };
        self.threads[self.current].state = State::Pending(pending);
    }

    /// Notes that the current thread waits for the end of another thread.
    pub(crate) fn request_join(&mut self, target: Thread, site: &'static Location<'static>) {
        self.threads[self.current].state = State::Joining(target, site);
    }

    // ----- queries of strategies

    #[inline]
    pub(crate) fn thread_count(&self) -> usize {
        self.threads.len()
    }

    /// Returns the current thread first, then all others in order.
    #[inline]
    pub(crate) fn in_turn(&self) -> impl Iterator<Item = Thread> {
        let (current, count) = (self.current, self.threads.len());
        std::iter::once(current).chain((0..count).filter(move |thread| *thread != current))
    }

    /// Returns the operation that a thread has requested and its choices, if it can be performed
    /// now.
    #[inline]
    pub(crate) fn enabled(&self, thread: Thread) -> Option<(Pending, Choices)> {
        let state = self.threads.get(thread)?;
        let State::Pending(pending) = state.state else { return None };
        if self.waits_for_elder(state) {
            return None;
        }
        let object = || &self.objects[pending.index as usize];
        let choices = match pending.operation.kind {
            Kind::Lock if object().owner.is_some() || !object().readers.is_empty() => return None,
            Kind::LockShared if object().owner.is_some() => return None,
            Kind::TryLock | Kind::TryShared if object().owner.is_some() => 1 << attempt::REFUSED,
            Kind::TryLock if !object().readers.is_empty() => 1 << attempt::REFUSED_BY_READERS,
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

    /// Returns the operation that a thread has requested.
    #[inline]
    pub(crate) fn pending(&self, thread: Thread) -> Option<Pending> {
        match self.threads.get(thread)?.state {
            State::Pending(pending) => Some(pending),
            _ => None,
        }
    }

    /// Returns the choice of the current thread's last operation.
    #[inline]
    pub(crate) fn last_choice(&self) -> Choice {
        self.threads[self.current].choice
    }

    pub(crate) fn all_ended(&self) -> bool {
        self.threads.iter().all(|thread| matches!(thread.state, State::Ended))
    }
}
