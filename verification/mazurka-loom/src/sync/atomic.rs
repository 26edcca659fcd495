//! Atomics, as loom has them.

pub use mazurka::sync::atomic::{compiler_fence, fence, Ordering};

use std::ops::Deref;

use mazurka::sync::atomic as explored;

/// Lets other threads go on.
#[track_caller]
pub fn spin_loop_hint() {
    mazurka::hint::spin_loop();
}

macro_rules! atomic {
    ($($name:ident $(<$param:ident>)?, $type:ty;)*) => {
        $(
            #[doc = concat!("Like [`std::sync::atomic::", stringify!($name), "`], with loom's further methods.")]
            #[derive(Debug)]
            pub struct $name $(<$param>)? (explored::$name $(<$param>)?);

            impl $(<$param>)? $name $(<$param>)? {
                /// Creates an atomic.
                #[track_caller]
                pub fn new(value: $type) -> Self {
                    $name(explored::$name::new(value))
                }

                /// Returns the value without synchronisation.
                ///
                /// # Safety
                ///
                /// No other thread changes the value at the same time. That is not checked.
                #[track_caller]
                pub unsafe fn unsync_load(&self) -> $type {
                    self.0.load(Ordering::Relaxed)
                }

                /// Calls a closure with access to the value.
                pub fn with_mut<R>(&mut self, f: impl FnOnce(&mut $type) -> R) -> R {
                    f(self.0.get_mut())
                }

                /// Returns access to the value.
                pub fn get_mut(&mut self) -> &mut $type {
                    self.0.get_mut()
                }

                /// Returns the value.
                pub fn into_inner(self) -> $type {
                    self.0.into_inner()
                }

                /// Sets the value if it is `current`. Returns the previous value.
                #[track_caller]
                pub fn compare_and_swap(&self, current: $type, new: $type, order: Ordering) -> $type {
                    let failure = match order {
                        Ordering::Release | Ordering::Relaxed => Ordering::Relaxed,
                        Ordering::SeqCst => Ordering::SeqCst,
                        _ => Ordering::Acquire,
                    };
                    match self.0.compare_exchange(current, new, order, failure) {
                        Ok(before) | Err(before) => before,
                    }
                }
            }

            impl $(<$param>)? Deref for $name $(<$param>)? {
                type Target = explored::$name $(<$param>)?;

                fn deref(&self) -> &Self::Target {
                    &self.0
                }
            }

            impl $(<$param>)? Default for $name $(<$param>)? {
                #[track_caller]
                fn default() -> Self {
                    $name(explored::$name::default())
                }
            }

            impl $(<$param>)? From<$type> for $name $(<$param>)? {
                #[track_caller]
                fn from(value: $type) -> Self {
                    $name::new(value)
                }
            }
        )*
    };
}

atomic! {
    AtomicBool, bool;
    AtomicU8, u8;
    AtomicU16, u16;
    AtomicU32, u32;
    AtomicU64, u64;
    AtomicUsize, usize;
    AtomicI8, i8;
    AtomicI16, i16;
    AtomicI32, i32;
    AtomicI64, i64;
    AtomicIsize, isize;
    AtomicPtr<T>, *mut T;
}
