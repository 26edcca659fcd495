//! Sets of jobs: each outcome is returned once, as its job ends.

#![cfg(not(loom))]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use last_call::Outcome;
use support::{
    assert_conserved, bounded, evidence, panic_quietly, pool, waiting, watchdog, Bomb, Count,
    Counted, Gate, Wakes, LIMIT, LONG,
};

#[test]
fn outcomes_come_once_each_as_the_jobs_end() {
    watchdog(LIMIT, "once", |progress| {
        const ROUNDS: u64 = 300;
        let pool = pool(3);
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let mut set = pool.job_set();
            let mut ids: BTreeSet<_> = (0..20).map(|n| set.submit(move || n).unwrap()).collect();
            assert_eq!(set.len(), 20);
            let mut sum = 0;
            while let Some((id, outcome)) = set.join_next() {
                assert!(ids.remove(&id), "once");
                sum += outcome.unwrap();
            }
            assert_eq!((sum, ids.len(), set.is_empty()), (190, 0, true));
        }
        evidence("C30", ROUNDS);
    });
}

#[test]
fn the_job_that_ends_first_comes_first() {
    watchdog(LIMIT, "first", |_| {
        let pool = pool(2);
        let gate = Gate::new();
        let mut set = pool.job_set();
        let held = set.submit(gate.job()).unwrap();
        gate.wait_for(1);
        assert!(set.try_join_next().is_none());
        assert!(set.join_next_timeout(Duration::ZERO).is_none());
        let quick = set.submit(|| ()).unwrap();
        assert_eq!(set.join_next().unwrap().0, quick);
        assert_eq!(set.len(), 1);
        assert!(set.join_next_timeout(Duration::from_millis(5)).is_none(), "it is held");
        let waiter = waiting(move || {
            let joined = set.join_next_timeout(LONG).map(|(id, _)| id);
            (joined, set.try_join_next().is_none(), set.join_next().is_none())
        });
        gate.open();
        assert_eq!(waiter.join().unwrap(), (Some(held), true, true));
        evidence("C30", 1);
    });
}

#[test]
fn all_outcomes_in_the_order_of_submission() {
    watchdog(LIMIT, "all", |_| {
        let pool = pool(3);
        let mut set = pool.job_set();
        for n in 0..50 {
            set.submit(move || n).unwrap();
        }
        assert_eq!(set.try_join_all().unwrap(), (0..50).collect::<Vec<_>>());
        let mut set = pool.submitter().job_set();
        set.submit(|| 1).unwrap();
        set.submit(|| panic_quietly("on purpose")).unwrap();
        set.try_submit(|| 3).unwrap();
        let kinds: Vec<_> = set.join_all().iter().map(Outcome::is_panicked).collect();
        assert_eq!(kinds, [false, true, false]);
        evidence("C30", 2);
    });
}

#[test]
fn the_first_error_cancels_the_rest_and_so_does_a_drop() {
    watchdog(LIMIT, "error", |_| {
        for drop_it in [false, true] {
            let pool = pool(1);
            let gate = Gate::new();
            let pass = gate.pass();
            let captures = Count::default();
            let mut set = pool.job_set();
            let fails = move || {
                pass.wait();
                panic_quietly("the first error")
            };
            set.submit(fails).unwrap();
            gate.wait_for(1);
            let last = Gate::new();
            pool.execute(last.job()).unwrap();
            for _ in 0..3 {
                let capture = Counted(captures.clone());
                set.submit(move || drop(capture)).unwrap();
            }
            if drop_it {
                drop(set);
                gate.open();
            } else {
                gate.open();
                let error = set.try_join_all().unwrap_err();
                assert_eq!(error.message(), Some("the first error"));
            }
            assert_eq!(captures.get(), 3, "they are cancelled, and dropped");
            last.open();
            let report = pool.shutdown();
            assert_conserved(&report);
            assert_eq!((report.panicked, report.cancelled, report.completed), (1, 3, 1));
        }
        evidence("C25,C30", 2);
    });
}

#[test]
fn cancelled_discarded_and_refused_jobs_are_accounted_for() {
    watchdog(LIMIT, "cancelled", |_| {
        let pool = bounded(1, 4);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let mut set = pool.job_set();
        for _ in 0..2 {
            set.submit(|| ()).unwrap();
        }
        set.cancel_all();
        let bombs = Count::default();
        let bomb = Bomb(bombs.clone(), "in a capture");
        set.submit(move || drop(bomb)).unwrap();
        set.submit(|| ()).unwrap();
        set.submit(|| ()).unwrap();
        set.submit(|| ()).unwrap();
        assert!(set.try_submit(|| ()).unwrap_err().is_full());
        assert_eq!(set.len(), 6);
        pool.shutdown_trigger().discard();
        assert!(set.submit(|| ()).unwrap_err().is_shut_down());
        assert!(set.join_all().iter().all(Outcome::is_cancelled));
        gate.open();
        let report = pool.shutdown();
        assert_conserved(&report);
        assert_eq!((report.cancelled, report.rejected, report.other_panics), (6, 2, 1));
        evidence("C3,C13,C30", 1);
    });
}

#[test]
fn detached_jobs_run_and_their_outcomes_are_gone() {
    watchdog(LIMIT, "detached", |_| {
        let pool = pool(2);
        let (ran, bombs) = (Count::default(), Count::default());
        for _ in 0..300 {
            let mut set = pool.job_set();
            let (ran, bomb) = (ran.clone(), Bomb(bombs.clone(), "in a result"));
            let id = set.submit(move || {
                ran.up();
                Some(bomb)
            });
            id.unwrap();
            set.detach_all();
            assert!(set.is_empty() && set.join_next().is_none());
            set.submit(|| None).unwrap();
            assert!(set.join_next().unwrap().1.unwrap().is_none(), "no stale outcome comes");
        }
        let report = pool.shutdown();
        assert_conserved(&report);
        assert_eq!((ran.get(), bombs.get(), report.other_panics), (300, 300, 300));
        evidence("C13,C30", 300);
    });
}

#[test]
fn a_task_that_polls_is_woken_and_its_waker_goes_with_the_set() {
    watchdog(LIMIT, "polled", |_| {
        let pool = pool(1);
        let gate = Gate::new();
        let mut set = pool.job_set();
        let woken = Count::default();
        let shared = Arc::new(Wakes(woken.clone()));
        let waker = Waker::from(Arc::clone(&shared));
        let mut context = Context::from_waker(&waker);
        assert!(matches!(set.poll_join_next(&mut context), Poll::Ready(None)));
        set.submit(gate.job()).unwrap();
        assert!(set.poll_join_next(&mut context).is_pending());
        assert!(set.poll_join_next(&mut context).is_pending());
        assert_eq!(Arc::strong_count(&shared), 3, "ours, and the last one that was left");
        gate.open();
        woken.wait_for(1);
        assert!(matches!(set.poll_join_next(&mut context), Poll::Ready(Some(_))));
        let held = Gate::new();
        set.submit(held.job()).unwrap();
        held.wait_for(1);
        assert!(set.poll_join_next(&mut context).is_pending());
        drop(set);
        assert_eq!(Arc::strong_count(&shared), 2);
        held.open();
        drop(pool);
        assert_eq!(woken.get(), 1);
        evidence("C14,C30", 2);
    });
}
