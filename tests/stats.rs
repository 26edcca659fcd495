//! Counters: exact when nothing moves, and never contradictory while things do.

#![cfg(not(loom))]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use last_call::{Stats, ThreadPool};
use support::{assert_conserved, evidence, panic_quietly, pool, watchdog, Gate, LIMIT};

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

/// No counter falls, and no job is finished that is not accepted, whenever one looks.
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
        let looks = thread::scope(|scope| {
            let watcher = scope.spawn(watch);
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
                        }
                    }
                }
            }
            pool.submit(|| ()).unwrap().join().unwrap();
            ended.store(true, Ordering::Release);
            watcher.join().unwrap()
        });
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.panicked), (JOBS + 1, JOBS / 3 + 1));
        assert_conserved(&report);
        assert!(looks > 0);
        evidence("C5", looks);
    });
}

#[test]
fn what_a_handle_has_told_the_stats_know() {
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
