//! Atomics. All are sequentially consistent, whatever ordering is requested: further values that a
//! weaker ordering allows are not explored, and the report says that one was requested. The ordering
//! counts for the data that an atomic protects; see [`cell`](crate::cell).

pub use std::sync::atomic::Ordering;

use std::fmt;
use std::panic::Location;
use std::sync::atomic as unseen;

use crate::fault::{self, Action};
use crate::raw::{self, Object};

/// A fence. It orders the data that atomics protect; as for atomics, no further values are explored.
///
/// # Panics
///
/// If the ordering is `Relaxed`, as in the standard library.
#[track_caller]
pub fn fence(order: Ordering) {
    assert!(order != Ordering::Relaxed, "there is no relaxed fence");
    if is_relaxed(None, &[order]) {
        return;
    }
    raw::fence(order);
}

/// Does nothing: the operations of a thread are explored in their order.
pub fn compiler_fence(_: Ordering) {}

/// Returns `true` if a fault takes these orderings from an access to the object, or from a fence. What is
/// sequentially consistent may be so for its values, which are not explored.
#[track_caller]
fn is_relaxed(object: Option<Object>, orders: &[Ordering]) -> bool {
    let orders_data = |order: &Ordering| {
        matches!(order, Ordering::Acquire | Ordering::Release | Ordering::AcqRel)
    };
    orders.iter().any(orders_data)
        && fault::at(&[Action::RelaxOrder], object, Location::caller()).is_some()
}

/// Returns the ordering, unless a fault takes it.
#[track_caller]
fn unless_relaxed(object: Object, order: Ordering) -> Ordering {
    if is_relaxed(Some(object), &[order]) {
        Ordering::Relaxed
    } else {
        order
    }
}

/// Announces a load. The value follows.
#[track_caller]
fn reads(object: Object, order: Ordering) {
    let order = unless_relaxed(object, order);
    raw::note_order(order);
    raw::read(object);
    raw::acquire(object, order);
}

#[track_caller]
fn stores(object: Object, order: Ordering) {
    let order = unless_relaxed(object, order);
    raw::note_order(order);
    raw::update(object);
    raw::release(object, order, false);
}

#[track_caller]
fn updates(object: Object, order: Ordering) {
    let order = unless_relaxed(object, order);
    raw::note_order(order);
    raw::update(object);
    raw::acquire(object, order);
    raw::release(object, order, true);
}

fn noted<T: fmt::Debug>(before: &T, after: &T) {
    if raw::wants_notes() {
        raw::note(format!("{before:?} → {after:?}"));
    }
}

macro_rules! atomic {
    ($(#[$about:meta])* $name:ident $(<$param:ident>)?, $type:ty, $unseen:ty $(, $method:ident)*) => {
        $(#[$about])*
        pub struct $name $(<$param>)? {
            object: Object,
            value: $unseen,
        }

        impl $(<$param>)? $name $(<$param>)? {
            /// Creates an atomic.
            #[track_caller]
            pub fn new(value: $type) -> Self {
                $name { object: Object::new(), value: <$unseen>::new(value) }
            }

            /// Returns the value.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $type {
                reads(self.object, order);
                let value = self.value.load(Ordering::SeqCst);
                if raw::wants_notes() {
                    raw::note(format!("{value:?}"));
                }
                value
            }

            /// Sets the value.
            #[track_caller]
            pub fn store(&self, value: $type, order: Ordering) {
                let fault = fault::at(&[Action::DropStore], Some(self.object), Location::caller());
                if fault.is_some() {
                    return;
                }
                stores(self.object, order);
                self.set(value);
            }

            /// Sets the value and returns the previous one.
            #[track_caller]
            pub fn swap(&self, value: $type, order: Ordering) -> $type {
                updates(self.object, order);
                self.split_by_fault();
                self.set(value)
            }

            /// Sets the value if it is `current`. Returns the previous value.
            ///
            /// # Errors
            ///
            /// The value, if it is not `current`.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $type,
                new: $type,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$type, $type> {
                self.exchange((current, new), success, failure, false)
            }

            /// `fails` although the value is `current`, if so.
            #[track_caller]
            fn exchange(
                &self,
                (current, new): ($type, $type),
                mut success: Ordering,
                mut failure: Ordering,
                fails: bool,
            ) -> Result<$type, $type> {
                if is_relaxed(Some(self.object), &[success, failure]) {
                    (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
                }
                raw::note_order(success);
                raw::note_order(failure);
                raw::update(self.object);
                let value = self.value.load(Ordering::SeqCst);
                if value == current && !fails {
                    self.split_by_fault();
                    raw::acquire(self.object, success);
                    raw::release(self.object, success, true);
                    Ok(self.set(new))
                } else {
                    raw::acquire(self.object, failure);
                    raw::unchanged(self.object);
                    if raw::wants_notes() {
                        raw::note(format!("{value:?}, so it is not exchanged"));
                    }
                    Err(value)
                }
            }

            /// Like [`compare_exchange`](Self::compare_exchange). That it may fail spuriously is
            /// not explored, except as a fault.
            ///
            /// # Errors
            ///
            /// The value, if it is not `current`.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $type,
                new: $type,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$type, $type> {
                let can = [Action::FailExchange];
                let fault = fault::at(&can, Some(self.object), Location::caller());
                self.exchange((current, new), success, failure, fault.is_some())
            }

            /// Loads the value, and exchanges it for what `update` returns, until no other thread
            /// comes between. Returns the previous value.
            ///
            /// # Errors
            ///
            /// The value, if `update` returns `None`.
            #[track_caller]
            pub fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut update: impl FnMut($type) -> Option<$type>,
            ) -> Result<$type, $type> {
                let mut value = self.load(fetch);
                while let Some(new) = update(value) {
                    match self.exchange((value, new), set, fetch, false) {
                        Ok(before) => return Ok(before),
                        Err(other) => value = other,
                    }
                }
                Err(value)
            }

            $(
                #[doc = concat!("Like `", stringify!($method), "` in the standard library; returns the previous value.")]
                #[track_caller]
                pub fn $method(&self, value: $type, order: Ordering) -> $type {
                    updates(self.object, order);
                    self.split_by_fault();
                    let before = self.value.$method(value, Ordering::SeqCst);
                    self.changed(before)
                }
            )*

            /// Returns access to the value, which nobody else can have.
            pub fn get_mut(&mut self) -> &mut $type {
                self.value.get_mut()
            }

            /// Returns the value.
            pub fn into_inner(self) -> $type {
                self.value.into_inner()
            }

            /// With a fault, makes two steps of a read-modify-write: what others write between them is
            /// lost.
            #[track_caller]
            fn split_by_fault(&self) {
                let can = [Action::SplitUpdate];
                if fault::at(&can, Some(self.object), Location::caller()).is_some() {
                    let seen = self.value.load(Ordering::SeqCst);
                    raw::update(self.object);
                    self.value.store(seen, Ordering::SeqCst);
                }
            }

            fn set(&self, value: $type) -> $type {
                let before = self.value.swap(value, Ordering::SeqCst);
                self.changed(before)
            }

            /// Tells the explorer whether the value has changed, and returns the previous one.
            fn changed(&self, before: $type) -> $type {
                let after = self.value.load(Ordering::SeqCst);
                if after == before {
                    raw::unchanged(self.object);
                }
                noted(&before, &after);
                before
            }
        }

        impl $(<$param>)? From<$type> for $name $(<$param>)? {
            #[track_caller]
            fn from(value: $type) -> Self {
                Self::new(value)
            }
        }

        impl $(<$param>)? fmt::Debug for $name $(<$param>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

macro_rules! numbers {
    ($($name:ident, $type:ty;)*) => {
        $(
            atomic!(
                #[doc = concat!("Like [`std::sync::atomic::", stringify!($name), "`].")]
                $name,
                $type,
                unseen::$name,
                fetch_add,
                fetch_sub,
                fetch_and,
                fetch_nand,
                fetch_or,
                fetch_xor,
                fetch_max,
                fetch_min
            );

            impl Default for $name {
                #[track_caller]
                fn default() -> Self {
                    Self::new(0)
                }
            }
        )*
    };
}

atomic!(
    /// Like [`std::sync::atomic::AtomicBool`].
    AtomicBool,
    bool,
    unseen::AtomicBool,
    fetch_and,
    fetch_nand,
    fetch_or,
    fetch_xor
);

impl Default for AtomicBool {
    #[track_caller]
    fn default() -> Self {
        Self::new(false)
    }
}

numbers! {
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
}

atomic!(
    /// Like [`std::sync::atomic::AtomicPtr`].
    AtomicPtr<T>,
    *mut T,
    unseen::AtomicPtr<T>
);

impl<T> Default for AtomicPtr<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(std::ptr::null_mut())
    }
}
