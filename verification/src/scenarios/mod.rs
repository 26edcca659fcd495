//! The scenarios: those that any subject can be put under, and those on this pool's own interface.

pub(crate) mod any;
pub(crate) mod faults;
pub(crate) mod handles;
pub(crate) mod queue;
pub(crate) mod shutdown;
