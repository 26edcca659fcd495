//! The scenarios: those that any subject can be put under, and those on this pool's own interface.

pub(crate) mod any;
pub(crate) mod backpressure;
pub(crate) mod cancel;
pub(crate) mod faults;
pub(crate) mod handles;
pub(crate) mod idle;
pub(crate) mod large;
pub(crate) mod queue;
pub(crate) mod shutdown;
pub(crate) mod trigger;
