//! Runs one workload on one pool with an allocator that counts bytes. The benchmark `peers` starts
//! it: counting would slow the other workloads down.

#[cfg(not(loom))]
#[allow(dead_code)] // the benchmark uses the rest
mod machine;
#[cfg(not(loom))]
#[allow(dead_code)]
mod workloads;

#[cfg(not(loom))]
mod counting {
    use std::alloc::System;

    use cap::Cap;

    #[global_allocator]
    static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

    /// How many bytes are allocated.
    pub(crate) fn live() -> usize {
        ALLOCATOR.allocated()
    }
}

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    use clap::Parser;

    workloads::Single::parse().run(Some(counting::live))
}

#[cfg(loom)]
fn main() {
    eprintln!("footprint: pools are compared in ordinary builds only");
}
