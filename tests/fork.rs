//! A forked child, which has none of the worker threads: what ends the pool returns and does not
//! panic, also if a thread that the child does not have holds the locks of the pool.

#![cfg(all(unix, not(loom)))]

mod support;

use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use last_call::{Report, Submitter, ThreadPool};
use nix::sys::wait::{waitpid, WaitStatus};
use nix::unistd::{alarm, fork, ForkResult};
use support::{bounded, evidence, in_a_process, pool, watchdog, Gate, Progress, LIMIT};

/// Runs `body` in a forked child, and returns how the child ended. A child that hangs is killed by
/// its alarm.
fn in_a_child(body: impl FnOnce()) -> WaitStatus {
    const SECONDS: u32 = 20;
    // SAFETY: the child ends a pool, which takes no lock that another thread can hold, and exits.
    match unsafe { fork() }.expect("a test can fork") {
        ForkResult::Parent { child } => waitpid(child, None).expect("it is a child"),
        ForkResult::Child => {
            alarm::set(SECONDS);
            let code = i32::from(panic::catch_unwind(AssertUnwindSafe(body)).is_err());
            // SAFETY: the handlers of `exit`, which this leaves out, are the parent's.
            unsafe { nix::libc::_exit(code) }
        }
    }
}

/// A way to end a pool, and its name.
type End = (&'static str, fn(ThreadPool) -> Option<Report>);

const ENDS: [End; 4] = [
    ("drop", |pool| {
        drop(pool);
        None
    }),
    ("shutdown", |pool| Some(pool.shutdown())),
    ("shutdown_now", |pool| Some(pool.shutdown_now())),
    ("shutdown_timeout", |pool| Some(pool.shutdown_timeout(Duration::from_millis(10)))),
];

/// Runs the body in time and in a process of its own: other tests would hold the locks of std.
fn alone(test: &str, runs: u64, body: fn(&Progress)) {
    if let Some(output) = in_a_process(test, &[]) {
        let lines = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{:?}: {lines}{errors}", output.status);
        evidence("C16", runs);
    } else {
        watchdog(LIMIT, test, body);
    }
}

fn assert_succeeds(name: &str, status: WaitStatus) {
    assert!(matches!(status, WaitStatus::Exited(_, 0)), "{name}: {status:?}");
}

/// Runs `body` in a forked child of a process whose pool has one worker. A job runs, so the worker
/// holds no lock, and another is queued.
fn in_a_child_of_a_busy_pool(
    name: &str,
    pool: ThreadPool,
    body: impl FnOnce(ThreadPool, &Submitter),
) {
    let gate = Gate::new();
    gate.hold(&pool, 1);
    pool.execute(|| ()).unwrap();

    let submitter = pool.submitter();
    let mut pool = Some(pool);
    assert_succeeds(name, in_a_child(|| body(pool.take().unwrap(), &submitter)));
    // The parent still has its worker.
    gate.open();
    assert_eq!(pool.take().unwrap().shutdown().completed, 2);
}

#[test]
fn in_a_forked_child_ending_the_pool_returns_and_does_not_panic() {
    alone("in_a_forked_child_ending_the_pool_returns_and_does_not_panic", 4, |progress| {
        for (name, end) in ENDS {
            progress.note(name);
            in_a_child_of_a_busy_pool(name, pool(1), |pool, submitter| {
                pool.execute(|| ()).unwrap();
                let report = end(pool);
                assert!(submitter.execute(|| ()).unwrap_err().is_shut_down());
                let Some(report) = report else { return };
                assert_eq!((report.accepted, report.unfinished), (3, 3));
                assert_eq!((report.cancelled, report.other_panics), (0, 0));
            });
        }
    });
}

/// A submission would wait for a slot that no worker of the child releases.
#[test]
fn after_the_end_in_a_forked_child_a_full_queue_refuses_jobs() {
    alone("after_the_end_in_a_forked_child_a_full_queue_refuses_jobs", 4, |progress| {
        for (name, end) in ENDS {
            progress.note(name);
            in_a_child_of_a_busy_pool(name, bounded(1, 1), |pool, submitter| {
                let _ = end(pool);
                assert!(submitter.execute(|| ()).unwrap_err().is_shut_down());
            });
        }
    });
}

/// The child has the worker that has forked.
#[test]
fn a_job_can_fork_and_end_the_pool_in_the_child() {
    alone("a_job_can_fork_and_end_the_pool_in_the_child", 4, |progress| {
        for (name, end) in ENDS {
            progress.note(name);
            let (send, pools) = mpsc::channel();
            let (report, forked) = mpsc::channel();
            let pool = pool(1);
            let submitter = pool.submitter();
            let job = move || {
                let pool: ThreadPool = pools.recv().unwrap();
                let mut pool = Some(pool);
                let status = in_a_child(|| {
                    let _ = end(pool.take().unwrap());
                    assert!(submitter.execute(|| ()).unwrap_err().is_shut_down());
                });
                report.send((status, pool)).unwrap();
            };
            pool.execute(job).unwrap();
            send.send(pool).unwrap();
            let (status, pool) = forked.recv().unwrap();
            assert_succeeds(name, status);
            assert_eq!(pool.unwrap().shutdown().completed, 1);
        }
    });
}

#[test]
fn a_child_that_is_forked_while_threads_hold_the_locks_can_end_the_pool() {
    const FORKS: usize = 100;
    let test = "a_child_that_is_forked_while_threads_hold_the_locks_can_end_the_pool";
    alone(test, 4 * FORKS as u64, |progress| {
        for (name, end) in ENDS {
            progress.note(name);
            let pool = pool(2);
            let (submitter, stop) = (pool.submitter(), pool.stop_token());
            let trigger = pool.shutdown_trigger();
            let busy = thread::spawn(move || {
                while !stop.is_stopping() {
                    let jobs = [|| (), || ()].map(|job| submitter.submit(job));
                    jobs.into_iter().flatten().for_each(|job| _ = job.join());
                    let _ = submitter.stats();
                }
            });
            let mut pool = Some(pool);
            for _ in 0..FORKS {
                assert_succeeds(name, in_a_child(|| _ = end(pool.take().unwrap())));
            }
            trigger.drain();
            busy.join().unwrap();
            let report = pool.take().unwrap().shutdown();
            assert_eq!(report.accepted, report.completed);
        }
    });
}
