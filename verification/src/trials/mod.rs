//! The trials: which subject runs under which scenario, the expected results, and the judge.

pub mod judge;
pub mod matrix;
pub mod purpose;
pub mod recorded;
pub mod report;
pub mod samples;
pub mod trial;
