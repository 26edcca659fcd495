//! What it costs to depend on each pool: the benchmark `cost`.

pub mod dependencies;
mod measure;
mod print;
pub mod programs;
mod project;
pub mod results;

pub use measure::main;
