//! The evidence for `last-call`: scenarios, the subjects that are put under them, the engine that
//! explores them, and the verdicts. The `verify` command is the front door.

#![forbid(unsafe_code)]

pub mod any_number;
pub mod audit;
pub mod base;
pub mod cli;
pub mod contract;
pub mod cross_check;
#[cfg(loom)]
pub mod engines;
pub mod faults;
pub mod findings;
pub mod kill_matrix;
pub mod mutation;
pub mod programs;
pub mod report;
pub mod running;
pub mod scenarios;
pub mod subjects;
pub mod trials;
pub mod your_pool;
