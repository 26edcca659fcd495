//! The decision of a strategy.

use crate::event::Choice;
use crate::execution::Thread;
use crate::report::Cause;

/// The decision of a strategy.
pub(crate) enum Pick {
    /// The thread performs the operation that it has requested, with this choice.
    Step(Thread, Choice),
    /// No thread can continue.
    Nobody,
    /// Every continuation repeats a trace.
    Redundant,
    /// The strategy cannot continue.
    Failed(Cause),
}
