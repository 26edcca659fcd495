//! Storage for a task of any type.
//!
//! A box that one core allocates and another frees costs more than everything else on the way of a
//! small job. So with the feature `inline-jobs` a small task is stored in place, and only a large
//! one in a box.

#[cfg(feature = "inline-jobs")]
use std::any::Any;
use std::mem;

#[cfg(feature = "inline-jobs")]
use super::Kind;
use super::Task;

/// A task of any type: in place if it is small, otherwise in a box.
#[cfg(feature = "inline-jobs")]
pub(super) struct Erased(
    stack_dst::Value<dyn Task, stack_dst::buffers::ConstArrayBuf<usize, INLINE_WORDS>>,
);

/// The size of the storage, in words: those of the task and one for its type.
#[cfg(feature = "inline-jobs")]
const INLINE_WORDS: usize = 6;

/// The largest emptied box that a worker keeps for a while, in bytes.
const SMALL: usize = 1024;

#[cfg(feature = "inline-jobs")]
impl Erased {
    #[allow(unused_qualifications)] // in the prelude, but not in that of the MSRV
    pub(super) fn new<K: Task + 'static>(task: K) -> Self {
        // The crate panics on an alignment that it cannot provide. A large task must not be moved
        // through the stack frames of the crate.
        let aligned = mem::align_of::<K>() <= mem::align_of::<usize>();
        if aligned && mem::size_of::<K>() <= (INLINE_WORDS - 1) * mem::size_of::<usize>() {
            Erased::in_place(task)
        } else {
            let task: Box<dyn Task> = Box::new(task);
            Erased::in_place(task)
        }
    }

    /// Stores a task that fits. This is a function of its own, since without optimisation
    /// [`new`](Self::new) would reserve stack for its moves even where it makes a box.
    #[inline]
    fn in_place(task: impl Task + 'static) -> Self {
        match stack_dst::Value::new_stable(task, |task| task as _) {
            Ok(value) => Erased(value),
            Err(_) => unreachable!("it fits"),
        }
    }

    #[inline]
    pub(super) fn as_task(&mut self) -> &mut dyn Task {
        &mut *self.0
    }

    /// Returns `true` if the task is in a box that is small enough to be kept for a while.
    pub(super) fn is_small_box(&self) -> bool {
        self.0.is_small_box()
    }
}

#[cfg(feature = "inline-jobs")]
impl Task for Box<dyn Task> {
    fn kind(&mut self) -> Kind<'_> {
        (**self).kind()
    }

    fn as_any(&mut self) -> &mut dyn Any {
        (**self).as_any()
    }

    fn is_small_box(&self) -> bool {
        is_small(&**self)
    }
}

/// A task of any type, in a box.
#[cfg(not(feature = "inline-jobs"))]
pub(super) struct Erased(Box<dyn Task>);

#[cfg(not(feature = "inline-jobs"))]
impl Erased {
    pub(super) fn new(task: impl Task + 'static) -> Self {
        Erased(Box::new(task))
    }

    #[inline]
    pub(super) fn as_task(&mut self) -> &mut dyn Task {
        &mut *self.0
    }

    /// Returns `true` if the box is small enough to be kept for a while.
    pub(super) fn is_small_box(&self) -> bool {
        is_small(&*self.0)
    }
}

#[allow(unused_qualifications)] // in the prelude, but not in that of the MSRV
fn is_small(task: &dyn Task) -> bool {
    mem::size_of_val(task) <= SMALL
}
