//! Signals end the pool: the first drains, the second discards. Each test is a process of its own,
//! since a signal affects the whole process.

#![cfg(all(unix, not(loom)))]

mod support;

use std::error::Error as _;
use std::os::unix::process::ExitStatusExt as _;
use std::sync::{mpsc, Arc};
use std::time::Duration;

use last_call::{CancelReason, JobHandle, Outcome, SignalStep, ThreadPool};
use nix::sys::resource::{getrlimit, setrlimit, Resource};
use nix::sys::signal::{raise, Signal};
use support::{assert_conserved, evidence, in_a_process, panic_quietly, pool, watchdog, Gate};

/// The time limit of a process.
const LIMIT: Duration = Duration::from_secs(30);

/// Runs the body in a process of its own, which must succeed in time.
fn alone(test: &str, body: fn()) {
    if let Some(output) = in_a_process(test, &[]) {
        assert!(output.status.success(), "{output:?}");
        evidence("C22", 1);
    } else {
        watchdog(LIMIT, test, move |_| body());
    }
}

#[test]
fn the_first_signal_drains_and_the_second_discards() {
    alone("the_first_signal_drains_and_the_second_discards", || {
        let pool = pool(1);
        let gate = Gate::new();
        let (send, steps) = mpsc::channel();
        let trigger = pool.shutdown_trigger();
        trigger.on_signals_with(move |step| send.send(step).unwrap()).unwrap();
        let running = pool.submit(gate.job()).unwrap();
        gate.wait_for(1);
        let queued = pool.submit(|| ()).unwrap();
        assert!(!pool.stop_token().is_stopping());

        raise(Signal::SIGTERM).unwrap();
        assert_eq!(steps.recv(), Ok(SignalStep::Drain));
        support::submit_until_refused(&pool.submitter());
        assert!(pool.execute(|| ()).unwrap_err().is_shut_down());
        assert!(!queued.is_finished(), "a drain cancels nothing");

        raise(Signal::SIGINT).unwrap();
        assert_eq!(steps.recv(), Ok(SignalStep::Discard));
        assert!(matches!(queued.join(), Outcome::Cancelled(CancelReason::Discarded)));
        gate.open();
        assert!(running.join().is_completed());

        raise(Signal::SIGINT).unwrap();
        raise(Signal::SIGTERM).unwrap();
        assert!(steps.recv().is_err(), "after the second step the callback is gone");
        raise(Signal::SIGINT).unwrap();
        raise(Signal::SIGTERM).unwrap();
        let report = pool.shutdown();
        assert_conserved(&report);
        assert_eq!((report.completed, report.unfinished), (1, 0));
    });
}

#[test]
fn two_signals_at_once_are_two_steps() {
    alone("two_signals_at_once_are_two_steps", || {
        let pool = pool(1);
        let gate = Gate::new();
        let pass = gate.pass();
        let (send, steps) = mpsc::channel();
        let before = move |step| {
            send.send(step).unwrap();
            pass.wait();
        };
        pool.shutdown_trigger().on_signals_with(before).unwrap();
        raise(Signal::SIGTERM).unwrap();
        raise(Signal::SIGTERM).unwrap();
        gate.open();
        assert_eq!(steps.iter().collect::<Vec<_>>(), [SignalStep::Drain, SignalStep::Discard]);
    });
}

#[test]
fn after_one_signal_every_queued_job_has_run() {
    alone("after_one_signal_every_queued_job_has_run", || {
        let pool = pool(2);
        let gate = Gate::new();
        pool.shutdown_trigger().on_signals().unwrap();
        for _ in 0..100 {
            pool.execute(gate.job()).unwrap();
        }
        raise(Signal::SIGINT).unwrap();
        let late = support::submit_until_refused(&pool.submitter());
        gate.open();
        assert_eq!(pool.shutdown().completed, 100 + late);
    });
}

#[test]
fn the_step_waits_for_the_callback_and_outlives_its_panic() {
    alone("the_step_waits_for_the_callback_and_outlives_its_panic", || {
        let pool = pool(1);
        let gate = Gate::new();
        let pass = gate.pass();
        let before = move |step| {
            pass.wait();
            panic_quietly(step);
        };
        pool.shutdown_trigger().on_signals_with(before).unwrap();
        raise(Signal::SIGTERM).unwrap();
        gate.wait_for(1);
        pool.execute(|| ()).expect("the drain has not begun");
        gate.open();
        let late = support::submit_until_refused(&pool.submitter());

        raise(Signal::SIGTERM).unwrap();
        gate.wait_for(2);
        assert_eq!(pool.shutdown().accepted, 1 + late);
    });
}

#[test]
fn each_of_two_pools_takes_its_own_steps() {
    alone("each_of_two_pools_takes_its_own_steps", || {
        let gate = Gate::new();
        let pools = [pool(1), pool(1)];
        let queued = pools.each_ref().map(|pool| {
            pool.shutdown_trigger().on_signals().unwrap();
            pool.execute(gate.job()).unwrap();
            pool.submit(|| ()).unwrap()
        });
        gate.wait_for(2);
        raise(Signal::SIGTERM).unwrap();
        for pool in &pools {
            support::submit_until_refused(&pool.submitter());
        }
        assert!(!queued.iter().any(JobHandle::is_finished), "a drain cancels nothing");
        raise(Signal::SIGINT).unwrap();
        for job in queued {
            assert!(matches!(job.join(), Outcome::Cancelled(CancelReason::Discarded)));
        }
        gate.open();
        for pool in pools {
            assert_conserved(&pool.shutdown());
        }
    });
}

#[test]
fn where_the_system_refuses_the_signals_act_as_before() {
    const TEST: &str = "where_the_system_refuses_the_signals_act_as_before";
    if let Some(output) = in_a_process(TEST, &[]) {
        assert_eq!(output.status.signal(), Some(Signal::SIGTERM as i32), "{output:?}");
        evidence("C22", 1);
        return;
    }
    let pool = pool(1);
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 0, hard).unwrap();
    let error = pool.shutdown_trigger().on_signals().unwrap_err();
    assert!(error.is_system() && !error.is_handled());
    let source = error.source().expect("the system's own error").to_string();
    assert_eq!(error.to_string(), format!("signals cannot be handled: {source}"));
    drop(pool);
    raise(Signal::SIGTERM).unwrap();
}

#[test]
fn a_handler_keeps_no_pool_alive() {
    alone("a_handler_keeps_no_pool_alive", || {
        // In each place that belongs to the pool: a hook of the workers, the hook of the end, a
        // job.
        let capture = Arc::new(());
        let (in_stop, in_end, in_job) = (capture.clone(), capture.clone(), capture.clone());
        let builder = ThreadPool::builder().workers(2).thread_name("signalled");
        let builder = builder.on_stop(move |_| assert!(Arc::strong_count(&in_stop) > 1));
        let builder = builder.on_terminated(move |_| assert!(Arc::strong_count(&in_end) > 1));
        let pool = builder.build().unwrap();
        let (send, steps) = mpsc::channel();
        let trigger = pool.shutdown_trigger();
        trigger.on_signals_with(move |step| send.send(step).unwrap()).unwrap();
        pool.execute(move || drop(in_job)).unwrap();
        let token = pool.stop_token();
        drop(pool);
        // The handler still listens, but the pool has ended, and nothing of it is left.
        assert!(token.is_stopping());
        assert_eq!(Arc::strong_count(&capture), 1);
        support::wait_until_no_thread_is_named("signalled-");
        for step in [SignalStep::Drain, SignalStep::Discard] {
            raise(Signal::SIGTERM).unwrap();
            assert_eq!(steps.recv(), Ok(step));
        }
        assert!(steps.recv().is_err(), "after the second step the callback is gone");
    });
}
