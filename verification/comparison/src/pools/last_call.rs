//! This pool, once for each of its queues.

use std::marker::PhantomData;

use last_call::{Builder, JobHandle, QueueKind, SubmitError, Submitter, ThreadPool};

use super::{
    About, Handle, OnDrop, OnPanic, Pool, Refused, Scoped, Submit, SubmitterOf, Threads, Waits,
};

/// A configuration of the builder that is measured by itself.
pub(crate) trait Variant: Send + Sync + Sized + 'static {
    /// Its name in tables and filters.
    const NAME: &'static str;

    /// What it is, in a sentence.
    const WHAT: &'static str;

    /// Jobs start in the order of submission, also those that jobs submit.
    const IN_ORDER: bool = true;

    /// A builder with that configuration.
    fn builder() -> Builder;
}

macro_rules! variants {
    ($($variant:ident: $name:literal, $what:literal, $kind:expr;)+) => {$(
        #[doc = $what]
        #[derive(Debug)]
        pub(crate) struct $variant;

        impl Variant for $variant {
            const NAME: &'static str = $name;
            const WHAT: &'static str = $what;

            fn builder() -> Builder {
                ThreadPool::builder().queue($kind)
            }
        }
    )+};
}

variants! {
    Default: "last-call", "this pool, on its default queue `two-lock`", QueueKind::default();
    Locked: "last-call-locked", "this pool, on its queue `locked`", QueueKind::Locked;
}

/// this pool, on its queue `work-stealing`
#[derive(Debug)]
pub(crate) struct WorkStealing;

impl Variant for WorkStealing {
    const NAME: &'static str = "last-call-work-stealing";
    const WHAT: &'static str = "this pool, on its queue `work-stealing`";
    const IN_ORDER: bool = false;

    fn builder() -> Builder {
        ThreadPool::builder().queue(QueueKind::WorkStealing)
    }
}

#[cfg(feature = "crossbeam-channel")]
variants! {
    Channel: "last-call-channel", "this pool, on its queue `channel`", QueueKind::Channel;
}

/// This pool in one configuration.
#[derive(Debug)]
pub(crate) struct LastCall<V>(ThreadPool, PhantomData<V>);

impl<V: Variant> Pool for LastCall<V> {
    const ABOUT: About = About {
        name: V::NAME,
        package: "last-call",
        what: V::WHAT,
        less: "",
        waits: Waits::Drop,
        drop: OnDrop::RunsAndJoins,
        panic: OnPanic::Caught,
        threads: Threads::AtOnce,
        submitter: SubmitterOf::Pool,
        in_order: V::IN_ORDER,
        idle: true,
        handles: true,
    };

    type Submitter = Submitter;

    fn start(workers: usize) -> Self {
        Self::try_start(workers).expect("the number of workers is sound")
    }

    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        self.0.execute(job).map_err(|_| Refused)
    }

    fn submitter(&self) -> Self::Submitter {
        self.0.submitter()
    }

    #[inline]
    fn submit<F, T>(&self, job: F) -> Option<impl Handle<T> + use<V, F, T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.0.submit(job).ok()
    }

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
        let outcomes = self.0.map(items, in_flight, function);
        Some(outcomes.map(|outcome| outcome.expect("the pool runs").unwrap()))
    }

    fn wait_idle(&self) -> bool {
        self.0.wait_idle().is_ok()
    }

    fn finish(self) {
        drop(self.0);
    }

    fn try_start(workers: usize) -> Result<Self, String> {
        let pool = V::builder().workers(workers).build().map_err(|error| error.to_string())?;
        Ok(LastCall(pool, PhantomData))
    }

    fn start_bounded(workers: usize, slots: usize) -> Option<Self> {
        let pool = V::builder().workers(workers).capacity(slots).build();
        Some(LastCall(pool.expect("both numbers are sound"), PhantomData))
    }

    fn panic_count(&self) -> Option<usize> {
        usize::try_from(self.0.stats().panicked).ok()
    }

    fn try_submit<F>(submitter: &Self::Submitter, job: F) -> Option<F>
    where
        F: FnOnce() + Send + 'static,
    {
        submitter.execute(job).err().map(SubmitError::into_job)
    }

    fn discard(self) {
        let _ = self.0.shutdown_now();
    }
}

impl<V: Variant> Scoped for LastCall<V> {
    const ABOUT: About = <Self as Pool>::ABOUT;

    fn start(workers: usize) -> Self {
        Pool::start(workers)
    }

    fn scope<F>(&self, jobs: impl Iterator<Item = F> + Send)
    where
        F: FnOnce() + Send,
    {
        let scope = self.0.scope(|scope| {
            for job in jobs {
                scope.execute(job).expect("the pool runs");
            }
        });
        scope.expect("the caller is no job of the pool");
    }
}

impl Submit for Submitter {
    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        Submitter::execute(self, job).map_err(|_| Refused)
    }
}

impl<T: Send> Handle<T> for JobHandle<T> {
    fn wait(self) -> Option<T> {
        self.join().completed()
    }
}
