//! Findings about this pool: what a run was asked to check, and the run of a trial.

pub mod run;
pub mod scope;
