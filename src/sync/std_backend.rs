//! The facade over the standard library.

use std::cell::Cell;
use std::hint;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{self, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::process_lock::{lock_in, try_lock};
use super::{Look, Process};

/// A mutual exclusion lock. A poisoned lock is taken over.
#[derive(Debug, Default)]
pub struct Mutex<T>(sync::Mutex<T>);

/// Access to the data of a [`Mutex`], which is locked until this is dropped.
pub type MutexGuard<'a, T> = sync::MutexGuard<'a, T>;

impl<T> Mutex<T> {
    /// Creates an unlocked mutex.
    pub fn new(value: T) -> Self {
        Mutex(sync::Mutex::new(value))
    }

    /// Locks the mutex, and blocks until it is free.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the mutex as [`lock`](Self::lock) does. If it is not free, this stands back for a moment
    /// before each of a few further tries, and only then blocks.
    ///
    /// It is for a lock that several threads take again and again, for a few ns each time. Its owner can
    /// then take it several times in a row. If it changed hands each time, so would the cache lines of
    /// what it protects, and that takes longer than the rest.
    #[inline]
    pub fn lock_with_backoff(&self) -> MutexGuard<'_, T> {
        // Spelled out: with `try_lock` of this crate a job takes 28 instructions more.
        self.0.try_lock().unwrap_or_else(|error| match error {
            TryLockError::Poisoned(error) => error.into_inner(),
            TryLockError::WouldBlock => self.back_off(),
        })
    }

    #[cold]
    fn back_off(&self) -> MutexGuard<'_, T> {
        const TRIES: usize = 4;
        /// Some 3 µs.
        const PAUSES: usize = 128;

        for _ in 0..TRIES {
            for _ in 0..PAUSES {
                hint::spin_loop();
            }
            if let Some(guard) = try_lock(&self.0) {
                return guard;
            }
        }
        self.lock()
    }

    /// Locks the mutex as [`lock`](Self::lock) does, but in a forked child it does not block.
    /// Returns `None` there if another thread holds the lock: one of the parent, which is not in the
    /// child, never releases it.
    pub fn lock_in(&self, process: Process) -> Option<MutexGuard<'_, T>> {
        lock_in(&self.0, process)
    }
}

/// Ends a step of the owner of a lock, which keeps the lock for the next one. Does nothing: it is for
/// those who watch models.
#[inline]
pub fn end_step<T>(_guard: &MutexGuard<'_, T>) {}

/// A condition variable.
#[derive(Debug, Default)]
pub struct Condvar(sync::Condvar);

impl Condvar {
    /// Creates a condition variable without sleepers.
    pub fn new() -> Self {
        Condvar(sync::Condvar::new())
    }

    /// Releases the lock, sleeps until notified or until a spurious wake-up, and locks again.
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.0.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`wait`](Self::wait), but at most until the deadline. The flag says that it has passed.
    pub fn wait_until<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        deadline: Deadline,
    ) -> (MutexGuard<'a, T>, bool) {
        let Some(at) = deadline.0 else { return (self.wait(guard), false) };
        let left = at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return (guard, true);
        }
        let (guard, result) =
            self.0.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner);
        (guard, result.timed_out())
    }

    /// Wakes one sleeper, if there is one.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes every sleeper.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// A point in monotonic time at which a wait ends, or no such point.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// Returns the deadline `timeout` from now. A timeout too large to represent means no deadline.
    pub fn after(timeout: Duration) -> Self {
        Deadline(Instant::now().checked_add(timeout))
    }

    /// Returns no deadline.
    pub fn never() -> Self {
        Deadline(None)
    }

    /// Returns `true` if there is no deadline.
    pub fn is_never(self) -> bool {
        self.0.is_none()
    }
}

/// A number for statistics: no decision may depend on it.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Creates a counter that is zero.
    pub fn new() -> Self {
        Counter(AtomicU64::new(0))
    }

    /// Adds one.
    pub fn increment(&self) {
        // Release: pairs with the load below; a thread that sees the count sees what it counts.
        self.0.fetch_add(1, Ordering::Release);
    }

    /// Returns the count.
    pub fn get(&self) -> u64 {
        // Acquire: pairs with the increment above.
        self.0.load(Ordering::Acquire)
    }
}

/// A hint that is raised once: no decision of the pool may depend on it.
#[derive(Debug, Default)]
pub struct Flag(AtomicBool);

impl Flag {
    /// Creates a flag that is not raised.
    pub fn new() -> Self {
        Flag(AtomicBool::new(false))
    }

    /// Raises the flag.
    pub fn raise(&self) {
        // Release: pairs with the load below; a thread that sees the flag sees what came before it.
        self.0.fetch_or(true, Ordering::Release);
    }

    /// Returns `true` if the flag is raised.
    pub fn is_raised(&self) -> bool {
        // Acquire: pairs with the read-modify-write above.
        self.0.load(Ordering::Acquire)
    }
}

/// Is raised to tell a thread that looks on that it need not look any longer. It decides nothing: a
/// thread that has looked, seen it or not, takes the lock and looks there.
#[derive(Debug, Default)]
pub struct Beacon(AtomicBool);

impl Beacon {
    /// Creates a beacon that is not raised.
    pub fn new() -> Self {
        Beacon(AtomicBool::new(false))
    }

    /// Raises the beacon.
    #[inline]
    pub fn raise(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Lowers the beacon, for the next thread that looks.
    #[inline]
    pub fn lower(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Returns `true` if the beacon is raised.
    #[inline]
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Looks until the beacon is raised, for at most `length`.
    pub fn look(&self, length: Duration) -> Look {
        const LOOKS: usize = 16;

        let began = Instant::now();
        loop {
            for _ in 0..LOOKS {
                hint::spin_loop();
                if self.is_raised() {
                    return Look { seen: true, took: began.elapsed() };
                }
            }
            let took = began.elapsed();
            if took >= length {
                return Look { seen: false, took };
            }
        }
    }
}

/// A number that each thread may have. Only the thread itself sees it.
#[derive(Debug)]
pub struct ThreadNumber {
    /// Distinguishes this from all others of the process.
    owner: u64,
}

thread_local! {
    /// The owner and the number that this thread was given last.
    static NUMBER: Cell<(u64, usize)> = const { Cell::new((0, 0)) };
}

impl ThreadNumber {
    /// Creates numbers that no thread has yet.
    #[allow(clippy::new_without_default)] // each is another
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Relaxed: the numbers only differ.
        ThreadNumber { owner: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    /// Gives this thread a number, in place of any other that it has.
    pub fn set(&self, number: usize) {
        NUMBER.with(|place| place.set((self.owner, number)));
    }

    /// Returns the number of this thread.
    #[inline]
    pub fn get(&self) -> Option<usize> {
        let (owner, number) = NUMBER.with(Cell::get);
        (owner == self.owner).then_some(number)
    }
}

/// A number that decides nothing but whether a thread looks on before it takes a lock.
#[derive(Debug, Default)]
pub struct Guess(AtomicU64);

impl Guess {
    /// Creates a guess, which is 0.
    pub fn new() -> Self {
        Guess(AtomicU64::new(0))
    }

    /// Returns the number.
    #[inline]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Replaces the number.
    #[inline]
    pub fn set(&self, number: u64) {
        self.0.store(number, Ordering::Relaxed);
    }
}

/// Threads.
pub mod thread {
    pub use std::thread::ThreadId;
    use std::time::{Duration, Instant};
    use std::{io, mem, process, thread};

    use super::Process;
    use crate::panics::catch;

    /// The owner of a running thread, which may wait for its end.
    #[derive(Debug)]
    pub struct JoinHandle {
        inner: thread::JoinHandle<()>,
        /// The process that has started the thread.
        process: u32,
    }

    /// Starts a thread.
    ///
    /// # Errors
    ///
    /// The error of the operating system.
    pub fn spawn<F>(name: String, stack_size: Option<usize>, main: F) -> io::Result<JoinHandle>
    where
        F: FnOnce() + Send + 'static,
    {
        let mut builder = thread::Builder::new().name(name);
        if let Some(bytes) = stack_size {
            builder = builder.stack_size(bytes);
        }
        let inner = builder.spawn(main)?;
        Ok(JoinHandle { inner, process: process::id() })
    }

    /// Returns the number of threads that the machine can run at once, or 1 where that is unknown.
    pub fn available_parallelism() -> usize {
        thread::available_parallelism().map_or(1, usize::from)
    }

    /// Returns the identity of the current thread.
    pub fn current_id() -> ThreadId {
        thread::current().id()
    }

    /// Returns `true` if a thread may pause before it sleeps. Some models leave it out.
    #[inline]
    pub fn may_pause() -> bool {
        true
    }

    /// Lets other threads of this core run first, and returns how long that took.
    pub fn yield_now() -> Duration {
        let began = Instant::now();
        thread::yield_now();
        began.elapsed()
    }

    impl JoinHandle {
        /// Waits until the thread has ended and its thread-locals are destroyed. Never panics. In a
        /// forked process, which does not have the thread, it returns at once.
        ///
        /// # Errors
        ///
        /// The payload, if the thread panicked.
        pub fn join(self) -> thread::Result<()> {
            if self.process() == Process::ForkedChild {
                // The join of std would panic, or hang, and a detach is for threads that exist.
                mem::forget(self.inner);
                return Ok(());
            }
            // It panics if the system has lost the thread in another way.
            catch(|| self.inner.join()).unwrap_or_else(Err)
        }

        /// Returns whether this process has the thread.
        pub fn process(&self) -> Process {
            Process::of(self.process)
        }

        /// Returns the identity of the thread.
        pub fn id(&self) -> ThreadId {
            self.inner.thread().id()
        }
    }
}

/// Adds a remark to the record of an execution. There is one only in a model.
#[cfg(feature = "__internals")]
pub fn note(_text: &'static str) {}
