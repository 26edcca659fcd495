//! Building: every invalid argument is refused by name, and no thread is left running.

#![cfg(not(loom))]

mod support;

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::{Arc, Barrier, Mutex};
use std::{panic, thread};

use last_call::{BuildError, Builder, QueueKind, ThreadPool, MAX_CAPACITY, MAX_WORKERS};
use support::{
    evidence, in_a_process, lock, panic_quietly, threads_named, wait_until_no_thread_is_named,
    watchdog, Bomb, Count, Gate, LIMIT,
};

fn refused(builder: Builder) -> BuildError {
    match builder.build() {
        Ok(pool) => panic!("built all the same: {pool:?}"),
        Err(error) => error,
    }
}

/// Asserts that the message contains the argument, its value and what is expected.
fn assert_argument(builder: Builder, words: [&str; 3]) {
    let error = refused(builder);
    assert!(error.is_argument() && !error.is_spawn() && !error.is_start_hook(), "{error:?}");
    assert!(error.source().is_none());
    let message = error.to_string();
    for word in words {
        assert!(message.contains(word), "no {word:?} in {message:?}");
    }
}

#[test]
fn invalid_arguments_are_refused_by_name() {
    watchdog(LIMIT, "arguments", |_| {
        let started = Count::default();
        let builder = || {
            let started = started.clone();
            ThreadPool::builder().thread_name("refused").on_start(move |_| started.up())
        };
        let expected = format!("(expected 1 to {MAX_WORKERS})");
        let many = (MAX_WORKERS + 1).to_string();
        let most = usize::MAX.to_string();
        assert_argument(builder().workers(0), ["`workers`: ", " 0 ", &expected]);
        assert_argument(builder().workers(MAX_WORKERS + 1), ["`workers`: ", &many, &expected]);
        assert_argument(builder().workers(usize::MAX), ["`workers`: ", &most, &expected]);
        let expected = format!("(expected 1 to {MAX_CAPACITY})");
        for jobs in [0, MAX_CAPACITY + 1, usize::MAX] {
            let value = format!(" {jobs} jobs");
            assert_argument(
                builder().workers(2).capacity(jobs),
                ["`capacity`: ", &value, &expected],
            );
        }
        for name in ["\0", "a\0", "a\0b"] {
            let shown = format!("{name:?}");
            let words = ["`thread_name`", shown.as_str(), "without a NUL"];
            assert_argument(builder().workers(2).thread_name(name), words);
        }
        assert_argument(
            builder().workers(2).stack_size(0),
            ["`stack_size`", " 0 bytes", "to 1099511627776)"],
        );
        if cfg!(target_pointer_width = "64") {
            let words = ["`stack_size`", &most, " to 1099511627776)"];
            assert_argument(builder().workers(2).stack_size(usize::MAX), words);
        }
        let words = ["`stack_size`", " 65535 bytes", "(expected 65536 to 1099511627776)"];
        assert_argument(builder().workers(2).stack_size(65_535), words);
        if let Ok(bytes) = usize::try_from((1_u64 << 40) + 1) {
            let words = ["`stack_size`", " 1099511627777 bytes", " to 1099511627776)"];
            assert_argument(builder().workers(2).stack_size(bytes), words);
        }
        assert_eq!(started.get(), 0);
        assert_eq!(threads_named("refused-"), 0);
        let pool = ThreadPool::builder().workers(1).stack_size(65_536).build().unwrap();
        assert_eq!(pool.submit(|| 3).unwrap().join().unwrap(), 3);
        // The largest capacity is only a number.
        drop(ThreadPool::builder().workers(1).capacity(MAX_CAPACITY).build().unwrap());
        evidence("C27", 15);
    });
}

#[test]
fn new_panics_where_build_returns_an_error() {
    watchdog(LIMIT, "new", |_| {
        for (workers, value) in [(0, "0"), (usize::MAX, "18446744073709551615")] {
            let payload = panic::catch_unwind(|| drop(ThreadPool::new(workers))).unwrap_err();
            let message = payload.downcast_ref::<String>().unwrap();
            assert!(message.contains("`workers`"), "{message}");
            assert!(message.contains(value) || cfg!(not(target_pointer_width = "64")), "{message}");
        }
        assert_eq!(ThreadPool::new(3).stats().workers, 3);
        evidence("C27", 3);
    });
}

#[test]
fn options_that_are_not_set_have_their_defaults() {
    watchdog(LIMIT, "defaults", |_| {
        let pool = ThreadPool::builder().build().unwrap();
        let parallelism = thread::available_parallelism().map_or(1, usize::from);
        assert_eq!(pool.stats().workers, parallelism);
        let name = pool.submit(|| thread::current().name().map(str::to_owned));
        let name = name.unwrap().join().unwrap().unwrap();
        let number = name.strip_prefix("last-call-").unwrap();
        assert!(number.parse::<usize>().unwrap() < parallelism, "{name}");
        evidence("C27", 1);
    });
}

#[test]
fn each_queue_has_its_name() {
    let names: Vec<_> = QueueKind::ALL.iter().map(|kind| kind.name()).collect();
    let channel = QueueKind::ALL.len() == 4;
    assert_eq!(
        names,
        [&["two-lock", "locked", "work-stealing"][..], if channel { &["channel"] } else { &[] }]
            .concat()
    );
}

/// For the evidence, which runs one build of these tests on each queue.
#[cfg(unix)]
#[test]
fn a_builder_begins_with_the_queue_that_the_environment_names() {
    let test = "a_builder_begins_with_the_queue_that_the_environment_names";
    for kind in QueueKind::ALL {
        let variable = format!("LAST_CALL_QUEUE={}", kind.name());
        let Some(output) = in_a_process(test, &["env", &variable]) else {
            println!("begins with {:?}", ThreadPool::builder());
            return;
        };
        let lines = String::from_utf8_lossy(&output.stdout);
        assert!(lines.contains(&format!("queue: {kind:?}")), "{lines}");
    }
}

#[test]
fn threads_have_their_names_and_hooks_run_on_them_with_their_numbers() {
    watchdog(LIMIT, "names and hooks", |_| {
        for workers in 1..=4 {
            let calls = Arc::new(Mutex::new(Vec::new()));
            let hook = |kind: &'static str| {
                let calls = Arc::clone(&calls);
                move |number: usize| {
                    let name = thread::current().name().unwrap().to_owned();
                    lock(&calls).push((kind, number, name));
                }
            };
            let pool = ThreadPool::builder()
                .workers(workers)
                .thread_name("grün")
                .on_start(hook("start"))
                .on_stop(hook("stop"))
                .build()
                .unwrap();
            let expected = |kind| {
                (0..workers).map(|n| (kind, n, format!("grün-{n}"))).collect::<BTreeSet<_>>()
            };
            let calls_so_far = std::mem::take(&mut *lock(&calls));
            assert_eq!(calls_so_far.len(), workers, "each once, before `build` returns");
            assert_eq!(calls_so_far.into_iter().collect::<BTreeSet<_>>(), expected("start"));
            drop(pool);
            let calls = std::mem::take(&mut *lock(&calls));
            assert_eq!(calls.len(), workers);
            assert_eq!(calls.into_iter().collect::<BTreeSet<_>>(), expected("stop"));
        }
        evidence("C20,C27", 4);
    });
}

#[test]
fn a_stack_has_the_size_that_was_chosen() {
    /// Uses about one KiB of stack for each level.
    fn descend(levels: usize) -> usize {
        let frame = std::hint::black_box([levels; 128]);
        if levels == 0 {
            return 0;
        }
        descend(levels - 1) + std::hint::black_box(frame)[1].min(1)
    }
    watchdog(LIMIT, "stack", |_| {
        const MEBIBYTE: usize = 1 << 20;
        // Some times the usual stack, also where nothing is optimised.
        let pool = ThreadPool::builder().workers(1).stack_size(64 * MEBIBYTE).build().unwrap();
        assert_eq!(pool.submit(|| descend(8_000)).unwrap().join().unwrap(), 8_000);
        // A small one is enough for small jobs.
        let pool = ThreadPool::builder().workers(1).stack_size(128 << 10).build().unwrap();
        assert_eq!(pool.submit(|| 3).unwrap().join().unwrap(), 3);
        evidence("C27", 2);
    });
}

fn assert_spawn_error(error: &BuildError, workers: usize) {
    assert!(error.is_spawn() && !error.is_argument() && !error.is_start_hook(), "{error:?}");
    assert!(error.source().is_some(), "the system's reason");
    assert!(error.to_string().contains(&format!("of {workers} could not be started")), "{error}");
}

/// A terabyte each is more than the address space holds, if not more than the system grants one.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn a_stack_that_the_system_refuses_is_an_error() {
    watchdog(LIMIT, "huge stacks", |_| {
        let (starts, stops) = (Count::default(), Count::default());
        let (on_start, on_stop) = (starts.clone(), stops.clone());
        let builder = ThreadPool::builder().workers(256).thread_name("huge").stack_size(1 << 40);
        let builder = builder.on_start(move |_| on_start.up()).on_stop(move |_| on_stop.up());
        let error = refused(builder);
        assert_spawn_error(&error, 256);
        assert_eq!(starts.get(), stops.get());
        wait_until_no_thread_is_named("huge-");
        evidence("C27", 1);
    });
}

/// The system grants some stacks and then no more: those that had started are stopped and joined.
#[cfg(target_os = "linux")]
#[test]
fn workers_that_had_started_are_joined_when_one_cannot_be_started() {
    const WORKERS: usize = 64;
    let test = "workers_that_had_started_are_joined_when_one_cannot_be_started";
    // Two gibibytes of address space, of which each stack takes a sixteenth.
    let limited = ["sh", "-c", "ulimit -v 2097152 && exec \"$0\" \"$@\""];
    if let Some(output) = in_a_process(test, &limited) {
        let lines = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{lines}{errors}");
        assert!(lines.contains("some had started"), "{lines}");
        evidence("C27", 1);
        return;
    }
    watchdog(LIMIT, "some stacks", |_| {
        let (starts, stops) = (Count::default(), Count::default());
        let (on_start, on_stop) = (starts.clone(), stops.clone());
        let builder = ThreadPool::builder().workers(WORKERS).thread_name("some");
        let builder = builder.stack_size(128 << 20);
        let builder = builder.on_start(move |_| on_start.up()).on_stop(move |_| on_stop.up());
        let error = refused(builder);
        assert_spawn_error(&error, WORKERS);
        // No hook runs before every thread exists.
        assert_eq!((starts.get(), stops.get()), (0, 0));
        wait_until_no_thread_is_named("some-");
        let worker = error.to_string();
        assert!(!worker.contains("worker 0 "), "none had started: {worker}");
        println!("some had started: {worker}");
    });
}

/// The process ends by `abort` if std cannot map the signal stack of a thread that has started.
#[test]
fn the_largest_pool_is_built_or_refused_and_never_aborts() {
    let test = "the_largest_pool_is_built_or_refused_and_never_aborts";
    if let Some(output) = in_a_process(test, &[]) {
        let lines = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{:?}: {lines}{errors}", output.status);
        evidence("C27", 1);
        return;
    }
    watchdog(LIMIT, "the largest pool", |progress| {
        let builder = ThreadPool::builder().workers(MAX_WORKERS).stack_size(64 << 10);
        match builder.thread_name("largest").build() {
            Ok(pool) => {
                progress.note("built");
                assert_eq!(pool.stats().workers, MAX_WORKERS);
                assert_eq!(pool.submit(|| 3).unwrap().join().unwrap(), 3);
            }
            Err(error) => assert_spawn_error(&error, MAX_WORKERS),
        }
        wait_until_no_thread_is_named("largest-");
    });
}

#[test]
fn a_start_hook_that_panics_fails_the_build_and_ends_the_workers() {
    watchdog(LIMIT, "start hook", |progress| {
        const ROUNDS: u64 = 20;
        let mut runs = 0;
        for (workers, culprit) in [(1, 0), (2, 0), (2, 1), (4, 0), (4, 2), (4, 3)] {
            for round in 0..ROUNDS {
                progress.note(format_args!("{workers} workers, {culprit} fails, round {round}"));
                let started = Arc::new(Mutex::new(BTreeSet::new()));
                let stopped = Arc::new(Mutex::new(BTreeSet::new()));
                let error = {
                    let (started, stopped) = (Arc::clone(&started), Arc::clone(&stopped));
                    let on_start = move |number| {
                        if number == culprit {
                            panic_quietly(format!("number {number} on purpose"));
                        }
                        lock(&started).insert(number);
                    };
                    let on_stop = move |number| {
                        lock(&stopped).insert(number);
                    };
                    let builder = ThreadPool::builder().workers(workers).thread_name("culprit");
                    refused(builder.on_start(on_start).on_stop(on_stop))
                };
                assert!(error.is_start_hook() && !error.is_spawn() && !error.is_argument());
                let message = error.to_string();
                let worker = format!("worker {culprit}");
                assert!(message.contains(&worker), "{message}");
                assert!(message.ends_with(&format!("number {culprit} on purpose")), "{message}");
                // A worker whose hook had not returned ends by itself.
                while Arc::strong_count(&started) + Arc::strong_count(&stopped) > 2 {
                    thread::yield_now();
                }
                let started = Arc::try_unwrap(started).unwrap().into_inner().unwrap();
                let stopped = Arc::try_unwrap(stopped).unwrap().into_inner().unwrap();
                let others = (0..workers).filter(|number| *number != culprit);
                assert_eq!(started, others.collect::<BTreeSet<_>>());
                assert_eq!(stopped, started, "a worker that has started is stopped");
                runs += 1;
            }
        }
        wait_until_no_thread_is_named("culprit-");
        evidence("C27", runs);
    });
}

/// The hook of one worker panics, and the others wait for it. The build does not wait for them.
#[test]
fn a_build_fails_whatever_start_hooks_wait_for() {
    watchdog(LIMIT, "hooks that meet", |_| {
        for culprit in 0..3 {
            let gate = Gate::new();
            let pass = gate.pass();
            let on_start = move |number| {
                if number == culprit {
                    panic_quietly("on purpose");
                }
                pass.wait();
            };
            let builder = ThreadPool::builder().workers(3).thread_name("meeting");
            let error = refused(builder.on_start(on_start));
            assert!(error.is_start_hook(), "{error:?}");
            assert!(error.to_string().contains(&format!("worker {culprit}")), "{error}");
            gate.open();
            wait_until_no_thread_is_named("meeting-");
        }
        evidence("C27", 3);
    });
}

/// Start hooks that wait for each other all run, since none runs before every thread exists.
#[test]
fn start_hooks_may_wait_for_each_other() {
    watchdog(LIMIT, "hooks that meet", |_| {
        let meeting = Barrier::new(3);
        let on_start = move |_| _ = meeting.wait();
        let pool = ThreadPool::builder().workers(3).on_start(on_start).build().unwrap();
        assert_eq!(pool.submit(|| 3).unwrap().join().unwrap(), 3);
        evidence("C27", 1);
    });
}

#[test]
fn a_stop_hook_that_panics_is_counted() {
    watchdog(LIMIT, "stop hook", |_| {
        const WORKERS: u64 = 3;
        let builder = || {
            let builder = ThreadPool::builder().workers(3);
            builder.on_stop(|number| panic_quietly(format!("number {number} on purpose")))
        };
        let pool = builder().build().unwrap();
        pool.execute(|| ()).unwrap();
        let report = pool.shutdown();
        assert_eq!((report.completed, report.other_panics), (1, WORKERS));
        let pool = builder().build().unwrap();
        assert_eq!(pool.shutdown_now().other_panics, WORKERS);
        drop(builder().build().unwrap());
        // And so is one in the drop of its payload.
        let dropped = Count::default();
        let bombs = dropped.clone();
        let builder = ThreadPool::builder().workers(1);
        let builder = builder.on_stop(move |_| panic_quietly(Bomb(bombs.clone(), "in its drop")));
        assert_eq!((builder.build().unwrap().shutdown().other_panics, dropped.get()), (2, 1));
        evidence("C13,C27", 4);
    });
}

/// The hook runs without a lock held, and when it does, nothing is accepted any more.
#[test]
fn a_stop_hook_may_submit_jobs_and_is_refused() {
    watchdog(LIMIT, "stop hook submits", |_| {
        let submitter = Arc::new(Mutex::new(None::<last_call::Submitter>));
        let pool = {
            let submitter = Arc::clone(&submitter);
            let refused = move |_| {
                let submitter = lock(&submitter).clone();
                assert!(submitter.unwrap().execute(|| ()).unwrap_err().is_shut_down());
            };
            ThreadPool::builder().workers(2).on_stop(refused).build().unwrap()
        };
        *lock(&submitter) = Some(pool.submitter());
        let report = pool.shutdown();
        assert_eq!((report.rejected, report.other_panics), (2, 0));
        evidence("C3,C14", 2);
    });
}

#[test]
fn a_builder_builds_as_many_pools_as_it_is_cloned() {
    watchdog(LIMIT, "clone", |_| {
        let builder = ThreadPool::builder().workers(2).thread_name("twin");
        assert!(format!("{builder:?}").contains("twin"));
        let (one, other) = (builder.clone().build().unwrap(), builder.build().unwrap());
        drop(one);
        assert_eq!(other.submit(|| 4).unwrap().join().unwrap(), 4);
        evidence("C27", 1);
    });
}

#[test]
fn a_pool_knows_its_workers_and_which_of_them_this_thread_is() {
    watchdog(LIMIT, "workers", |_| {
        let pool = ThreadPool::default();
        let parallelism = thread::available_parallelism().map_or(1, usize::from);
        assert_eq!((pool.workers(), pool.stats().workers), (parallelism, parallelism));
        let (pool, other) = (ThreadPool::new(2), ThreadPool::new(1));
        let submitter = pool.submitter();
        assert_eq!((submitter.workers(), pool.current_worker()), (2, None));
        let job = {
            let submitter = submitter.clone();
            move || (submitter.current_worker(), thread::current().name().map(str::to_owned))
        };
        let (number, name) = pool.submit(job.clone()).unwrap().join().unwrap();
        assert_eq!(name, Some(format!("last-call-{}", number.unwrap())));
        assert_eq!(other.submit(job).unwrap().join().unwrap().0, None, "a worker of another pool");
        drop(pool);
        assert_eq!((submitter.workers(), submitter.current_worker()), (2, None));
    });
    evidence("C27", 1);
}
