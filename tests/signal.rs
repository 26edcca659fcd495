//! Signals end the pool: the first drains, the second discards, and the third ends the process. Each
//! test is a process of its own, since a signal affects the whole process.

#![cfg(all(unix, not(loom)))]

mod support;

use std::error::Error as _;
use std::net::TcpListener;
use std::os::fd::AsRawFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::sync::{mpsc, Arc};
use std::time::Duration;
use std::{env, fs, hint, thread};

use last_call::{CancelReason, JobHandle, Outcome, SignalStep, ThreadPool};
use nix::sys::resource::{getrlimit, setrlimit, Resource};
use nix::sys::signal::{kill, raise, sigaction, SaFlags, SigAction, SigHandler, SigSet, Signal};
use nix::sys::wait::{waitpid, WaitStatus};
use nix::unistd::{alarm, fork, ForkResult, Pid};
use support::{
    assert_conserved, evidence, in_a_process, panic_quietly, pool, watchdog, Count, End, Gate,
    InDrop,
};

/// The time limit of a process.
const LIMIT: Duration = Duration::from_secs(30);

/// The limit of open files of a process that must not need one for each pool.
const FILES: u64 = 64;

/// Sets what the signal does to this process.
fn set(signal: Signal, handler: SigHandler) {
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handlers of these tests only change an atomic.
    unsafe { sigaction(signal, &action) }.unwrap();
}

/// Runs the body in time. SIGINT ends this process unless the body handles it, also where a shell
/// ignores it for jobs in the background.
fn in_the_process(test: &str, body: impl FnOnce() + Send + 'static) {
    set(Signal::SIGINT, SigHandler::SigDfl);
    watchdog(LIMIT, test, move |_| body());
}

/// Runs the body in a process of its own, which must succeed in time.
fn alone(test: &str, body: fn()) {
    if let Some(output) = in_a_process(test, &[]) {
        assert!(output.status.success(), "{output:?}");
        evidence("C22", 1);
    } else {
        in_the_process(test, body);
    }
}

/// Runs the body in a process of its own, whose first words are `wrapper`. The body must end that
/// process in time, with this status (if `end` is a number) or by this signal.
fn dies(
    test: &str,
    wrapper: &[&str],
    end: Result<i32, Signal>,
    body: impl FnOnce() + Send + 'static,
) {
    if let Some(output) = in_a_process(test, wrapper) {
        let seen = (output.status.code(), output.status.signal());
        let expected = match end {
            Ok(status) => (Some(status), None),
            Err(signal) => (None, Some(signal as i32)),
        };
        assert_eq!(seen, expected, "{wrapper:?}: {output:?}");
        evidence("C22", 1);
    } else {
        in_the_process(test, body);
        panic!("the process should have ended");
    }
}

/// Raises the signal that must end this process. If it does not, nothing that is released when the
/// test ends may do so instead.
fn raise_the_last(signal: Signal) -> ! {
    raise(signal).unwrap();
    std::process::exit(1);
}

const CASE: &str = "LAST_CALL_TEST_CASE";

/// Runs [`dies`] once for each case.
fn dies_in_each<T: Clone + Send + 'static>(
    test: &str,
    cases: &[T],
    end: Result<i32, Signal>,
    body: fn(T),
) {
    if let Ok(number) = env::var(CASE) {
        let case = cases[number.parse::<usize>().unwrap()].clone();
        return dies(test, &[], end, move || body(case));
    }
    for (number, case) in cases.iter().enumerate() {
        let case = case.clone();
        dies(test, &["env", &format!("{CASE}={number}")], end, move || body(case));
    }
}

fn entries(folder: &str) -> usize {
    fs::read_dir(folder).unwrap().count()
}

/// The open files of this process, and one that this opens itself.
fn files() -> usize {
    entries("/proc/self/fd")
}

/// Waits until this process has so many threads: one that was joined leaves `/proc` a moment later.
fn wait_for_threads(number: usize) {
    while entries("/proc/self/task") != number {
        thread::yield_now();
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

        assert!(steps.recv().is_err(), "after the second step the callback is gone");
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
fn where_no_thread_can_be_started_the_signals_act_as_before() {
    const TEST: &str = "where_no_thread_can_be_started_the_signals_act_as_before";
    dies(TEST, &[], Err(Signal::SIGINT), || {
        let pool = pool(1);
        let before = files();
        let (soft, hard) = getrlimit(Resource::RLIMIT_AS).unwrap();
        // Enough for everything but the stack of a thread, which is 2 MiB.
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
        let size: u64 = size.trim_end_matches("kB").trim().parse().unwrap();
        setrlimit(Resource::RLIMIT_AS, (size + 1024) << 10, hard).unwrap();
        let error = pool.shutdown_trigger().on_signals();
        setrlimit(Resource::RLIMIT_AS, soft, hard).unwrap();
        assert!(error.unwrap_err().is_system());
        assert_eq!(files(), before);
        raise_the_last(Signal::SIGINT);
    });
}

#[test]
fn after_a_failure_the_signals_can_be_registered() {
    alone("after_a_failure_the_signals_can_be_registered", || {
        let pool = pool(1);
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        // None can be opened, and one: two are needed.
        let free = fs::File::open("/dev/null").unwrap().as_raw_fd();
        for limit in [0, u64::try_from(free).unwrap() + 1] {
            setrlimit(Resource::RLIMIT_NOFILE, limit, hard).unwrap();
            assert!(pool.shutdown_trigger().on_signals().unwrap_err().is_system());
            setrlimit(Resource::RLIMIT_NOFILE, soft, hard).unwrap();
        }
        pool.shutdown_trigger().on_signals().unwrap();
        raise(Signal::SIGTERM).unwrap();
        support::submit_until_refused(&pool.submitter());
    });
}

#[test]
fn an_ended_pool_is_freed_and_its_callback_too() {
    alone("an_ended_pool_is_freed_and_its_callback_too", || {
        // In each place that belongs to the pool: a hook of the workers, the hook of the end, a
        // job, the callback.
        let capture = Arc::new(());
        let (in_stop, in_end, in_job, in_before) =
            (capture.clone(), capture.clone(), capture.clone(), capture.clone());
        let builder = ThreadPool::builder().workers(2).thread_name("signalled");
        let builder = builder.on_stop(move |_| assert!(Arc::strong_count(&in_stop) > 1));
        let builder = builder.on_terminated(move |_| assert!(Arc::strong_count(&in_end) > 1));
        let pool = builder.build().unwrap();
        let other = support::pool(1);
        other.shutdown_trigger().on_signals().unwrap();
        let trigger = pool.shutdown_trigger();
        trigger.on_signals_with(move |_| panic!("{}", Arc::strong_count(&in_before))).unwrap();
        pool.execute(move || drop(in_job)).unwrap();
        drop(pool);
        assert_eq!(Arc::strong_count(&capture), 1);
        support::wait_until_no_thread_is_named("signalled-");
        // The other pool still listens.
        raise(Signal::SIGTERM).unwrap();
        support::submit_until_refused(&other.submitter());
    });
}

#[test]
fn pools_share_one_thread_and_two_descriptors() {
    alone("pools_share_one_thread_and_two_descriptors", || {
        let (threads, open) = (entries("/proc/self/task"), files());
        let pools: Vec<_> = (0..50).map(|_| pool(1)).collect();
        for pool in &pools {
            pool.shutdown_trigger().on_signals().unwrap();
        }
        wait_for_threads(threads + 50 + 1);
        assert!(files() <= open + 2, "{} and {open}", files());
        drop(pools);
        assert_eq!(files(), open);
        wait_for_threads(threads);
    });
}

#[test]
fn four_hundred_pools_leave_no_thread_and_no_descriptor() {
    alone("four_hundred_pools_leave_no_thread_and_no_descriptor", || {
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, FILES, hard).unwrap();
        let (threads, open) = (entries("/proc/self/task"), files());
        for number in 0..400 {
            let pool = pool(1);
            pool.shutdown_trigger().on_signals().unwrap();
            if number % 10 == 0 {
                raise(Signal::SIGINT).unwrap();
                support::submit_until_refused(&pool.submitter());
            }
        }
        // One that was in the middle of a step ends by itself.
        while files() != open {
            thread::yield_now();
        }
        wait_for_threads(threads);
    });
}

#[test]
fn a_third_signal_ends_the_process_while_a_job_is_stuck() {
    const TEST: &str = "a_third_signal_ends_the_process_while_a_job_is_stuck";
    let cases = [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)];
    for (last, status) in cases {
        let name = last.as_str();
        let wrapper = ["env", &format!("{CASE}={name}")];
        let chosen = env::var(CASE).map_or(true, |case| case == name);
        if chosen {
            dies(TEST, &wrapper, Ok(status), move || {
                let pool = pool(1);
                let gate = Gate::new();
                let (send, steps) = mpsc::channel();
                let trigger = pool.shutdown_trigger();
                trigger.on_signals_with(move |step| send.send(step).unwrap()).unwrap();
                gate.hold(&pool, 1);
                for step in [SignalStep::Drain, SignalStep::Discard] {
                    raise(Signal::SIGINT).unwrap();
                    assert_eq!(steps.recv(), Ok(step));
                }
                raise_the_last(last);
            });
        }
    }
}

/// Which user code is stuck on the thread that takes the steps.
#[derive(Clone, Copy)]
enum Stuck {
    Before(SignalStep),
    /// The destructor of what the discard cancels.
    Capture,
    /// The destructor of the callback, after its last step.
    Callback,
}

#[test]
fn a_third_signal_ends_the_process_while_a_step_is_stuck() {
    const TEST: &str = "a_third_signal_ends_the_process_while_a_step_is_stuck";
    let cases = [
        Stuck::Before(SignalStep::Drain),
        Stuck::Before(SignalStep::Discard),
        Stuck::Capture,
        Stuck::Callback,
    ];
    dies_in_each(TEST, &cases, Ok(130), |stuck| {
        let pool = pool(1);
        let stuck_at = Gate::new();
        let [in_before, in_capture, in_callback] = [(); 3].map(|()| stuck_at.pass());
        let callback = InDrop(move || {
            if matches!(stuck, Stuck::Callback) {
                in_callback.wait();
            }
        });
        let (send, steps) = mpsc::channel();
        let before = move |step| {
            let _ = &callback;
            send.send(step).unwrap();
            if matches!(stuck, Stuck::Before(at) if at == step) {
                in_before.wait();
            }
        };
        pool.shutdown_trigger().on_signals_with(before).unwrap();
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let capture = InDrop(move || {
            if matches!(stuck, Stuck::Capture) {
                in_capture.wait();
            }
        });
        pool.execute(move || drop(capture)).unwrap();

        raise(Signal::SIGTERM).unwrap();
        assert_eq!(steps.recv(), Ok(SignalStep::Drain));
        if let Stuck::Before(SignalStep::Drain) = stuck {
            stuck_at.wait_for(1);
            raise(Signal::SIGTERM).unwrap();
        } else {
            raise(Signal::SIGTERM).unwrap();
            stuck_at.wait_for(1);
        }
        raise_the_last(Signal::SIGINT);
    });
}

#[test]
fn a_third_signal_ends_the_process_after_two_at_once() {
    dies("a_third_signal_ends_the_process_after_two_at_once", &[], Ok(130), || {
        let pool = pool(1);
        let gate = Gate::new();
        let pass = gate.pass();
        pool.shutdown_trigger().on_signals_with(move |_| pass.wait()).unwrap();
        let both: SigSet = [Signal::SIGTERM, Signal::SIGINT].into_iter().collect();
        both.thread_block().unwrap();
        raise(Signal::SIGTERM).unwrap();
        raise(Signal::SIGINT).unwrap();
        both.thread_unblock().unwrap(); // the system delivers one directly after the other
        gate.wait_for(1);
        raise_the_last(Signal::SIGINT);
    });
}

#[test]
fn three_signals_at_once_end_the_process() {
    dies("three_signals_at_once_end_the_process", &[], Ok(143), || {
        let pool = pool(1);
        let gate = Gate::new();
        pool.shutdown_trigger().on_signals().unwrap();
        gate.hold(&pool, 1);
        for _ in 0..3 {
            raise(Signal::SIGTERM).unwrap();
        }
        let _ = pool.shutdown();
    });
}

#[test]
fn a_blocking_accept_loop_ends_at_the_third_signal() {
    dies("a_blocking_accept_loop_ends_at_the_third_signal", &[], Ok(130), || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let pool = pool(1);
        pool.shutdown_trigger().on_signals().unwrap();
        let stop = pool.stop_token();
        thread::spawn(move || {
            let ctrl_c = || kill(Pid::this(), Signal::SIGINT).unwrap();
            ctrl_c();
            while !stop.is_stopping() {
                thread::yield_now();
            }
            // As on a keyboard: the system takes two that wait at once for one.
            loop {
                ctrl_c();
                thread::yield_now();
            }
        });
        for stream in listener.incoming() {
            pool.execute(move || drop(stream)).unwrap();
        }
    });
}

#[derive(Clone, Copy)]
enum Ended {
    By(End),
    /// By a job, which drops the pool.
    OnItsWorker,
    /// By one or two signals, and then a drop.
    AfterSignals(usize),
}

#[test]
fn after_the_end_of_the_pool_a_signal_ends_the_process() {
    const TEST: &str = "after_the_end_of_the_pool_a_signal_ends_the_process";
    let ends = End::ALL.map(Ended::By);
    let others = [Ended::OnItsWorker, Ended::AfterSignals(1), Ended::AfterSignals(2)];
    let cases: Vec<_> = ends.into_iter().chain(others).collect();
    dies_in_each(TEST, &cases, Err(Signal::SIGTERM), |ended| {
        let pool = pool(2);
        let (send, steps) = mpsc::channel();
        let trigger = pool.shutdown_trigger();
        trigger.on_signals_with(move |step| send.send(step).unwrap()).unwrap();
        // All of these live on.
        let (trigger, submitter, token) =
            (pool.shutdown_trigger(), pool.submitter(), pool.stop_token());
        let handle = pool.submit(|| ()).unwrap();
        match ended {
            Ended::By(end) => _ = end.end(pool),
            Ended::OnItsWorker => submitter.execute(move || drop(pool)).unwrap(),
            Ended::AfterSignals(number) => {
                for _ in 0..number {
                    raise(Signal::SIGTERM).unwrap();
                    steps.recv().unwrap();
                }
                drop(pool);
            }
        }
        trigger.wait().unwrap();
        let _living = (submitter, token, handle);
        raise_the_last(Signal::SIGTERM);
    });
}

#[test]
fn an_ended_pool_does_not_listen() {
    dies("an_ended_pool_does_not_listen", &[], Err(Signal::SIGINT), || {
        let pool = pool(1);
        let open = files();
        let trigger = pool.shutdown_trigger();
        drop(pool);
        trigger.on_signals().unwrap();
        assert_eq!(files(), open);
        raise_the_last(Signal::SIGINT);
    });
}

#[test]
fn a_pool_that_has_not_ended_listens_after_the_deadline() {
    dies("a_pool_that_has_not_ended_listens_after_the_deadline", &[], Ok(143), || {
        let pool = pool(1);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let (send, steps) = mpsc::channel();
        let trigger = pool.shutdown_trigger();
        trigger.on_signals_with(move |step| send.send(step).unwrap()).unwrap();
        assert_eq!(pool.shutdown_timeout(Duration::ZERO).unfinished, 1);
        for step in [SignalStep::Drain, SignalStep::Discard] {
            raise(Signal::SIGTERM).unwrap();
            assert_eq!(steps.recv(), Ok(step));
        }
        raise_the_last(Signal::SIGTERM);
    });
}

#[test]
fn signals_that_were_ignored_are_ignored_again() {
    const TEST: &str = "signals_that_were_ignored_are_ignored_again";
    // The other one ends the process.
    dies(TEST, &[], Err(Signal::SIGTERM), || {
        set(Signal::SIGINT, SigHandler::SigIgn);
        for _ in 0..2 {
            let pool = pool(1);
            pool.shutdown_trigger().on_signals().unwrap();
            raise(Signal::SIGINT).unwrap();
            support::submit_until_refused(&pool.submitter());
            drop(pool);
            raise(Signal::SIGINT).unwrap();
        }
        raise_the_last(Signal::SIGTERM);
    });
}

#[test]
fn a_handler_that_was_there_before_is_still_called() {
    extern "C" fn handle(signal: i32) {
        SEEN.fetch_add(signal, std::sync::atomic::Ordering::SeqCst);
    }
    static SEEN: std::sync::atomic::AtomicI32 = std::sync::atomic::AtomicI32::new(0);

    alone("a_handler_that_was_there_before_is_still_called", || {
        set(Signal::SIGTERM, SigHandler::Handler(handle));
        let pool = pool(1);
        pool.shutdown_trigger().on_signals().unwrap();
        raise(Signal::SIGTERM).unwrap();
        support::submit_until_refused(&pool.submitter());
        drop(pool);
        raise(Signal::SIGTERM).unwrap();
        assert_eq!(SEEN.load(std::sync::atomic::Ordering::SeqCst), 2 * Signal::SIGTERM as i32);
    });
}

#[test]
fn the_signals_are_counted_anew_once_no_pool_listens() {
    dies("the_signals_are_counted_anew_once_no_pool_listens", &[], Ok(130), || {
        for last in [false, true] {
            let pool = pool(1);
            let gate = Gate::new();
            gate.hold(&pool, 1);
            let (send, steps) = mpsc::channel();
            let trigger = pool.shutdown_trigger();
            trigger.on_signals_with(move |step| send.send(step).unwrap()).unwrap();
            for step in [SignalStep::Drain, SignalStep::Discard] {
                raise(Signal::SIGTERM).unwrap();
                assert_eq!(steps.recv(), Ok(step));
            }
            if last {
                raise_the_last(Signal::SIGINT);
            }
            gate.open();
        }
    });
}

#[test]
fn a_pool_that_listens_later_takes_its_first_step_at_the_next_signal() {
    let test = "a_pool_that_listens_later_takes_its_first_step_at_the_next_signal";
    dies(test, &[], Ok(130), || {
        let (send, steps) = mpsc::channel();
        let listening = |name: char| {
            let pool = pool(1);
            let send = send.clone();
            let before = move |step| send.send((name, step)).unwrap();
            pool.shutdown_trigger().on_signals_with(before).unwrap();
            pool
        };
        let first = listening('a');
        raise(Signal::SIGTERM).unwrap();
        assert_eq!(steps.recv(), Ok(('a', SignalStep::Drain)));
        let second = listening('b');
        second.execute(|| ()).unwrap();
        raise(Signal::SIGTERM).unwrap();
        assert_eq!(steps.recv(), Ok(('a', SignalStep::Discard)));
        assert_eq!(steps.recv(), Ok(('b', SignalStep::Drain)));
        // It is the third since a pool listens, and one has not ended.
        drop(first);
        support::submit_until_refused(&second.submitter());
        raise_the_last(Signal::SIGINT);
    });
}

#[test]
fn a_callback_that_is_stuck_holds_up_no_pool_that_listens_after_the_end_of_its_own() {
    let test = "a_callback_that_is_stuck_holds_up_no_pool_that_listens_after_the_end_of_its_own";
    alone(test, || {
        let gate = Gate::new();
        let dropped = Count::default();
        let pools = [(); 3].map(|()| pool(1));
        for pool in &pools[..2] {
            let (pass, capture) = (gate.pass(), support::Counted(dropped.clone()));
            let before = move |_| {
                let _ = &capture;
                pass.wait();
            };
            pool.shutdown_trigger().on_signals_with(before).unwrap();
        }
        raise(Signal::SIGTERM).unwrap();
        gate.wait_for(1);
        let [first, second, third] = pools;
        drop(first);
        assert_eq!(dropped.get(), 0, "it is being called");
        drop(second);
        assert_eq!(dropped.get(), 1);

        third.shutdown_trigger().on_signals().unwrap();
        raise(Signal::SIGTERM).unwrap();
        support::submit_until_refused(&third.submitter());
        gate.open();
        dropped.wait_for(2);
    });
}

#[test]
fn a_callback_may_end_its_own_pool() {
    dies("a_callback_may_end_its_own_pool", &[], Err(Signal::SIGTERM), || {
        let pool = pool(1);
        let trigger = pool.shutdown_trigger();
        let (send, reports) = mpsc::channel();
        let mut owner = Some(pool);
        let before = move |_| send.send(owner.take().unwrap().shutdown()).unwrap();
        trigger.on_signals_with(before).unwrap();
        raise(Signal::SIGTERM).unwrap();
        assert_eq!(reports.recv().unwrap().accepted, 0);
        raise_the_last(Signal::SIGTERM);
    });
}

#[test]
fn a_forked_child_has_its_own_signals() {
    alone("a_forked_child_has_its_own_signals", || {
        let pool = pool(1);
        let (send, steps) = mpsc::channel();
        let trigger = pool.shutdown_trigger();
        trigger.on_signals_with(move |step| send.send(step).unwrap()).unwrap();
        let mut pool = Some(pool);
        // SAFETY: no other thread holds a lock that the child needs.
        let child = match unsafe { fork() }.unwrap() {
            ForkResult::Parent { child } => child,
            ForkResult::Child => {
                alarm::set(20);
                for _ in 0..3 {
                    raise(Signal::SIGTERM).unwrap();
                }
                drop(pool.take());
                raise(Signal::SIGTERM).unwrap();
                unreachable!("its pool has ended");
            }
        };
        let end = waitpid(child, None).unwrap();
        assert!(matches!(end, WaitStatus::Signaled(_, Signal::SIGTERM, _)), "{end:?}");
        // None of these was a signal to the parent.
        assert!(!pool.as_ref().unwrap().stop_token().is_stopping());
        raise(Signal::SIGINT).unwrap();
        assert_eq!(steps.recv(), Ok(SignalStep::Drain));
        raise(Signal::SIGINT).unwrap();
        assert_eq!(steps.recv(), Ok(SignalStep::Discard));
    });
}

/// Ends a forked child that hangs.
const ALARM: u32 = 20;

/// In a forked child, ends it by SIGTERM, which the copy of a pool has given back, or by its alarm.
fn die_in_the_child() -> ! {
    alarm::set(ALARM);
    raise_the_last(Signal::SIGTERM)
}

fn assert_died_of_sigterm(child: Pid) {
    let end = waitpid(child, None).unwrap();
    assert!(matches!(end, WaitStatus::Signaled(_, Signal::SIGTERM, _)), "{end:?}");
}

/// signal-hook waits for its handlers to return before it gives anything back, and in the child the
/// thread that was in a handler is not there.
#[test]
fn a_child_that_is_forked_while_a_handler_runs_gets_its_signals_back() {
    alone("a_child_that_is_forked_while_a_handler_runs_gets_its_signals_back", || {
        let handler = || (0..1000).for_each(|_| hint::spin_loop());
        // SAFETY: the handler calls nothing.
        unsafe { signal_hook::low_level::register(Signal::SIGUSR1 as i32, handler) }.unwrap();
        let pool = pool(1);
        let stop = pool.stop_token();
        pool.shutdown_trigger().on_signals().unwrap();
        let (began, begins) = mpsc::channel();
        let raising = thread::spawn(move || {
            began.send(()).unwrap();
            while !stop.is_stopping() {
                raise(Signal::SIGUSR1).unwrap();
            }
        });
        begins.recv().unwrap();
        let mut pool = Some(pool);
        for _ in 0..100 {
            // SAFETY: the child ends a pool, which takes no lock that another thread can hold.
            match unsafe { fork() }.unwrap() {
                ForkResult::Parent { child } => assert_died_of_sigterm(child),
                ForkResult::Child => {
                    alarm::set(ALARM);
                    drop(pool.take());
                    die_in_the_child();
                }
            }
        }
        pool.as_ref().unwrap().shutdown_trigger().drain();
        raising.join().unwrap();
    });
}

/// The end of the pool has begun in the parent, and goes on in the child.
#[test]
fn a_destructor_that_forks_while_the_pool_ends_leaves_both_their_signals() {
    alone("a_destructor_that_forks_while_the_pool_ends_leaves_both_their_signals", || {
        let parent = std::process::id();
        let pool = pool(1);
        pool.shutdown_trigger().on_signals().unwrap();
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let (send, children) = mpsc::channel();
        let forks = InDrop(move || {
            // SAFETY: the child ends a pool, and dies.
            if let ForkResult::Parent { child } = unsafe { fork() }.unwrap() {
                send.send(child).unwrap();
            }
        });
        pool.execute(move || drop(forks)).unwrap();
        let _ = pool.shutdown_timeout(Duration::ZERO);
        if std::process::id() != parent {
            die_in_the_child();
        }
        assert_died_of_sigterm(children.recv().unwrap());
        gate.open();
    });
}

/// The pool of the parent has no thread in the child that would listen.
#[test]
fn a_pool_of_a_forked_child_takes_its_own_steps() {
    alone("a_pool_of_a_forked_child_takes_its_own_steps", || {
        let capture = Arc::new(());
        let pool = pool(1);
        let (send, steps) = mpsc::channel();
        let before = {
            let capture = Arc::clone(&capture);
            move |step| {
                let _ = &capture;
                send.send(step).unwrap();
            }
        };
        pool.shutdown_trigger().on_signals_with(before).unwrap();
        // SAFETY: no other thread holds a lock that the child needs.
        let child = match unsafe { fork() }.unwrap() {
            ForkResult::Parent { child } => child,
            ForkResult::Child => {
                alarm::set(ALARM);
                let own = support::pool(1);
                let (send, steps) = mpsc::channel();
                let trigger = own.shutdown_trigger();
                trigger.on_signals_with(move |step| send.send(step).unwrap()).unwrap();
                assert_eq!(Arc::strong_count(&capture), 1, "what listens no more is dropped");
                for step in [SignalStep::Drain, SignalStep::Discard] {
                    raise(Signal::SIGTERM).unwrap();
                    assert_eq!(steps.recv(), Ok(step));
                }
                drop(own);
                // The copy of the other pool is still there, and does not listen.
                raise_the_last(Signal::SIGTERM);
            }
        };
        let end = waitpid(child, None).unwrap();
        assert!(matches!(end, WaitStatus::Signaled(_, Signal::SIGTERM, _)), "{end:?}");
        raise(Signal::SIGINT).unwrap();
        assert_eq!(steps.recv(), Ok(SignalStep::Drain));
    });
}

#[test]
fn a_forked_child_gets_its_signals_back_however_it_ends_its_pool() {
    alone("a_forked_child_gets_its_signals_back_however_it_ends_its_pool", || {
        // Not the one that waits for the workers until a deadline.
        for end in End::ALL.into_iter().filter(|end| *end != End::InTime) {
            let mut pool = Some(pool(1));
            pool.as_ref().unwrap().shutdown_trigger().on_signals().unwrap();
            // SAFETY: no other thread holds a lock that the child needs.
            let child = match unsafe { fork() }.unwrap() {
                ForkResult::Parent { child } => child,
                ForkResult::Child => {
                    alarm::set(ALARM);
                    let _ = end.end(pool.take().unwrap());
                    raise_the_last(Signal::SIGTERM);
                }
            };
            let status = waitpid(child, None).unwrap();
            let killed = matches!(status, WaitStatus::Signaled(_, Signal::SIGTERM, _));
            assert!(killed, "{end:?}: {status:?}");
        }
    });
}
