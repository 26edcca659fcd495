//! The clauses of the contract, and the hazards that are known from other pools.

pub mod clauses;
pub mod hazards;
