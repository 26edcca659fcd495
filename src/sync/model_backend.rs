//! The facade over a model checker, loom or shuttle, recording what it does in [`trace`].

use std::cell::Cell;
use std::panic::Location;
use std::time::Duration;

#[cfg(loom)]
pub(super) use loom as checker;
#[cfg(shuttle)]
pub(super) use shuttle as checker;

use super::fault::Action;
use super::trace::{self, Kind, Op, Operation};
use super::world::{self, Clock, Sleeper};
use super::Arc;

/// Mutual exclusion. What a panic leaves poisoned is taken over, its own lock or, since the threads
/// of a model are one to the standard library, another.
#[derive(Debug)]
pub struct Mutex<T> {
    inner: checker::sync::Mutex<T>,
    object: usize,
}

/// Access to what a [`Mutex`] protects, until dropped.
#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    // None only between the two halves of a wait.
    inner: Option<checker::sync::MutexGuard<'a, T>>,
    mutex: &'a Mutex<T>,
    /// Who locked it, or went to sleep with it.
    site: &'static Location<'static>,
    /// Whether the caller has looked at what is protected, and how often it has changed it.
    looked: Cell<bool>,
    changes: usize,
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T> Mutex<T> {
    /// Creates an unlocked mutex.
    #[track_caller]
    pub fn new(value: T) -> Self {
        let object = trace::register(Kind::Mutex, Location::caller());
        Mutex { inner: checker::sync::Mutex::new(value), object }
    }

    /// Blocks until the mutex is free and locks it.
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        trace::record(Op::Lock, self.object);
        let guard = self.relock(Location::caller());
        trace::record(Op::Locked, self.object);
        guard
    }

    fn relock(&self, site: &'static Location<'static>) -> MutexGuard<'_, T> {
        let guard = self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        MutexGuard { inner: Some(guard), mutex: self, site, looked: Cell::new(false), changes: 0 }
    }
}

impl<T> MutexGuard<'_, T> {
    /// Before the caller's next change: the place where a lock could be shown to be needed.
    fn before_change(&mut self) {
        let number = self.changes;
        if self.looked.get() {
            trace::opportunity_at(Operation::Change(number), self.site);
            if trace::fault(self.site, |action| action == Action::SplitLock(number)).is_some() {
                self.let_others_in();
            }
        }
        self.changes += 1;
        self.looked.set(true);
    }

    /// Releases the lock and takes it again: what it protects may change meanwhile.
    fn let_others_in(&mut self) {
        let object = self.mutex.object;
        trace::record_at(Op::Unlock, object, self.site, true);
        drop(self.inner.take());
        trace::record_at(Op::Lock, object, self.site, true);
        let inner = self.mutex.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.inner = Some(inner);
        trace::record_at(Op::Locked, object, self.site, true);
    }
}

impl<T> std::ops::Deref for MutexGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.looked.set(true);
        self.inner.as_ref().expect("a guard is whole outside of a wait")
    }
}

impl<T> std::ops::DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.before_change();
        self.inner.as_mut().expect("a guard is whole outside of a wait")
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if self.inner.is_some() {
            trace::record(Op::Unlock, self.mutex.object);
        }
    }
}

/// A condition variable. It never wakes for no reason; of several waiters loom wakes the one that has
/// waited longest, shuttle any.
#[derive(Debug)]
pub struct Condvar {
    inner: Arc<checker::sync::Condvar>,
    /// Who sleeps until the clock strikes, the longest first. Unseen by the checker: looked at with
    /// the lock held that they wait with, by those who notify too.
    timed: Unseen<Vec<Arc<Sleeper>>>,
    object: usize,
}

#[allow(clippy::disallowed_types)]
type Unseen<T> = std::sync::Mutex<T>;

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Condvar::new()
    }
}

impl Condvar {
    /// Creates a condition variable that nobody waits on.
    #[track_caller]
    pub fn new() -> Self {
        let object = trace::register(Kind::Condvar, Location::caller());
        let inner = Arc::new(checker::sync::Condvar::new());
        world::register(&inner);
        Condvar { inner, timed: Unseen::default(), object }
    }

    /// Releases the lock, sleeps until notified, and locks again.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        trace::opportunity(Operation::Wait);
        self.sleep(guard)
    }

    #[track_caller]
    fn sleep<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        let site = Location::caller();
        let early = |action| matches!(action, Action::WakeEarly | Action::SplitWait);
        match trace::fault(site, early) {
            Some(Action::WakeEarly) => return self.doze(guard, Op::Woken, true),
            Some(_) => guard.let_others_in(),
            None if trace::surplus(self.object) => return self.doze(guard, Op::Woken, true),
            None => {}
        }
        trace::record(Op::Wait, self.object);
        let inner = guard.inner.take().expect("a guard is whole outside of a wait");
        let inner = self.inner.wait(inner).unwrap_or_else(std::sync::PoisonError::into_inner);
        guard.inner = Some(inner);
        guard.site = site;
        guard.looked.set(false);
        guard.changes = 0;
        trace::record(Op::Woken, self.object);
        guard
    }

    /// Releases the lock, lets others run or not, and locks again: woken by nobody.
    #[track_caller]
    fn doze<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        end: Op,
        wrongly: bool,
    ) -> MutexGuard<'a, T> {
        trace::record_at(Op::Wait, self.object, Location::caller(), wrongly);
        let mutex = guard.mutex;
        // No yield: loom runs a thread that has yielded only when no other can go on.
        drop(guard.inner.take());
        let guard = mutex.relock(Location::caller());
        trace::record(end, self.object);
        guard
    }

    /// As [`wait`](Self::wait), but the deadline fires: others may run first, or not.
    ///
    /// loom has no clock and no way to choose. Releasing the lock and taking it again lets it
    /// explore every amount of progress that the others can make before the deadline; what it
    /// leaves out is a notification that a waiter takes along while timing out: for that a scenario
    /// may wind a [`Clock`]. A sample of shuttle's would seldom see more than a little progress: there
    /// the wait ends for no reason as often as not, and comes again.
    #[track_caller]
    pub fn wait_until<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        deadline: Deadline,
    ) -> (MutexGuard<'a, T>, bool) {
        let fires = match deadline.0 {
            Fires::AtStroke => return self.sleep_until_stroke(guard),
            Fires::AnyTime if has_come() => true,
            Fires::AnyTime => return (self.doze(guard, Op::Woken, false), false),
            Fires::Never => false,
            Fires::TooLate => {
                trace::opportunity(Operation::WaitUntil);
                let wrongly = |action| action == Action::FireDeadline;
                trace::fault(Location::caller(), wrongly).is_some()
            }
        };
        if fires {
            (self.doze(guard, Op::TimedOut, false), true)
        } else {
            trace::opportunity(Operation::Wait);
            (self.sleep(guard), false)
        }
    }

    #[track_caller]
    fn sleep_until_stroke<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> (MutexGuard<'a, T>, bool) {
        let clock = Clock::wound().expect("a deadline at the stroke has a clock");
        let Some(sleeper) = clock.sleeper() else {
            return (self.doze(guard, Op::TimedOut, false), true);
        };
        self.timed().push(Arc::clone(&sleeper));
        trace::record(Op::Wait, self.object);
        let mutex = guard.mutex;
        drop(guard.inner.take());
        let late = sleeper.sleep();
        let guard = mutex.relock(Location::caller());
        self.timed().retain(|other| !Arc::ptr_eq(other, &sleeper));
        trace::record(if late { Op::TimedOut } else { Op::Woken }, self.object);
        (guard, late)
    }

    #[allow(clippy::disallowed_types)]
    fn timed(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Sleeper>>> {
        self.timed.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Those who sleep until the stroke come first: it is they who might take a wake-up along.
    fn wake_one(&self) {
        let timed = self.timed().clone();
        if !timed.iter().any(|sleeper| sleeper.notify()) {
            self.inner.notify_one();
        }
    }

    fn wake_all(&self) {
        for sleeper in self.timed().clone() {
            sleeper.notify();
        }
        self.inner.notify_all();
    }

    /// Wakes one waiting thread, if there is one.
    #[track_caller]
    pub fn notify_one(&self) {
        trace::opportunity(Operation::NotifyOne);
        let wrongly = |action| {
            use Action::{DropNotifyOne, NotifyAllForOne, NotifyOneAgain};
            matches!(action, DropNotifyOne | NotifyAllForOne | NotifyOneAgain)
        };
        match trace::record_unless_fault(Op::NotifyOne, self.object, wrongly) {
            None => self.wake_one(),
            Some(Action::NotifyAllForOne) => self.wake_all(),
            Some(Action::NotifyOneAgain) => {
                self.wake_one();
                self.wake_one();
                trace::leave_surplus(self.object);
            }
            Some(_) => {}
        }
    }

    /// Wakes every waiting thread.
    #[track_caller]
    pub fn notify_all(&self) {
        trace::opportunity(Operation::NotifyAll);
        let wrongly = |action| {
            use Action::{DropNotifyAll, NotifyAllAgain, NotifyOneForAll};
            matches!(action, DropNotifyAll | NotifyOneForAll | NotifyAllAgain)
        };
        match trace::record_unless_fault(Op::NotifyAll, self.object, wrongly) {
            None => self.wake_all(),
            Some(Action::NotifyOneForAll) => self.wake_one(),
            Some(Action::NotifyAllAgain) => {
                self.wake_all();
                trace::leave_surplus(self.object);
            }
            Some(_) => {}
        }
    }
}

/// Whether a deadline that may fire at any moment fires at this one.
#[cfg(loom)]
fn has_come() -> bool {
    true
}
#[cfg(shuttle)]
fn has_come() -> bool {
    use shuttle::rand::Rng;
    shuttle::rand::thread_rng().gen_ratio(1, 4)
}

/// A point in time until which a wait may last, or none. In a model there is no time: see
/// [`Condvar::wait_until`].
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Fires);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fires {
    /// At any look at it.
    AnyTime,
    /// When the scenario's clock strikes.
    AtStroke,
    /// There is one, but whoever waits is woken before.
    TooLate,
    /// There is none.
    Never,
}

impl Deadline {
    /// A deadline that may fire at any moment; of an hour and more, one that does not fire while
    /// anything can happen; none for a timeout that the clock could not hold.
    pub fn after(timeout: Duration) -> Self {
        const LONG: Duration = Duration::from_secs(3600);
        Deadline(match timeout {
            Duration::MAX => Fires::Never,
            timeout if timeout >= LONG => Fires::TooLate,
            _ if Clock::wound().is_some() => Fires::AtStroke,
            _ => Fires::AnyTime,
        })
    }

    /// No deadline.
    pub fn never() -> Self {
        Deadline(Fires::Never)
    }

    /// Whether there is no deadline at all.
    pub fn is_never(self) -> bool {
        self.0 == Fires::Never
    }
}

/// A number for statistics: nothing may be decided by it.
#[derive(Debug)]
pub struct Counter {
    inner: checker::sync::atomic::AtomicU64,
    object: usize,
}

impl Default for Counter {
    #[track_caller]
    fn default() -> Self {
        Counter::new()
    }
}

impl Counter {
    /// Creates a counter at zero.
    #[track_caller]
    pub fn new() -> Self {
        let object = trace::register(Kind::Counter, Location::caller());
        Counter { inner: checker::sync::atomic::AtomicU64::new(0), object }
    }

    /// Adds one.
    #[track_caller]
    pub fn increment(&self) {
        trace::opportunity(Operation::Count);
        let wrongly = |action| action == Action::DropCount;
        if trace::record_unless_fault(Op::Count, self.object, wrongly).is_none() {
            self.inner.fetch_add(1, std::sync::atomic::Ordering::Release);
        }
    }

    /// Returns the count.
    ///
    /// A read-modify-write, since loom does not explore every outcome of a plain load.
    #[track_caller]
    pub fn get(&self) -> u64 {
        trace::record(Op::Count, self.object);
        self.inner.fetch_add(0, std::sync::atomic::Ordering::Acquire)
    }
}

/// A hint that is raised once: nothing of the pool's may be decided by it.
#[derive(Debug)]
pub struct Flag {
    inner: checker::sync::atomic::AtomicBool,
    object: usize,
}

impl Default for Flag {
    #[track_caller]
    fn default() -> Self {
        Flag::new()
    }
}

impl Flag {
    /// Creates a flag that is not raised.
    #[track_caller]
    pub fn new() -> Self {
        let object = trace::register(Kind::Flag, Location::caller());
        Flag { inner: checker::sync::atomic::AtomicBool::new(false), object }
    }

    /// Raises it.
    #[track_caller]
    pub fn raise(&self) {
        trace::opportunity(Operation::Raise);
        let wrongly = |action| action == Action::DropRaise;
        if trace::record_unless_fault(Op::Raise, self.object, wrongly).is_none() {
            // Not a store: beside read-modify-writes that write back what they read, loom lets one
            // of those overtake it, and the flag would fall again.
            self.inner.fetch_or(true, std::sync::atomic::Ordering::AcqRel);
        }
    }

    /// Whether it is raised. A read-modify-write, as [`Counter::get`].
    #[track_caller]
    pub fn is_raised(&self) -> bool {
        trace::record(Op::Look, self.object);
        self.inner.fetch_or(false, std::sync::atomic::Ordering::AcqRel)
    }
}

/// Threads.
pub mod thread {
    use std::time::Duration;
    use std::{io, panic};

    use super::trace::{self, Op, Operation};
    use super::{checker, world, Action};

    pub use checker::thread::ThreadId;

    /// The owner of a running thread, who may wait for its end.
    #[derive(Debug)]
    pub struct JoinHandle {
        inner: checker::thread::JoinHandle<std::thread::Result<()>>,
        number: usize,
    }

    /// Starts a thread. As in the standard library, a panic ends the thread and is its result.
    ///
    /// # Errors
    ///
    /// When a fault says that this thread cannot be started.
    #[track_caller]
    pub fn spawn<F>(name: String, _stack_size: Option<usize>, main: F) -> io::Result<JoinHandle>
    where
        F: FnOnce() + Send + 'static,
    {
        let number = trace::threads();
        trace::opportunity(Operation::Spawn(number));
        let fails = |action| action == Action::FailSpawn(number);
        if trace::record_unless_fault(Op::Spawn(number), 0, fails).is_some() {
            trace::record(Op::SpawnFailed, 0);
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "the model's spawn failure"));
        }
        trace::next_thread(&name);
        let inner = checker::thread::Builder::new().name(name).spawn(move || {
            let result = panic::catch_unwind(panic::AssertUnwindSafe(main));
            trace::record(Op::End, 0);
            result
        })?;
        trace::thread_is(inner.thread().id());
        Ok(JoinHandle { inner, number })
    }

    /// The same on every machine: models choose their number of workers.
    pub fn available_parallelism() -> usize {
        1
    }

    /// The identity of the current thread.
    pub fn current_id() -> ThreadId {
        checker::thread::current().id()
    }

    /// Whether there is a [`yield_now`] in this model. Under shuttle there is in half of the cases,
    /// drawn with the schedule: with one each time, random schedules leave hardly a sleeper.
    pub fn may_yield() -> bool {
        #[cfg(shuttle)]
        if shuttle::rand::Rng::gen(&mut shuttle::rand::thread_rng()) {
            return false;
        }
        world::may_yield()
    }

    /// Does nothing, and takes no time: any operation is a place to lose the core, and loom would
    /// leave those executions out in which nobody else goes first.
    pub fn yield_now() -> Duration {
        Duration::ZERO
    }

    impl JoinHandle {
        /// Waits until the thread has ended.
        ///
        /// # Errors
        ///
        /// The payload, if the thread panicked.
        #[track_caller]
        pub fn join(self) -> std::thread::Result<()> {
            trace::record(Op::Join(self.number), 0);
            let result = self.inner.join().expect("the threads of a model end without unwinding");
            trace::record(Op::Joined(self.number), 0);
            result
        }

        /// The identity of the thread.
        pub fn id(&self) -> ThreadId {
            self.inner.thread().id()
        }
    }
}

/// Writes a remark into the record of the execution.
#[track_caller]
pub fn note(text: &'static str) {
    trace::record(Op::Note(text), 0);
}
