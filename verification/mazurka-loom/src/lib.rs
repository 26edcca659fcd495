//! A stand-in for [loom]: its interface, explored by [mazurka](../mazurka/index.html).
//!
//! Tests that are written for loom run without an edit. Each trace is visited once, without a bound
//! on preemptions, and `notify_one` wakes any sleeper. What is **not** explored is what atomics allow
//! beyond sequential consistency; a run that used a weaker ordering says so. The orderings count
//! for the data in an [`UnsafeCell`](cell::UnsafeCell): an access that they do not order is a data
//! race.
//!
//! See the README for how to put it in loom's place.
//!
//! [loom]: https://docs.rs/loom

mod end;

pub mod alloc;
pub mod cell;
pub mod future;
pub mod hint;
pub mod lazy_static;
pub mod model;
pub mod sync;
pub mod thread;

pub use crate::model::model;

/// The most threads of an execution, including the main thread.
pub const MAX_THREADS: usize = mazurka::MAX_THREADS;

/// Does nothing: everything is explored.
pub fn explore() {}

/// Does nothing: everything is explored.
pub fn stop_exploring() {}

/// Ends this execution, which then does not count.
pub fn skip_branch() -> ! {
    mazurka::raw::skip()
}

/// Like [`std::thread_local!`], for the threads of a model.
#[macro_export]
macro_rules! thread_local {
    () => {};
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = const $init:block; $($rest:tt)*) => {
        $crate::thread_local!($(#[$attr])* $vis static $name: $t = $init);
        $crate::thread_local!($($rest)*);
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = $init:expr; $($rest:tt)*) => {
        $crate::thread_local!($(#[$attr])* $vis static $name: $t = $init);
        $crate::thread_local!($($rest)*);
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident: $t:ty = $init:expr) => {
        $(#[$attr])* $vis static $name: $crate::thread::LocalKey<$t> =
            $crate::thread::LocalKey::new(|| $init);
    };
}

/// Like `lazy_static::lazy_static!`, for each execution anew.
#[macro_export]
macro_rules! lazy_static {
    () => {};
    ($(#[$attr:meta])* $vis:vis static ref $name:ident: $t:ty = $init:expr; $($rest:tt)*) => {
        #[allow(missing_copy_implementations, non_camel_case_types, dead_code)]
        $(#[$attr])*
        $vis struct $name {
            __private_field: (),
        }
        #[doc(hidden)]
        $vis static $name: $name = $name { __private_field: () };
        impl ::core::ops::Deref for $name {
            type Target = $t;
            fn deref(&self) -> &$t {
                static LAZY: $crate::lazy_static::Lazy<$t> =
                    $crate::lazy_static::Lazy::new(|| $init);
                LAZY.get()
            }
        }
        $crate::lazy_static!($($rest)*);
    };
}
