//! The memory that a pool keeps of jobs that have run, and a queue of items that have left.

#![cfg(not(loom))]

mod support;

use std::alloc::System;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cap::Cap;
use last_call::queue::two_lock::TwoLock;
use last_call::queue::{Queue, Wait};
use last_call::{Cancellation, QueueKind, ThreadPool};
use support::{evidence, in_a_process, lock, pool, waiting, watchdog, Gate, LIMIT};

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
    let queue = Arc::new(TwoLock::<[u8; SIZE]>::keeping(4, None, |_| false));
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
        let queue = Arc::new(TwoLock::<()>::keeping(4, None, |()| false));
        let popper = Arc::clone(&queue);
        let popper = waiting(move || popper.pop(|| ()));
        assert_eq!(queue.push((), Wait::No), Ok(0));
        assert_eq!(popper.join().unwrap(), Some((0, ())));
    });
}

/// The size of the captures of a cancelled job, in bytes.
const CAPTURED: usize = 8 << 10;

/// Submits jobs, each of which is cancelled while a worker is stuck.
fn submit_and_cancel(pool: &ThreadPool, jobs: usize) {
    for _ in 0..jobs {
        let captured = [1_u8; CAPTURED];
        let job = pool.try_submit(move || _ = std::hint::black_box(&captured)).unwrap();
        assert_eq!(job.cancel(), Cancellation::Cancelled);
    }
}

/// Requests time out and are cancelled while the back end hangs.
#[test]
fn cancelled_jobs_take_memory_in_proportion_to_the_capacity() {
    // On a channel, what remains of a cancelled job stays until it is dequeued.
    if std::env::var("LAST_CALL_QUEUE").is_ok_and(|queue| queue == "channel") {
        return;
    }
    let _alone = lock(&ALONE);
    watchdog(LIMIT, "cancelled jobs", |_| {
        for capacity in [1, 10] {
            let gate = Gate::new();
            let pool = ThreadPool::builder().workers(1).capacity(capacity).build().unwrap();
            gate.hold(&pool, 1);
            submit_and_cancel(&pool, 100);
            let with_100 = MEMORY.allocated();
            submit_and_cancel(&pool, 20_000);
            let grown = MEMORY.allocated().saturating_sub(with_100);
            assert!(grown < 256 << 10, "{grown} bytes for 20,000 jobs, capacity {capacity}");
            let last = pool.try_submit(|| 3).unwrap();
            gate.open();
            assert_eq!(last.join().unwrap(), 3);
            let report = pool.shutdown();
            assert_eq!((report.cancelled, report.completed), (20_100, 2));
        }
        evidence("C10,C25", 2);
    });
}

/// Without a bound, an empty job stays in the queue, but not the memory of a large closure.
#[test]
fn a_cancelled_job_gives_its_large_closure_back_at_once() {
    let _alone = lock(&ALONE);
    watchdog(LIMIT, "cancelled jobs", |_| {
        const JOBS: usize = 1000;
        let gate = Gate::new();
        let pool = pool(1);
        gate.hold(&pool, 1);
        let before = MEMORY.allocated();
        submit_and_cancel(&pool, JOBS);
        let each = MEMORY.allocated().saturating_sub(before) / JOBS;
        assert!(each < CAPTURED / 4, "{each} bytes for each job");
        gate.open();
        evidence("C25", 1);
    });
}

#[test]
fn a_handle_keeps_the_outcome_and_not_the_memory_of_the_closure() {
    let _alone = lock(&ALONE);
    watchdog(LIMIT, "handles that are kept", |_| {
        const JOBS: usize = 1000;
        let pool = pool(1);
        let before = MEMORY.allocated();
        let handles = (0..JOBS).map(|_| {
            let captured = [1_u8; CAPTURED];
            pool.submit(move || std::hint::black_box(&captured)[0]).unwrap()
        });
        let handles: Vec<_> = handles.collect();
        pool.wait_idle().unwrap();
        let each = MEMORY.allocated().saturating_sub(before) / JOBS;
        assert!(each < CAPTURED / 4, "{each} bytes for each handle");
        assert!(handles.into_iter().all(|handle| handle.join().unwrap() == 1));
        evidence("C24", 1);
    });
}

/// A pool that is short of memory ends all the same.
#[test]
fn a_discard_needs_no_memory_that_grows_with_the_queue() {
    // The limit is one for the whole process.
    let test = "a_discard_needs_no_memory_that_grows_with_the_queue";
    if let Some(output) = in_a_process(test, &[]) {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        evidence("C17", 2);
        return;
    }
    watchdog(LIMIT, "a discard", |_| {
        const JOBS: u64 = 100_000;
        let discards: [fn(&ThreadPool); 2] = [|pool| pool.shutdown_trigger().discard(), |_pool| ()];
        for discard in discards {
            let gate = Gate::new();
            let pool = pool(1);
            gate.hold(&pool, 1);
            for job in 0..JOBS {
                pool.execute(move || _ = std::hint::black_box(job)).unwrap();
            }
            // Whatever the discard allocates beyond this fails, and would abort the process.
            let limit = MEMORY.allocated() + (64 << 10);
            MEMORY.set_limit(limit).unwrap();
            discard(&pool);
            let report = pool.shutdown_timeout(Duration::ZERO);
            MEMORY.set_limit(usize::MAX).unwrap();
            assert_eq!((report.cancelled, report.unfinished), (JOBS, 1));
            gate.open();
        }
    });
}

/// Results may be read, and counts asked for, long after the end of the pool.
#[test]
fn an_ended_pool_keeps_no_memory_of_its_queue() {
    let _alone = lock(&ALONE);
    watchdog(LIMIT, "an ended pool", |_| {
        const JOBS: usize = 100_000;
        let before = MEMORY.allocated();
        let gate = Gate::new();
        let pool = pool(2);
        gate.hold(&pool, 2);
        for job in 0..JOBS {
            pool.execute(move || _ = std::hint::black_box(job)).unwrap();
        }
        let submitter = pool.submitter();
        gate.open();
        assert_eq!(pool.shutdown().completed, JOBS as u64 + 2);
        let kept = MEMORY.allocated().saturating_sub(before);
        assert!(kept < JOBS, "{kept} bytes");
        assert_eq!(submitter.stats().queued, 0);
        evidence("C20", 1);
    });
}

/// Nor of the deques of its workers, though they are too small to be freed while it runs.
#[test]
fn an_ended_pool_keeps_no_memory_of_its_deques() {
    let _alone = lock(&ALONE);
    watchdog(LIMIT, "deques", |_| {
        const JOBS: usize = 1000;
        let before = MEMORY.allocated();
        let pool = ThreadPool::builder().workers(1).queue(QueueKind::WorkStealing).build().unwrap();
        let submitter = pool.submitter();
        let submit = move || {
            for job in 0..JOBS {
                submitter.execute(move || _ = std::hint::black_box(job)).unwrap();
            }
            submitter
        };
        let submitter = pool.submit(submit).unwrap().join().completed().unwrap();
        assert_eq!(pool.shutdown().completed, JOBS as u64 + 1);
        let kept = MEMORY.allocated().saturating_sub(before);
        assert!(kept < 10 * JOBS, "{kept} bytes");
        drop(submitter);
        evidence("C20,C36", 1);
    });
}
