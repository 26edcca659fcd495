//! Waiting for every job, on pools that offer it and on those that do not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread::{self, Thread};

use super::{Pool, Refused, Waits};

/// A pool whose jobs can all be waited for.
///
/// A pool that can wait is used as it is. On other pools each job counts itself down at its end, as a
/// scope would: two operations on one atomic counter and the clone of an `Arc`.
#[derive(Debug)]
pub struct Awaited<P: Pool> {
    pool: P,
    count: Arc<Count>,
}

impl<P: Pool> Awaited<P> {
    /// Wraps a pool that has just been started. Only the calling thread may call
    /// [`finish`](Self::finish).
    pub fn of(pool: P) -> Self {
        let count = Count { pending: AtomicUsize::new(1), owner: thread::current() };
        Awaited { pool, count: Arc::new(count) }
    }

    /// Whether jobs are counted, because the pool cannot wait for them.
    const COUNTED: bool = matches!(P::ABOUT.waits, Waits::Not);

    /// Submits a job.
    ///
    /// # Errors
    ///
    /// [`Refused`], if the pool reports that it does not take the job.
    #[inline]
    pub fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        if Self::COUNTED {
            let job = self.count.counted(job);
            self.pool.execute(job)
        } else {
            self.pool.execute(job)
        }
    }

    /// Waits until every job has run, and ends the pool in its documented way.
    pub fn finish(self) {
        if Self::COUNTED {
            self.count.wait();
        }
        self.pool.finish();
    }
}

/// The number of unfinished jobs, and one more until the owner waits.
#[derive(Debug)]
struct Count {
    pending: AtomicUsize,
    owner: Thread,
}

impl Count {
    fn counted<F: FnOnce()>(self: &Arc<Self>, job: F) -> impl FnOnce() + use<F> {
        self.pending.fetch_add(1, Ordering::Relaxed);
        let ended = Ended(Arc::clone(self));
        move || {
            let _ended = ended;
            job();
        }
    }

    fn wait(&self) {
        // The extra one of the owner. From here on, the count reaches zero once.
        if self.pending.fetch_sub(1, Ordering::AcqRel) > 1 {
            while self.pending.load(Ordering::Acquire) > 0 {
                thread::park();
            }
        }
    }
}

/// Counts its job down, even if the job panics or never runs.
struct Ended(Arc<Count>);

impl Drop for Ended {
    fn drop(&mut self) {
        if self.0.pending.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.owner.unpark();
        }
    }
}
