//! Panics of jobs and of destructors: workers go on, and every panic is counted.

#![cfg(not(loom))]

mod support;

use std::any::Any;
use std::borrow::Cow;
use std::error::Error;
use std::sync::{mpsc, Arc};
use std::{fmt, panic, thread};

use last_call::{CancelReason, Cancellation, Outcome, Payload, ThreadPool, PANICS_KEPT};
use support::{
    assert_conserved, evidence, in_a_process, panic_quietly, pool, watchdog, Bomb, Count, Counted,
    End, Gate, InDrop, LIMIT,
};

fn payload<T>(outcome: Outcome<T>) -> Payload {
    match outcome {
        Outcome::Panicked(payload) => payload,
        Outcome::Completed(_) => panic!("the job completed"),
        Outcome::Cancelled(reason) => panic!("the job was cancelled: {reason}"),
    }
}

fn text(payload: &(dyn Any + Send)) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().expect("a payload of these tests")
}

#[test]
fn a_worker_survives_with_its_thread_and_its_name() {
    watchdog(LIMIT, "survives", |_| {
        const PANICS: u64 = 100;
        let pool = pool(1);
        let identity = || {
            let job = pool.submit(|| {
                let current = thread::current();
                (current.id(), current.name().map(str::to_owned))
            });
            job.unwrap().join().unwrap()
        };
        let before = identity();
        assert_eq!(before.1.as_deref(), Some("last-call-0"));
        for n in 0..PANICS {
            if n % 2 == 0 {
                pool.execute(|| panic_quietly("on purpose")).unwrap();
            } else {
                assert!(pool.submit(move || panic_quietly(n)).unwrap().join().is_panicked());
            }
        }
        assert_eq!(identity(), before);
        let report = pool.shutdown();
        assert_eq!((report.completed, report.panicked), (2, PANICS));
        evidence("C12", PANICS);
    });
}

#[test]
fn the_payload_reaches_the_handle_as_it_is() {
    watchdog(LIMIT, "payload", |_| {
        let pool = pool(2);
        let text = payload(pool.submit(|| panic!("a plain text")).unwrap().join());
        assert_eq!(text.downcast_ref(), Some(&"a plain text"));
        let n = 5;
        let formatted = payload(pool.submit(move || panic!("number {n}")).unwrap().join());
        assert_eq!(formatted.downcast_ref(), Some(&"number 5".to_owned()));
        let shared = Arc::new(());
        let mine = Arc::clone(&shared);
        let any = payload(pool.submit(move || panic::panic_any(mine)).unwrap().join());
        assert!(Arc::ptr_eq(any.downcast_ref::<Arc<()>>().unwrap(), &shared));
        let report = pool.shutdown();
        assert_eq!(report.panicked, 3);
        assert!(report.panics.is_empty(), "they went to their handles: {report:?}");
        evidence("C12", 3);
    });
}

#[test]
fn without_a_handle_the_report_keeps_id_name_and_message() {
    watchdog(LIMIT, "report", |_| {
        let pool = pool(2);
        pool.execute(|| ()).unwrap();
        pool.execute(|| panic!("a plain text")).unwrap();
        pool.execute(|| ()).unwrap();
        let n = 5;
        pool.execute(move || panic!("number {n}")).unwrap();
        pool.execute(|| panic::panic_any(5_u8)).unwrap();
        let report = pool.shutdown();
        assert_eq!((report.completed, report.panicked, report.other_panics), (2, 3, 0));
        let kept = report.panics.iter();
        let kept = kept.map(|panic| (panic.id.get(), panic.message.as_str())).collect::<Vec<_>>();
        let other = "a payload that is not a string";
        assert_eq!(kept, [(1, "a plain text"), (3, "number 5"), (4, other)]);
        for panic in &report.panics {
            let function = "without_a_handle_the_report_keeps_id_name_and_message";
            assert!(panic.name.contains(function), "{}", panic.name);
        }
        evidence("C12", 3);
    });
}

#[derive(Debug)]
struct Failure(Option<&'static str>);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.unwrap_or_else(|| panic_quietly("from the message of an error")))
    }
}

impl Error for Failure {}

#[test]
fn a_payload_that_is_a_cow_a_boxed_string_or_a_boxed_error_keeps_its_message() {
    watchdog(LIMIT, "messages", |_| {
        let cases: [(fn(), &str); 6] = [
            (|| panic_quietly(Cow::Borrowed("a Cow")), "a Cow"),
            (|| panic_quietly(Cow::<str>::Owned("its own".to_owned())), "its own"),
            (|| panic_quietly(Box::<str>::from("a boxed string")), "a boxed string"),
            (|| panic_quietly(Box::<dyn Error + Send + Sync>::from("an error")), "an error"),
            (
                || panic_quietly(Box::new(Failure(Some("another"))) as Box<dyn Error + Send>),
                "another",
            ),
            (
                || panic_quietly(Box::new(Failure(None)) as Box<dyn Error + Send>),
                "an error whose message panics",
            ),
        ];
        let pool = pool(1);
        for (job, _) in cases {
            pool.execute(job).unwrap();
        }
        // The report has that of a dropped handle, too.
        for (job, _) in cases {
            let gate = Gate::new();
            gate.hold(&pool, 1);
            drop(pool.submit(job).unwrap());
        }
        let report = pool.shutdown();
        let kept = report.panics.iter().map(|panic| panic.message.as_str()).collect::<Vec<_>>();
        let expected = cases.iter().map(|(_, message)| *message).collect::<Vec<_>>();
        assert_eq!(kept, [&expected[..], &expected].concat());
        assert_eq!((report.panicked, report.other_panics), (12, 0));
        evidence("C12,C14", 12);
    });
}

/// Two at a time, each on its own worker, so that each worker has some of the early ones and some
/// of the late ones.
#[test]
fn a_closure_of_any_size_is_reported_by_its_name() {
    fn name_of<T>(_: &T) -> &'static str {
        std::any::type_name::<T>()
    }
    watchdog(LIMIT, "names", |_| {
        let pool = pool(1);
        let data = [1_u8; 1024];
        let small = || panic_quietly("small");
        let large = move || {
            std::hint::black_box(&data);
            panic_quietly("large")
        };
        let names = [name_of(&small), name_of(&large)];
        pool.execute(small).unwrap();
        pool.execute(large).unwrap();
        let panics = pool.shutdown().panics;
        assert_eq!(panics.iter().map(|panic| panic.name).collect::<Vec<_>>(), names);
        evidence("C12", 2);
    });
}

#[test]
fn a_job_is_reported_by_the_name_that_it_was_given() {
    watchdog(LIMIT, "given names", |_| {
        let pool = pool(1);
        let (gate, data) = (Gate::new(), [1_u8; 1024]);
        let boxed: Box<dyn FnOnce() + Send> = Box::new(|| panic_quietly("boxed"));
        let large = move || {
            std::hint::black_box(&data);
            panic_quietly("large");
        };
        gate.hold(&pool, 1);
        pool.job().name("boxed").execute(boxed).unwrap();
        pool.job().name("try").try_execute(|| panic_quietly("try")).unwrap();
        pool.job().name("large").execute_timeout(large, LIMIT).unwrap();
        // Their handles are dropped, so the report has their panics.
        drop(pool.job().name("handle").submit(|| panic_quietly(1)).unwrap());
        drop(pool.submitter().job().name("submitter").try_submit(|| panic_quietly(2)).unwrap());
        drop(pool.job().name("timeout").submit_timeout(|| panic_quietly(3), LIMIT).unwrap());
        let value = pool.job().name("value").submit(|| 4).unwrap();
        let cancelled = pool.job().name("cancelled").submit(|| 5).unwrap();
        assert_eq!(cancelled.cancel(), Cancellation::Cancelled);
        let trigger = pool.shutdown_trigger();
        gate.open();
        assert_eq!(value.join().unwrap(), 4);
        trigger.drain();
        // A refused job comes back.
        let refused = pool.job().name("refused").execute(|| ()).unwrap_err();
        assert!(refused.is_shut_down());
        refused.into_job()();
        let refused = pool.job().name("refused").submit(|| 6).unwrap_err();
        assert_eq!(refused.into_job()(), 6);
        let report = pool.shutdown();
        let names = report.panics.iter().map(|panic| panic.name).collect::<Vec<_>>();
        assert_eq!(names, ["boxed", "try", "large", "handle", "submitter", "timeout"]);
        assert_eq!((report.completed, report.panicked, report.cancelled), (2, 6, 1));
        evidence("C3,C12", 10);
    });
}

#[test]
fn a_job_is_reported_with_the_place_where_it_was_submitted() {
    type Call = fn(&ThreadPool);

    fn quiet() {
        panic_quietly("quiet");
    }
    watchdog(LIMIT, "places", |_| {
        let pool = pool(1);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let calls: [(u32, Call); 12] = [
            (line!(), |pool| pool.execute(quiet).unwrap()),
            (line!(), |pool| pool.try_execute(quiet).unwrap()),
            (line!(), |pool| pool.execute_timeout(quiet, LIMIT).unwrap()),
            (line!(), |pool| drop(pool.submit(quiet).unwrap())),
            (line!(), |pool| drop(pool.try_submit(quiet).unwrap())),
            (line!(), |pool| drop(pool.submit_timeout(quiet, LIMIT).unwrap())),
            (line!(), |pool| pool.submitter().execute(quiet).unwrap()),
            (line!(), |pool| drop(pool.submitter().submit(quiet).unwrap())),
            (line!(), |pool| pool.job().execute(quiet).unwrap()),
            (line!(), |pool| pool.job().name("named").try_execute(quiet).unwrap()),
            (line!(), |pool| drop(pool.job().name("named").submit(quiet).unwrap())),
            (line!(), |pool| drop(pool.job().submit_timeout(quiet, LIMIT).unwrap())),
        ];
        for (_, call) in calls {
            call(&pool);
        }
        let mut set = pool.job_set();
        let in_the_set = line!() + 1;
        set.submit(quiet).unwrap();
        set.detach_all();
        let scoped = pool.scope(|scope| {
            scope.execute(quiet).unwrap();
            drop(scope.submit(quiet).unwrap());
            gate.open();
            [line!() - 3, line!() - 2]
        });
        let lines = calls.iter().map(|(line, _)| *line);
        let lines = lines.chain([in_the_set]).chain(scoped.unwrap());
        let report = pool.shutdown();
        let places = report.panics.iter().map(|panic| (panic.site.file(), panic.site.line()));
        let expected = lines.map(|line| (file!(), line)).collect::<Vec<_>>();
        assert_eq!(places.collect::<Vec<_>>(), expected);
        evidence("C12", 15);
    });
}

#[test]
fn panics_of_several_workers_are_listed_in_the_order_of_acceptance() {
    watchdog(LIMIT, "several workers", |_| {
        const PAIRS: u64 = 5;
        let pool = pool(2);
        for _ in 0..PAIRS {
            let gate = Gate::new();
            for _ in 0..2 {
                let pass = gate.pass();
                let job = move || {
                    pass.wait();
                    panic_quietly("on purpose");
                };
                pool.execute(job).unwrap();
            }
            gate.wait_for(2);
        }
        let report = pool.shutdown();
        let ids = report.panics.iter().map(|panic| panic.id.get());
        assert_eq!(ids.collect::<Vec<_>>(), (0..2 * PAIRS).collect::<Vec<_>>());
        evidence("C12", 2 * PAIRS);
    });
}

#[test]
fn the_list_of_panics_is_bounded_and_the_count_exact() {
    watchdog(LIMIT, "bounded list", |_| {
        const ROUNDS: u64 = 20;
        for round in 0..ROUNDS {
            let pool = pool(1 + usize::try_from(round % 3).unwrap());
            let jobs = 3 * PANICS_KEPT as u64;
            for n in 0..jobs {
                pool.execute(move || panic_quietly(format!("number {n}"))).unwrap();
            }
            let report = pool.shutdown();
            assert_eq!((report.accepted, report.panicked), (jobs, jobs));
            assert_eq!(report.panics.len(), PANICS_KEPT);
            for (n, panic) in report.panics.iter().enumerate() {
                assert_eq!(panic.id.get(), n as u64, "the first ones, in order");
                assert_eq!(panic.message, format!("number {n}"));
            }
        }
        evidence("C12", ROUNDS);
    });
}

#[test]
fn a_payload_whose_drop_panics_is_counted_and_the_worker_goes_on() {
    watchdog(LIMIT, "payload's drop", |_| {
        let pool = pool(1);
        let dropped = Count::default();
        let bomb = Bomb(dropped.clone(), "from a payload's drop");
        pool.execute(move || panic_quietly(bomb)).unwrap();
        // No handle reads this one: it is dropped.
        let bomb = Bomb(dropped.clone(), "from an unread payload's drop");
        let gate = Gate::new();
        pool.execute(gate.job()).unwrap();
        drop(pool.submit(move || panic_quietly(bomb)).unwrap());
        gate.open();
        assert_eq!(pool.submit(|| "still here").unwrap().join().unwrap(), "still here");
        let report = pool.shutdown();
        assert_eq!(dropped.get(), 2);
        assert_eq!((report.completed, report.panicked, report.other_panics), (2, 2, 2));
        evidence("C12,C13", 2);
    });
}

/// Its destructor panics with another one of its kind, without end.
struct Hydra(Count);

impl Drop for Hydra {
    fn drop(&mut self) {
        self.0.up();
        panic_quietly(Hydra(self.0.clone()));
    }
}

#[test]
fn a_payload_whose_drops_never_end_is_leaked() {
    watchdog(LIMIT, "hydra", |_| {
        let pool = pool(1);
        let heads = Count::default();
        let hydra = Hydra(heads.clone());
        pool.execute(move || panic_quietly(hydra)).unwrap();
        let report = pool.shutdown();
        assert_eq!(report.panicked, 1);
        assert!((1..100).contains(&heads.get()), "{} drops", heads.get());
        assert_eq!(report.other_panics, heads.get());
        evidence("C12,C13", 1);
    });
}

#[test]
fn a_capture_whose_drop_panics_after_the_body_makes_the_job_panicked() {
    watchdog(LIMIT, "capture's drop", |_| {
        let pool = pool(1);
        let dropped = Count::default();
        let bomb = Bomb(dropped.clone(), "from a capture");
        let job = pool.submit(move || {
            std::hint::black_box(&bomb);
            "the body's value"
        });
        assert_eq!(text(&*payload(job.unwrap().join())), "from a capture");
        let bomb = Bomb(dropped.clone(), "from another capture");
        pool.execute(move || {
            std::hint::black_box(&bomb);
        })
        .unwrap();
        let report = pool.shutdown();
        assert_eq!(dropped.get(), 2);
        assert_eq!((report.completed, report.panicked, report.other_panics), (0, 2, 0));
        assert_eq!(report.panics[0].message, "from another capture");
        evidence("C13,C15", 2);
    });
}

#[test]
fn captures_of_cancelled_jobs_whose_drop_panics_are_all_dropped_and_stay_cancelled() {
    watchdog(LIMIT, "cancelled captures", |_| {
        const JOBS: u64 = 20;
        for end in [End::ShutdownNow, End::Poll] {
            let pool = pool(1);
            let gate = Gate::new();
            pool.execute(gate.job()).unwrap();
            gate.wait_for(1);
            let (bombs, others) = (Count::default(), Count::default());
            let handles = (0..JOBS).map(|n| {
                let bomb = Bomb(bombs.clone(), "from a cancelled capture");
                let other = Counted(others.clone());
                match n % 3 {
                    0 => {
                        let both = (bomb, other);
                        return Some(pool.submit(move || drop(both)).unwrap());
                    }
                    1 => pool.execute(move || drop((other, bomb))).unwrap(),
                    // Too large to be stored without a box.
                    _ => pool.execute(move || drop(([n; 64], other, bomb))).unwrap(),
                }
                None
            });
            let handles = handles.flatten().collect::<Vec<_>>();
            // The worker is released only when every queued job is gone.
            let opener = {
                let bombs = bombs.clone();
                thread::spawn(move || {
                    bombs.wait_for(JOBS);
                    gate.open();
                })
            };
            let report = end.end(pool).expect("both ways report");
            opener.join().unwrap();
            assert_eq!((bombs.get(), others.get()), (JOBS, JOBS), "one by one");
            assert_eq!((report.cancelled, report.panicked), (JOBS, 0));
            assert_eq!(report.other_panics, JOBS);
            assert_conserved(&report);
            let reason = if end == End::Poll {
                CancelReason::DeadlinePassed
            } else {
                CancelReason::Discarded
            };
            for handle in handles {
                assert!(matches!(handle.join(), Outcome::Cancelled(why) if why == reason));
            }
        }
        evidence("C4,C13,C17", 2 * JOBS);
    });
}

#[test]
fn a_capture_whose_drop_panics_with_what_panics_in_its_drop_is_counted_twice() {
    watchdog(LIMIT, "capture's payload's drop", |_| {
        let pool = pool(1);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let dropped = Count::default();
        let bomb = Bomb(dropped.clone(), "from the drop of a capture's payload");
        let mut payload = Some(bomb);
        let capture = InDrop(move || panic_quietly(payload.take()));
        let queued = pool.submit(move || drop(capture)).unwrap();
        assert_eq!(queued.cancel(), Cancellation::Cancelled);
        gate.open();
        let report = pool.shutdown();
        assert_eq!((report.cancelled, report.panicked, report.other_panics), (1, 0, 2));
        assert_eq!(dropped.get(), 1);
        evidence("C13,C25", 1);
    });
}

#[test]
fn an_unread_result_whose_drop_panics_stays_completed() {
    watchdog(LIMIT, "result's drop", |_| {
        let pool = pool(1);
        let gate = Gate::new();
        let dropped = Count::default();
        pool.execute(gate.job()).unwrap();
        let bomb = Bomb(dropped.clone(), "from a result");
        drop(pool.submit(move || bomb).unwrap());
        gate.open();
        assert_eq!(pool.submit(|| "still here").unwrap().join().unwrap(), "still here");
        let report = pool.shutdown();
        assert_eq!(dropped.get(), 1);
        assert_eq!((report.completed, report.panicked, report.other_panics), (3, 0, 1));
        evidence("C12,C13", 1);
    });
}

#[test]
fn a_handle_dropped_with_a_result_whose_drop_panics_does_not_panic() {
    watchdog(LIMIT, "handle's drop", |_| {
        let pool = pool(1);
        let dropped = Count::default();
        let bomb = Bomb(dropped.clone(), "from a result");
        let handle = pool.submit(move || bomb).unwrap();
        // This job runs after it, so the worker has dropped what it held of it.
        pool.submit(|| ()).unwrap().join().unwrap();
        assert!(handle.is_finished());
        drop(handle);
        assert_eq!(dropped.get(), 1);
        let report = pool.shutdown();
        assert_eq!((report.completed, report.panicked, report.other_panics), (2, 0, 1));
        evidence("C13", 1);
    });
}

/// Destructors of the user run without a lock held.
#[test]
fn destructors_may_submit_jobs_and_ask_for_stats() {
    watchdog(LIMIT, "destructors that submit", |progress| {
        let mut runs = 0;
        for end in [End::Drop, End::ShutdownNow, End::Poll] {
            progress.note(format_args!("{end:?}"));
            let mut pool = Arc::new(pool(1));
            let gate = Gate::new();
            let (accepted, refused) = (Count::default(), Count::default());
            let submits = || {
                let (submitter, owner) = (pool.submitter(), Arc::downgrade(&pool));
                let (accepted, refused) = (accepted.clone(), refused.clone());
                InDrop(move || {
                    if let Some(pool) = owner.upgrade() {
                        assert!(pool.stats().accepted > 0);
                    }
                    match submitter.submit(|| ()) {
                        Ok(_handle) => accepted.up(),
                        Err(_closure) => refused.up(),
                    }
                })
            };
            // While the pool runs: a capture, a result that is never read, one that a handle drops,
            // and payloads with and without a handle.
            let capture = submits();
            pool.submit(move || drop(capture)).unwrap().join().unwrap();
            let result = submits();
            drop(pool.submit(move || result).unwrap());
            let result = submits();
            drop(pool.submit(move || result).unwrap().join());
            let mine = submits();
            pool.execute(move || panic_quietly(std::sync::Mutex::new(mine))).unwrap();
            let mine = submits();
            let handle = pool.submit(move || panic_quietly(std::sync::Mutex::new(mine))).unwrap();
            drop(handle.join());
            accepted.wait_for(5);
            assert_eq!(refused.get(), 0);

            // While it shuts down: the capture of a queued job, run or cancelled, and of a running
            // job.
            let (first, second) = (submits(), submits());
            let pass = gate.pass();
            pool.execute(move || {
                pass.wait();
                drop(first);
            })
            .unwrap();
            gate.wait_for(1);
            let queued = pool.submit(move || drop(second)).unwrap();
            // This is the only owner again as soon as the last of the destructors has returned.
            let owned = loop {
                match Arc::try_unwrap(pool) {
                    Ok(pool) => break pool,
                    Err(shared) => pool = shared,
                }
                thread::yield_now();
            };
            let ending = thread::spawn(move || end.end(owned));
            if end != End::Drop {
                assert!(queued.join().is_cancelled());
                refused.wait_for(1);
            }
            gate.open();
            if let Some(report) = ending.join().unwrap() {
                assert_conserved(&report);
                assert_eq!(report.other_panics, 0);
            }
            if end != End::Drop {
                refused.wait_for(2);
                assert_eq!(accepted.get(), 5);
            }
            // If a drop only begins the shutdown, the gate may open first.
            runs += 7;
        }
        evidence("C14", runs);
    });
}

#[test]
fn a_pool_dropped_while_unwinding_drains_and_does_not_panic() {
    watchdog(LIMIT, "unwinding", |_| {
        const JOBS: u64 = 20;
        let ran = Count::default();
        let unwound = {
            let ran = ran.clone();
            thread::spawn(move || {
                let pool = pool(2);
                let gate = Gate::new();
                for n in 0..JOBS {
                    let (ran, pass) = (ran.clone(), gate.pass());
                    let bomb = Bomb(Count::default(), "from a capture");
                    pool.execute(move || {
                        std::hint::black_box(&bomb);
                        pass.wait();
                        ran.up();
                    })
                    .unwrap();
                    drop(pool.submit(move || panic_quietly(n)).unwrap());
                }
                panic_quietly("the owner's own panic");
            })
        };
        let payload = unwound.join().unwrap_err();
        assert_eq!(text(&*payload), "the owner's own panic");
        assert_eq!(ran.get(), JOBS, "what was queued ran");
        evidence("C13,C16", 1);
    });
}

#[test]
fn the_worker_is_not_unwinding_while_it_runs_the_next_job() {
    watchdog(LIMIT, "not panicking", |_| {
        let pool = pool(1);
        let (send, receive) = mpsc::channel();
        pool.execute(|| panic_quietly(())).unwrap();
        pool.execute(move || send.send(thread::panicking()).unwrap()).unwrap();
        assert!(!receive.recv().unwrap());
        evidence("C12", 1);
    });
}

/// Asserts that the process was aborted, and not by the watchdog.
fn assert_aborted(output: &std::process::Output) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{errors}");
    assert!(!errors.contains("not finished within"), "{errors}");
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        const SIGABRT: i32 = 6;
        assert_eq!(output.status.signal(), Some(SIGABRT), "{:?}: {errors}", output.status);
    }
}

#[test]
fn two_panics_at_once_in_a_closure_abort_the_process() {
    let test = "two_panics_at_once_in_a_closure_abort_the_process";
    if let Some(output) = in_a_process(test, &[]) {
        assert_aborted(&output);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains("destructor during cleanup"), "{errors}");
        evidence("C13", 1);
        return;
    }
    watchdog(LIMIT, "abort", |_| {
        let pool = pool(1);
        let bomb = Bomb(Count::default(), "the second panic");
        let job = pool.submit(move || {
            std::hint::black_box(&bomb);
            panic_quietly("the first panic");
        });
        let outcome = job.unwrap().join();
        println!("the process lives: {}", outcome.is_panicked());
    });
}

#[test]
fn a_thread_local_whose_destructor_panics_aborts_the_process() {
    thread_local! {
        static LOCAL: Bomb = Bomb(Count::default(), "from a thread-local");
    }
    let test = "a_thread_local_whose_destructor_panics_aborts_the_process";
    if let Some(output) = in_a_process(test, &[]) {
        assert_aborted(&output);
        evidence("C13", 1);
        return;
    }
    watchdog(LIMIT, "abort", |_| {
        let pool = pool(1);
        pool.submit(|| LOCAL.with(|_| ())).unwrap().join().unwrap();
        drop(pool);
        println!("the process lives");
    });
}
