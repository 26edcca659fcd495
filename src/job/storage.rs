//! How a job stores its closure and its result.
//!
//! Without optimisation, each function that takes a value by value copies it to its stack frame. A
//! large closure would soon overflow the stack of a worker, or of the thread that cancels. So a
//! large closure is written into a box when it is submitted, stays there, and is called there; a
//! large result is written into a box when the closure returns it. Only the boxes move.

use std::any::type_name;
use std::mem::size_of;

/// A closure or a result of more bytes than this is large.
const LARGE: usize = 256;

/// Tells whether values of a type are large.
pub(crate) struct Size<X>(X);

impl<X> Size<X> {
    pub(crate) const IS_LARGE: bool = size_of::<X>() > LARGE;
}

/// A closure as a job stores it.
pub(crate) trait Code: Send {
    type Closure;
    type Output;

    /// Calls the closure.
    fn call(self) -> Self::Output;

    /// Returns the closure of a job that is refused.
    fn into_box(self) -> Box<Self::Closure>;

    /// Returns the name of the type of the closure.
    fn name() -> &'static str {
        type_name::<Self::Closure>()
    }
}

/// A small closure.
pub(crate) struct InPlace<F>(pub(crate) F);

impl<F, T> Code for InPlace<F>
where
    F: FnOnce() -> T + Send,
{
    type Closure = F;
    type Output = T;

    fn call(self) -> T {
        (self.0)()
    }

    fn into_box(self) -> Box<F> {
        Box::new(self.0)
    }
}

/// A large closure.
pub(crate) struct Boxed<F>(pub(crate) Box<F>);

impl<F, T> Code for Boxed<F>
where
    F: FnOnce() -> T + Send,
{
    type Closure = F;
    type Output = T;

    fn call(self) -> T {
        // A call of `Box<F>` moves the closure to the stack. A call of a closure of unknown size
        // leaves it where it is.
        let closure: Box<dyn FnOnce() -> T + '_> = self.0;
        closure()
    }

    fn into_box(self) -> Box<F> {
        self.0
    }
}

/// What is done with a closure, however a job stores it.
pub(crate) trait WithCode<'a, F, T> {
    type Result;

    fn with(self, code: impl Code<Closure = F, Output = T> + 'a) -> Self::Result;
}

/// Returns the function that stores a closure of this type and passes it on.
///
/// It is called by whoever has the closure: without optimisation, each function on the way would
/// reserve stack for a copy, and so would a function with a call for either way to store it.
pub(crate) fn storing<'a, F, T, W>() -> fn(F, W) -> W::Result
where
    F: FnOnce() -> T + Send + 'a,
    W: WithCode<'a, F, T>,
{
    // Not closures, whose calls through a pointer copy once more.
    fn in_a_box<'a, F, T, W>(closure: F, then: W) -> W::Result
    where
        F: FnOnce() -> T + Send + 'a,
        W: WithCode<'a, F, T>,
    {
        then.with(Boxed(Box::new(closure)))
    }
    fn in_place<'a, F, T, W>(closure: F, then: W) -> W::Result
    where
        F: FnOnce() -> T + Send + 'a,
        W: WithCode<'a, F, T>,
    {
        then.with(InPlace(closure))
    }
    if Size::<F>::IS_LARGE {
        in_a_box
    } else {
        in_place
    }
}

/// The result of a closure as a job stores it: the result itself, or a box with it.
pub(crate) trait Stored<T>: Send {
    /// Calls a closure and stores its result.
    fn from_call(code: impl Code<Output = T>) -> Self;

    fn into_value(self) -> T;

    fn into_box(self) -> Box<T>;
}

impl<T: Send> Stored<T> for T {
    fn from_call(code: impl Code<Output = T>) -> Self {
        code.call()
    }

    fn into_value(self) -> T {
        self
    }

    fn into_box(self) -> Box<T> {
        Box::new(self)
    }
}

impl<T: Send> Stored<T> for Box<T> {
    fn from_call(code: impl Code<Output = T>) -> Self {
        Box::new(code.call())
    }

    fn into_value(self) -> T {
        *self
    }

    fn into_box(self) -> Box<T> {
        self
    }
}
