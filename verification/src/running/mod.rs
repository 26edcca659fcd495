//! Runs models and tests in processes of their own.

pub mod commands;
pub mod runner;
pub mod suites;
