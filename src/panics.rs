//! Catching the panics of user code.

use std::any::Any;
use std::borrow::Cow;
use std::error::Error;
use std::fmt::Display;
use std::mem;
use std::ops::Deref;
use std::panic::{self, AssertUnwindSafe};

/// What a panic carries: most often a `&'static str` or a `String`.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// use last_call::{Outcome, Payload, ThreadPool};
///
/// let pool = ThreadPool::new(1);
/// let job = pool.submit(|| panic!("no more paper")).expect("the pool is running");
/// let Outcome::Panicked(payload) = job.join() else { unreachable!("it panics") };
/// let payload: Payload = payload;
/// assert_eq!(payload.downcast_ref(), Some(&"no more paper"));
/// ```
pub type Payload = Box<dyn Any + Send + 'static>;

/// Runs user code. This is the only place that catches panics.
///
/// Unwind safety is asserted: whatever the closure leaves half changed is either dropped with it or
/// belongs to the user, who receives the payload.
pub(crate) fn catch<R>(user_code: impl FnOnce() -> R) -> Result<R, Payload> {
    panic::catch_unwind(AssertUnwindSafe(user_code))
}

/// Runs user code and ignores its panic.
pub(crate) fn ignore_panic(user_code: impl FnOnce()) {
    let _ = catch(user_code).map_err(drop_payload);
}

/// Drops user data and returns the number of panics that this caused.
pub(crate) fn drop_catching<T>(data: T) -> u64 {
    catch(|| drop(data)).err().map_or(0, |payload| 1 + drop_payload(payload))
}

/// User data that is dropped under a guard of its own, wherever that happens. So two destructors
/// that panic do not meet.
#[derive(Clone)]
pub(crate) struct CatchDrop<T>(Option<T>);

impl<T> CatchDrop<T> {
    pub(crate) fn new(data: T) -> Self {
        CatchDrop(Some(data))
    }

    /// Drops the data and returns the number of panics that this caused. A mere drop ignores them.
    pub(crate) fn release(mut self) -> u64 {
        drop_catching(self.0.take())
    }
}

impl<T> Deref for CatchDrop<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("the data is there until it is dropped")
    }
}

impl<T> Drop for CatchDrop<T> {
    fn drop(&mut self) {
        drop_catching(self.0.take());
    }
}

/// Drops the payload of a panic and returns the number of panics that this caused.
///
/// The destructor of a payload may panic with another payload, and so on. After a few rounds the
/// last one is leaked.
pub(crate) fn drop_payload(mut payload: Payload) -> u64 {
    const ROUNDS: u64 = 4;
    for round in 0..ROUNDS {
        match catch(|| drop(payload)) {
            Ok(()) => return round,
            Err(next) => payload = next,
        }
    }
    mem::forget(payload);
    ROUNDS
}

/// Returns the text of a payload. The text of a boxed error is user code, so no lock may be held.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    fn text<T: Any + Display>(payload: &(dyn Any + Send)) -> Option<String> {
        payload.downcast_ref::<T>().map(T::to_string)
    }
    let texts = [
        text::<&'static str>,
        text::<String>,
        text::<Cow<'static, str>>,
        text::<Box<str>>,
        text::<Box<dyn Error + Send + Sync>>,
        text::<Box<dyn Error + Send>>,
    ];
    match catch(|| texts.iter().find_map(|text| text(payload))) {
        Ok(Some(text)) => text,
        Ok(None) => "a payload that is not a string".to_owned(),
        Err(payload) => {
            drop_payload(payload);
            "an error whose message panics".to_owned()
        }
    }
}
