//! Operations by the number of their object, for programs that have their own facade over locks,
//! condition variables and threads. [`sync`](crate::sync) and [`thread`](crate::thread) are built
//! on them.
//!
//! ```
//! use mazurka::raw::{self, Object};
//!
//! mazurka::model(|| {
//!     let lock = Object::new();
//!     raw::lock(lock);
//!     raw::unlock(lock);
//! });
//! ```

use std::any::Any;
use std::io;
use std::panic::Location;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::event::{attempt, wait as choice, Kind};
use crate::memory::Accesses;
use crate::report::FailureKind;
use crate::run;
use crate::settings::Sees;

/// A lock, a condition variable or an atomic of the current execution, depending on its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Object(u32);

impl Object {
    /// Creates an object.
    ///
    /// # Panics
    ///
    /// Outside a model, like every operation.
    #[allow(clippy::new_without_default)]
    #[track_caller]
    pub fn new() -> Self {
        let site = Location::caller();
        let index = run::with(|execution| execution.create_object(site));
        Object(index.expect("an object was created outside a model"))
    }

    /// Returns its number in the current execution.
    pub fn number(self) -> u32 {
        self.0
    }

    /// Returns the object with a number that [`number`](Self::number) returned in this execution.
    pub fn of_number(number: u32) -> Self {
        Object(number)
    }
}

/// Returns `true` if a model is running on this operating system thread.
pub fn is_running() -> bool {
    run::with(|_| ()).is_some()
}

/// Acquires a lock once it is free.
#[track_caller]
pub fn lock(mutex: Object) {
    lock_at(mutex, Location::caller());
}

/// Acquires a lock for a call at that site.
pub(crate) fn lock_at(mutex: Object, site: &'static Location<'static>) {
    run::perform(Kind::Lock, mutex.0, 0, 0, site);
}

/// Acquires a lock together with other readers, once no thread holds it exclusively.
#[track_caller]
pub fn lock_shared(lock: Object) {
    run::perform(Kind::LockShared, lock.0, 0, 0, Location::caller());
}

/// Acquires a lock if it is free. Returns `true` if it was.
///
/// If a model tries any lock, the release of every lock is a step of its own, so it has more
/// executions.
#[track_caller]
pub fn try_lock(lock: Object) -> bool {
    run::make_visible(Sees::TRIES);
    run::perform(Kind::TryLock, lock.0, 0, 0, Location::caller()) == attempt::ACQUIRED
}

/// Acquires a lock together with other readers, if no thread holds it exclusively. Returns `true`
/// if none did. See [`try_lock`].
#[track_caller]
pub fn try_lock_shared(lock: Object) -> bool {
    run::make_visible(Sees::TRIES);
    run::perform(Kind::TryShared, lock.0, 0, 0, Location::caller()) == attempt::ACQUIRED
}

/// Releases a lock, acquired exclusively or with other readers. Unless the model
/// [tries locks](try_lock), this is not a step of its own: the next owner of the lock learns what
/// happened before.
///
/// # Panics
///
/// If the current thread does not hold the lock.
#[track_caller]
pub fn unlock(mutex: Object) {
    unlock_at(mutex, Location::caller());
}

/// Releases a lock for a call at that site.
pub(crate) fn unlock_at(mutex: Object, site: &'static Location<'static>) {
    let visible = run::with(|execution| execution.release_is_visible() && execution.owns(mutex.0));
    // A thread that unwinds must not be suspended.
    if visible == Some(true) && !std::thread::panicking() {
        run::perform(Kind::Unlock, mutex.0, 0, 0, site);
        return;
    }
    let owned = run::with(|execution| {
        let owned = execution.owns(mutex.0);
        execution.release(mutex.0);
        owned
    });
    assert!(owned != Some(false), "a lock is released by a thread that does not hold it");
}

/// Releases a lock and sleeps, in one step, and then acquires the lock again. The sleep ends by a
/// notification, by a spurious wake-up, or by the timeout if there is one, which may pass at any
/// moment. Returns `true` if the timeout has passed, perhaps while the thread was being notified.
#[track_caller]
pub fn wait(condvar: Object, mutex: Object, has_timeout: bool) -> bool {
    let site = Location::caller();
    let ended = run::perform(Kind::Wait, condvar.0, mutex.0, has_timeout.into(), site);
    ended == choice::TIMED_OUT || ended == choice::NOTIFIED_LATE
}

/// Wakes one sleeper, if there is one.
#[track_caller]
pub fn notify_one(condvar: Object) {
    run::perform(Kind::NotifyOne, condvar.0, 0, 0, Location::caller());
}

/// Wakes all sleepers.
#[track_caller]
pub fn notify_all(condvar: Object) {
    run::perform(Kind::NotifyAll, condvar.0, 0, 0, Location::caller());
}

/// Announces that the caller is about to read an atomic.
#[track_caller]
pub fn read(atomic: Object) {
    run::perform(Kind::Read, atomic.0, 0, 0, Location::caller());
}

/// Announces that the caller is about to change an atomic. The change commutes with other such
/// changes and its result is not used: for example an addition.
#[track_caller]
pub fn write(atomic: Object) {
    run::perform(Kind::Write, atomic.0, 0, 0, Location::caller());
}

/// Announces that the caller is about to change an atomic in some other way.
#[track_caller]
pub fn update(atomic: Object) {
    run::perform(Kind::Update, atomic.0, 0, 0, Location::caller());
}

/// Announces that the last [`update`] left the atomic as it was.
pub fn unchanged(atomic: Object) {
    run::with(|execution| {
        if execution.sees & Sees::YIELDS != 0 {
            execution.note_unchanged(atomic.0);
        }
    });
}

/// Announces that the current thread has changed data under a lock that it holds.
pub fn touched() {
    run::with(|execution| {
        if execution.sees & Sees::YIELDS != 0 {
            execution.note_touched();
        }
    });
}

/// Lets other threads go on, if the current thread repeats itself: it has yielded before, and since
/// then it has seen and changed nothing new. Does nothing otherwise, since at every operation all
/// threads that can continue are explored. See [`spins`](crate::Builder::spins).
#[track_caller]
pub fn yield_now() {
    if !run::yield_now(Location::caller()) {
        std::thread::yield_now();
    }
}

/// Returns `true` if the execution asks for remarks, which a replay does.
pub fn wants_notes() -> bool {
    run::with(|execution| execution.notes.is_some()) == Some(true)
}

/// Notes that a panic ends the current thread. A failure of the execution then tells of it.
pub fn note_panic(payload: &(dyn Any + Send)) {
    run::note_panic(payload);
}

/// Adds a remark to the last operation of the execution: the value that it read, say.
pub fn note(remark: String) {
    run::with(|execution| {
        let place = execution.events.len().saturating_sub(1);
        if let Some(notes) = &mut execution.notes {
            notes.push((place, remark));
        }
    });
}

/// Announces that reference counts are asked for. From then on, the model must announce each change
/// of one as a step: [`counts_are_steps`] returns `true`.
pub fn ask_for_counts() {
    run::make_visible(Sees::COUNTS);
}

/// Returns `true` if each change of a reference count is a step; see [`ask_for_counts`].
pub fn counts_are_steps() -> bool {
    run::with(|execution| execution.sees & Sees::COUNTS != 0) == Some(true)
}

/// Ends this execution, which then does not count.
pub fn skip() -> ! {
    run::skip()
}

/// Acquires what other threads have released through an object, for the happens-before order of
/// data; see [`Data`]. Not a step.
pub fn acquire(object: Object, order: Ordering) {
    run::memory(|memory, thread| memory.acquire(thread, object.0, order));
}

/// Releases what the current thread knows through an object. A read-modify-write `keeps` what was
/// released before. Not a step.
pub fn release(object: Object, order: Ordering, keeps: bool) {
    run::memory(|memory, thread| memory.release(thread, object.0, order, keeps));
}

/// A fence between the accesses of the current thread. Not a step.
pub fn fence(order: Ordering) {
    run::memory(|memory, thread| {
        memory.note_order(order);
        memory.fence(thread, order);
    });
}

/// Notes that an operation has this ordering, so that the report tells of weak ones.
pub fn note_order(order: Ordering) {
    if order != Ordering::SeqCst {
        run::memory(|memory, _| memory.note_order(order));
    }
}

/// Notes that the current thread has started a thread with this number.
pub(crate) fn note_spawn(child: usize) {
    run::memory(|memory, parent| memory.spawn(parent, child));
}

/// Notes that the current thread has joined a thread.
pub(crate) fn note_join(ended: usize) {
    run::memory(|memory, thread| memory.join(thread, ended));
}

/// Data without synchronisation of its own, such as the contents of an `UnsafeCell`. Two accesses
/// that are not ordered fail the execution, if one of them is a write. Accesses are not steps.
#[derive(Debug, Default)]
pub struct Data(Mutex<Accesses>);

impl Data {
    /// Creates data without accesses.
    pub fn new() -> Self {
        Data::default()
    }

    /// Begins an access. Outside a model, does nothing. If it races with another one, the execution
    /// fails and nothing is unwound: destructors would access the same data.
    #[track_caller]
    pub fn begin(&self, writes: bool) {
        let site = Location::caller();
        let answer =
            run::memory(|memory, thread| memory.access(thread, &mut self.accesses(), writes, site));
        if let Some(Err(race)) = answer {
            run::fail(FailureKind::Panic, race);
        }
    }

    /// Ends an access.
    pub fn end(&self, writes: bool) {
        self.accesses().end(writes);
    }

    fn accesses(&self) -> MutexGuard<'_, Accesses> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A value that a destroyed thread or execution no longer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// Returns the value of the current thread with this key, or of all threads.
///
/// # Errors
///
/// [`Gone`] once the values have been dropped: at the end of the thread, or of the main thread.
///
/// # Panics
///
/// Outside a model, like every operation.
pub fn local(of_all: bool, key: usize) -> Result<Option<Rc<dyn Any>>, Gone> {
    run::local(of_all, key).map_err(|()| Gone)
}

/// Sets the value of the current thread with this key, or of all threads.
///
/// # Panics
///
/// Outside a model, like every operation.
pub fn set_local(of_all: bool, key: usize, value: Rc<dyn Any>) {
    run::set_local(of_all, key, value);
}

/// Adds a question that is asked when all threads of the execution have ended. An error fails it.
///
/// # Panics
///
/// Outside a model, like every operation.
pub fn at_end(question: impl FnOnce() -> Result<(), String> + 'static) {
    run::at_end(Box::new(question));
}

/// Starts a named thread. Returns its number, which is the same in every execution.
///
/// # Errors
///
/// If the explorer makes the start fail; see [`failing_spawns`](crate::Builder::failing_spawns).
///
/// # Panics
///
/// Outside a model, like every operation.
#[track_caller]
pub fn spawn(name: String, main: impl FnOnce() + 'static) -> io::Result<usize> {
    let site = Location::caller();
    if run::with(|execution| execution.spawn_is_visible()) == Some(true)
        && run::perform(Kind::Spawn, 0, 0, 0, site) == 1
    {
        return Err(io::Error::new(
            io::ErrorKind::WouldBlock,
            "the explorer makes this start fail",
        ));
    }
    let started = run::with(|execution| execution.spawn(name, Box::new(main)));
    match started.expect("a thread was started outside a model") {
        Ok(thread) => Ok(thread),
        Err(limit) => run::fail(FailureKind::Limit, limit),
    }
}

/// Waits for the thread with this number to end.
#[track_caller]
pub fn join(thread: usize) {
    run::join(thread, Location::caller());
}

/// Ends the current execution as failed. Never returns, and unwinds nothing. For a panic hook, so
/// that no destructor of the model runs in a state for which it was not written.
///
/// # Panics
///
/// Outside a model.
pub fn fail(message: String) -> ! {
    run::fail(FailureKind::Panic, message)
}

/// Returns the number of the current thread; 0 is the main thread. `None` outside a model.
pub fn current() -> Option<usize> {
    run::with(|execution| execution.current())
}

/// Returns a number below `n`. The exploration tries each.
///
/// ```
/// let report = mazurka::Builder::new().explore(|| assert!(mazurka::choose(3) < 3));
/// assert_eq!(report.unwrap().executions, 3);
/// ```
///
/// # Panics
///
/// If `n` is 0 or greater than 16.
#[track_caller]
pub fn choose(n: usize) -> usize {
    assert!((1..=16).contains(&n), "`n` is {n}; 1 to 16 is accepted");
    let extent = u8::try_from(n).expect("it is small");
    run::perform(Kind::Choose, 0, 0, extent, Location::caller()).into()
}
