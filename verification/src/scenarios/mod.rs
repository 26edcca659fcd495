//! The scenarios: those that any subject can be put under, and those on this pool's own interface.

pub(crate) mod any;
pub(crate) mod backpressure;
pub(crate) mod cancel;
pub(crate) mod expected_panics;
pub(crate) mod faults;
pub(crate) mod handles;
pub(crate) mod idle;
pub(crate) mod large;
pub(crate) mod queue;
pub mod scenario;
pub(crate) mod shutdown;
pub(crate) mod tools;
pub(crate) mod trigger;
