//! Handles as futures, on executors in common use: each outcome wakes the task.

#![cfg(not(loom))]

mod support;

use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{mpsc, Arc};
use std::task::{RawWaker, RawWakerVTable, Wake, Waker};
use std::time::{Duration, Instant};
use std::{ptr, thread};

use futures_executor::{LocalPool, ThreadPool as Executors};
use futures_util::future::{self, Either};
use futures_util::stream::{FuturesUnordered, StreamExt};
use last_call::{CancelReason, Cancellation, Outcome, Submitter};
use support::{
    evidence, lock, panic_quietly, poll, pool, waiting, watchdog, Count, Counted, Gate, Wakes,
    LIMIT, LONG,
};

/// The recipe of the documentation.
#[path = "../examples/with_tokio/recipe.rs"]
mod recipe;

/// The executor that runs a future to completion.
#[derive(Clone, Copy, Debug)]
enum Executor {
    /// `futures_executor::block_on`.
    BlockOn,
    /// `futures_executor::LocalPool`.
    Local,
    /// A task of `futures_executor::ThreadPool`.
    Spawned,
    /// tokio, current thread.
    Tokio,
    /// A task on the worker threads of tokio.
    TokioSpawned,
}

impl Executor {
    const ALL: [Executor; 5] = [
        Executor::BlockOn,
        Executor::Local,
        Executor::Spawned,
        Executor::Tokio,
        Executor::TokioSpawned,
    ];

    fn run<F>(self, future: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match self {
            Executor::BlockOn => futures_executor::block_on(future),
            Executor::Local => LocalPool::new().run_until(future),
            Executor::Spawned => {
                let executors = Executors::builder().pool_size(1).create().unwrap();
                let (send, receive) = mpsc::channel();
                executors.spawn_ok(async move { send.send(future.await).unwrap() });
                receive.recv().unwrap()
            }
            Executor::Tokio => tokio_runtime().block_on(future),
            Executor::TokioSpawned => {
                let mut builder = tokio::runtime::Builder::new_multi_thread();
                let runtime = builder.worker_threads(1).build().unwrap();
                runtime.block_on(runtime.spawn(future)).unwrap()
            }
        }
    }
}

fn tokio_runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

/// A server whose graceful shutdown waits for requests, which wait for jobs, ends at the deadline of
/// the pool.
#[test]
fn the_recipe_for_tokio_ends_pool_and_server_at_the_deadline() {
    watchdog(LIMIT, "with tokio", |_| {
        const REQUESTS: u64 = 5;
        let pool = pool(1);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let report = tokio_runtime().block_on(async move {
            let requests = (0..REQUESTS).map(|number| recipe::answer(pool.submitter(), number));
            let requests = requests.map(tokio::spawn).collect::<FuturesUnordered<_>>();
            tokio::task::yield_now().await; // they submit
            assert_eq!(pool.stats().queued, REQUESTS);
            let answered = requests.for_each(|answer| async {
                let answer = answer.unwrap();
                assert!(answer.starts_with("503 the job was cancelled: the deadline"), "{answer}");
            });
            let begun = Instant::now();
            let report = recipe::shut_down(pool, answered, Duration::from_millis(50)).await;
            assert!(begun.elapsed() < Duration::from_secs(5), "took {:?}", begun.elapsed());
            report
        });
        // Only now does the job of the pool return.
        gate.open();
        assert_eq!((report.cancelled, report.unfinished), (REQUESTS, 1));
        recipe::main().unwrap();
        evidence("C17,C24", 1);
    });
}

/// A task awaits a job while it is held, then the outcome. It is polled before, polled after, and
/// most often woken.
#[test]
fn a_task_is_woken_by_each_outcome() {
    watchdog(LIMIT, "each outcome", |progress| {
        const ROUNDS: u64 = 20;
        for executor in Executor::ALL {
            for round in 0..ROUNDS {
                progress.note(format_args!("{executor:?}, round {round}"));
                let pool = pool(1);
                let gate = Gate::new();
                let pass = gate.pass();
                let panics = round % 2 == 0;
                let running = pool.submit(move || {
                    pass.wait();
                    if panics {
                        panic_quietly("on purpose");
                    }
                    7
                });
                let running = running.unwrap();
                gate.wait_for(1);
                let queued = pool.submit(|| 8).unwrap();
                let running = waiting(move || executor.run(running));
                let queued = waiting(move || executor.run(queued));
                assert!(!running.is_finished() && !queued.is_finished());
                pool.shutdown_trigger().discard();
                let outcome = queued.join().unwrap();
                let reason = CancelReason::Discarded;
                assert!(matches!(outcome, Outcome::Cancelled(why) if why == reason), "{outcome:?}");
                assert!(!running.is_finished());
                gate.open();
                match running.join().unwrap() {
                    Outcome::Completed(value) => assert_eq!((value, panics), (7, false)),
                    Outcome::Panicked(payload) => {
                        assert_eq!((payload.downcast_ref(), panics), (Some(&"on purpose"), true));
                    }
                    Outcome::Cancelled(reason) => panic!("cancelled: {reason}"),
                }
            }
        }
        evidence("C17,C24", 2 * ROUNDS * Executor::ALL.len() as u64);
    });
}

#[test]
fn a_resolved_job_is_ready_at_the_first_poll() {
    watchdog(LIMIT, "ready", |_| {
        for executor in Executor::ALL {
            let pool = pool(1);
            let job = pool.submit(|| "value").unwrap();
            pool.wait_idle().unwrap();
            assert_eq!(executor.run(job).unwrap(), "value");
            let job = pool.submit(|| "value").unwrap();
            drop(pool);
            assert_eq!(executor.run(job).unwrap(), "value");
        }
        evidence("C24", 10);
    });
}

/// The job that ends second is awaited first, and the other way round.
#[test]
fn one_task_awaits_two_jobs() {
    watchdog(LIMIT, "two jobs", |progress| {
        for executor in Executor::ALL {
            for first in 0..2 {
                progress.note(format_args!("{executor:?}, {first} first"));
                let pool = pool(2);
                let gates = [Gate::new(), Gate::new()];
                let [one, other] = [0, 1].map(|n| {
                    let pass = gates[n].pass();
                    let job = pool.submit(move || {
                        pass.wait();
                        n
                    });
                    job.unwrap()
                });
                let both = waiting(move || executor.run(future::join(one, other)));
                gates[first].open();
                while pool.stats().completed == 0 {
                    thread::yield_now();
                }
                assert!(!both.is_finished());
                gates[1 - first].open();
                let (one, other) = both.join().unwrap();
                assert_eq!((one.unwrap(), other.unwrap()), (0, 1));
            }
        }
        evidence("C24", 10);
    });
}

#[test]
fn one_task_awaits_many_jobs_that_end_while_it_looks() {
    watchdog(LIMIT, "many jobs", |progress| {
        const JOBS: u64 = 2_000;
        for executor in Executor::ALL {
            progress.note(format_args!("{executor:?}"));
            let pool = pool(2);
            let job = |n: u64| move || if n % 4 == 3 { panic_quietly(n) } else { n };
            let jobs = (0..JOBS).map(|n| pool.submit(job(n)).unwrap());
            let jobs = jobs.collect::<FuturesUnordered<_>>();
            let counts = executor.run(jobs.fold((0, 0), |(sum, panicked), outcome| async move {
                match outcome {
                    Outcome::Completed(value) => (sum + value, panicked),
                    Outcome::Panicked(payload) => {
                        (sum + payload.downcast_ref::<u64>().unwrap(), panicked + 1)
                    }
                    Outcome::Cancelled(reason) => panic!("cancelled: {reason}"),
                }
            }));
            assert_eq!(counts, (JOBS * (JOBS - 1) / 2, JOBS / 4));
            // Many tasks, each with its own job.
            let submitter = pool.submitter();
            let sum = tokio_runtime().block_on(async move {
                let task = |n: u64| {
                    let submitter = submitter.clone();
                    tokio::spawn(async move { submitter.submit(move || n).unwrap().await.unwrap() })
                };
                let tasks = (0..JOBS).map(task).collect::<Vec<_>>();
                let mut sum = 0;
                for task in tasks {
                    sum += task.await.unwrap();
                }
                sum
            });
            assert_eq!(sum, JOBS * (JOBS - 1) / 2);
        }
        evidence("C24", 2 * JOBS * Executor::ALL.len() as u64);
    });
}

/// The job still runs, and its result is dropped.
#[test]
fn a_handle_that_a_task_drops_detaches() {
    watchdog(LIMIT, "timeout", |_| {
        let pool = pool(1);
        let gate = Gate::new();
        let (ran, dropped) = (Count::default(), Count::default());
        let held = |gate: &Gate| {
            let (pass, ran, result) = (gate.pass(), ran.clone(), Counted(dropped.clone()));
            let job = move || {
                pass.wait();
                ran.up();
                result
            };
            pool.submit(job).unwrap()
        };
        let job = held(&gate);
        let late = tokio_runtime()
            .block_on(async { tokio::time::timeout(Duration::from_millis(5), job).await.is_err() });
        assert!(late);
        let job = held(&gate);
        let first =
            futures_executor::block_on(future::select(job, future::ready("something else")));
        let Either::Right((_, job)) = first else { panic!("the job is held") };
        drop(job);
        assert_eq!((ran.get(), dropped.get()), (0, 0));
        gate.open();
        pool.wait_idle().unwrap();
        assert_eq!(pool.shutdown().completed, 2);
        assert_eq!((ran.get(), dropped.get()), (2, 2));
        evidence("C24,C25", 2);
    });
}

#[test]
fn a_handle_that_was_polled_can_still_be_joined_and_cancelled() {
    watchdog(LIMIT, "polled", |_| {
        let pool = pool(1);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let submit = |n: i32| {
            let mut job = pool.submit(move || n).unwrap();
            let late = tokio_runtime().block_on(async {
                tokio::time::timeout(Duration::from_millis(2), &mut job).await.is_err()
            });
            assert!(late);
            job
        };
        let (joined, timed, tried) = (submit(1), submit(2), submit(3));
        let (cancelled, awaited) = (submit(4), submit(5));
        let timed = timed.join_timeout(Duration::ZERO).expect_err("held");
        assert_eq!(cancelled.cancel(), Cancellation::Cancelled);
        assert!(futures_executor::block_on(cancelled).is_cancelled());
        gate.open();
        assert_eq!(joined.join().unwrap(), 1);
        assert_eq!(timed.join_timeout(LONG).expect("in time").unwrap(), 2);
        pool.wait_idle().unwrap();
        assert_eq!(tried.try_join().expect("it has ended").unwrap(), 3);
        assert_eq!(futures_executor::block_on(awaited).unwrap(), 5);
        evidence("C24,C25", 5);
    });
}

#[test]
fn the_waker_of_the_last_poll_is_woken_and_the_others_are_dropped() {
    watchdog(LIMIT, "last waker", |_| {
        let pool = pool(1);
        let gate = Gate::new();
        let mut job = pool.submit(gate.job()).unwrap();
        gate.wait_for(1);
        let tasks = [(); 3].map(|()| Arc::new(Wakes(Count::default())));
        for task in &tasks {
            let waker = Waker::from(Arc::clone(task));
            assert!(poll(&mut job, &waker).is_none());
            assert!(poll(&mut job, &waker).is_none(), "twice by the same task");
        }
        let kept = tasks.each_ref().map(|task| Arc::strong_count(task) - 1);
        assert_eq!(kept, [0, 0, 1]);
        gate.open();
        tasks[2].0.wait_for(1);
        assert!(job.is_finished(), "woken when there is an outcome, not before");
        assert!(poll(&mut job, Waker::noop()).expect("ended").is_completed());
        drop(pool);
        assert_eq!(tasks.each_ref().map(|task| task.0.get()), [0, 0, 1]);
        assert_eq!(tasks.each_ref().map(Arc::strong_count), [1, 1, 1]);
        evidence("C24", 1);
    });
}

#[test]
fn the_waker_of_a_dropped_handle_goes_with_it() {
    watchdog(LIMIT, "dropped handle", |_| {
        let pool = pool(1);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let wakes = Arc::new(Wakes(Count::default()));
        for cancels in [true, false] {
            let mut job = pool.submit(|| ()).unwrap();
            assert!(poll(&mut job, &Waker::from(Arc::clone(&wakes))).is_none());
            if cancels {
                assert_eq!(job.cancel(), Cancellation::Cancelled);
                assert_eq!(Arc::strong_count(&wakes), 1);
            }
            drop(job);
            assert_eq!(Arc::strong_count(&wakes), 1, "while the job is queued");
        }
        gate.open();
        drop(pool);
        evidence("C24", 2);
    });
}

/// Returns a waker whose clones panic when they are dropped.
fn waker_that_panics_in_drop() -> ManuallyDrop<Waker> {
    static FUNCTIONS: RawWakerVTable = RawWakerVTable::new(clone, wake, wake, drop);
    fn clone(_: *const ()) -> RawWaker {
        RawWaker::new(ptr::null(), &FUNCTIONS)
    }
    fn wake(_: *const ()) {}
    fn drop(_: *const ()) {
        panic_quietly("the waker's drop");
    }
    // SAFETY: the functions do not use their pointer.
    ManuallyDrop::new(unsafe { Waker::from_raw(clone(ptr::null())) })
}

/// The pool drops the waker that it does not need. The poll returns the outcome all the same.
#[test]
fn a_waker_whose_drop_panics_takes_no_outcome_with_it() {
    watchdog(LIMIT, "a waker that panics in drop", |_| {
        let pool = pool(1);
        let waker = waker_that_panics_in_drop();
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let mut job = pool.submit(|| 3).unwrap();
        assert!(poll(&mut job, &waker).is_none());
        assert!(poll(&mut job, &waker).is_none(), "the first clone is dropped");
        gate.open();
        pool.wait_idle().unwrap();
        let outcome = poll(&mut job, &waker).expect("it has ended");
        assert_eq!(outcome.unwrap(), 3);
        // The panic that says so and that of the waker do not meet.
        let again = AssertUnwindSafe(|| drop(poll(&mut job, &waker)));
        assert!(panic::catch_unwind(again).is_err());
        assert_eq!(pool.shutdown().other_panics, 2);
        evidence("C13,C24", 3);
    });
}

/// Panics when woken.
struct Panics(Count);

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        self.0.up();
        panic_quietly("the waker's panic");
    }
}

#[test]
fn a_waker_that_panics_harms_no_thread() {
    watchdog(LIMIT, "waker panics", |_| {
        const JOBS: u64 = 20;
        let pool = pool(1);
        let woken = Count::default();
        let waker = Waker::from(Arc::new(Panics(woken.clone())));
        let polled = || {
            let mut job = pool.submit(|| thread::current().id()).unwrap();
            assert!(poll(&mut job, &waker).is_none());
            job
        };
        let before = pool.submit(|| thread::current().id()).unwrap().join().unwrap();
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let jobs = (0..JOBS).map(|_| polled()).collect::<Vec<_>>();
        gate.open();
        for job in jobs {
            assert_eq!(job.join().unwrap(), before, "the worker goes on");
        }
        woken.wait_for(JOBS);
        // The thread that cancels wakes the task: by a handle, or by a trigger.
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let (cancelled, discarded) = (polled(), [(); 3].map(|()| polled()));
        assert_eq!(cancelled.cancel(), Cancellation::Cancelled);
        pool.shutdown_trigger().discard();
        assert_eq!(woken.get(), JOBS + 4);
        gate.open();
        assert!(cancelled.join().is_cancelled());
        assert!(discarded.into_iter().all(|job| job.join().is_cancelled()));
        let report = pool.shutdown();
        assert_eq!((report.completed, report.panicked, report.cancelled), (JOBS + 3, 0, 4));
        evidence("C12,C14,C24", JOBS + 4);
    });
}

/// A waker that uses the pool: it submits, asks for counts, and polls the same handle.
struct Uses {
    submitter: Submitter,
    handle: std::sync::Mutex<Option<Arc<last_call::JobHandle<()>>>>,
    used: Count,
}

impl Wake for Uses {
    fn wake(self: Arc<Self>) {
        let handle = lock(&self.handle).take().expect("woken once");
        assert!(handle.is_finished());
        assert_eq!(handle.cancel(), Cancellation::Finished);
        assert!(self.submitter.stats().finished() > 0);
        let _ = self.submitter.execute(|| ()).map_err(|error| assert!(error.is_shut_down()));
        self.used.up();
    }
}

#[test]
fn a_waker_may_use_the_pool_and_the_handle() {
    watchdog(LIMIT, "waker uses", |progress| {
        for way in ["run", "cancelled", "discarded"] {
            progress.note(way);
            let pool = pool(1);
            let (gate, used) = (Gate::new(), Count::default());
            gate.hold(&pool, 1);
            let mut job = pool.submit(|| ()).unwrap();
            let task = Arc::new(Uses {
                submitter: pool.submitter(),
                handle: std::sync::Mutex::new(None),
                used: used.clone(),
            });
            assert!(poll(&mut job, &Waker::from(Arc::clone(&task))).is_none());
            let job = Arc::new(job);
            *lock(&task.handle) = Some(Arc::clone(&job));
            match way {
                "run" => gate.open(),
                "cancelled" => assert_eq!(job.cancel(), Cancellation::Cancelled),
                _ => pool.shutdown_trigger().discard(),
            }
            used.wait_for(1);
            gate.open();
            let report = pool.shutdown();
            assert_eq!(report.other_panics, 0);
        }
        evidence("C14,C24", 3);
    });
}

#[test]
fn a_poll_after_the_outcome_panics_and_so_does_a_join() {
    watchdog(LIMIT, "after the outcome", |_| {
        let pool = pool(1);
        let message = |result: thread::Result<()>| {
            let payload = result.unwrap_err();
            let text = payload.downcast_ref::<&str>().copied().expect("a plain message");
            assert!(text.contains("polled after"), "{text}");
        };
        let taken = || {
            let mut job = pool.submit(|| 9).unwrap();
            pool.wait_idle().unwrap();
            while !job.is_finished() {
                thread::yield_now();
            }
            assert_eq!(poll(&mut job, Waker::noop()).expect("ended").unwrap(), 9);
            assert!(job.is_finished());
            assert_eq!(job.cancel(), Cancellation::Finished);
            job
        };
        let mut job = taken();
        for _ in 0..2 {
            let again = AssertUnwindSafe(|| drop(poll(&mut job, Waker::noop())));
            message(panic::catch_unwind(again));
        }
        let job = taken();
        message(panic::catch_unwind(|| drop(job.join())));
        let job = taken();
        message(panic::catch_unwind(|| drop(job.try_join())));
        let job = taken();
        message(panic::catch_unwind(|| drop(job.join_timeout(LONG))));
        assert_eq!(pool.submit(|| "still here").unwrap().join().unwrap(), "still here");
        evidence("C24", 5);
    });
}
