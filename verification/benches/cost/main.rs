//! What it costs to depend on this pool and on others: packages, time to build, size.
//!
//! ```text
//! cargo bench -p verification --bench cost
//! cargo bench -p verification --bench cost -- --rounds 9 --peer rayon,tokio
//! ```
//!
//! For each pool there is a small program in `programs`, all of the same shape. It is built in a cargo
//! project of its own, without the network, with the versions of the workspace's lock file.

#[cfg(not(any(loom, shuttle)))]
#[allow(dead_code)] // the benchmark `peers` asks for more
#[path = "../peers/machine.rs"]
mod machine;
#[cfg(not(any(loom, shuttle)))]
mod measure;
#[cfg(not(any(loom, shuttle)))]
mod programs;
#[cfg(not(any(loom, shuttle)))]
mod project;
#[cfg(not(any(loom, shuttle)))]
mod told;

#[cfg(not(any(loom, shuttle)))]
fn main() -> std::process::ExitCode {
    measure::main()
}

#[cfg(any(loom, shuttle))]
fn main() {
    eprintln!("cost: pools are compared in ordinary builds only");
}
