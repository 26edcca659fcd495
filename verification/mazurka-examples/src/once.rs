//! A cell that is written once.

use crate::sync::atomic::{AtomicU8, Ordering};
use crate::sync::cell::UnsafeCell;

const EMPTY: u8 = 0;
const WRITING: u8 = 1;
const WRITTEN: u8 = 2;

/// A cell that one thread writes and any number of threads read.
#[derive(Debug)]
pub struct OnceCell<T> {
    state: AtomicU8,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: the value is written by the one thread that sets the state from EMPTY to WRITING, before
// it is WRITTEN, and read only after that.
unsafe impl<T: Send + Sync> Sync for OnceCell<T> {}

impl<T> OnceCell<T> {
    /// Creates an empty cell.
    pub fn new() -> Self {
        OnceCell { state: AtomicU8::new(EMPTY), value: UnsafeCell::new(None) }
    }

    /// Writes the value.
    ///
    /// # Errors
    ///
    /// The value, if another one was or is being written.
    pub fn set(&self, value: T) -> Result<(), T> {
        // Nothing is written before the claim, so it orders nothing.
        let claim =
            self.state.compare_exchange(EMPTY, WRITING, Ordering::Relaxed, Ordering::Relaxed);
        if claim.is_err() {
            return Err(value);
        }
        // SAFETY: only one thread claims the cell, and nobody reads before it is WRITTEN.
        self.value.with_mut(|place| unsafe { *place = Some(value) });
        // Planted: a relaxed store does not show the value to those who see it.
        let order = if cfg!(feature = "planted") { Ordering::Relaxed } else { Ordering::Release };
        self.state.store(WRITTEN, order);
        Ok(())
    }

    /// Returns the value, if it was written.
    pub fn get(&self) -> Option<T>
    where
        T: Clone,
    {
        if self.state.load(Ordering::Acquire) != WRITTEN {
            return None;
        }
        // SAFETY: it is WRITTEN, so nobody writes it any more.
        self.value.with(|place| unsafe { (*place).clone() })
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        OnceCell::new()
    }
}
