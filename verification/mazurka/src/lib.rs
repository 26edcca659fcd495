//! A stateless explorer of concurrent programs: it runs a model again and again until it has visited
//! every trace once.
//!
//! Two executions are the same *trace* (after Antoni Mazurkiewicz) if they differ only in the order
//! of steps that do not depend on each other. A program that is correct in one execution of a trace
//! is correct in all of them, so one is enough. Where an explorer without that reduction visits
//! millions of interleavings, there are often only some thousand traces.
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
//! Threads, locks, condition variables and sequentially consistent atomics, of [`sync`] and
//! [`thread`]. What the standard library leaves open is a choice of the explorer's, and it tries each
//! (see [`Builder`]): whom `notify_one` wakes, when a wait times out, spurious wake-ups, threads that
//! cannot be started. A model adds choices of its own with [`choose`].
//!
//! # What it does not see must not decide
//!
//! An atomic of the standard library's, the count of an `Arc`, the time: nothing of that is explored.
//! If a model decides by it, executions that differ are taken for one; an assertion that rests on it
//! is checked in the executions that happen to be visited and in no others. The explorer notices when
//! the same decisions lead to another operation, which is a failure
//! ([`Diverged`](FailureKind::Diverged)); a difference that changes no operation it cannot notice.
//!
//! It does not explore weak memory: every atomic is sequentially consistent.
//!
//! # Sampling
//!
//! What is too large to be explored is [sampled](Builder::sample), under random or PCT schedules from
//! a seed.

mod broken;
mod clock;
mod coroutine;
mod event;
mod execution;
mod explore;
mod sample;
mod schedule;
mod search;
mod share;
mod strategy;

pub mod raw;
pub mod sync;
pub mod thread;

#[doc(hidden)]
pub use broken::Broken;
pub use clock::MAX_THREADS;
#[doc(hidden)]
pub use explore::Observed;
pub use explore::{
    model, schedule_so_far, Builder, End, Failure, FailureKind, InvalidSetting, Progress, Report,
    Stand, Stuck,
};
pub use raw::choose;
pub use sample::Scheduler;
pub use schedule::{Schedule, ScheduleError};
