//! This pool beside others: time, latency, memory, and how they grow.
//!
//! ```text
//! cargo bench -p comparison --bench speed
//! cargo bench -p comparison --bench speed -- --full
//! cargo bench -p comparison --bench speed -- --workload W1,W3 --peer rayon --rounds 9
//! ```
//!
//! Each run is a process of its own under a watchdog: a pool that hangs or aborts is reported, and the
//! others go on.

use std::path::Path;

fn main() -> std::process::ExitCode {
    comparison::speed::main(Path::new(env!("CARGO_BIN_EXE_footprint")))
}
