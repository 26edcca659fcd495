//! The clauses of the contract, and the hazards known from other pools.

pub mod clauses;
pub mod hazards;
