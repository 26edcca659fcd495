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

#[cfg(not(any(loom, shuttle)))]
mod cases;
#[cfg(not(any(loom, shuttle)))]
mod compare;
#[cfg(not(any(loom, shuttle)))]
mod instructions;
#[cfg(not(any(loom, shuttle)))]
#[allow(dead_code)] // what is resident, only `footprint` asks
mod machine;
#[cfg(not(any(loom, shuttle)))]
mod told;
#[cfg(not(any(loom, shuttle)))]
mod workloads;

#[cfg(not(any(loom, shuttle)))]
fn main() -> std::process::ExitCode {
    compare::main()
}

#[cfg(any(loom, shuttle))]
fn main() {
    eprintln!("peers: pools are compared in ordinary builds only");
}
