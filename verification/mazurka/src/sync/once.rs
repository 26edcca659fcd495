//! Values that are set once.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::Ordering;

use super::mutex::Mutex;
use crate::raw::{self, Object};

/// A cell that is written once.
///
/// ```
/// use mazurka::sync::OnceLock;
///
/// mazurka::model(|| {
///     let cell = OnceLock::new();
///     assert_eq!(cell.get_or_init(|| 1), &1);
///     assert_eq!(cell.set(2), Err(2));
/// });
/// ```
pub struct OnceLock<T> {
    object: Object,
    /// Held by the thread that sets the value.
    setting: Mutex<()>,
    value: std::sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    /// Creates an empty cell.
    #[track_caller]
    pub fn new() -> Self {
        OnceLock {
            object: Object::new(),
            setting: Mutex::internal(()),
            value: std::sync::OnceLock::new(),
        }
    }

    /// Returns the value, if there is one.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        raw::read(self.object);
        raw::acquire(self.object, Ordering::Acquire);
        self.value.get()
    }

    /// Returns access to the value, if there is one.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// Sets the value.
    ///
    /// # Errors
    ///
    /// The new value, if there is one already.
    ///
    /// # Panics
    ///
    /// Never: the value is taken once.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        if self.get().is_none() {
            self.get_or_init(|| value.take().expect("it is taken once"));
        }
        value.map_or(Ok(()), Err)
    }

    /// Returns the value, and sets it first if there is none. Other threads that want to set it
    /// wait.
    ///
    /// # Panics
    ///
    /// If `init` panics. The cell then remains empty.
    #[track_caller]
    pub fn get_or_init(&self, init: impl FnOnce() -> T) -> &T {
        if let Some(value) = self.get() {
            return value;
        }
        let setting = self.setting.lock().expect("it is never poisoned");
        if self.value.get().is_none() {
            let value = init();
            raw::update(self.object);
            raw::release(self.object, Ordering::Release, false);
            assert!(self.value.set(value).is_ok(), "only the holder of the lock sets the value");
        }
        drop(setting);
        self.value.get().expect("it was set")
    }

    /// Returns the value, if there is one.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// Removes the value and returns it, if there is one.
    pub fn take(&mut self) -> Option<T> {
        self.value.take()
    }
}

impl<T> Default for OnceLock<T> {
    #[track_caller]
    fn default() -> Self {
        OnceLock::new()
    }
}

impl<T> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceLock").finish_non_exhaustive()
    }
}

/// Runs something once.
#[derive(Debug, Default)]
pub struct Once(OnceLock<()>);

impl Once {
    /// Creates it.
    #[track_caller]
    pub fn new() -> Self {
        Once(OnceLock::new())
    }

    /// Runs the closure, unless one has been run. Waits for one that is running.
    #[track_caller]
    pub fn call_once(&self, run: impl FnOnce()) {
        self.0.get_or_init(run);
    }

    /// Returns `true` if a closure has been run to its end.
    #[track_caller]
    pub fn is_completed(&self) -> bool {
        self.0.get().is_some()
    }
}

/// A value that is computed when it is first used.
pub struct LazyLock<T, F = fn() -> T> {
    value: OnceLock<T>,
    init: std::sync::Mutex<Option<F>>,
}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// Creates it.
    #[track_caller]
    pub fn new(init: F) -> Self {
        LazyLock { value: OnceLock::new(), init: std::sync::Mutex::new(Some(init)) }
    }

    /// Returns the value, and computes it first if needed.
    ///
    /// # Panics
    ///
    /// If its computation panics or has panicked.
    #[track_caller]
    pub fn force(this: &Self) -> &T {
        this.value.get_or_init(|| {
            let init = this.init.lock().expect("no thread panics while holding it").take();
            init.expect("its computation has panicked")()
        })
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[track_caller]
    fn deref(&self) -> &T {
        LazyLock::force(self)
    }
}

impl<T, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyLock").finish_non_exhaustive()
    }
}
