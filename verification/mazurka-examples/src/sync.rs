//! The facade: the only place that names `mazurka`. Everything else imports from here.

#[cfg(mazurka)]
pub(crate) use mazurka::{cell, sync::*, thread};
#[cfg(not(mazurka))]
pub(crate) use std::{sync::*, thread};

/// `mazurka::cell::UnsafeCell`, in the ordinary build.
#[cfg(not(mazurka))]
pub(crate) mod cell {
    #[derive(Debug)]
    pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) fn new(value: T) -> Self {
            UnsafeCell(std::cell::UnsafeCell::new(value))
        }

        pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
            read(self.0.get())
        }

        pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
            write(self.0.get())
        }
    }
}
