//! Sharing a value that nobody can reach through a shared reference.

use std::fmt;
use std::sync::PoisonError;

/// A value that only its owner can reach, so it is `Sync` if it is `Send`.
///
/// It is a mutex of the standard library that is never locked, in every build: no decision depends
/// on it, so explorers need not see it.
#[allow(clippy::disallowed_types)]
pub struct Exclusive<T>(std::sync::Mutex<T>);

impl<T> Exclusive<T> {
    /// Wraps a value.
    #[allow(clippy::disallowed_types)]
    pub fn new(value: T) -> Self {
        Exclusive(std::sync::Mutex::new(value))
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Exclusive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exclusive").finish_non_exhaustive()
    }
}
