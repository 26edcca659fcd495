//! The evidence for `last-call`: scenarios, the subjects that are put under them, the engine that
//! explores them, and the verdicts. The `verify` command is the front door.

#![forbid(unsafe_code)]

pub mod clause;
pub mod hazard;
pub mod subject;

mod scenarios;
mod subjects;

pub mod generated;
pub mod scenario;
pub mod trial;

mod quiet;

#[cfg(any(loom, test))]
mod naming;
#[cfg(loom)]
mod record;

#[cfg(loom)]
pub mod engines;

pub mod sample;

pub mod checker;

pub mod limits;
pub mod process;
pub mod purpose;
pub mod run;
pub mod runner;

pub mod expected;
pub mod verdict;

pub mod callsite;
pub mod own;

pub mod cargo;
pub mod suite;

pub mod mutants;
pub mod patch;
pub mod survivors;

pub mod audit;
pub mod figures;
pub mod interleaving;
pub mod lanes;
pub mod report;
pub mod terminal;

pub mod merge;
pub mod shard;

pub mod comparison;
pub mod cost;
pub mod dependencies;
pub mod paired;
#[cfg(not(loom))]
pub mod peers;
pub mod peers_trial;
mod versioned;
