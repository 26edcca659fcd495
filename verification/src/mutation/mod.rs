//! Changed sources: seeded defects and what cargo-mutants leaves.

pub mod patches;
pub mod seeded;
pub mod survivors;
