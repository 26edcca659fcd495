//! Counters: exact when nothing moves, and never contradictory while jobs run.

#![cfg(not(loom))]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use last_call::{Cancellation, Stats, ThreadPool};
use support::{assert_conserved, bounded, evidence, panic_quietly, pool, watchdog, Gate, LIMIT};

/// accepted, completed, panicked, cancelled, rejected, queued
fn counts(pool: &ThreadPool) -> [u64; 6] {
    let Stats { accepted, completed, panicked, cancelled, rejected, queued, .. } = pool.stats();
    [accepted, completed, panicked, cancelled, rejected, queued]
}

#[test]
fn stats_are_exact_when_nothing_moves() {
    watchdog(LIMIT, "exact", |_| {
        for workers in 1..=3 {
            let pool = pool(workers);
            let gate = Gate::new();
            assert_eq!(pool.stats().workers, workers);
            assert_eq!(counts(&pool), [0; 6]);
            pool.submit(|| ()).unwrap().join().unwrap();
            assert_eq!(counts(&pool), [1, 1, 0, 0, 0, 0]);
            assert!(pool.submit(|| panic_quietly(())).unwrap().join().is_panicked());
            assert_eq!(counts(&pool), [2, 1, 1, 0, 0, 0]);
            for _ in 0..workers {
                pool.execute(gate.job()).unwrap();
            }
            let held = workers as u64;
            gate.wait_for(held);
            assert_eq!(counts(&pool), [2 + held, 1, 1, 0, 0, 0]);
            for _ in 0..4 {
                pool.execute(|| ()).unwrap();
            }
            let last = pool.submit(|| ()).unwrap();
            assert_eq!(counts(&pool), [7 + held, 1, 1, 0, 0, 5]);
            assert_eq!(pool.stats().finished(), 2);
            gate.open();
            last.join().unwrap();
            let report = pool.shutdown();
            assert_eq!((report.accepted, report.completed), (7 + held, 6 + held));
            assert_conserved(&report);
        }
        evidence("C5", 3);
    });
}

/// Each event moves its own counts and no other. At the end the report says the same as the stats.
#[test]
fn stats_are_exact_through_refusals_and_cancels() {
    watchdog(LIMIT, "refusals and cancels", |_| {
        let pool = bounded(1, 2);
        let submitter = pool.submitter();
        let gate = Gate::new();
        gate.hold(&pool, 1);
        assert_eq!((counts(&pool), pool.stats().running), ([1, 0, 0, 0, 0, 0], 1));
        let queued = [(); 2].map(|()| pool.submit(|| ()).unwrap());
        assert_eq!((counts(&pool), pool.stats().running), ([3, 0, 0, 0, 0, 2], 1));
        assert!(pool.try_execute(|| ()).unwrap_err().is_full());
        assert!(pool.try_submit(|| ()).unwrap_err().is_full());
        assert_eq!(counts(&pool), [3, 0, 0, 0, 2, 2]);
        assert!(pool.submit_timeout(|| (), Duration::ZERO).unwrap_err().is_timeout());
        assert_eq!(counts(&pool), [3, 0, 0, 0, 3, 2]);
        assert_eq!(queued[0].cancel(), Cancellation::Cancelled);
        assert_eq!(counts(&pool), [3, 0, 0, 1, 3, 1]);
        assert_eq!(queued[0].cancel(), Cancellation::Finished);
        pool.try_execute(|| ()).unwrap();
        assert_eq!(counts(&pool), [4, 0, 0, 1, 3, 2]);
        pool.shutdown_trigger().discard();
        assert_eq!((counts(&pool), pool.stats().running), ([4, 0, 0, 3, 3, 0], 1));
        assert!(pool.execute(|| ()).unwrap_err().is_shut_down());
        assert_eq!(counts(&pool), [4, 0, 0, 3, 4, 0]);
        gate.open();
        let report = pool.shutdown();
        assert_conserved(&report);
        let stats = submitter.stats();
        let of_stats = (stats.accepted, stats.completed, stats.cancelled, stats.rejected);
        let of_report = (report.accepted, report.completed, report.cancelled, report.rejected);
        assert_eq!((of_stats, of_report), ((4, 1, 3, 4), (4, 1, 3, 4)));
        assert_eq!((stats.queued, stats.running, stats.finished()), (0, 0, 4));
        evidence("C5", 10);
    });
}

/// No counter falls, and at any moment at most as many jobs have ended as were accepted.
#[test]
fn stats_never_fall_and_never_contradict_each_other() {
    watchdog(LIMIT, "monotone", |progress| {
        const JOBS: u64 = 20_000;
        let pool = pool(2);
        let ended = AtomicBool::new(false);
        let watch = || {
            let (mut last, mut looks) = (pool.stats(), 0_u64);
            while !ended.load(Ordering::Acquire) {
                let stats = pool.stats();
                assert!(stats.accepted >= stats.finished(), "{stats:?}");
                assert!(stats.accepted >= last.accepted, "{last:?} then {stats:?}");
                assert!(stats.completed >= last.completed, "{last:?} then {stats:?}");
                assert!(stats.panicked >= last.panicked, "{last:?} then {stats:?}");
                assert!(stats.cancelled >= last.cancelled, "{last:?} then {stats:?}");
                assert!(stats.rejected >= last.rejected, "{last:?} then {stats:?}");
                last = stats;
                looks += 1;
            }
            looks
        };
        let (looks, cancelled) = thread::scope(|scope| {
            let watcher = scope.spawn(watch);
            let mut cancelled = 0;
            for n in 0..JOBS {
                if n % 1_000 == 0 {
                    progress.note_stats(&pool.stats());
                }
                match n % 3 {
                    0 => pool.execute(|| ()).unwrap(),
                    1 => pool.execute(|| panic_quietly(())).unwrap(),
                    _ => {
                        let handle = pool.submit(|| ()).unwrap();
                        if n % 9 == 8 {
                            handle.join().unwrap();
                        } else {
                            cancelled += u64::from(handle.cancel() == Cancellation::Cancelled);
                        }
                    }
                }
            }
            pool.submit(|| ()).unwrap().join().unwrap();
            ended.store(true, Ordering::Release);
            (watcher.join().unwrap(), cancelled)
        });
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.panicked), (JOBS + 1, JOBS / 3 + 1));
        assert_conserved(&report);
        assert_eq!(report.cancelled, cancelled);
        assert!(looks > 0 && cancelled > 0, "{looks} looks, {cancelled} cancelled");
        evidence("C5", looks);
    });
}

#[test]
fn the_stats_include_a_job_once_its_handle_has_resolved() {
    watchdog(LIMIT, "handles and stats", |_| {
        const JOBS: u64 = 5_000;
        let pool = pool(2);
        for n in 1..=JOBS {
            pool.submit(|| ()).unwrap().join().unwrap();
            assert_eq!(counts(&pool), [n, n, 0, 0, 0, 0]);
        }
        evidence("C5,C15", JOBS);
    });
}
