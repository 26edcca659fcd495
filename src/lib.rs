//! A thread pool whose promises are proved.
//!
//! Pools hang when they are dropped, lose queued jobs without a word, and die of jobs that panic.
//! This one makes two promises, and its repository explores thread interleavings to show that they
//! hold:
//!
//! 1. **Dropping or shutting down the pool always returns**, provided that every job already running
//!    returns; with a deadline, whatever the jobs do.
//! 2. **Every submitted job either runs or is reported**: exactly one final [`Outcome`] for each
//!    accepted job, and a refused job comes back to its submitter unrun.
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
//! let report = pool.shutdown(); // runs what is queued, joins the threads
//! assert_eq!((report.completed, report.panicked), (1, 1));
//! assert_eq!(report.panics[0].message, "a job may panic; its worker goes on");
//! ```
//!
//! The destructors of what a cancelled job has captured, and the hook
//! [`on_terminated`](Builder::on_terminated), run on the thread that cancels or shuts down: like any
//! code that it calls, they must return, with a deadline too. With `panic = "abort"` in the profile a
//! panicking job ends the process, since there is nothing to catch; the pool wants `"unwind"`.
//!
//! # Features
//!
//! Without default features the pool has no dependency.
//!
//! * `inline-jobs` (default): small jobs travel in the queue itself, through the `stack_dst` crate;
//!   without it each is boxed.
//! * `coarse-clock` (default): for how long an unfinished job had been running is known to some
//!   milliseconds, through the `coarsetime` crate (on Linux, macOS and Windows); without it exactly,
//!   at a price for every job.
//! * `crossbeam-channel`: one more [`QueueKind`], a crossbeam channel.
//! * `signal`: SIGINT and SIGTERM end the pool, the first with a drain, the second with a discard
//!   (`Shutdown::on_signals`). What it does on Windows is untested.
//! * `tracing`: events of workers and of shutdown, with the target `last_call`.
//!
//! Built with `--cfg loom` and the feature `__internals`, the pool runs inside models and nowhere
//! else.

#![forbid(unsafe_code)]

mod builder;
mod pool;

mod job;

#[cfg(feature = "__internals")]
#[doc(hidden)]
pub mod queue;
#[cfg(not(feature = "__internals"))]
#[allow(unreachable_pub)] // public for the evidence only
#[cfg_attr(all(loom, feature = "__internals"), mutants::skip)]
// the same file as above, once is enough
mod queue;

mod worker;

mod error;
mod events;
mod moment;
mod outcome;
mod report;
#[cfg(feature = "signal")]
mod signal;

#[cfg(feature = "__internals")]
#[doc(hidden)]
pub mod sync;
#[cfg(not(feature = "__internals"))]
#[allow(unreachable_pub, dead_code)] // public for the evidence only; each queue uses a part of it
#[cfg_attr(all(loom, feature = "__internals"), mutants::skip)]
// the same file as above, once is enough
mod sync;

pub use builder::{Builder, MAX_CAPACITY, MAX_WORKERS};
pub use error::{BuildError, SubmitError, WaitError};
pub use job::{Cancellation, JobHandle};
pub use outcome::{CancelReason, Outcome, Payload};
pub use pool::{Shutdown, StopToken, Submitter, ThreadPool};
pub use queue::QueueKind;
pub use report::{JobId, JobPanic, Report, Stats, UnfinishedJob, PANICS_KEPT};
#[cfg(feature = "signal")]
pub use signal::{SignalError, SignalStep};

/// Whether this build can only run inside a model. Documentation tests ask: cargo compiles them
/// without `--cfg loom` and links them with a library that has it.
#[doc(hidden)]
pub const UNDER_MODEL: bool = cfg!(all(loom, feature = "__internals"));

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
