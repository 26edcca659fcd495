//! Faults at call sites: operations that act wrongly on purpose, so that a model shows whether it would
//! notice the defect.

pub mod equivalents;
pub mod site;
