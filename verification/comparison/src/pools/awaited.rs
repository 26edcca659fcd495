//! Waiting for every job, on pools that offer it and on those that do not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread::{self, Thread};

use super::{Peer, Refused, Waits};

/// A pool of which every job can be waited for.
///
/// One that waits by itself is used as it is. For the others each job counts itself down when it
/// ends, as a scope of theirs would: two operations on one atomic counter and the clone of an `Arc`.
#[derive(Debug)]
pub struct Awaited<P: Peer> {
    pool: P,
    count: Arc<Count>,
}

impl<P: Peer> Awaited<P> {
    /// Of a pool that has just been started; [`finish`](Self::finish) must be called by the same
    /// thread.
    pub fn of(pool: P) -> Self {
        let count = Count { pending: AtomicUsize::new(1), owner: thread::current() };
        Awaited { pool, count: Arc::new(count) }
    }

    /// Whether jobs are counted, since the pool cannot be waited for.
    const COUNTED: bool = matches!(P::ABOUT.waits, Waits::Not);

    /// Hands in a job.
    ///
    /// # Errors
    ///
    /// [`Refused`], if the pool says that it does not take the job.
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

/// How many jobs have not ended, and one more until somebody waits.
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
        // The one of the waiter's own; from here on, zero is reached once.
        if self.pending.fetch_sub(1, Ordering::AcqRel) > 1 {
            while self.pending.load(Ordering::Acquire) > 0 {
                thread::park();
            }
        }
    }
}

/// Counts its job down, even if the job panics or is never run.
struct Ended(Arc<Count>);

impl Drop for Ended {
    fn drop(&mut self) {
        if self.0.pending.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.owner.unpark();
        }
    }
}
