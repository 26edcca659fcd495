//! Reports the counters of the protocols to a watcher when a lock is acquired or released.
//!
//! A lock that is created by `watched!` has a role and counters. When the lock is released, or its
//! owner goes to sleep, the watcher is told the counters. That is no operation of the model: it reads
//! what the thread holds, and explorers see nothing of it.

#![allow(clippy::disallowed_types)] // a process has one watcher, which is not part of an execution

use std::sync::OnceLock;

/// The values of counters, in the order in which the role names them.
///
/// A value of 255 stands for all from there on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Snapshot(pub [u8; 16]);

impl Snapshot {
    /// Keeps the values.
    pub fn of<const N: usize>(values: [u8; N]) -> Self {
        let mut kept = [0; 16];
        kept[..N].copy_from_slice(&values);
        Snapshot(kept)
    }
}

/// A value that can be a counter.
pub trait Count {
    /// Returns the value.
    fn count(self) -> u8;
}

impl Count for bool {
    fn count(self) -> u8 {
        u8::from(self)
    }
}

impl Count for usize {
    fn count(self) -> u8 {
        u8::try_from(self).unwrap_or(u8::MAX)
    }
}

impl Count for u64 {
    fn count(self) -> u8 {
        u8::try_from(self).unwrap_or(u8::MAX)
    }
}

/// What a lock protects.
#[derive(Debug, PartialEq, Eq)]
pub struct Role {
    /// The name.
    pub name: &'static str,
    /// The names of the counters.
    pub counters: &'static [&'static str],
}

/// Is told of every lock with a role.
pub trait Watcher: Send + Sync {
    /// A lock was created. `beside` is a lock whose data belongs to the same protocol.
    fn created(&self, lock: usize, role: &'static Role, beside: Option<usize>, now: Snapshot);

    /// The current thread has acquired the lock.
    fn acquired(&self, lock: usize);

    /// The current thread is about to release the lock, with these values.
    fn released(&self, lock: usize, now: Snapshot);
}

static WATCHER: OnceLock<&'static dyn Watcher> = OnceLock::new();

/// Installs the watcher of this process.
///
/// # Panics
///
/// If there is one already.
pub fn install(watcher: &'static dyn Watcher) {
    assert!(WATCHER.set(watcher).is_ok(), "a process has one watcher");
}

#[inline]
pub(super) fn installed() -> Option<&'static dyn Watcher> {
    WATCHER.get().copied()
}

/// A mutex with a role.
pub(super) struct Watched<T> {
    watcher: &'static dyn Watcher,
    lock: usize,
    look: fn(&T) -> Snapshot,
}

impl<T> Watched<T> {
    pub(super) fn new(
        number: usize,
        role: &'static Role,
        beside: Option<usize>,
        look: fn(&T) -> Snapshot,
        now: &T,
    ) -> Option<Self> {
        let watcher = installed()?;
        watcher.created(number, role, beside, look(now));
        Some(Watched { watcher, lock: number, look })
    }

    #[inline]
    pub(super) fn acquired(&self) {
        self.watcher.acquired(self.lock);
    }

    #[inline]
    pub(super) fn released(&self, data: &T) {
        self.watcher.released(self.lock, (self.look)(data));
    }
}
