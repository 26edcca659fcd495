//! The one piece of unsafe code: a job that borrows is given to the queue, which holds jobs of any
//! lifetime.
//!
//! # Why this is sound
//!
//! A job of a scope has a closure of type `F` and a result of type `T`, which may borrow for
//! `'scope`. Two parties share them: the handle, which has the lifetime `'scope`, and the queue,
//! for which the lifetime is erased here. It has to be shown that once
//! [`scope`](super::Scope) has returned, neither an `F` nor a `T` is touched through the queue.
//!
//! 1. *The wait belongs to the function.* A [`Scope`](super::Scope) is made only by the function
//!    that waits for its [`Latch`](super::latch::Latch), on every path: after a panic of the body,
//!    too. Users see a shared reference, so no `mem::forget` of theirs can prevent the wait. The
//!    wait does not unwind.
//! 2. *A job is counted while it can be touched.* It is added to the latch before the queue has it,
//!    and released once: by the caller of `process` or `abandon` for which the call returned
//!    `true`, or by the submitter that took the closure back. By then the closure has been taken
//!    out of the job by value, under its lock, and has been consumed: it has run, was dropped, or
//!    is on its way back to the submitter. The release comes after the return of every function
//!    that had the closure or the result as an argument.
//! 3. *What remains has neither.* After the release, the queue's half may still be dropped, by a
//!    worker or by the queue. The state of the job is then `Claimed` (if it was refused), `Taken`, or
//!    `Ready` with the result. The drop of the first two touches no `F` and no `T`. In `Ready`, the handle is not dropped, and it
//!    shares ownership: so the queue's half is not the last, and drops nothing.
//! 4. *The handle is inside.* Its type has `'scope`, which is any lifetime that the caller of the
//!    function cannot name. So a handle is in the body, in a job of the scope, or leaked; the first
//!    two have ended when the function returns, and a leaked one drops nothing. A handle that is
//!    dropped takes the result out, under the lock, and drops it there and then.
//! 5. *A waker, a panic and its payload are `'static`,* and may outlive the scope.
//! 6. If the thread of a worker were to vanish, or a call in 2 to unwind, the job would not be
//!    released, and the function would not return.
//!
//! The lifetime of a trait object has no part in its layout or in its table of methods, so the
//! conversion itself changes nothing.

#![allow(unsafe_code)]

use std::mem;

use crate::job::AnySubmission;
use crate::sync::Arc;

/// Erases the lifetime of a job.
///
/// # Safety
///
/// The caller does not return to where `'scope` has ended before the job is released, as the module
/// says.
pub(super) unsafe fn erase<'scope>(job: Arc<dyn AnySubmission + 'scope>) -> Arc<dyn AnySubmission> {
    // SAFETY: the types differ only in the lifetime, and the caller keeps to it.
    unsafe { mem::transmute::<Arc<dyn AnySubmission + 'scope>, Arc<dyn AnySubmission>>(job) }
}
