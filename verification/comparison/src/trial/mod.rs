//! The trial of the pools: properties that any pool could be asked for, each tried on real threads.
//!
//! Each attempt is a process of its own under a watchdog. A scenario holds jobs at gates; every wait
//! has a limit.
//!
//! | file | |
//! | --- | --- |
//! | `property.rs` | the properties, and the control |
//! | `documentation.rs` | what each pool documents of each property, and so what is tried |
//! | `tools.rs` | gates, arrivals, values whose destructor panics, a limit on memory |
//! | `scenarios.rs` | a scenario for each property, for any pool |
//! | `attempt.rs` | the process that tries one property of one pool |
//! | `results.rs` | what the attempts showed: `trial.json` |
//! | `text.rs` | the results in the terminal |
//! | `record.rs` | the results that the README shows |
//! | `supervise.rs` | starts the attempts of a property, under a watchdog |
//! | `run.rs` | all properties of all pools |

mod attempt;
pub mod documentation;
mod property;
pub mod record;
pub mod results;
mod run;
mod scenarios;
mod supervise;
mod text;
mod tools;

pub use attempt::attempt;
pub use property::{is_control, Property};
pub use run::run;
pub use supervise::{supervise, Plan};
