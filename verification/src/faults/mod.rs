//! Faults: operations of the facade that act wrongly, at one call site or at all call sites of a file.

pub mod defect;
pub mod site;
