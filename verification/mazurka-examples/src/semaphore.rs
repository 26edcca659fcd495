//! A semaphore.

use crate::sync::atomic::{AtomicUsize, Ordering};

/// A number of permits, of which each can be taken once.
#[derive(Debug)]
pub struct Semaphore {
    permits: AtomicUsize,
}

impl Semaphore {
    /// Creates a semaphore.
    pub fn new(permits: usize) -> Self {
        Semaphore { permits: AtomicUsize::new(permits) }
    }

    /// Takes a permit. Returns `false` if there is none.
    pub fn try_acquire(&self) -> bool {
        if cfg!(feature = "planted") {
            // Planted: another thread may take the same permit between the two.
            let permits = self.permits.load(Ordering::SeqCst);
            if permits > 0 {
                self.permits.store(permits - 1, Ordering::SeqCst);
            }
            return permits > 0;
        }
        let less = |permits: usize| permits.checked_sub(1);
        self.permits.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
    }

    /// Returns a permit.
    pub fn release(&self) {
        self.permits.fetch_add(1, Ordering::SeqCst);
    }
}
