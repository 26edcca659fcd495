//! Memory whose leaks fail the model.

pub use std::alloc::Layout;

use crate::end;

/// Allocates memory.
///
/// # Safety
///
/// As for [`std::alloc::alloc`].
#[track_caller]
pub unsafe fn alloc(layout: Layout) -> *mut u8 {
    // SAFETY: the caller promises the same.
    let memory = unsafe { std::alloc::alloc(layout) };
    end::add_memory(Some(memory as usize), "the allocation");
    memory
}

/// Allocates memory that is zero.
///
/// # Safety
///
/// As for [`std::alloc::alloc_zeroed`].
#[track_caller]
pub unsafe fn alloc_zeroed(layout: Layout) -> *mut u8 {
    // SAFETY: the caller promises the same.
    let memory = unsafe { std::alloc::alloc_zeroed(layout) };
    end::add_memory(Some(memory as usize), "the allocation");
    memory
}

/// Frees memory.
///
/// # Safety
///
/// As for [`std::alloc::dealloc`].
///
/// # Panics
///
/// If it is not allocated.
#[track_caller]
pub unsafe fn dealloc(memory: *mut u8, layout: Layout) {
    assert!(end::remove_memory(memory as usize), "this memory is not allocated");
    // SAFETY: the caller promises the same.
    unsafe { std::alloc::dealloc(memory, layout) };
}

/// A value that must not be leaked.
#[derive(Debug)]
pub struct Track<T> {
    value: T,
    _tracked: Tracked,
}

#[derive(Debug)]
struct Tracked(usize);

impl Drop for Tracked {
    fn drop(&mut self) {
        end::remove_memory(self.0);
    }
}

impl<T> Track<T> {
    /// Tracks a value.
    #[track_caller]
    pub fn new(value: T) -> Track<T> {
        Track { value, _tracked: Tracked(end::add_memory(None, "the tracked value")) }
    }

    /// Returns the value.
    pub fn get_ref(&self) -> &T {
        &self.value
    }

    /// Returns the value.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// Returns the value, which is no longer tracked.
    pub fn into_inner(self) -> T {
        self.value
    }
}
