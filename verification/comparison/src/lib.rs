//! This pool beside others: the same properties, the same workloads, and what it costs to depend on
//! each.
//!
//! The modules are layers: each imports only those above it in this list. So do the files of a module,
//! in the list at its head. A test holds it.
//!
//! | module | |
//! | --- | --- |
//! | [`base`] | files, statistics, tables |
//! | [`pools`] | an adaptor for each pool |
//! | [`trial`] | holds every pool to the same properties |
//! | [`speed`] | what a job costs on each pool |
//! | [`cost`] | what it costs to depend on each pool |
//! | [`results`] | what has been run |
//! | [`records`] | the recorded results, in `data` |
//! | [`report`] | the page of all results |
//! | [`readme`] | the tables of the README |

#![forbid(unsafe_code)]

pub mod base;

pub mod pools;

pub mod cost;
pub mod speed;
pub mod trial;

pub mod records;
pub mod results;

pub mod readme;
pub mod report;
