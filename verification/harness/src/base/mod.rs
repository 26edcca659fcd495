//! The foundation of all other layers: child processes, progress, shards, text.

pub mod artifacts;
pub mod child;
pub mod naming;
pub mod panic_message;
pub mod progress;
pub mod shard;
pub mod sources;
pub mod text;
pub mod weakening;
