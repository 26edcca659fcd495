//! What it costs to depend on this pool and on others: packages, time to build, size.
//!
//! ```text
//! cargo bench -p verification --bench cost
//! cargo bench -p verification --bench cost -- --rounds 9 --peer rayon,tokio
//! ```
//!
//! For each pool there is a small program in `programs`, all of the same shape. It is built in a cargo
//! project of its own, without the network, with the versions of the workspace's lock file.

#[cfg(not(loom))]
#[allow(dead_code)] // the benchmark `peers` asks for more
#[path = "../peers/machine.rs"]
mod machine;
#[cfg(not(loom))]
mod measure;
#[cfg(not(loom))]
mod programs;
#[cfg(not(loom))]
mod project;
#[cfg(not(loom))]
mod told;

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    measure::main()
}

#[cfg(loom)]
fn main() {
    eprintln!("cost: pools are compared in ordinary builds only");
}
