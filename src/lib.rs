//! A thread pool whose promises are proved.
//!
//! Thread pools hang when they are dropped, lose queued jobs silently, and die of jobs that panic.
//! This one makes two promises, and its repository explores thread interleavings to show that they
//! hold:
//!
//! 1. **Dropping or shutting down the pool always returns**, provided that every running job
//!    returns. With a deadline it returns whatever the jobs do.
//! 2. **Every submitted job either runs or is reported**: each accepted job has exactly one final
//!    [`Outcome`], and a refused job comes back to its submitter unrun.
//!
//! ```
//! # if last_call::UNDER_MODEL { return }
//! use last_call::ThreadPool;
//!
//! let pool = ThreadPool::new(4);
//! let words = pool.submit(|| "every job runs or is reported".split(' ').count());
//! assert_eq!(words.expect("the pool is running").join().unwrap(), 6);
//!
//! pool.execute(|| panic!("a job may panic; its worker goes on")).expect("the pool is running");
//! let report = pool.shutdown(); // runs the queued jobs and joins the threads
//! assert_eq!((report.completed, report.panicked), (1, 1));
//! assert_eq!(report.panics[0].message, "a job may panic; its worker goes on");
//! ```
//!
//! The destructors of what a cancelled job has captured, and the hook
//! [`on_terminated`](Builder::on_terminated), run on the thread that cancels or shuts down. Like
//! any code that this thread calls they must return, also with a deadline. With `panic = "abort"`
//! in the profile a panicking job ends the process, since no panic can be caught; the pool needs
//! `"unwind"`.
//!
//! # Features
//!
//! Without default features the pool has no dependency.
//!
//! * `inline-jobs` (default): small jobs are stored in the queue itself, through the `stack_dst`
//!   crate. Without it each job is boxed.
//! * `coarse-clock` (default): the report knows to a few ms for how long an unfinished job had been
//!   running, through the `coarsetime` crate (on Linux, macOS and Windows), which is licensed under
//!   BSD-2-Clause. Without it the time is exact, at a cost for every job.
//! * `crossbeam-channel`: adds a [`QueueKind`], a crossbeam channel.
//! * `signal`: SIGINT and SIGTERM end the pool, the first with a drain, the second with a discard,
//!   and the third ends the process (`Shutdown::on_signals`). It is untested on Windows.
//! * `tracing`: emits events with the target `last_call`; see [below](#events).
//!
//! # Events
//!
//! With the feature `tracing` the pool emits these events, on the thread where they happen. No lock
//! is held, and a panic of the subscriber is ignored.
//!
//! | level | message | fields |
//! | --- | --- | --- |
//! | WARN | a job panicked | `worker`, `job` (its id), `name`, `panic` (the message) |
//! | INFO | shutdown begins, by the owner or by a trigger | `mode` |
//! | INFO | shutdown ends | the counts of the [`Report`] |
//! | DEBUG | got a job; executing | `worker`, `job`, `name` |
//! | DEBUG | a job is refused | `reason` |
//! | DEBUG | worker started, worker shuts down | `worker` |
//!
//! A job runs in no span, since a span costs more than a small job. A job that should run in the
//! span of its submitter takes it along:
//!
//! ```
//! # if last_call::UNDER_MODEL { return }
//! let pool = last_call::ThreadPool::new(1);
//! let span = tracing::info_span!("request", id = 7).entered();
//! let job_span = tracing::Span::current();
//! pool.execute(move || job_span.in_scope(|| tracing::info!("in the span of the request")))
//!     .expect("the pool is running");
//! # drop(span);
//! ```
//!
//! # With tokio
//!
//! A [`JobHandle`] is a future, and awaiting it does not block. An async task must not make the
//! calls that block:
//!
//! | blocks | for how long | instead |
//! | --- | --- | --- |
//! | [`execute`](ThreadPool::execute), [`submit`](ThreadPool::submit) and their `_timeout` and `_all` forms | while a bounded queue is full | [`submit_async`](ThreadPool::submit_async)`().await`, or the `try_` forms |
//! | `join`, `join_timeout` | until the job has its outcome | `.await` |
//! | [`JobSet::join_next`], `next` of a [`map`](ThreadPool::map) | until a job has its outcome | [`JobSet::poll_join_next`] |
//! | [`scope`](ThreadPool::scope) | until its jobs have ended | `spawn_blocking` |
//! | `wait_idle` and `wait_idle_timeout` | until the pool is idle | [`idle`](ThreadPool::idle)`().await` |
//! | [`Shutdown::wait`] and `wait_timeout` | until the pool has ended | [`terminated`](Shutdown::terminated)`().await` |
//! | the `shutdown` methods, and the drop of the pool | until the jobs have ended, or the deadline | [`Shutdown::drain`] or `discard`, `terminated().await`, then `shutdown`; with a deadline `spawn_blocking` |
//! | [`Shutdown::discard`], [`JobHandle::cancel`] | while destructors of captures run | `spawn_blocking`, if they may take long |
//!
//! [`Shutdown::drain`] returns at once. The graceful shutdown of a server waits for its requests,
//! and requests wait for their jobs. A pool that is shut down after that begins its deadline too
//! late, so the pool comes first, and both end together. This is `examples/with_tokio`:
//!
//! ```rust,ignore
#![doc = include_str!("../examples/with_tokio/recipe.rs")]
//! ```
//!
//! Built with `--cfg loom` and the feature `__internals`, the pool runs only inside models.

// The one exception is `scope::erase`, which says why it is sound.
#![deny(unsafe_code)]
// docs.rs says beside each item which feature it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod handle;
mod job_set;
mod map;
mod options;
mod pool;
mod queued_job;
mod scope;
mod submit_all;
mod submit_async;
mod submitter;
mod trigger;
mod waits;

mod job;
mod shared;
mod worker;

mod error;
mod events;
mod moment;
mod outcome;
mod panics;
mod patience;
mod report;
#[cfg(feature = "signal")]
mod signal;
mod wakers;

/// What the evidence looks into. It is public with the feature `__internals` only.
#[path = ""] // in this folder, and not in one of its own
#[cfg_attr(feature = "__internals", doc(hidden))]
#[cfg_attr(not(feature = "__internals"), allow(unreachable_pub, dead_code))]
mod internals {
    pub mod queue;
    pub mod sync;
}
pub use builder::{Builder, MAX_CAPACITY, MAX_WORKERS};
pub use error::{BuildError, JobRefused, RefusalKind, SubmitError, WaitError};
pub use handle::{CancelOnDrop, Cancellation, JobHandle};
#[cfg(feature = "__internals")]
#[doc(hidden)]
pub use internals::{queue, sync};
#[cfg(not(feature = "__internals"))]
use internals::{queue, sync};
pub use job_set::JobSet;
pub use map::{Map, MapJob, MapUnordered};
pub use options::JobOptions;
pub use outcome::{CancelReason, JobError, Outcome};
pub use panics::Payload;
pub use pool::ThreadPool;
pub use queue::QueueKind;
pub use queued_job::QueuedJob;
pub use report::{JobId, JobPanic, Report, Stats, UnfinishedJob, PANICS_KEPT};
pub use scope::{Scope, ScopedJobHandle};
#[cfg(feature = "signal")]
pub use signal::{SignalError, SignalStep};
pub use submit_all::SubmitAllError;
pub use submit_async::SubmitAsync;
pub use submitter::Submitter;
pub use trigger::{Shutdown, StopToken};
pub use waits::{Idle, Terminated};

/// `true` if this build runs only inside a model. Documentation tests return at once then: cargo
/// compiles them without `--cfg loom`, but links them with a library that has it.
#[doc(hidden)]
pub const UNDER_MODEL: bool = cfg!(all(loom, feature = "__internals"));

/// Compiles the examples of the README, of which one needs the feature `signal`.
#[cfg(all(doctest, feature = "signal"))]
#[doc = include_str!("../README.md")]
pub struct Readme;
