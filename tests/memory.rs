//! What a pool keeps of jobs that have run.

#![cfg(not(any(loom, shuttle)))]

mod support;

use std::alloc::System;

use cap::Cap;
use support::{evidence, pool, watchdog, Gate, LIMIT};

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Small boxes wait with their worker, to be freed together; a large one does not.
#[test]
fn a_large_closure_is_freed_before_the_next_job_starts() {
    const SIZE: usize = 16 << 10;
    watchdog(LIMIT, "a large closure", |_| {
        let pool = pool(1);
        let (before, behind) = (Gate::new(), Gate::new());
        before.hold(&pool, 1);
        let without = MEMORY.allocated();
        let large = [1_u8; SIZE];
        pool.execute(move || {
            std::hint::black_box(&large);
        })
        .unwrap();
        assert!(MEMORY.allocated() >= without + SIZE, "the closure waits in a box");
        pool.execute(behind.job()).unwrap();
        before.open();
        behind.wait_for(1);
        let kept = MEMORY.allocated().saturating_sub(without);
        assert!(kept < SIZE / 2, "{kept} bytes");
        evidence("C6", 1);
    });
}
