//! The cost of depending on this pool and on others: packages, build time, size.
//!
//! ```text
//! cargo bench -p comparison --bench cost
//! cargo bench -p comparison --bench cost -- --rounds 9 --peer rayon,tokio
//! ```
//!
//! Each pool has a program of the same shape in `src/cost/programs`, which is built in a cargo project of
//! its own, without the network, with the versions of the lock file of the workspace.

fn main() -> std::process::ExitCode {
    comparison::cost::main()
}
