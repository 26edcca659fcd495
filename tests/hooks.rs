//! Hooks belong to the pool: their captures are dropped with it, and a panic of their destructors
//! harms no thread.
#![cfg(not(loom))]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{mpsc, Arc, Mutex};
use std::time::Duration;
use std::{panic, thread};

use last_call::{Builder, Cancellation, JobPanic, ThreadPool};
use support::{
    assert_conserved, evidence, in_a_process, lock, panic_quietly, watchdog, Count, End, Gate,
    InDrop, LIMIT,
};

/// Panics when dropped, without a message.
struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic::resume_unwind(Box::new("the capture's panic"));
    }
}

fn pool_with_a_hook_that_panics_in_drop() -> ThreadPool {
    let capture = PanicsInDrop;
    let hook = move |_| {
        let _ = &capture;
    };
    ThreadPool::builder().workers(2).on_stop(hook).build().expect("the hook does not panic")
}

#[test]
fn a_hook_whose_captures_panic_in_drop_harms_no_shutdown() {
    watchdog(LIMIT, "a hook whose captures panic", |_| {
        let report = pool_with_a_hook_that_panics_in_drop().shutdown();
        assert_eq!((report.unfinished, report.other_panics), (0, 1));
        drop(pool_with_a_hook_that_panics_in_drop());
    });
    evidence("C13,C16", 2);
}

#[test]
fn a_hook_whose_captures_panic_in_drop_harms_no_drop_while_unwinding() {
    watchdog(LIMIT, "a hook whose captures panic, while unwinding", |_| {
        let unwound = panic::catch_unwind(|| {
            let _pool = pool_with_a_hook_that_panics_in_drop();
            panic::resume_unwind(Box::new("the owner's panic"));
        });
        assert_eq!(unwound.unwrap_err().downcast_ref(), Some(&"the owner's panic"));
    });
    evidence("C16", 1);
}

/// A capture of each hook whose destructor panics. Two panics at once would abort the process.
fn builder_whose_hooks_all_panic_in_drop() -> Builder {
    let captures = [PanicsInDrop, PanicsInDrop, PanicsInDrop];
    let [start, stop, terminated] = captures.map(|capture| move || _ = &capture);
    let builder = ThreadPool::builder().workers(2);
    let builder = builder.on_start(move |_| start()).on_stop(move |_| stop());
    builder.on_terminated(move |_| terminated())
}

#[test]
fn hooks_whose_captures_all_panic_in_drop_abort_nothing() {
    let test = "hooks_whose_captures_all_panic_in_drop_abort_nothing";
    if let Some(output) = in_a_process(test, &[]) {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        evidence("C13,C27", 6);
        return;
    }
    watchdog(LIMIT, "hooks whose captures all panic", |progress| {
        let build = builder_whose_hooks_all_panic_in_drop;
        for end in End::ALL {
            progress.note(format_args!("{end:?}"));
            if let Some(report) = end.end(build().build().unwrap()) {
                // The last clone of a hook goes with its last worker; a deadline does not wait.
                assert!(report.other_panics == 2 || end == End::Poll, "{report:?}");
            }
        }
        progress.note("a builder that is not used");
        drop(build());
        progress.note("hooks that are replaced");
        let replaced = build().on_start(|_| ()).on_stop(|_| ()).on_terminated(|_| ());
        drop(replaced.build().unwrap());
        progress.note("an argument that is refused");
        assert!(build().workers(0).build().unwrap_err().is_argument());
        progress.note("a start hook that panics");
        let capture = PanicsInDrop;
        let panics = move |_| {
            let _ = &capture;
            panic::resume_unwind(Box::new("the hook's panic"));
        };
        assert!(build().on_start(panics).build().unwrap_err().is_start_hook());
        progress.note("a thread that cannot be started");
        let huge = build().stack_size(1 << 40).workers(256);
        assert!(huge.build().unwrap_err().is_spawn());
    });
}

#[test]
fn the_captures_of_hooks_are_dropped_before_shutdown_returns() {
    watchdog(LIMIT, "the captures of hooks", |_| {
        let capture = Arc::new(());
        let (started, stopped, ended) = (capture.clone(), capture.clone(), capture.clone());
        let pool = ThreadPool::builder()
            .workers(2)
            .on_start(move |_| drop(started.clone()))
            .on_stop(move |_| drop(stopped.clone()))
            .on_terminated(move |_| drop(ended.clone()))
            .build()
            .expect("the hooks do not panic");
        // What outlives the pool keeps none of the captures.
        let (_submitter, _trigger) = (pool.submitter(), pool.shutdown_trigger());
        let _ = pool.shutdown();
        assert_eq!(Arc::strong_count(&capture), 1);
    });
    evidence("C20", 1);
}

#[test]
fn the_final_report_comes_once_from_whichever_shutdown() {
    watchdog(LIMIT, "the final report", |_| {
        let (send, reports) = mpsc::channel();
        let build = || {
            let send = send.clone();
            let hook =
                move |report: &last_call::Report| send.send(report.clone()).expect("awaited");
            ThreadPool::builder().workers(2).on_terminated(hook).build().expect("it can be built")
        };
        let report = build().shutdown();
        assert_eq!(reports.try_recv(), Ok(report), "before shutdown returns");

        drop(build());
        assert!(reports.try_recv().is_ok(), "before drop returns");

        // On its own worker the pool detaches. The report comes when the job behind has ended.
        let ran = Arc::new(AtomicUsize::new(0));
        let (hand_over, pool_for_job) = mpsc::channel::<ThreadPool>();
        let pool = build();
        pool.execute(move || drop(pool_for_job.recv())).expect("the pool is running");
        let behind = ran.clone();
        let count = move || {
            behind.fetch_add(1, Ordering::SeqCst);
        };
        pool.execute(count).expect("it is running");
        hand_over.send(pool).expect("the job waits");
        let report = reports.recv().expect("the last worker reports");
        assert_eq!((report.accepted, report.completed, report.unfinished), (2, 2, 0));
        assert_eq!(ran.load(Ordering::SeqCst), 1);
        drop(send);
        assert!(reports.recv().is_err(), "each pool has reported once");
    });
    evidence("C21", 3);
}

/// Only a thread that shuts the pool down while it cancels detaches the owner.
#[test]
fn after_a_cancel_the_owner_still_reports() {
    watchdog(LIMIT, "a report after a cancel", |_| {
        let (send, reports) = mpsc::channel();
        let hook = move |report: &last_call::Report| {
            send.send((thread::current().id(), report.clone())).expect("awaited");
        };
        let pool = ThreadPool::builder().workers(1).on_terminated(hook).build().unwrap();
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let queued = pool.submit(|| ()).unwrap();
        assert_eq!(queued.cancel(), Cancellation::Cancelled);
        gate.open();
        let report = pool.shutdown();
        assert_eq!(reports.try_recv(), Ok((thread::current().id(), report)));
        evidence("C21,C25", 1);
    });
}

/// The owner did not wait. The last worker knows how the unfinished jobs have ended.
#[test]
fn after_a_deadline_the_last_worker_reports() {
    watchdog(LIMIT, "a report after the deadline", |_| {
        let (send, reports) = mpsc::channel();
        let hook = move |report: &last_call::Report| {
            let name = thread::current().name().map(str::to_owned);
            send.send((name, report.clone())).expect("awaited");
        };
        let builder = ThreadPool::builder().workers(2).thread_name("reports");
        let pool = builder.on_terminated(hook).build().expect("it can be built");
        let gate = Gate::new();
        gate.hold(&pool, 2);
        pool.execute(|| ()).expect("it is running");
        let report = pool.shutdown_timeout(Duration::ZERO);
        assert_eq!((report.unfinished, report.cancelled), (2, 1));
        assert!(reports.try_recv().is_err(), "two jobs run");
        gate.open();
        let (name, report) = reports.recv().expect("the last worker reports");
        assert!(name.is_some_and(|name| name.starts_with("reports-")));
        assert_eq!((report.completed, report.unfinished, report.cancelled), (2, 0, 1));
        assert!(reports.recv().is_err(), "once");
    });
    evidence("C5,C17,C21", 1);
}

/// The last owner is in a capture of a job that is cancelled on a thread outside the pool. A
/// running job waits for the handle of that job, so a destructor that waited would never return.
#[test]
fn a_pool_that_ends_while_its_job_is_cancelled_detaches_and_the_report_is_final() {
    watchdog(LIMIT, "ends in a cancel", |progress| {
        let mut runs = 0;
        for end in End::ALL {
            for discards in [true, false] {
                progress.note(format_args!("{end:?}, discards: {discards}"));
                let (send, reports) = mpsc::channel();
                let hook = move |report: &last_call::Report| {
                    send.send(report.clone()).expect("awaited");
                };
                let builder = ThreadPool::builder().workers(1).thread_name("let-go");
                let pool = builder.on_terminated(hook).build().expect("it can be built");
                let trigger = pool.shutdown_trigger();

                let (give, take) = mpsc::channel::<last_call::JobHandle<()>>();
                let started = Count::default();
                let waits = {
                    let started = started.clone();
                    move || {
                        started.up();
                        take.recv().expect("it is sent").join().is_cancelled()
                    }
                };
                let waits = pool.submit(waits).expect("it is running");
                started.wait_for(1);
                let (hand_over, owner) = mpsc::channel::<ThreadPool>();
                let capture = InDrop(move || {
                    if let Some(report) = end.end(owner.recv().expect("it is sent")) {
                        assert_conserved(&report);
                    }
                    // This capture panics first, and the final report counts it.
                    panic::resume_unwind(Box::new("after the end"));
                });
                let job = pool.submit(move || drop(capture)).expect("it is running");
                let behind = pool.submit(|| ()).expect("it is running");
                hand_over.send(pool).expect("the capture waits");
                if discards {
                    give.send(job).expect("the job waits");
                    trigger.discard();
                } else {
                    assert_eq!(job.cancel(), Cancellation::Cancelled);
                    assert!(reports.try_recv().is_err(), "a job runs");
                    give.send(job).expect("the job waits");
                }
                assert!(waits.join().unwrap(), "the job has seen the other cancelled");
                let behind = behind.join();
                let report = reports.recv().expect("the hook is called");
                assert_conserved(&report);
                let cancelled = if behind.is_cancelled() { 2 } else { 1 };
                assert_eq!((report.accepted, report.cancelled), (3, cancelled));
                assert_eq!((report.completed, report.unfinished), (3 - cancelled, 0));
                assert_eq!(report.other_panics, 1);
                let drains = end != End::ShutdownNow && !discards;
                assert_eq!(behind.is_completed(), drains, "{end:?}");
                assert!(reports.recv().is_err(), "once");
                trigger.wait().expect("this is not a job");
                runs += 1;
            }
        }
        evidence("C5,C16,C17,C21", runs);
    });
}

/// No job runs: when the destructor returns, the workers have exited.
#[test]
fn the_final_report_waits_for_the_cancel_that_ended_the_pool() {
    watchdog(LIMIT, "after the cancel", |_| {
        let reports = Arc::new(Mutex::new(Vec::new()));
        let hook = {
            let reports = Arc::clone(&reports);
            move |report: &last_call::Report| lock(&reports).push(report.clone())
        };
        let builder = ThreadPool::builder().workers(2).thread_name("gone-before");
        let pool = builder.on_terminated(hook).build().expect("it can be built");
        let gate = Gate::new();
        gate.hold(&pool, 2);
        let (hand_over, owner) = mpsc::channel::<ThreadPool>();
        let early = Arc::new(AtomicUsize::new(0));
        let capture = {
            let (reports, early) = (Arc::clone(&reports), Arc::clone(&early));
            InDrop(move || {
                drop(owner.recv().expect("it is sent"));
                gate.open();
                support::wait_until_no_thread_is_named("gone-before-");
                early.fetch_add(lock(&reports).len(), Ordering::SeqCst);
            })
        };
        let job = pool.submit(move || drop(capture)).expect("it is running");
        hand_over.send(pool).expect("the capture waits");
        assert_eq!(job.cancel(), Cancellation::Cancelled);
        assert_eq!(early.load(Ordering::SeqCst), 0, "a report before the job's outcome");
        let reports = lock(&reports);
        assert_eq!(reports.len(), 1, "by the thread that cancelled");
        assert_eq!((reports[0].completed, reports[0].cancelled), (2, 1));
        assert_eq!(reports[0].unfinished, 0);
    });
    evidence("C15,C21", 1);
}

#[test]
fn a_report_hook_that_panics_harms_no_shutdown() {
    watchdog(LIMIT, "a report hook that panics", |_| {
        let capture = Arc::new(());
        let called = Count::default();
        let build = || {
            let (called, capture) = (called.clone(), Arc::clone(&capture));
            let hook = move |_: &last_call::Report| {
                let _ = &capture;
                called.up();
                panic::resume_unwind(Box::new("the hook's panic"));
            };
            ThreadPool::builder().workers(2).on_terminated(hook).build().expect("it can be built")
        };
        let report = build().shutdown();
        assert_eq!((report.accepted, report.other_panics), (0, 0));
        drop(build());
        let unwound = panic::catch_unwind(panic::AssertUnwindSafe(|| {
            let _pool = build();
            panic::resume_unwind(Box::new("the owner's panic"));
        }));
        assert_eq!(unwound.unwrap_err().downcast_ref(), Some(&"the owner's panic"));
        assert_eq!((called.get(), Arc::strong_count(&capture)), (3, 1));
    });
    evidence("C13,C16", 3);
}

#[test]
fn a_pool_that_is_not_built_reports_nothing_and_keeps_no_hook() {
    watchdog(LIMIT, "no pool, no report", |_| {
        let capture = Arc::new(());
        let called = Count::default();
        let builder = || {
            let (called, capture) = (called.clone(), Arc::clone(&capture));
            ThreadPool::builder().workers(2).on_terminated(move |_| {
                let _ = &capture;
                called.up();
            })
        };
        let panics = |_| panic::resume_unwind(Box::new("the start hook's panic"));
        assert!(builder().on_start(panics).build().unwrap_err().is_start_hook());
        assert!(builder().capacity(0).build().unwrap_err().is_argument());
        assert_eq!((called.get(), Arc::strong_count(&capture)), (0, 1));
        // The hook is dropped, and its panic is caught.
        let bomb = PanicsInDrop;
        let hook = move |_: &last_call::Report| {
            let _ = &bomb;
        };
        let builder = ThreadPool::builder().workers(2).on_terminated(hook).on_start(panics);
        assert!(builder.build().unwrap_err().is_start_hook());
    });
    evidence("C13,C27", 3);
}

#[test]
fn the_panic_hook_is_called_for_each_panic_that_no_handle_returns() {
    watchdog(LIMIT, "panic hook", |_| {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let hook = {
            let seen = Arc::clone(&seen);
            move |panic: &JobPanic| {
                lock(&seen).push(panic.clone());
                if panic.name == "fatal" {
                    panic::resume_unwind(Box::new("the hook's panic"));
                }
            }
        };
        let pool = ThreadPool::builder().workers(1).on_panic(hook).build().unwrap();
        let quiet = |text: &'static str| move || panic_quietly(text);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        pool.execute(quiet("detached")).unwrap();
        pool.job().name("fatal").execute(quiet("named")).unwrap();
        let handle = pool.submit(quiet("has a handle")).unwrap();
        drop(pool.submit(quiet("dropped handle")).unwrap());
        drop(pool.job().name("other").submit(quiet("dropped, named")).unwrap());
        pool.scope(|scope| {
            scope.execute(|| panic_quietly("scoped")).unwrap();
            gate.open();
        })
        .unwrap();
        assert!(handle.join().is_panicked());
        let report = pool.shutdown();
        assert_conserved(&report);
        assert_eq!((report.panicked, report.other_panics), (6, 1), "the hook's own panic counts");
        assert_eq!(*lock(&seen), report.panics, "the hook has what the report has");
        let messages: Vec<_> = report.panics.iter().map(|panic| &*panic.message).collect();
        let all = ["detached", "named", "dropped handle", "dropped, named", "scoped"];
        assert_eq!(messages, all);
        let named = |name| report.panics.iter().filter(|panic| panic.name == name).count();
        assert_eq!((named("fatal"), named("other")), (1, 1));
    });
    evidence("C12", 5);
}

#[test]
fn hooks_whose_captures_panic_are_dropped_one_by_one() {
    watchdog(LIMIT, "one by one", |_| {
        let (first, second) = (PanicsInDrop, PanicsInDrop);
        let builder = ThreadPool::builder().workers(1);
        let builder = builder.on_stop(move |_| _ = &first).on_panic(move |_| _ = &second);
        let report = builder.build().unwrap().shutdown();
        assert_eq!(report.other_panics, 2);
    });
    evidence("C13", 1);
}
