//! What jobs cost on each pool: the benchmark `speed`.

mod cases;
mod instructions;
mod measure;
mod print;
pub mod results;
mod workloads;

pub use measure::main;
pub use workloads::run_one;
