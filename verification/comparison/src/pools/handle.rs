//! Handles that wait for one job.

use std::convert::Infallible;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// Waits for one job.
pub trait Handle<T>: Send {
    /// Waits for the job. Returns `None` if it panicked or was dropped unrun.
    fn wait(self) -> Option<T>;
}

/// The type of handle of a pool without handles. It has no values.
#[derive(Debug)]
pub struct NoHandle<T>(Infallible, PhantomData<T>);

impl<T: Send> Handle<T> for NoHandle<T> {
    fn wait(self) -> Option<T> {
        match self.0 {}
    }
}

/// A handle whose future has no name.
pub(super) struct Task<U>(pub(super) U);

impl<T, U> Handle<T> for Task<U>
where
    U: Future<Output = T> + Send,
{
    fn wait(self) -> Option<T> {
        wait_for(self.0)
    }
}

/// Waits for a future. Returns `None` if it panics, as futures do that pass on the panic of a job.
pub(super) fn wait_for<T>(future: impl Future<Output = T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(|| futures_lite::future::block_on(future))).ok()
}
