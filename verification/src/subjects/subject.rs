//! The subject of a trial: anything that accepts jobs and shuts down when it is dropped.

use last_call::QueueKind;

/// A job without a result.
pub type Job = Box<dyn FnOnce() + Send + 'static>;

/// A kind of pool.
pub trait Subject: Send + Sync {
    /// The name in reports and filters.
    fn name(&self) -> &'static str;

    /// A description in one line.
    fn description(&self) -> &'static str {
        "a pool on trial"
    }

    /// The queue of the pool, if the subject is this pool.
    fn queue(&self) -> Option<QueueKind> {
        None
    }

    /// The end of the path of the source file of its queue, in which defects are seeded.
    fn queue_source(&self) -> &'static str {
        match self.queue() {
            Some(QueueKind::Locked) => "src/queue/locked.rs",
            // On work stealing, poppers sleep there, too.
            Some(QueueKind::TwoLock | QueueKind::WorkStealing) => "src/queue/two_lock.rs",
            _ => "",
        }
    }

    /// Starts a pool.
    fn build(&self, workers: usize) -> Box<dyn Pool>;
}

/// A subject made of a name and a function that starts a pool.
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

/// A running pool. Dropping it shuts it down.
pub trait Pool: Send {
    /// Submits a job.
    ///
    /// # Errors
    ///
    /// Returns the job if the pool refuses it.
    fn execute(&self, job: Job) -> Result<(), Job>;
}
