//! The foundation of all other layers: cargo and limits.

pub mod cargo;
pub mod limits;
