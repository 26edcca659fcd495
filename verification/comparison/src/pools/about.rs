//! What each pool offers, as data.

use serde::Serialize;

use crate::base::versions::locked_version;

/// What a pool is, and how it differs from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct About {
    /// Its name in tables and filters.
    pub name: &'static str,
    /// The package that it comes from.
    pub package: &'static str,
    /// What it is, in a sentence.
    pub what: &'static str,
    /// What it does less than this pool, in a sentence. Empty for this pool.
    pub less: &'static str,
    /// How one waits until every job has run.
    pub waits: Waits,
    /// What dropping it does.
    pub drop: OnDrop,
    /// What a panic in a job does.
    pub panic: OnPanic,
    /// When its threads are started.
    pub threads: Threads,
    /// What its submitter is.
    pub submitter: SubmitterOf,
    /// Whether jobs start in the order of their submission, also those that jobs submit.
    pub in_order: bool,
    /// Whether it can wait until nothing is queued or running.
    pub idle: bool,
    /// Whether it has handles that wait for one job.
    pub handles: bool,
}

impl About {
    /// Returns `true` if it is this pool, on any of its queues.
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

/// How one waits until every job has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Waits {
    /// By dropping the pool.
    Drop,
    /// By a method.
    Method(&'static str),
    /// Not at all. The user counts jobs, as [`Awaited`](super::Awaited) does.
    Not,
}

/// What dropping a pool does with queued jobs, and what it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum OnDrop {
    /// It runs queued jobs and joins its threads.
    RunsAndJoins,
    /// It runs queued jobs and waits for them, without joining its threads.
    RunsAndWaits,
    /// It returns at once. Its threads run queued jobs and end, unless the process ends first.
    RunsUnwaited,
    /// It waits for running jobs and drops queued ones.
    DiscardsAndJoins,
    /// It returns at once. Its threads end after their running jobs, and queued jobs are dropped.
    DiscardsUnwaited,
}

/// What a panic in a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum OnPanic {
    /// It is caught, and the worker goes on.
    Caught,
    /// The thread of the worker ends, and another one takes its place.
    WorkerReplaced,
    /// The thread of the worker ends, and none takes its place.
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

/// What a submitter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum SubmitterOf {
    /// A handle of the pool, or a clone of it.
    Pool,
    /// An `Arc` around the pool, which has no submitter. If a job holds the last one, the pool is
    /// dropped on its own worker; [`Pool::finish`](super::Pool::finish) waits until no job holds one.
    Adaptor,
}
