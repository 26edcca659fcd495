//! The scenarios: those that run against any subject, and those that use the interface of this pool.

pub(crate) mod any;
pub(crate) mod backpressure;
pub(crate) mod batches;
pub(crate) mod cancel;
pub(crate) mod expected_panics;
pub(crate) mod faults;
pub(crate) mod handles;
pub(crate) mod idle;
pub(crate) mod large;
pub(crate) mod queue;
pub mod scenario;
pub(crate) mod scope;
pub(crate) mod sets;
pub(crate) mod shutdown;
pub(crate) mod stealing;
pub(crate) mod tools;
pub(crate) mod trigger;
pub(crate) mod waits;
