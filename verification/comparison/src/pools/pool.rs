//! The interface that every adaptor implements.

use super::about::About;
use super::handle::{Handle, NoHandle};

/// A thread pool.
///
/// The trait is generic and not an object, so no pool pays for a box that its own interface does not
/// ask for. What a pool does not offer is absent, or stated in its [`About`]; an adaptor never makes up
/// for it.
///
/// Dropping an adaptor does what dropping its pool does; see [`About::drop`].
pub trait Pool: Send + Sync + Sized + 'static {
    /// What the pool is, and what it does less than others.
    const ABOUT: About;

    /// Submits jobs from other threads and from jobs.
    type Submitter: Submit;

    /// Starts a pool of `workers` workers.
    fn start(workers: usize) -> Self;

    /// Submits a job, in the way of the pool.
    ///
    /// # Errors
    ///
    /// [`Refused`], if the pool reports that it does not take the job. Most pools never do.
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static;

    /// Returns a submitter for other threads and for jobs.
    fn submitter(&self) -> Self::Submitter;

    /// Submits a job and returns its handle. Returns `None` if the pool has no handles
    /// ([`About::handles`]).
    fn submit<F, T>(&self, job: F) -> Option<impl Handle<T> + use<Self, F, T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let _ = job;
        None::<NoHandle<T>>
    }

    /// Submits a job and returns a handle that borrows the pool. That is cheaper for pools whose own
    /// handles do.
    fn submit_borrowing<F, T>(&self, job: F) -> Option<impl Handle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submit(job)
    }

    /// Applies a function to each item, in jobs, and returns the results in the order of the items. At
    /// most `in_flight` jobs are queued or running, or have a result that was not returned yet. Returns
    /// `None` if the pool has nothing like it.
    fn map<I, F, T>(
        &self,
        items: I,
        in_flight: usize,
        function: F,
    ) -> Option<impl Iterator<Item = T>>
    where
        I: Iterator<Item: Send + 'static>,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        let _ = (items, in_flight, function);
        None::<std::iter::Empty<T>>
    }

    /// Waits until nothing is queued or running. Returns `false` at once if the pool cannot wait
    /// ([`About::idle`]).
    fn wait_idle(&self) -> bool {
        false
    }

    /// Ends the pool in its documented way and waits as long as that way does: for every job unless
    /// [`About::waits`] is [`Waits::Not`](super::Waits::Not).
    fn finish(self);

    /// Starts a pool as [`start`](Self::start) does, and returns the error of the pool if it cannot.
    ///
    /// # Errors
    ///
    /// The text of that error. A pool without such an error panics.
    fn try_start(workers: usize) -> Result<Self, String> {
        Ok(Self::start(workers))
    }

    /// Starts a pool with a bounded queue, on which a submitter waits for a slot. Returns `None` if the
    /// pool has no bound.
    fn start_bounded(workers: usize, slots: usize) -> Option<Self> {
        let _ = (workers, slots);
        None
    }

    /// Starts a pool that calls a handler for each panic of a job. Returns `None` if the pool has no
    /// such handler.
    fn start_with_panic_handler<F>(workers: usize, on_panic: F) -> Option<Self>
    where
        F: Fn() + Send + Sync + 'static,
    {
        let _ = (workers, on_panic);
        None
    }

    /// How many jobs have panicked, if the pool counts them.
    fn panic_count(&self) -> Option<usize> {
        None
    }

    /// Submits a job that the pool may refuse, and returns the closure if the pool gives it back.
    /// Returns `None` if the job was accepted or is lost.
    fn try_submit<F>(submitter: &Self::Submitter, job: F) -> Option<F>
    where
        F: FnOnce() + Send + 'static,
    {
        let _ = submitter.execute(job);
        None
    }

    /// Drops the pool inside one of its own jobs, in its documented way.
    fn drop_in_job(self) {
        drop(self);
    }

    /// Ends the pool without running what is queued, if the pool offers that.
    fn discard(self) {
        self.finish();
    }
}

/// Submits jobs from other threads and from jobs.
pub trait Submit: Clone + Send + 'static {
    /// Submits a job, in the way of the pool.
    ///
    /// # Errors
    ///
    /// [`Refused`], if the pool reports that it does not take the job.
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static;
}

/// The pool reported that it does not take a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// An operation on any pool.
pub trait Visit {
    /// What the operation returns.
    type Output;

    /// Performs the operation on that pool.
    fn visit<P: Pool>(self) -> Self::Output;
}
