//! The memory that a pool keeps of jobs that have run, and a queue of items that have left.

#![cfg(not(loom))]

mod support;

use std::alloc::System;
use std::sync::{Arc, Mutex};

use cap::Cap;
use last_call::queue::two_lock::TwoLock;
use last_call::queue::{Queue, Wait};
use support::{evidence, lock, pool, waiting, watchdog, Gate, LIMIT};

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Measurements run alone.
static ALONE: Mutex<()> = Mutex::new(());

/// Workers keep small boxes and free them together. A large box is freed at once.
#[test]
fn a_large_closure_is_freed_before_the_next_job_starts() {
    const SIZE: usize = 16 << 10;
    let _alone = lock(&ALONE);
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
        // Half of the size, here and below: the test harness may free memory of other tests
        // meanwhile.
        assert!(MEMORY.allocated() >= without + SIZE / 2, "the closure waits in a box");
        pool.execute(behind.job()).unwrap();
        before.open();
        behind.wait_for(1);
        let kept = MEMORY.allocated().saturating_sub(without);
        assert!(kept < SIZE / 2, "{kept} bytes");
        evidence("C6", 1);
    });
}

/// Returns how many slots a queue that keeps buffers of four slots has while a popper sleeps, after
/// `items` items.
fn places_kept_after(items: usize) -> usize {
    const SIZE: usize = 4096;
    let queue = Arc::new(TwoLock::<[u8; SIZE]>::keeping(4, None));
    let without = MEMORY.allocated();
    (0..items).for_each(|_| assert!(queue.push([0; SIZE], Wait::No).is_ok()));
    (0..items).for_each(|_| assert!(queue.pop(|| ()).is_some()));
    let popper = Arc::clone(&queue);
    let popper = waiting(move || popper.pop(|| ()).is_some());
    let kept = MEMORY.allocated().saturating_sub(without);
    queue.close();
    assert!(!popper.join().unwrap());
    kept / SIZE
}

/// A buffer that a burst has grown is freed; one that is always used is kept.
#[cfg(target_os = "linux")] // where one can see that a popper sleeps
#[test]
fn a_queue_with_two_locks_gives_large_buffers_back_before_its_popper_sleeps() {
    let _alone = lock(&ALONE);
    watchdog(LIMIT, "buffers", |_| {
        assert_eq!([2, 3, 4].map(places_kept_after), [2, 4, 4]);
        assert_eq!([5, 8, 9, 100].map(places_kept_after), [0; 4]);
    });
}

/// The buffer of items of size zero has an unlimited capacity, and nothing to free. A popper that
/// tried to free it would never sleep.
#[cfg(target_os = "linux")]
#[test]
fn a_popper_of_items_without_a_size_sleeps() {
    let _alone = lock(&ALONE);
    watchdog(LIMIT, "no size", |_| {
        let queue = Arc::new(TwoLock::<()>::keeping(4, None));
        let popper = Arc::clone(&queue);
        let popper = waiting(move || popper.pop(|| ()));
        assert_eq!(queue.push((), Wait::No), Ok(0));
        assert_eq!(popper.join().unwrap(), Some((0, ())));
    });
}
