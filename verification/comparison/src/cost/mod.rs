//! What it costs to depend on each pool: the benchmark `cost`.
//!
//! | file | |
//! | --- | --- |
//! | `packages.rs` | the dependencies of a package, from `cargo tree` |
//! | `programs.rs`, `programs/` | the programs, one for each package |
//! | `results.rs` | the results: `cost.json` |
//! | `record.rs` | the results that the README shows |
//! | `project.rs` | the cargo project of a program: created, built and run |
//! | `print.rs` | the results in the terminal |
//! | `command.rs` | the command: its arguments, the order of the builds |

mod command;
pub mod packages;
mod print;
mod programs;
mod project;
pub mod record;
pub mod results;

pub use command::main;
