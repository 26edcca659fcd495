//! The auto traits and sizes of the public types.
//!
//! The assertions hold if this file compiles.

#![cfg(not(loom))]

mod support;

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::sync::MutexGuard;

use last_call::{
    BuildError, Builder, CancelReason, Cancellation, Idle, JobError, JobHandle, JobId, JobOptions,
    JobPanic, JobRefused, Outcome, Payload, QueueKind, QueuedJob, RefusalKind, Report, Scope,
    ScopedJobHandle, Shutdown, SignalError, SignalStep, Stats, StopToken, SubmitAllError,
    SubmitAsync, SubmitError, Submitter, Terminated, ThreadPool, UnfinishedJob, WaitError,
};
use static_assertions::{assert_impl_all, assert_not_impl_any, assert_type_eq_all};

/// `Send`, not `Sync`.
type Sent = Cell<u8>;
/// `Sync`, not `Send`.
type Shared = MutexGuard<'static, u8>;
/// Neither.
type Local = Rc<u8>;

// The pool has one owner, which may be on any thread. Its hooks may be anything, so unwind safety
// is not promised.
assert_impl_all!(ThreadPool: Send, Sync, Unpin, Debug);
assert_not_impl_any!(ThreadPool: Clone, UnwindSafe, RefUnwindSafe);
assert_impl_all!(Submitter: Send, Sync, Unpin, Clone, Debug);
assert_impl_all!(Builder: Send, Sync, Unpin, Clone, Debug);
// They go to any thread, and no thread owns them.
assert_impl_all!(Shutdown: Send, Sync, Unpin, Clone, Debug);
assert_impl_all!(StopToken: Send, Sync, Unpin, Clone, Debug);
assert_impl_all!(JobOptions<'static>: Send, Sync, Unpin, Copy, Debug);
assert_impl_all!(QueueKind: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug, Copy, Default);
assert_impl_all!(QueueKind: Eq, Hash);

// They hold wakers, which may be anything, behind the locks of the pool.
assert_impl_all!(Idle: Send, Sync, Unpin, Debug);
assert_impl_all!(Terminated: Send, Sync, Unpin, Debug);
// It owns a closure that is not accepted yet.
assert_impl_all!(SubmitAsync<fn(), ()>: Send, Unpin, Debug);
assert_impl_all!(SubmitAsync<Sent, Sent>: Send);
// It owns the closure of a job that has not run.
assert_impl_all!(QueuedJob: Send, Debug);
assert_impl_all!(SubmitAllError<fn(), Vec<JobHandle<()>>>: Error, Send, Sync);

// A handle owns a `T` that is not there yet: it is `Send` if `T` is. Sharing it reveals only
// whether the job has ended, so `Sync` needs no more.
assert_impl_all!(JobHandle<u8>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug);
assert_impl_all!(JobHandle<Sent>: Send, Sync);
assert_impl_all!(JobHandle<RefCell<u8>>: UnwindSafe, RefUnwindSafe);
assert_impl_all!(JobHandle<std::marker::PhantomPinned>: Unpin);
assert_not_impl_any!(JobHandle<Shared>: Send, Sync);
assert_not_impl_any!(JobHandle<Local>: Send, Sync);
assert_not_impl_any!(JobHandle<u8>: Clone);
assert_impl_all!(ScopedJobHandle<'static, Sent>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_not_impl_any!(ScopedJobHandle<'static, Local>: Send, Sync);
assert_not_impl_any!(ScopedJobHandle<'static, u8>: Clone);
// Jobs of a scope submit to it.
assert_impl_all!(Scope<'static, 'static>: Send, Sync, Unpin, Debug);
struct WithoutDebug;
assert_impl_all!(JobHandle<WithoutDebug>: Debug);

// An outcome is a `T` or a payload. Payloads are `Send`, not `Sync`.
assert_impl_all!(Outcome<u8>: Send, Unpin, Debug);
assert_not_impl_any!(Outcome<u8>: Sync, Clone, UnwindSafe);
assert_not_impl_any!(Outcome<Shared>: Send);
assert_type_eq_all!(Payload, Box<dyn std::any::Any + Send + 'static>);

// An error owns its closure, and its `Debug` and `Display` need nothing of it. A shared error
// reveals nothing of the closure, so it is `Sync` for every closure that a pool takes, and fits into
// boxed errors.
assert_impl_all!(SubmitError<fn()>: Error, Debug, Display, Send, Sync, Unpin, UnwindSafe);
assert_impl_all!(SubmitError<Sent>: Send, Sync);
assert_not_impl_any!(SubmitError<Local>: Send, Sync);
assert_impl_all!(SubmitError<WithoutDebug>: Error, Debug, Display);
assert_impl_all!(JobRefused: Error, Debug, Display, Send, Sync, Unpin, UnwindSafe, Copy, Eq, Hash);
assert_impl_all!(JobRefused: From<SubmitError<Sent>>, From<SubmitError<Local>>);
assert_impl_all!(RefusalKind: Debug, Send, Sync, Unpin, UnwindSafe, Copy, Eq, Hash);
assert_impl_all!(JobError: Error, Debug, Display, Send, Sync, Unpin, UnwindSafe);
assert_impl_all!(BuildError: Error, Debug, Display, Send, Sync, Unpin);
assert_impl_all!(WaitError: Error, Debug, Display, Send, Sync, Unpin, UnwindSafe, Copy, Eq);
assert_impl_all!(SignalError: Error, Debug, Display, Send, Sync, Unpin);

// Reports are plain data.
assert_impl_all!(Report: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug, Clone, Default, Eq);
assert_impl_all!(Stats: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Debug, Copy, Default, Eq);
assert_impl_all!(UnfinishedJob: Send, Sync, Unpin, UnwindSafe, Debug, Clone, Eq);
assert_impl_all!(JobPanic: Send, Sync, Unpin, UnwindSafe, Debug, Clone, Eq);
assert_impl_all!(JobId: Send, Sync, Unpin, UnwindSafe, Debug, Display, Copy, Ord, Hash);
assert_impl_all!(CancelReason: Send, Sync, Unpin, UnwindSafe, Debug, Display, Copy, Eq, Hash);
assert_impl_all!(Cancellation: Send, Sync, Unpin, UnwindSafe, Debug, Copy, Eq, Hash);
assert_impl_all!(SignalStep: Send, Sync, Unpin, UnwindSafe, Debug, Copy, Eq, Hash);

/// Types of which callers keep many are small.
#[cfg(target_pointer_width = "64")]
mod sizes {
    use std::mem::size_of;

    use static_assertions::{assert_eq_size, const_assert};

    use super::*;

    // One pointer to the shared state. The pool also has its threads.
    assert_eq_size!(Submitter, Option<Submitter>, usize);
    assert_eq_size!(Shutdown, StopToken, usize);
    assert_eq_size!(ThreadPool, [usize; 4]);
    // The job with its methods, the pool, and an id, whatever the job returns.
    assert_eq_size!(JobHandle<()>, JobHandle<[u8; 4096]>, [usize; 4]);
    assert_eq_size!(JobId, u64);
    assert_eq_size!(Option<CancelReason>, u8);
    // A payload, and which of the three it is.
    const_assert!(size_of::<Outcome<()>>() <= size_of::<[usize; 3]>());
    const_assert!(size_of::<Outcome<[usize; 8]>>() <= size_of::<[usize; 9]>());
    // The closure, the reason, and what makes it `Sync`.
    const_assert!(size_of::<SubmitError<[usize; 4]>>() <= size_of::<[usize; 6]>());
    assert_eq_size!(JobRefused, RefusalKind, u8);
    const_assert!(size_of::<JobError>() <= size_of::<[usize; 7]>());
}

/// If this test runs, the assertions above hold: a pool has one owner, and handles go where their
/// values may.
#[test]
fn auto_traits_and_sizes_are_as_intended() {
    support::evidence("C2", 1);
}
