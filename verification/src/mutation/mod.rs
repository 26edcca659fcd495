//! Mutants: seeded defects in the sources, and the survivors of cargo-mutants.

pub mod patches;
pub mod seeded;
pub mod survivors;
