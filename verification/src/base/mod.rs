//! The foundation of all other layers: child processes, cargo, text, shards, limits.

pub mod cargo;
pub mod child;
pub mod limits;
pub mod panic_message;
pub mod progress;
pub mod shard;
pub mod text;
