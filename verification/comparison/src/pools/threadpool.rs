//! The `threadpool` package, and its fork on a crossbeam channel, which has the same interface.

use super::{About, OnDrop, OnPanic, Pool, Refused, Submit, SubmitterOf, Threads, Waits};

macro_rules! adaptor {
    ($(#[$doc:meta])* $pool:ident($krate:ident), $name:literal, $package:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $pool($krate::ThreadPool);

        impl Pool for $pool {
            const ABOUT: About = About {
                name: $name,
                package: $package,
                what: $what,
                less: "drop does not wait, `join` does, without joining the threads; a panic costs a \
                       thread, and another is started; no handles, no bound, no report",
                waits: Waits::Method("join"),
                drop: OnDrop::RunsUnwaited,
                panic: OnPanic::WorkerReplaced,
                threads: Threads::AtOnce,
                submitter: SubmitterOf::Pool,
                in_order: true,
                idle: true,
                handles: false,
            };

            type Submitter = $krate::ThreadPool;

            fn start(workers: usize) -> Self {
                $pool($krate::ThreadPool::new(workers))
            }

            #[inline]
            fn execute<F>(&self, job: F) -> Result<(), Refused>
            where
                F: FnOnce() + Send + 'static,
            {
                self.0.execute(job);
                Ok(())
            }

            /// A clone of the pool. The threads live as long as a clone does.
            fn submitter(&self) -> $krate::ThreadPool {
                self.0.clone()
            }

            fn wait_idle(&self) -> bool {
                self.0.join();
                true
            }

            fn finish(self) {
                self.0.join();
            }

            fn panic_count(&self) -> Option<usize> {
                Some(self.0.panic_count())
            }
        }

        impl Submit for $krate::ThreadPool {
            #[inline]
            fn execute<F>(&self, job: F) -> Result<(), Refused>
            where
                F: FnOnce() + Send + 'static,
            {
                self.execute(job);
                Ok(())
            }
        }
    };
}

adaptor! {
    /// The pool on a channel of the standard library.
    Threadpool(threadpool), "threadpool", "threadpool",
    "a pool on one channel of the standard library, with counts of queued and active jobs"
}

adaptor! {
    /// Its fork on a crossbeam channel.
    ThreadpoolCrossbeam(threadpool_crossbeam_channel),
    "threadpool-crossbeam", "threadpool-crossbeam-channel",
    "the fork of threadpool on a crossbeam channel"
}
