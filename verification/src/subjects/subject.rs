//! What can be put on trial: anything that takes jobs and shuts down when it is dropped.

use last_call::QueueKind;

/// A job without a result.
pub type Job = Box<dyn FnOnce() + Send + 'static>;

/// A kind of pool.
pub trait Subject: Send + Sync {
    /// Its name in reports and filters.
    fn name(&self) -> &'static str;

    /// What it is, in a sentence.
    fn description(&self) -> &'static str {
        "a pool on trial"
    }

    /// The queue that it runs on, if it is this pool.
    fn queue(&self) -> Option<QueueKind> {
        None
    }

    /// The end of the path of the source file with its queue, where defects are seeded.
    fn queue_source(&self) -> &'static str {
        match self.queue() {
            Some(QueueKind::Locked) => "src/queue/locked.rs",
            Some(QueueKind::TwoLock) => "src/queue/two_lock.rs",
            _ => "",
        }
    }

    /// Starts a pool.
    fn build(&self, workers: usize) -> Box<dyn Pool>;
}

/// A pool that has a name and is started by a function: enough for one of your own.
#[derive(Clone, Copy, Debug)]
pub struct Named(pub &'static str, pub fn(usize) -> Box<dyn Pool>);

impl Subject for Named {
    fn name(&self) -> &'static str {
        self.0
    }

    fn build(&self, workers: usize) -> Box<dyn Pool> {
        self.1(workers)
    }
}

/// A running pool; dropping it is its shutdown.
pub trait Pool: Send {
    /// Hands in a job.
    ///
    /// # Errors
    ///
    /// The job, if the pool refuses it and gives it back.
    fn execute(&self, job: Job) -> Result<(), Job>;
}
