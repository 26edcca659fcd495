//! This pool beside others: the same properties, the same workloads, and what each costs.
//!
//! [`pools`] has an adaptor for each pool. [`trial`] holds each of them to the same properties,
//! [`speed`] times them, [`cost`] builds a program with each; [`report`] draws all of it into one page.

#![forbid(unsafe_code)]

pub mod base;

pub mod pools;

pub mod cost;
pub mod speed;
pub mod trial;

pub mod report;
