//! The subjects: this pool, and the pool of The Rust Programming Language in its stages.

mod book;
mod channel;

use last_call::{QueueKind, SubmitError, ThreadPool};

use crate::subject::{Job, Pool, Subject};

pub(crate) use book::{BookStage1, BookStage2};

/// Every subject, in the order of the report's columns: what users run comes first.
pub(crate) static SUBJECTS: [&dyn Subject; 4] = [&TWO_LOCK, &LOCKED, &BookStage1, &BookStage2];

/// This pool, on the queue on which it can be proved whole.
pub(crate) static LOCKED: LastCall = LastCall {
    queue: QueueKind::Locked,
    name: crate::trial::THIS_POOL,
    description: "this pool, on its queue `locked`",
};

/// This pool, on the queue that is the default.
pub(crate) static TWO_LOCK: LastCall = LastCall {
    queue: QueueKind::TwoLock,
    name: crate::trial::ON_DEFAULT_QUEUE,
    description: "this pool, on its default queue `two-lock`",
};

/// This pool, on one of its queues.
#[derive(Debug)]
pub(crate) struct LastCall {
    queue: QueueKind,
    name: &'static str,
    description: &'static str,
}

impl Subject for LastCall {
    fn name(&self) -> &'static str {
        self.name
    }

    fn description(&self) -> &'static str {
        self.description
    }

    fn queue(&self) -> Option<QueueKind> {
        Some(self.queue)
    }

    fn build(&self, workers: usize) -> Box<dyn Pool> {
        let pool = ThreadPool::builder().workers(workers).queue(self.queue).build();
        Box::new(pool.unwrap_or_else(|error| panic!("no thread pool: {error}")))
    }
}

impl Pool for ThreadPool {
    fn execute(&self, job: Job) -> Result<(), Job> {
        ThreadPool::execute(self, job).map_err(SubmitError::into_job)
    }
}
