//! Other thread pools behind one trait, to be timed and put on trial beside this one.
//!
//! The trait is generic, not an object: nobody is charged for a box that its own interface does not
//! ask for. What a pool does not offer is absent, or said in its [`About`], never made up for.
//!
mod affinitypool;
mod async_executor;
mod awaited;
mod book;
mod executors;
mod futures_executor;
mod handle;
mod last_call;
mod rayon;
mod rusty_pool;
mod scheduled_thread_pool;
mod shared;
mod threadpool;
mod tokio;
mod uvth;
mod version;
mod workerpool;

use serde::Serialize;

pub use awaited::Awaited;
pub use handle::{Handle, NoHandle};
pub use version::locked_version;

#[cfg(feature = "crossbeam-channel")]
use self::last_call::Channel;
use self::last_call::{Default, LastCall, Locked};

/// A thread pool, with its own words for what it offers.
///
/// Dropping it does what dropping that pool does; see [`About::drop`].
pub trait Peer: Send + Sync + Sized + 'static {
    /// What it is, and what it does less than others.
    const ABOUT: About;

    /// What hands in jobs from other threads and from jobs.
    type Submitter: Submit;

    /// Starts a pool of that many workers.
    fn start(workers: usize) -> Self;

    /// Hands in a job, in the pool's own way.
    ///
    /// # Errors
    ///
    /// [`Refused`], if the pool says that it does not take the job. Most never say so.
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static;

    /// Returns what hands in jobs from elsewhere.
    fn submitter(&self) -> Self::Submitter;

    /// Hands in a job with a handle; none if the pool has no handles ([`About::handles`]).
    fn submit<F, T>(&self, job: F) -> Option<impl Handle<T> + use<Self, F, T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let _ = job;
        None::<NoHandle<T>>
    }

    /// Hands in a job with a handle that need not outlive the pool: cheaper for one whose own handles
    /// do not.
    fn submit_here<F, T>(&self, job: F) -> Option<impl Handle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submit(job)
    }

    /// Waits until nothing is queued or running; returns `false` at once if the pool cannot
    /// ([`About::idle`]).
    fn wait_idle(&self) -> bool {
        false
    }

    /// Ends the pool in its documented way, and waits as long as that way does: for every job where
    /// [`About::waits`] is not [`Waits::Not`].
    fn finish(self);

    /// Starts a pool as [`start`](Self::start) does, and returns what it says when it cannot.
    ///
    /// # Errors
    ///
    /// The pool's own error, in words. One that has none panics.
    fn try_start(workers: usize) -> Result<Self, String> {
        Ok(Self::start(workers))
    }

    /// Starts a pool in which so many jobs may wait, while whoever hands in the next waits for a place;
    /// none if it has no such bound.
    fn start_bounded(workers: usize, places: usize) -> Option<Self> {
        let _ = (workers, places);
        None
    }

    /// Starts a pool that tells of each panic of a job through a handler; none if it has no such.
    fn start_telling<F>(workers: usize, tell: F) -> Option<Self>
    where
        F: Fn() + Send + Sync + 'static,
    {
        let _ = (workers, tell);
        None
    }

    /// How many jobs have panicked, if the pool counts that.
    fn panics(&self) -> Option<usize> {
        None
    }

    /// Hands in a job that the pool may refuse; returns the closure if the pool gives it back, and
    /// none if it was taken, or is not given back.
    fn hand_in<F>(submitter: &Self::Submitter, job: F) -> Option<F>
    where
        F: FnOnce() + Send + 'static,
    {
        let _ = submitter.execute(job);
        None
    }

    /// Lets go of the pool inside one of its own jobs, in its documented way.
    fn let_go(self) {
        drop(self);
    }

    /// Ends the pool without running what is queued, where it offers that.
    fn discard(self) {
        self.finish();
    }
}

/// Hands in jobs from other threads and from jobs.
pub trait Submit: Clone + Send + 'static {
    /// Hands in a job, in the pool's own way.
    ///
    /// # Errors
    ///
    /// [`Refused`], if the pool says that it does not take the job.
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static;
}

/// The pool said that it does not take a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// What a pool is, and in what it differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct About {
    /// Its name in tables and filters.
    pub name: &'static str,
    /// The package that it comes from.
    pub package: &'static str,
    /// What it is, in a sentence.
    pub what: &'static str,
    /// What it does less than this pool, in a sentence; empty for this pool.
    pub less: &'static str,
    /// How one waits until everything has run.
    pub waits: Waits,
    /// What dropping it does.
    pub drop: OnDrop,
    /// What a panic in a job does.
    pub panic: OnPanic,
    /// When its threads are started.
    pub threads: Threads,
    /// Whose the submitter is.
    pub submitter: SubmitterOf,
    /// Whether jobs start in the order in which they were handed in, those of jobs too.
    pub in_order: bool,
    /// Whether it can wait until nothing is queued or running.
    pub idle: bool,
    /// Whether it has handles that wait for one job.
    pub handles: bool,
}

impl About {
    /// Whether it is this pool, on whichever queue.
    pub fn is_own(&self) -> bool {
        self.package == "last-call"
    }

    /// Its version, from the lock file.
    pub fn version(&self) -> Option<String> {
        if self.package == "comparison" {
            return Some("2021 edition".to_owned());
        }
        locked_version(self.package)
    }
}

/// How one waits until everything has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Waits {
    /// By dropping the pool.
    Drop,
    /// By a method.
    Method(&'static str),
    /// Not at all: whoever must know counts the jobs, as [`Awaited`] does.
    Not,
}

/// What dropping a pool does with what is queued, and for whom it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum OnDrop {
    /// It runs what is queued and joins its threads.
    RunsAndJoins,
    /// It runs what is queued and waits for that, without joining its threads.
    RunsAndWaits,
    /// It returns at once; its threads run what is queued and end, unless the process ends first.
    RunsUnwaited,
    /// It waits for what is running, and drops what is queued.
    DiscardsAndJoins,
    /// It returns at once; its threads end after what they are running, what is queued is dropped.
    DiscardsUnwaited,
}

/// What a panic in a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum OnPanic {
    /// It is caught, and the worker goes on.
    Caught,
    /// The worker's thread ends, and another takes its place.
    WorkerReplaced,
    /// The worker's thread ends, and none takes its place.
    WorkerLost,
    /// It ends the process.
    Aborts,
}

/// When a pool starts its threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Threads {
    /// When it is built.
    AtOnce,
    /// When there is a job for them.
    WhenNeeded,
}

/// Whose the submitter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum SubmitterOf {
    /// The pool's own: a handle, or a clone of the pool.
    ThePool,
    /// An `Arc` around the pool, since it has none. If a job holds the last one, the pool is dropped
    /// on its own worker; [`Peer::finish`] waits until it does not.
    TheAdaptor,
}

/// What can be done with any pool, whichever it is.
pub trait Visit {
    /// What comes out.
    type Output;

    /// Does it with that pool.
    fn visit<P: Peer>(self) -> Self::Output;
}

macro_rules! peers {
    ($($(#[$when:meta])* $peer:ty),+ $(,)?) => {
        /// Every pool, this one first.
        pub static ALL: &[About] = &[$($(#[$when])* <$peer as Peer>::ABOUT),+];

        /// Does something with the pool of that name; none if there is no such pool.
        pub fn visit<V: Visit>(name: &str, visitor: V) -> Option<V::Output> {
            $(
                $(#[$when])*
                if name == <$peer as Peer>::ABOUT.name {
                    return Some(visitor.visit::<$peer>());
                }
            )+
            None
        }
    };
}

peers! {
    LastCall<Default>,
    LastCall<Locked>,
    #[cfg(feature = "crossbeam-channel")]
    LastCall<Channel>,
    book::Book,
    rayon::Rayon,
    threadpool::Threadpool,
    threadpool::ThreadpoolCrossbeam,
    rusty_pool::RustyPool,
    workerpool::Workerpool,
    executors::Channel,
    executors::Stealing,
    affinitypool::Affinitypool,
    uvth::Uvth,
    tokio::SpawnBlocking,
    futures_executor::FuturesExecutor,
    scheduled_thread_pool::Scheduled,
    async_executor::AsyncExecutor,
}
