//! This pool beside others, alternately: time, latency, memory, and how they grow.
//!
//! ```text
//! cargo bench -p verification --bench peers
//! cargo bench -p verification --bench peers -- --full
//! cargo bench -p verification --bench peers -- --workload W1,W3 --peer rayon --rounds 9
//! ```
//!
//! Each run is a process of its own under a watchdog: a pool that hangs or aborts is told, and the
//! others go on.

#[cfg(not(loom))]
mod cases;
#[cfg(not(loom))]
mod compare;
#[cfg(not(loom))]
mod instructions;
#[cfg(not(loom))]
#[allow(dead_code)] // what is resident, only `footprint` asks
mod machine;
#[cfg(not(loom))]
mod told;
#[cfg(not(loom))]
mod workloads;

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    compare::main()
}

#[cfg(loom)]
fn main() {
    eprintln!("peers: pools are compared in ordinary builds only");
}
