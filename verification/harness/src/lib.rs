//! What an audit of concurrency models needs around its explorer: child processes under a watchdog,
//! shards, progress, the rules of verdicts, the kill matrix, and the reports. Nothing here knows what is on
//! trial.
//!
//! `DESIGN.md` has a line for each file.

#![forbid(unsafe_code)]

pub mod base;
pub mod faults;
pub mod findings;
pub mod kill_matrix;
pub mod report;
pub mod rules;
