//! This pool, on each of its queues.

use last_call::{QueueKind, SubmitError, ThreadPool};

use super::subject::{Job, Pool, Subject};

/// The name of this pool as a subject, on its smallest queue.
pub const THIS_POOL: &str = "last-call";

/// The name of this pool as a subject, on its default queue.
pub const ON_DEFAULT_QUEUE: &str = "last-call-two-lock";

/// The name of this pool as a subject, on work stealing.
const ON_WORK_STEALING: &str = "last-call-work-stealing";

/// Returns `true` if the subject of that name is this pool, on any queue.
pub fn is_this_pool(subject: &str) -> bool {
    [THIS_POOL, ON_DEFAULT_QUEUE, ON_WORK_STEALING].contains(&subject)
}

/// This pool, on its smallest queue.
pub(crate) static LOCKED: LastCall = LastCall {
    queue: QueueKind::Locked,
    name: THIS_POOL,
    description: "this pool, on its queue `locked`",
};

/// This pool, on its default queue.
pub(crate) static TWO_LOCK: LastCall = LastCall {
    queue: QueueKind::TwoLock,
    name: ON_DEFAULT_QUEUE,
    description: "this pool, on its default queue `two-lock`",
};

/// This pool, on work stealing.
pub(crate) static WORK_STEALING: LastCall = LastCall {
    queue: QueueKind::WorkStealing,
    name: ON_WORK_STEALING,
    description: "this pool, on its queue `work-stealing`",
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
        Box::new(pool.unwrap_or_else(|error| panic!("the pool cannot be built: {error}")))
    }
}

impl Pool for ThreadPool {
    fn execute(&self, job: Job) -> Result<(), Job> {
        ThreadPool::execute(self, job).map_err(SubmitError::into_job)
    }
}
