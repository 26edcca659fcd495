//! What it costs to depend on this pool and on others: packages, time to build, size.
//!
//! ```text
//! cargo bench -p comparison --bench cost
//! cargo bench -p comparison --bench cost -- --rounds 9 --peer rayon,tokio
//! ```
//!
//! For each pool there is a small program in `src/cost/programs`, all of the same shape. It is built in
//! a cargo project of its own, without the network, with the versions of the workspace's lock file.

fn main() -> std::process::ExitCode {
    comparison::cost::main()
}
