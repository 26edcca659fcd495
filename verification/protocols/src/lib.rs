//! The protocols of the pool, as counter systems that hold for any number of threads and jobs.

#![forbid(unsafe_code)]

pub mod cancels;
pub mod check;
pub mod decide;
pub mod idle;
pub mod linear;
pub mod protocol;
pub mod search;
pub mod slots;
pub mod stages;
pub mod table;
pub mod termination;
pub mod wake_ups;
pub mod watch;

use protocol::Protocol;

/// Returns every protocol, in the order of the report.
pub fn all() -> Vec<Protocol> {
    vec![
        wake_ups::protocol(),
        slots::protocol(),
        idle::protocol(),
        termination::protocol(),
        cancels::protocol(),
        stages::protocol(),
    ]
}
