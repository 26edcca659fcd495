//! Storage for a task of any type.
//!
//! A box that one core allocates and another frees costs more than everything else on the way of a
//! small job. So with the feature `inline-jobs` the smallest tasks are stored in place, and only the
//! others in boxes. No task is large, since a large closure has a box of its own.

#[cfg(feature = "inline-jobs")]
use std::any::Any;
#[cfg(feature = "inline-jobs")]
use std::mem;

use super::Task;
#[cfg(feature = "inline-jobs")]
use super::{Kind, Site};

/// A task of any type: in place if it is small, otherwise in a box.
#[cfg(feature = "inline-jobs")]
pub(super) struct Erased(
    stack_dst::Value<dyn Task, stack_dst::buffers::ConstArrayBuf<usize, INLINE_WORDS>>,
);

/// The size of the storage, in words: those of the task and one for its type.
#[cfg(feature = "inline-jobs")]
const INLINE_WORDS: usize = 6;

#[cfg(feature = "inline-jobs")]
impl Erased {
    #[allow(unused_qualifications)] // in the prelude, but not in that of the MSRV
    pub(super) fn new<K: Task + 'static>(task: K) -> Self {
        // The crate panics on an alignment that it cannot provide.
        let aligned = mem::align_of::<K>() <= mem::align_of::<usize>();
        if aligned && mem::size_of::<K>() <= (INLINE_WORDS - 1) * mem::size_of::<usize>() {
            Erased::in_place(task)
        } else {
            let task: Box<dyn Task> = Box::new(task);
            Erased::in_place(task)
        }
    }

    /// Stores a task that fits.
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

    /// Returns `true` if the task is in a box.
    pub(super) fn is_box(&self) -> bool {
        self.0.is_box()
    }
}

#[cfg(feature = "inline-jobs")]
impl Task for Box<dyn Task> {
    fn name(&self) -> Option<&'static str> {
        (**self).name()
    }

    fn site(&self) -> Site {
        (**self).site()
    }

    fn kind(&mut self) -> Kind<'_> {
        (**self).kind()
    }

    fn as_any(&mut self) -> &mut dyn Any {
        (**self).as_any()
    }

    fn is_box(&self) -> bool {
        true
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

    /// Returns `true` if the task is in a box.
    #[allow(clippy::unused_self)] // the other storage asks its task
    pub(super) fn is_box(&self) -> bool {
        true
    }
}
