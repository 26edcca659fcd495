//! Pools on work stealing: jobs that submit jobs.

#![cfg(not(loom))]

mod support;

use std::collections::HashSet;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{mpsc, Arc, Mutex};
use std::task::{Context, Wake, Waker};

use last_call::{CancelReason, JobHandle, Outcome, QueueKind, Submitter, ThreadPool};
use support::{evidence, lock, watchdog, LIMIT};

fn pool(workers: usize) -> ThreadPool {
    ThreadPool::builder().workers(workers).queue(QueueKind::WorkStealing).build().unwrap()
}

/// Runs two jobs for each job, down to the leaves.
fn grow(submitter: &Submitter, depth: u32, ran: &Arc<AtomicU64>) {
    ran.fetch_add(1, Ordering::Relaxed);
    for _ in 0..2 * u32::from(depth > 0) {
        let (child, ran) = (submitter.clone(), Arc::clone(ran));
        submitter.execute(move || grow(&child, depth - 1, &ran)).expect("the pool is running");
    }
}

#[test]
fn every_job_of_a_tree_runs_once_before_the_pool_is_idle() {
    const DEPTH: u32 = 12;
    const JOBS: u64 = (2 << DEPTH) - 1;
    watchdog(LIMIT, "tree", |progress| {
        for workers in [1, 2, 3, 8] {
            progress.note(format_args!("{workers} workers"));
            let pool = pool(workers);
            let ran = Arc::new(AtomicU64::new(0));
            let (submitter, counted) = (pool.submitter(), Arc::clone(&ran));
            pool.execute(move || grow(&submitter, DEPTH, &counted)).unwrap();
            pool.wait_idle().unwrap();
            assert_eq!(ran.load(Ordering::Relaxed), JOBS);
            let report = pool.shutdown();
            assert_eq!((report.accepted, report.completed), (JOBS, JOBS), "{report:?}");
        }
        evidence("C4,C26,C36", 4);
    });
}

/// As [`grow`], and counts the jobs that ran and those that were refused.
fn grow_until_refused(submitter: &Submitter, depth: u32, counts: &[Arc<AtomicU64>; 2]) {
    counts[0].fetch_add(1, Ordering::Relaxed);
    for _ in 0..2 * u32::from(depth > 0) {
        let (child, of_child) = (submitter.clone(), counts.clone());
        let job = move || grow_until_refused(&child, depth - 1, &of_child);
        if submitter.execute(job).is_err() {
            counts[1].fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// While the pool is dropped, a submission from a job is accepted and runs, or comes back.
#[test]
fn a_tree_that_is_cut_off_by_a_drop_is_accounted_for() {
    watchdog(LIMIT, "cut off", |progress| {
        const ROUNDS: u64 = 200;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let pool = pool(2);
            let [ran, refused] = [(); 2].map(|()| Arc::new(AtomicU64::new(0)));
            let (submitter, counts) = (pool.submitter(), [Arc::clone(&ran), Arc::clone(&refused)]);
            pool.execute(move || grow_until_refused(&submitter, 8, &counts)).unwrap();
            let report = if round % 2 == 0 { pool.shutdown() } else { pool.shutdown_now() };
            let [ran, refused] = [ran, refused].map(|count| count.load(Ordering::Relaxed));
            assert_eq!((report.completed, report.rejected), (ran, refused), "{report:?}");
            assert_eq!(report.accepted, ran + report.cancelled, "{report:?}");
            assert_eq!(report.unfinished, 0);
        }
        evidence("C3,C4,C36", ROUNDS);
    });
}

/// The other worker is asleep, and nothing but the submission of the child can wake it.
#[test]
fn a_job_that_waits_for_its_child_gets_it_done() {
    watchdog(LIMIT, "child", |progress| {
        const ROUNDS: u64 = 500;
        let pool = pool(2);
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let submitter = pool.submitter();
            let parent = pool.submit(move || {
                let child: JobHandle<u64> = submitter.submit(move || round).unwrap();
                child.join()
            });
            let Outcome::Completed(outcome) = parent.unwrap().join() else { panic!("it ended") };
            assert_eq!(outcome.completed(), Some(round));
        }
        evidence("C7,C36", ROUNDS);
    });
}

/// Wakes by submitting a job.
struct SubmitsWhenWoken {
    submitter: Submitter,
    to_test: mpsc::Sender<JobHandle<&'static str>>,
}

impl Wake for SubmitsWhenWoken {
    fn wake(self: Arc<Self>) {
        let handle = self.submitter.submit(|| "ran").expect("the pool is running");
        self.to_test.send(handle).expect("the test waits for it");
    }
}

/// A worker that finds nothing wakes the tasks that wait for idleness. One of them submits a job there,
/// to the deque in which the worker has just found nothing.
#[test]
fn a_job_that_a_waker_submits_on_an_idle_worker_runs() {
    watchdog(LIMIT, "waker", |_| {
        let pool = pool(1);
        let (open, gate) = mpsc::channel::<()>();
        let held = move || {
            let _ = gate.recv();
        };
        pool.execute(held).unwrap();
        let (to_test, handles) = mpsc::channel();
        let waker = SubmitsWhenWoken { submitter: pool.submitter(), to_test };
        let waker = Waker::from(Arc::new(waker));
        let submitter = pool.submitter();
        let mut idle = pin!(submitter.idle());
        assert!(idle.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(open);
        // Before any shutdown, which would wake the worker.
        let handle = handles.recv().expect("the waker is called");
        assert_eq!(handle.join().completed(), Some("ran"));
        evidence("C7,C32,C36", 1);
    });
}

/// The outcomes of a set come in the order of submission, though the ids of its jobs do not.
#[test]
fn a_set_that_jobs_and_threads_submit_to_keeps_the_order() {
    watchdog(LIMIT, "set", |_| {
        let pool = pool(1);
        let jobs = Arc::new(Mutex::new(pool.job_set()));
        let of_job = Arc::clone(&jobs);
        let first = pool.submit(move || lock(&of_job).submit(|| "first").unwrap());
        let first = first.unwrap().join().completed().unwrap();
        let second = lock(&jobs).submit(|| "second").unwrap();
        assert!(first > second, "the ids are in another order");
        let jobs = Arc::into_inner(jobs).unwrap().into_inner().unwrap();
        assert_eq!(jobs.try_join_all().unwrap(), ["first", "second"]);
        evidence("C30,C36", 1);
    });
}

/// A job that submits itself again is the newest of its worker each time.
#[test]
fn jobs_behind_one_that_submits_itself_again_run() {
    fn again(submitter: &Submitter, stop: &Arc<AtomicBool>) {
        if !stop.load(Ordering::Relaxed) {
            let (next, stop) = (submitter.clone(), Arc::clone(stop));
            let again = move || again(&next, &stop);
            submitter.execute(again).expect("the pool runs until it has stopped");
        }
    }
    watchdog(LIMIT, "behind", |progress| {
        let pool = pool(1);
        let stop = Arc::new(AtomicBool::new(false));
        let (submitter, seen) = (pool.submitter(), Arc::clone(&stop));
        let behind = pool.submit(move || {
            let behind = submitter.submit(|| ()).unwrap();
            again(&submitter, &seen);
            behind
        });
        let behind = behind.unwrap().join().completed().expect("it ends");
        progress.note("the oldest job of the worker itself");
        assert!(behind.join().is_completed());
        progress.note("a job of another thread");
        assert!(pool.submit(|| ()).unwrap().join().is_completed());
        stop.store(true, Ordering::Relaxed);
        drop(pool);
        evidence("C36", 2);
    });
}

/// Fills the deque of the only worker, and ends the pool while that worker is held.
#[test]
fn a_discard_cancels_what_is_in_deques() {
    watchdog(LIMIT, "discard", |progress| {
        let pool = pool(1);
        let (open, gate) = mpsc::channel::<()>();
        let (full, is_full) = mpsc::channel();
        let submitter = pool.submitter();
        let dropped = Arc::new(());
        let captured = Arc::clone(&dropped);
        let holder = move || {
            let handle = submitter.submit(|| "never").unwrap();
            for _ in 0..2 {
                let captured = Arc::clone(&captured);
                submitter.execute(move || drop(captured)).unwrap();
            }
            drop(captured);
            full.send(handle).unwrap();
            let _ = gate.recv();
        };
        pool.execute(holder).unwrap();
        let handle = is_full.recv().unwrap();
        progress.note("the deque has three jobs");
        let stats = pool.stats();
        assert_eq!((stats.accepted, stats.running, stats.queued), (4, 1, 3));
        let queued = pool.take_queued();
        assert_eq!(queued.len(), 2);
        assert_eq!(Arc::strong_count(&dropped), 3, "they hold their captures");
        assert!(matches!(handle.join(), Outcome::Cancelled(CancelReason::Discarded)));
        drop(queued);
        assert_eq!(Arc::strong_count(&dropped), 1);
        drop(open);
        let report = pool.shutdown();
        assert_eq!((report.completed, report.cancelled), (1, 3), "{report:?}");
        evidence("C4,C17,C35,C36", 1);
    });
}

#[test]
fn ids_are_unique_and_say_which_worker_submitted() {
    watchdog(LIMIT, "ids", |_| {
        let pool = pool(1);
        let ids = Arc::new(Mutex::new(HashSet::new()));
        let (submitter, children) = (pool.submitter(), Arc::clone(&ids));
        let parent = pool.submit(move || {
            for _ in 0..100 {
                assert!(lock(&children).insert(submitter.submit(|| ()).unwrap().id()));
            }
        });
        let parent = parent.unwrap();
        assert_eq!(parent.id().get(), 0);
        assert!(parent.join().is_completed());
        let mut numbers: Vec<_> = lock(&ids).iter().map(|id| id.get()).collect();
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq((1 << 48)..(1 << 48) + 100));
        evidence("C36", 101);
    });
}

/// A pool with slots counts them in one place, and keeps the order.
#[test]
fn a_bounded_pool_starts_jobs_in_order() {
    watchdog(LIMIT, "bounded", |_| {
        let pool = ThreadPool::builder().workers(1).capacity(10).queue(QueueKind::WorkStealing);
        let pool = pool.build().unwrap();
        let (submitter, order) = (pool.submitter(), Arc::new(Mutex::new(Vec::new())));
        let started = Arc::clone(&order);
        pool.execute(move || {
            for number in 0..10 {
                let started = Arc::clone(&started);
                submitter.execute(move || lock(&started).push(number)).unwrap();
            }
        })
        .unwrap();
        pool.wait_idle().unwrap();
        assert!(lock(&order).iter().copied().eq(0..10));
        evidence("C6,C36", 10);
    });
}
