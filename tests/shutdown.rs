//! The end of a pool: it comes, every job then has an outcome, and nothing is left behind.

#![cfg(not(loom))]

mod support;

use std::cell::RefCell;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use last_call::{CancelReason, JobHandle, Outcome, ThreadPool};
use support::{
    assert_conserved, evidence, in_a_process, panic_quietly, pool, submit_until_refused, watchdog,
    Count, Counted, End, Gate, LIMIT,
};

/// How exactly the pool knows for how long a job has run: the tick of the coarse clock.
const TICK: Duration = Duration::from_millis(20);

thread_local! {
    /// What the thread of a worker owns; it is dropped when the thread ends.
    static LOCAL: RefCell<Option<Counted>> = const { RefCell::new(None) };
}

/// A pool whose threads count their end twice: in the stop hook, and in the destructor of a
/// thread-local.
fn watched_pool(workers: usize, stops: &Count, locals: &Count) -> ThreadPool {
    let (stops, locals) = (stops.clone(), locals.clone());
    ThreadPool::builder()
        .workers(workers)
        .on_start(move |_| LOCAL.set(Some(Counted(locals.clone()))))
        .on_stop(move |_| stops.up())
        .build()
        .unwrap()
}

#[test]
fn a_drain_runs_every_queued_job() {
    watchdog(LIMIT, "drain", |progress| {
        const JOBS: u64 = 100;
        let mut runs = 0;
        for end in End::DRAINING {
            for workers in 1..=4 {
                progress.note(format_args!("{end:?}, {workers} workers"));
                let pool = pool(workers);
                let gate = Gate::new();
                let (ran, dropped) = (Count::default(), Count::default());
                pool.execute(gate.job()).unwrap();
                for n in 0..JOBS {
                    let (ran, capture) = (ran.clone(), Counted(dropped.clone()));
                    pool.execute(move || {
                        let _capture = capture;
                        ran.up();
                        if n % 5 == 0 {
                            panic_quietly("on purpose");
                        }
                    })
                    .unwrap();
                }
                let submitter = pool.submitter();
                let ending = thread::spawn(move || end.end(pool));
                let probes = submit_until_refused(&submitter);
                gate.open();
                let report = ending.join().unwrap();
                assert_eq!((ran.get(), dropped.get()), (JOBS, JOBS));
                if let Some(report) = report {
                    assert_eq!(report.accepted, 1 + JOBS + probes);
                    assert_eq!((report.panicked, report.cancelled), (JOBS / 5, 0));
                    assert_eq!((report.unfinished, report.rejected), (0, 1));
                    assert_conserved(&report);
                }
                runs += 1;
            }
        }
        evidence("C4,C5,C16,C17", runs);
    });
}

#[test]
fn an_idle_pool_ends_with_any_number_of_workers() {
    watchdog(LIMIT, "idle", |progress| {
        const ROUNDS: u64 = 20;
        for end in End::ALL {
            for workers in [1, 2, 3, 8] {
                progress.note(format_args!("{end:?}, {workers} workers"));
                for _ in 0..ROUNDS {
                    let stops = Count::default();
                    let pool = watched_pool(workers, &stops, &Count::default());
                    if let Some(report) = end.end(pool) {
                        let counts = (report.accepted, report.unfinished, report.other_panics);
                        assert_eq!(counts, (0, 0, 0));
                        assert_conserved(&report);
                    }
                    // A poll need not wait for idle workers, but they still end.
                    stops.wait_for(workers as u64);
                }
            }
        }
        evidence("C16,C17", 20 * ROUNDS);
    });
}

#[test]
fn when_a_shutdown_returns_every_worker_thread_has_ended() {
    watchdog(LIMIT, "joined", |progress| {
        const ROUNDS: u64 = 20;
        for end in End::JOINING {
            for round in 0..ROUNDS {
                progress.note(format_args!("{end:?}, round {round}"));
                let workers = 1 + round % 4;
                let (stops, locals) = (Count::default(), Count::default());
                let pool = watched_pool(usize::try_from(workers).unwrap(), &stops, &locals);
                for n in 0..5 {
                    let job = move || {
                        if n == 2 {
                            panic_quietly("on purpose");
                        }
                    };
                    pool.execute(job).unwrap();
                }
                end.end(pool);
                assert_eq!((stops.get(), locals.get()), (workers, workers));
            }
        }
        evidence("C16,C17,C20", 3 * ROUNDS);
    });
}

#[test]
fn stop_hooks_run_after_the_last_job_of_their_worker() {
    watchdog(LIMIT, "stop hooks", |_| {
        const ROUNDS: u64 = 50;
        thread_local! {
            static STOPPED: RefCell<bool> = const { RefCell::new(false) };
        }
        for _ in 0..ROUNDS {
            let builder = ThreadPool::builder().workers(2).on_stop(|_| STOPPED.set(true));
            let pool = builder.build().unwrap();
            let jobs = (0..20).map(|_| pool.submit(|| STOPPED.take()).unwrap()).collect::<Vec<_>>();
            drop(pool);
            assert!(jobs.into_iter().all(|job| !job.join().unwrap()));
        }
        evidence("C20", ROUNDS);
    });
}

#[test]
fn shutdown_now_cancels_queued_jobs_and_running_jobs_end() {
    watchdog(LIMIT, "discard", |progress| {
        const QUEUED: u64 = 20;
        for workers in 1..=3_u64 {
            progress.note(format_args!("{workers} workers"));
            let pool = pool(usize::try_from(workers).unwrap());
            let gate = Gate::new();
            let (ran, dropped) = (Count::default(), Count::default());
            let running = (0..workers).map(|_| pool.submit(gate.job()).unwrap());
            let running = running.collect::<Vec<_>>();
            gate.wait_for(workers);
            let queued = (0..QUEUED).map(|_| {
                let (ran, capture) = (ran.clone(), Counted(dropped.clone()));
                pool.submit(move || {
                    let _capture = capture;
                    ran.up();
                })
                .unwrap()
            });
            let queued = queued.collect::<Vec<_>>();
            let ending = thread::spawn(move || pool.shutdown_now());
            // Each resolves although no running job has ended.
            for handle in queued {
                let outcome = handle.join();
                let discarded = matches!(outcome, Outcome::Cancelled(CancelReason::Discarded));
                assert!(discarded, "{outcome:?}");
            }
            assert_eq!(dropped.get(), QUEUED);
            assert!(running.iter().all(|handle| !handle.is_finished()));
            gate.open();
            let report = ending.join().unwrap();
            assert!(running.into_iter().all(|handle| handle.join().is_completed()));
            assert_eq!((report.completed, report.cancelled), (workers, QUEUED));
            assert_conserved(&report);
            assert_eq!((ran.get(), dropped.get()), (0, QUEUED), "cancelled is never run");
        }
        evidence("C4,C5,C17", 3);
    });
}

/// The job on the only worker waits for the job behind it: a drain would never end, a discard does.
#[test]
fn shutdown_now_releases_a_job_that_waits_for_a_queued_one() {
    watchdog(LIMIT, "waits for queued", |_| {
        const ROUNDS: u64 = 100;
        for _ in 0..ROUNDS {
            let pool = pool(1);
            let (send, receive) = mpsc::channel();
            let gate = Gate::new();
            let pass = gate.pass();
            let waits = pool.submit(move || {
                let behind: JobHandle<()> = receive.recv().unwrap();
                pass.wait();
                behind.join().is_cancelled()
            });
            send.send(pool.submit(|| ()).unwrap()).unwrap();
            gate.open();
            gate.wait_for(1);
            let report = pool.shutdown_now();
            assert!(waits.unwrap().join().unwrap());
            assert_eq!((report.completed, report.cancelled), (1, 1));
        }
        evidence("C17,C24", ROUNDS);
    });
}

#[test]
fn shutdown_now_has_resolved_every_handle_when_it_returns() {
    watchdog(LIMIT, "resolved by return", |progress| {
        const ROUNDS: u64 = 200;
        for round in 0..ROUNDS {
            let pool = pool(1 + usize::try_from(round % 3).unwrap());
            let ran = Count::default();
            let handles = (0..30).map(|_| {
                let ran = ran.clone();
                pool.submit(move || ran.up()).unwrap()
            });
            let handles = handles.collect::<Vec<_>>();
            let report = pool.shutdown_now();
            assert!(handles.iter().all(JobHandle::is_finished));
            let outcomes = handles.into_iter().map(JobHandle::join);
            let cancelled = outcomes.filter(Outcome::is_cancelled).count() as u64;
            progress.note(format_args!("round {round}: {cancelled} cancelled"));
            assert_eq!((report.cancelled, report.completed), (cancelled, 30 - cancelled));
            assert_eq!(ran.get(), 30 - cancelled);
            assert_conserved(&report);
        }
        evidence("C4,C5,C17", ROUNDS);
    });
}

#[test]
fn a_deadline_names_unfinished_jobs_and_cancels_queued_ones() {
    watchdog(LIMIT, "late", |progress| {
        const QUEUED: u64 = 10;
        let mut runs = 0;
        for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(30)] {
            for workers in 1..=3_u64 {
                progress.note(format_args!("{timeout:?}, {workers} workers"));
                let (stops, ran) = (Count::default(), Count::default());
                let count = usize::try_from(workers).unwrap();
                let pool = watched_pool(count, &stops, &Count::default());
                let gate = Gate::new();
                let held = (0..workers).map(|_| pool.submit(gate.job()).unwrap());
                let held = held.collect::<Vec<_>>();
                gate.wait_for(workers);
                let queued = (0..QUEUED).map(|_| {
                    let ran = ran.clone();
                    pool.submit(move || ran.up()).unwrap()
                });
                let queued = queued.collect::<Vec<_>>();

                let begun = Instant::now();
                let report = pool.shutdown_timeout(timeout);
                let took = begun.elapsed();
                assert!(took >= timeout, "{took:?}");
                assert_eq!((report.accepted, report.cancelled), (workers + QUEUED, QUEUED));
                assert_eq!((report.completed, report.unfinished), (0, workers));
                assert_conserved(&report);
                let ids = report.unfinished_jobs.iter().map(|job| job.id.get());
                assert_eq!(ids.collect::<Vec<_>>(), (0..workers).collect::<Vec<_>>());
                for job in &report.unfinished_jobs {
                    assert!(job.name.contains("Gate"), "where it was written: {}", job.name);
                    assert_eq!(job.site.file(), file!(), "where it was submitted");
                    assert!(job.elapsed + TICK >= took.min(timeout), "{:?}", job.elapsed);
                    assert!(job.elapsed < LIMIT, "{:?}", job.elapsed);
                }
                for handle in queued {
                    let outcome = handle.try_join().expect("resolved by now");
                    let reason = CancelReason::DeadlinePassed;
                    assert!(matches!(outcome, Outcome::Cancelled(why) if why == reason));
                }

                // The threads left behind end with their jobs, and take no others.
                assert_eq!(stops.get(), 0);
                gate.open();
                assert!(held.into_iter().all(|handle| handle.join().is_completed()));
                stops.wait_for(workers);
                assert_eq!(ran.get(), 0);
                runs += 1;
            }
        }
        evidence("C4,C5,C17", runs);
    });
}

/// The claim races with the deadline: the report says of each job what happens to it.
#[test]
fn after_a_deadline_no_job_starts_that_was_reported_cancelled() {
    watchdog(LIMIT, "race with the deadline", |progress| {
        const ROUNDS: u64 = 1_000;
        const JOBS: u64 = 8;
        let mut completed = 0;
        for round in 0..ROUNDS {
            let workers = 1 + round % 3;
            // Otherwise, on a busy machine, the deadline would always win.
            let [_, ran] = poll_against_claims(workers, JOBS, |ran| ran.wait_for(round % 5));
            completed += ran;
            progress.note(format_args!("round {round}: {completed} completed"));
        }
        assert!(completed > 0, "the jobs never won");
        evidence("C4,C5,C17", ROUNDS);
    });
}

/// The same for a worker that has taken a job off the queue and not claimed it. The delay is
/// adjusted to the point where the job just starts, or just does not. If one side has not won by
/// the end, as may happen on a busy machine, the test goes on, with ever more advantage for that
/// side, until it has.
#[test]
fn a_job_that_was_taken_but_not_claimed_at_the_deadline_does_not_start() {
    watchdog(LIMIT, "claim against deadline", |progress| {
        const ROUNDS: u64 = 3_000;
        let (mut spins, mut outcomes) = (200_u64, [0_u64; 2]);
        let mut round = 0;
        while round < ROUNDS || outcomes.contains(&0) {
            let [cancelled, ran] = poll_against_claims(1, 1, |_| {
                for _ in 0..spins {
                    std::hint::spin_loop();
                }
            });
            outcomes[0] += cancelled;
            outcomes[1] += ran;
            let step = 1 + spins / 16;
            // Long delays cost time, and are useful only if the job has never won.
            let most = if round < ROUNDS { 5_000 } else { u64::MAX };
            spins = if ran == 1 { spins.saturating_sub(step) } else { (spins + step).min(most) };
            if round % 500 == 0 {
                progress.note(format_args!("round {round}: {outcomes:?} after {spins} spins"));
            }
            round += 1;
        }
        evidence("C4,C5,C17", round);
    });
}

/// Ends a pool of such jobs at once when `until` returns, and compares the report with what
/// happened to the jobs. Returns how many were cancelled and how many ran.
fn poll_against_claims(workers: u64, jobs: u64, until: impl FnOnce(&Count)) -> [u64; 2] {
    let stops = Count::default();
    let pool = watched_pool(usize::try_from(workers).unwrap(), &stops, &Count::default());
    let ran = Count::default();
    let handles = (0..jobs).map(|_| {
        let ran = ran.clone();
        pool.submit(move || ran.up()).unwrap()
    });
    let handles = handles.collect::<Vec<_>>();
    let submitter = pool.submitter();
    until(&ran);
    let report = pool.shutdown_timeout(Duration::ZERO);
    assert_conserved(&report);
    assert_eq!(report.unfinished, report.unfinished_jobs.len() as u64);
    stops.wait_for(workers);
    let outcomes = handles.into_iter().map(JobHandle::join);
    let completed = outcomes.filter(Outcome::is_completed).count() as u64;
    assert_eq!(ran.get(), completed);
    assert_eq!(report.cancelled, jobs - completed, "{report:?}");
    // The thread that cancelled it has counted it.
    let stats = submitter.stats();
    assert_eq!((stats.completed, stats.cancelled), (completed, report.cancelled), "{report:?}");
    [report.cancelled, completed]
}

#[test]
fn a_deadline_is_one_for_all_workers() {
    watchdog(LIMIT, "one deadline", |_| {
        const WORKERS: u64 = 8;
        let pool = pool(8);
        let gate = Gate::new();
        (0..WORKERS).for_each(|_| pool.execute(gate.job()).unwrap());
        gate.wait_for(WORKERS);
        let timeout = Duration::from_millis(500);
        let begun = Instant::now();
        let report = pool.shutdown_timeout(timeout);
        assert!(begun.elapsed() < timeout * 8, "not one after the other: {:?}", begun.elapsed());
        assert_eq!(report.unfinished, WORKERS);
        evidence("C17", 1);
    });
}

#[test]
fn a_shutdown_in_time_reports_everything() {
    watchdog(LIMIT, "in time", |_| {
        const ROUNDS: u64 = 50;
        for _ in 0..ROUNDS {
            let stops = Count::default();
            let pool = watched_pool(2, &stops, &Count::default());
            pool.execute(|| ()).unwrap();
            pool.execute(|| panic_quietly("on purpose")).unwrap();
            let report = End::InTime.end(pool).unwrap();
            assert_eq!((report.accepted, report.completed, report.panicked), (2, 1, 1));
            assert_eq!((report.cancelled, report.unfinished), (0, 0));
            assert!(report.unfinished_jobs.is_empty());
            assert_eq!(stops.get(), 2, "in time includes the stop hooks");
        }
        evidence("C5,C17", ROUNDS);
    });
}

#[test]
fn a_timeout_too_large_to_represent_means_no_deadline() {
    watchdog(LIMIT, "no deadline", |_| {
        for timeout in [Duration::MAX, Duration::from_secs(u64::MAX)] {
            let (stops, locals) = (Count::default(), Count::default());
            let pool = watched_pool(2, &stops, &locals);
            let gate = Gate::new();
            let submitter = pool.submitter();
            let held = pool.submit(gate.job()).unwrap();
            gate.wait_for(1);
            let ending = thread::spawn(move || pool.shutdown_timeout(timeout));
            let probes = submit_until_refused(&submitter);
            assert!(!held.is_finished());
            gate.open();
            let report = ending.join().unwrap();
            assert_eq!((report.completed, report.unfinished), (1 + probes, 0));
            assert_eq!((stops.get(), locals.get()), (2, 2), "as `shutdown` does");
            assert!(held.join().is_completed());
        }
        evidence("C17,C20", 2);
    });
}

/// The pool cannot wait for the job that ends it. The workers finish by themselves.
#[test]
fn a_pool_that_ends_on_its_own_worker_detaches() {
    watchdog(LIMIT, "own worker", |progress| {
        const QUEUED: u64 = 10;
        let mut runs = 0;
        for end in End::ALL {
            for workers in 1..=2_u64 {
                progress.note(format_args!("{end:?}, {workers} workers"));
                let (stops, locals) = (Count::default(), Count::default());
                let count = usize::try_from(workers).unwrap();
                let pool = watched_pool(count, &stops, &locals);
                let gate = Gate::new();
                let (give, take) = mpsc::channel::<ThreadPool>();
                let submitter = pool.submitter();
                let ends = pool.submit(move || {
                    let report = end.end(take.recv().unwrap());
                    assert!(submitter.execute(|| ()).unwrap_err().is_shut_down());
                    report
                });
                // The other worker, if there is one, is held, so that the rest stays queued.
                (1..workers).for_each(|_| pool.execute(gate.job()).unwrap());
                gate.wait_for(workers - 1);
                let ran = Count::default();
                let queued = (0..QUEUED).map(|_| {
                    let ran = ran.clone();
                    pool.submit(move || ran.up()).unwrap()
                });
                let queued = queued.collect::<Vec<_>>();
                give.send(pool).unwrap();

                if let Some(report) = ends.unwrap().join().unwrap() {
                    assert_conserved(&report);
                    let cancelled = if end == End::ShutdownNow { QUEUED } else { 0 };
                    assert_eq!((report.accepted, report.cancelled), (workers + QUEUED, cancelled));
                    assert_eq!(report.unfinished, workers + QUEUED - cancelled);
                    assert_eq!(report.unfinished_jobs.len() as u64, workers, "those that run");
                }
                for handle in queued {
                    assert_eq!(handle.join().is_completed(), end != End::ShutdownNow);
                }
                assert_eq!(ran.get(), if end == End::ShutdownNow { 0 } else { QUEUED });
                gate.open();
                stops.wait_for(workers);
                locals.wait_for(workers);
                runs += 1;
            }
        }
        evidence("C5,C16,C21", runs);
    });
}

#[test]
fn a_pool_that_ends_on_a_worker_of_another_is_waited_for() {
    watchdog(LIMIT, "another pool's worker", |_| {
        for end in End::JOINING {
            let (stops, locals) = (Count::default(), Count::default());
            let inner = watched_pool(2, &stops, &locals);
            inner.execute(|| ()).unwrap();
            let outer = pool(1);
            let job = outer.submit(move || end.end(inner).map(|report| report.unfinished));
            assert_eq!(job.unwrap().join().unwrap().unwrap_or(0), 0);
            assert_eq!((stops.get(), locals.get()), (2, 2));
        }
        evidence("C16,C17,C20", 3);
    });
}

#[test]
fn the_exit_of_the_process_does_not_wait_for_jobs() {
    let test = "the_exit_of_the_process_does_not_wait_for_jobs";
    if let Some(output) = in_a_process(test, &[]) {
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(7), "{errors}");
        evidence("C23", 1);
        return;
    }
    watchdog(LIMIT, "exit", |_| {
        let pool = pool(2);
        let gate = Gate::new();
        pool.execute(gate.job()).unwrap();
        gate.wait_for(1);
        std::process::exit(7)
    });
}
