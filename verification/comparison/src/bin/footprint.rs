//! Runs one workload on one pool with an allocator that counts bytes. The benchmark `speed` starts
//! it: counting would slow the other workloads down.

use std::alloc::System;

use cap::Cap;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

fn main() -> std::process::ExitCode {
    comparison::speed::run_one(Some(|| ALLOCATOR.allocated()))
}
