//! A forked child, which has none of the worker threads: what ends the pool returns and does not
//! panic.

#![cfg(all(unix, not(loom)))]

mod support;

use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use last_call::{Report, ThreadPool};
use nix::sys::wait::{waitpid, WaitStatus};
use nix::unistd::{alarm, fork, ForkResult};
use support::{evidence, in_a_process, pool, watchdog, LIMIT};

/// Runs `body` in a forked child, and returns how the child ended. A child that hangs is killed by
/// its alarm.
fn in_a_child(body: impl FnOnce()) -> WaitStatus {
    const SECONDS: u32 = 20;
    // SAFETY: the pools of this process are idle, so no thread holds a lock that the child needs.
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
type End = (&'static str, fn(ThreadPool));

fn assert_empty(report: &Report) {
    assert_eq!((report.accepted, report.unfinished, report.other_panics), (1, 0, 0));
}

#[test]
fn in_a_forked_child_ending_the_pool_returns_and_does_not_panic() {
    // In a process of its own: other tests would hold the locks of std.
    let test = "in_a_forked_child_ending_the_pool_returns_and_does_not_panic";
    if let Some(output) = in_a_process(test, &[]) {
        let lines = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{:?}: {lines}{errors}", output.status);
        evidence("C16", 4);
        return;
    }
    watchdog(LIMIT, "fork", |progress| {
        let ends: [End; 4] = [
            ("drop", |pool| drop(pool)),
            ("shutdown", |pool| assert_empty(&pool.shutdown())),
            ("shutdown_now", |pool| assert_empty(&pool.shutdown_now())),
            ("shutdown_timeout", |pool| {
                assert_empty(&pool.shutdown_timeout(Duration::from_millis(10)));
            }),
        ];
        for (name, end) in ends {
            progress.note(name);
            let pool = pool(2);
            pool.submit(|| ()).unwrap().join().unwrap();
            pool.wait_idle().unwrap();
            let mut pool = Some(pool);
            let status = in_a_child(|| end(pool.take().unwrap()));
            assert!(matches!(status, WaitStatus::Exited(_, 0)), "{name}: {status:?}");
            // The parent still has its workers.
            assert_eq!(pool.take().unwrap().shutdown().completed, 1);
        }
    });
}
