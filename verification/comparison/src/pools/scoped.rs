//! Jobs that borrow from their caller.

use super::About;

/// What runs jobs that borrow, and waits for them: a pool, or something beside the pools.
pub trait Scoped: Sized {
    /// What it is, and what it does less than this pool.
    const ABOUT: About;

    /// Starts it, with so many workers if it has workers.
    fn start(workers: usize) -> Self;

    /// Submits the jobs one after the other, in the way of the pool. Returns when all have ended.
    fn scope<F>(&self, jobs: impl Iterator<Item = F> + Send)
    where
        F: FnOnce() + Send;
}

/// An operation on anything that has scopes.
pub trait VisitScoped {
    /// What the operation returns.
    type Output;

    /// Performs the operation.
    fn visit_scoped<S: Scoped>(self) -> Self::Output;
}
