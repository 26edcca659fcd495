//! The result of one run of one trial. The `model` command writes it; the judge reads it.

/// One run of one trial, with a seeded defect or without.
pub use harness::findings::run::Run;
