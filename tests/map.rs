//! Maps over iterators: one outcome for each item, and a bound on what is in flight.

#![cfg(not(loom))]

mod support;

use std::panic::{catch_unwind, AssertUnwindSafe};

use support::{
    assert_conserved, bounded, evidence, panic_quietly, pool, watchdog, Count, Counted, Gate, LIMIT,
};

#[test]
fn outcomes_come_in_order_or_as_they_end_and_none_is_missing() {
    watchdog(LIMIT, "map", |progress| {
        let pools = [pool(1), pool(3), bounded(2, 1)];
        for pool in &pools {
            for in_flight in [1, 2, 7, 100] {
                progress.note(format_args!("{in_flight} in flight"));
                let square = |n: u64| n * n;
                let squares: Vec<_> = (0..50).map(square).collect();
                let ordered: Vec<_> = pool
                    .map(0..50, in_flight, square)
                    .map(|outcome| outcome.unwrap().unwrap())
                    .collect();
                assert_eq!(ordered, squares);
                let mut unordered: Vec<_> = pool
                    .map(0..50, in_flight, square)
                    .unordered()
                    .map(|outcome| outcome.unwrap().unwrap())
                    .collect();
                unordered.sort_unstable();
                assert_eq!(unordered, squares);
            }
        }
        evidence("C31", 24);
    });
}

#[test]
fn items_are_taken_only_as_there_is_room() {
    watchdog(LIMIT, "lazy", |_| {
        let pool = pool(2);
        for unordered in [false, true] {
            let taken = Count::default();
            let items = (0..).inspect(|_| taken.up());
            let map = pool.map(items, 3, |n| n);
            assert_eq!((taken.get(), map.size_hint().0), (0, 0), "lazy");
            let mut next: Box<dyn Iterator<Item = _>> =
                if unordered { Box::new(map.unordered()) } else { Box::new(map) };
            for n in 1..=10 {
                next.next().unwrap().unwrap().unwrap();
                assert_eq!(taken.get(), n + 2, "an endless iterator, three at a time");
                assert_eq!(next.size_hint().0, 2);
            }
        }
        assert_eq!(pool.map(0..4, 2, |n: u8| n).size_hint(), (0, Some(4)));
        evidence("C31", 2);
    });
}

#[test]
fn one_panic_costs_one_outcome() {
    watchdog(LIMIT, "panic", |_| {
        let pool = pool(2);
        let outcomes = pool.map(0..5, 2, |n| if n == 2 { panic_quietly("two") } else { n });
        let panicked: Vec<_> = outcomes.map(|outcome| outcome.unwrap().is_panicked()).collect();
        assert_eq!(panicked, [false, false, true, false, false]);
        // The panic of the iterator itself goes to its consumer; what is in flight is cancelled.
        let items = (0..).map(|n| if n == 3 { panic_quietly("the iterator") } else { n });
        let mut map = pool.map(items, 2, |n| n);
        let all = catch_unwind(AssertUnwindSafe(|| map.by_ref().for_each(drop)));
        assert!(all.is_err());
        drop(map);
        let report = pool.shutdown();
        assert_conserved(&report);
        assert_eq!((report.panicked, report.accepted), (1, 8));
        evidence("C12,C31", 2);
    });
}

#[test]
fn a_shutdown_gives_the_refused_job_back_and_ends_the_map() {
    watchdog(LIMIT, "refused", |_| {
        for unordered in [false, true] {
            let pool = pool(1);
            let taken = Count::default();
            let items = (0..10).inspect(|_| taken.up());
            let map = pool.map(items, 3, |n| n);
            let mut map: Box<dyn Iterator<Item = _>> =
                if unordered { Box::new(map.unordered()) } else { Box::new(map) };
            assert_eq!(map.next().unwrap().unwrap().unwrap(), 0);
            pool.shutdown_trigger().drain();
            assert_eq!(map.next().unwrap().unwrap().unwrap(), 1);
            assert_eq!(map.next().unwrap().unwrap().unwrap(), 2);
            let error = map.next().unwrap().unwrap_err();
            assert!(error.is_shut_down());
            assert_eq!((error.into_job())(), 3, "the job of the fourth item");
            assert!(map.next().is_none() && map.next().is_none());
            assert_eq!(taken.get(), 4);
            assert_eq!(pool.shutdown().rejected, 1);
        }
        evidence("C3,C31", 2);
    });
}

#[test]
fn a_worker_gets_an_error_and_a_drop_cancels_what_is_in_flight() {
    watchdog(LIMIT, "worker", |_| {
        let pool = pool(1);
        let submitter = pool.submitter();
        let nested = pool.submit(move || {
            let mut map = submitter.map(0..3, 2, |n| n);
            (map.next().unwrap().unwrap_err().would_deadlock(), map.next().is_none())
        });
        assert_eq!(nested.unwrap().join().unwrap(), (true, true));

        let (gate, captures) = (Gate::new(), Count::default());
        let items = (0..5).map(|n| (n, Counted(captures.clone())));
        let pass = gate.pass();
        let mut map = pool.map(items, 4, move |(n, _capture)| {
            if n == 1 {
                pass.wait();
            }
        });
        assert!(map.next().unwrap().unwrap().is_completed());
        gate.wait_for(1);
        drop(map);
        assert_eq!(captures.get(), 3, "one has run, two are cancelled, one is running");
        gate.open();
        let report = pool.shutdown();
        assert_conserved(&report);
        assert_eq!((report.completed, report.cancelled, captures.get()), (3, 2, 4));
        evidence("C9,C25,C31", 2);
    });
}

#[test]
#[should_panic(expected = "invalid `in_flight`: 0 jobs (expected 1 or more)")]
fn nothing_in_flight_is_no_bound() {
    let _ = pool(1).map(0..3, 0, |n| n);
}
