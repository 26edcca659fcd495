//! What a job costs on each pool: the benchmark `speed`.
//!
//! | file | |
//! | --- | --- |
//! | `latency.rs` | the workloads of one job at a time, and their processor time |
//! | `workloads.rs` | what runs, generic over the pool |
//! | `results.rs` | the results: `speed.json` |
//! | `catalog.rs` | the workloads and curves, their pools and targets |
//! | `record.rs` | the results that the README shows |
//! | `counted.rs` | what a job takes, counted: instructions, and calls of the system |
//! | `print.rs` | the results in the terminal |
//! | `command.rs` | the command: its arguments, the order of the runs, their processes |

mod catalog;
mod command;
mod counted;
mod latency;
mod print;
pub mod record;
pub mod results;
mod workloads;

pub use catalog::workloads;
pub use command::main;
pub use workloads::run_one;
