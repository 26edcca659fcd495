//! A stateless explorer of concurrent programs. It runs a model again and again until it has
//! visited every trace once.
//!
//! Two executions have the same *trace* (after Antoni Mazurkiewicz) if they differ only in the
//! order of independent steps. A program that is correct in one execution of a trace is correct in
//! all of them, so one is enough. An explorer without this reduction often visits millions of
//! interleavings where there are only a few thousand traces.
//!
//! ```
//! use mazurka::sync::{Arc, Condvar, Mutex};
//! use mazurka::thread;
//!
//! mazurka::model(|| {
//!     let shared = Arc::new((Mutex::new(false), Condvar::new()));
//!     let other = Arc::clone(&shared);
//!     let setter = thread::spawn(move || {
//!         *other.0.lock().unwrap() = true;
//!         other.1.notify_one();
//!     });
//!     let mut set = shared.0.lock().unwrap();
//!     while !*set {
//!         set = shared.1.wait(set).unwrap();
//!     }
//!     drop(set);
//!     setter.join().unwrap();
//! });
//! ```
//!
//! # What it explores
//!
//! Threads, locks, condition variables, channels and sequentially consistent atomics, from [`sync`]
//! and [`thread`]. Accesses to the data in a [`cell`] are checked for races. Where the standard library leaves the behaviour open, the explorer tries each choice
//! (see [`Builder`]): which thread `notify_one` wakes, when a wait times out, spurious wake-ups,
//! threads that cannot be started. A model adds choices of its own with [`choose`].
//!
//! # What it does not see must not decide
//!
//! Atomics of the standard library, the counts of an `Arc` and the time are not explored. If a
//! model depends on them, different executions count as the same trace, and an assertion is checked
//! only in those that happen to be visited. The explorer notices if the same decisions lead to
//! another operation, which is a failure ([`Diverged`](FailureKind::Diverged)). It cannot notice a
//! difference that changes no operation.
//!
//! Weak memory is not explored: every atomic is sequentially consistent. The report says whether a
//! weaker ordering was requested. For the data that atomics protect, orderings count: an access that
//! they do not order is a data race.
//!
//! # Loops that wait
//!
//! A loop that looks again and again, and yields, has infinitely many executions, which are alike.
//! Of its rounds that see nothing new, [`Builder::spins`] are explored.
//!
//! # Sampling
//!
//! A model that is too large to be explored can be [sampled](Builder::sample), under random or PCT
//! schedules from a seed.

mod broken;
mod builder;
mod clock;
mod coroutine;
mod event;
mod execution;
mod explore;
mod fault;
mod lanes;
mod memory;
mod pick;
mod queue;
mod report;
mod run;
mod sample;
mod schedule;
mod search;
mod session;
mod settings;
mod strategy;
mod tree;

pub mod cell;
pub mod hint;
pub mod raw;
pub mod sync;
pub mod thread;
pub mod trial;

#[doc(hidden)]
pub use broken::Broken;
pub use builder::Builder;
pub use clock::MAX_THREADS;
pub use raw::choose;
#[doc(hidden)]
pub use report::Observed;
pub use report::{End, Failure, FailureKind, Panicked, Progress, Report, Row, Stand, Stuck};
pub use run::schedule_so_far;
pub use sample::Scheduler;
pub use schedule::{Schedule, ScheduleError};
pub use settings::InvalidSetting;
pub use trial::model;
