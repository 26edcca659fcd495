//! The behaviour of the explorer, apart from visiting every trace once.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicUsize as Unseen;
use std::sync::Mutex as Hidden;
use std::time::Duration;

use mazurka::sync::atomic::{AtomicUsize, Ordering};
use mazurka::sync::{Arc, Condvar, Mutex};
use mazurka::{choose, thread, Builder, End, Failure, FailureKind, Report, Scheduler, Stuck};

fn explore(builder: &Builder, model: impl Fn() + Send + Sync + 'static) -> Report {
    builder.explore(model).expect("the settings are valid")
}

fn failure(report: Report) -> Failure {
    match report.end {
        End::Failed(failure) => *failure,
        end => panic!("{end:?}"),
    }
}

fn named(name: &str, main: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::Builder::new().name(name.to_owned()).spawn(main).expect("the thread starts")
}

/// Reads the flag, and releases the lock before it waits, so the notification may come too early.
fn lost_wakeup() {
    let shared = Arc::new((Mutex::new(false), Condvar::new()));
    let other = Arc::clone(&shared);
    let setter = named("setter", move || {
        *other.0.lock().unwrap() = true;
        other.1.notify_one();
    });
    let set = *shared.0.lock().unwrap();
    if !set {
        drop(shared.1.wait(shared.0.lock().unwrap()).unwrap());
    }
    setter.join().unwrap();
}

/// Takes two locks in both orders.
fn opposite_orders() {
    let locks = Arc::new((Mutex::new(()), Mutex::new(())));
    let other = Arc::clone(&locks);
    let other = named("other", move || {
        let _second = other.1.lock().unwrap();
        let _first = other.0.lock().unwrap();
    });
    {
        let _first = locks.0.lock().unwrap();
        let _second = locks.1.lock().unwrap();
    }
    other.join().unwrap();
}

#[test]
fn a_failure_is_replayed_from_its_line() {
    for model in [lost_wakeup, opposite_orders] {
        let first = failure(explore(&Builder::new(), model));
        assert_eq!(first.kind, FailureKind::Deadlock);
        let schedule = first.schedule.to_string().parse().expect("the line is a schedule");
        let again = failure(Builder::new().replay(&schedule, model).unwrap());
        assert_eq!(again.kind, first.kind);
        assert_eq!(again.stands, first.stands);
        assert_eq!(again.schedule, first.schedule);
        assert_eq!(again.interleaving, first.interleaving);
    }
}

#[test]
fn a_failure_after_time_has_passed_is_replayed() {
    let model = || {
        let shared = Arc::new((Mutex::new(()), Condvar::new()));
        let guard = shared.0.lock().unwrap();
        let (_guard, result) = shared.1.wait_timeout(guard, Duration::ZERO).unwrap();
        assert!(!result.timed_out(), "it was notified");
    };
    let first = failure(explore(&Builder::new(), model));
    assert_eq!((first.kind, first.message.as_str()), (FailureKind::Panic, "it was notified"));
    let again = failure(Builder::new().replay(&first.schedule, model).unwrap());
    assert_eq!(again.message, first.message);
    assert_eq!(again.interleaving, first.interleaving);
    assert_eq!(first.interleaving.len(), 3, "it locks, waits and locks: {first}");
}

/// Two threads start one thread each, in any order. The model fails in one order.
#[test]
fn a_failure_is_replayed_when_threads_start_in_another_order() {
    let model = |fails: [usize; 2]| {
        let order = Arc::new(Mutex::new(Vec::new()));
        let start = |number| {
            let order = Arc::clone(&order);
            thread::spawn(move || {
                let mut order = order.lock().unwrap();
                order.push(number);
                thread::spawn(move || {
                    let own = AtomicUsize::new(0);
                    (0..=number).for_each(|_| own.store(1, Ordering::SeqCst));
                })
            })
        };
        for parent in [start(0), start(1)] {
            parent.join().unwrap().join().unwrap();
        }
        assert_ne!(*order.lock().unwrap(), fails);
    };
    for (parts, fails) in [(1, [0, 1]), (1, [1, 0]), (2, [0, 1]), (2, [1, 0])] {
        let first = failure(explore(&Builder::new().parts(parts), move || model(fails)));
        assert_eq!(first.kind, FailureKind::Panic);
        let again = Builder::new().replay(&first.schedule, move || model(fails)).unwrap();
        let again = failure(again);
        assert_eq!(again.interleaving, first.interleaving);
        assert_eq!(again.schedule, first.schedule);
    }
}

#[test]
fn a_schedule_of_another_model_is_refused_at_the_step_that_does_not_fit() {
    let model = || {
        let lock = Mutex::new(());
        drop(lock.lock());
        drop(lock.lock());
    };
    for (line, step) in [("ab", "step 2"), ("aa1", "step 2"), ("[99]", "step 1")] {
        let schedule = line.parse().expect("it is a schedule");
        let failure = failure(Builder::new().replay(&schedule, model).unwrap());
        assert_eq!(failure.kind, FailureKind::Diverged);
        assert!(failure.message.starts_with(step), "{line}: {}", failure.message);
    }
}

#[test]
fn an_invalid_setting_is_named_with_the_accepted_values() {
    let new = Builder::new;
    let settings = [
        ("max_threads", new().max_threads(0)),
        ("max_threads", new().max_threads(17)),
        ("max_steps", new().max_steps(0)),
        ("max_steps", new().max_steps(100_000)),
        ("max_executions", new().max_executions(Some(0))),
        ("max_duration", new().max_duration(Some(Duration::ZERO))),
        ("stack_size", new().stack_size(0)),
        ("parts", new().parts(0)),
        ("symmetric", new().symmetric(Some(""))),
    ];
    for (name, builder) in settings {
        let invalid = builder.explore(|| ()).expect_err(name).to_string();
        assert!(invalid.contains(&format!("`{name}`")), "{invalid}");
        assert!(invalid.contains("accepted"), "{invalid}");
    }
    let sample = |scheduler, count| new().sample(scheduler, count, 1, || ()).map(|_| ());
    let invalid = sample(Scheduler::Random, 0).expect_err("no schedule").to_string();
    assert!(invalid.contains("`count` is 0; 1 or more is accepted"), "{invalid}");
    let invalid = sample(Scheduler::Pct { depth: 0 }, 1).expect_err("no depth").to_string();
    assert!(invalid.contains("`depth` is 0; 1 or more is accepted"), "{invalid}");
}

#[test]
fn an_invisible_decision_is_noticed_when_it_changes_an_operation() {
    let executions = Unseen::new(0);
    let failure = failure(explore(&Builder::new(), move || {
        let odd = executions.fetch_add(1, Ordering::SeqCst) % 2 == 1;
        let (one, other) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let seen = if odd { &one } else { &other };
        seen.load(Ordering::SeqCst);
        choose(2);
    }));
    assert_eq!(failure.kind, FailureKind::Diverged);
    assert!(failure.message.contains("does not see"), "{}", failure.message);
}

#[test]
fn a_deadlock_says_where_each_thread_stands() {
    let failure_of = |model: fn()| failure(explore(&Builder::new(), model));
    let stands = |failure: &Failure| {
        let stand = |stand: &mazurka::Stand| (stand.thread.clone(), stand.stuck.clone());
        failure.stands.iter().map(stand).collect::<Vec<_>>()
    };
    let (main, other) = ("main".to_owned(), "other".to_owned());

    let locks = failure_of(opposite_orders);
    let expected = [
        (main.clone(), Stuck::Lock(Some(other.clone()))),
        (other.clone(), Stuck::Lock(Some(main.clone()))),
    ];
    assert_eq!(stands(&locks), expected);
    for stand in &locks.stands {
        assert!(stand.site.as_ref().is_some_and(|site| site.contains("behaviour.rs:")));
    }
    assert!(locks.to_string().contains("other waits for a lock that main holds"), "{locks}");

    let asleep = failure_of(|| {
        let other = named("other", || {
            let lock = Mutex::new(());
            drop(Condvar::new().wait(lock.lock().unwrap()));
        });
        other.join().unwrap();
    });
    assert_eq!(stands(&asleep), [(main, Stuck::Join(other.clone())), (other, Stuck::Asleep)]);
}

#[test]
fn a_panic_that_leaves_the_main_thread_is_a_failure() {
    let failure = failure(explore(&Builder::new(), || panic!("on purpose")));
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Panic, "on purpose"));
}

#[test]
fn a_panic_that_is_joined_is_not_a_failure() {
    let report = explore(&Builder::new(), || {
        let other = thread::spawn(|| panic!("on purpose"));
        assert!(other.join().is_err());
    });
    assert!(matches!(report.end, End::Complete), "{report:?}");
}

#[test]
fn a_failure_tells_of_the_panic_that_ended_a_thread() {
    let failure = failure(explore(&Builder::new(), || {
        let other = thread::spawn(|| panic!("on purpose"));
        other.join().expect("it ends well");
    }));
    assert_eq!(failure.kind, FailureKind::Panic);
    let (first, rest) = failure.message.split_once('\n').expect("two lines");
    assert_eq!(first, "it ends well: Any { .. }");
    assert_eq!(rest, "thread 1 panicked: on purpose");
    assert_eq!((failure.panicked[0].thread, &*failure.panicked[0].message), (1, "on purpose"));
}

#[test]
fn more_threads_than_allowed_are_a_failure() {
    let failure = failure(explore(&Builder::new().max_threads(2), || {
        let threads: Vec<_> = (0..2).map(|_| thread::spawn(|| ())).collect();
        for thread in threads {
            thread.join().unwrap();
        }
    }));
    assert_eq!(failure.kind, FailureKind::Limit);
    assert!(failure.message.contains("max_threads"), "{}", failure.message);
}

#[test]
fn an_endless_execution_is_a_failure() {
    let failure = failure(explore(&Builder::new().max_steps(100), || {
        let zero = AtomicUsize::new(0);
        while zero.load(Ordering::SeqCst) == 0 {}
    }));
    assert_eq!(failure.kind, FailureKind::Limit);
    assert!(failure.message.contains("max_steps"), "{}", failure.message);
    assert_eq!(failure.schedule.len(), 100);
}

#[test]
fn a_limit_on_executions_ends_an_exploration_without_a_result() {
    let model = || {
        choose(10);
        choose(10);
    };
    let report = explore(&Builder::new().max_executions(Some(7)), model);
    assert!(matches!(report.end, End::Limited), "{report:?}");
    assert_eq!(report.executions, 7);
    let report = explore(&Builder::new().max_executions(Some(100)), model);
    assert!(matches!(report.end, End::Complete), "{report:?}");
    let report = explore(&Builder::new().max_duration(Some(Duration::from_nanos(1))), model);
    assert!(matches!(report.end, End::Limited), "{report:?}");
}

#[test]
fn progress_is_reported_with_an_estimate() {
    let reports = Arc::new(Hidden::new(Vec::new()));
    let sink = Arc::clone(&reports);
    let builder = Builder::new()
        .progress(Duration::ZERO, move |progress| sink.lock().unwrap().push(*progress));
    let report = explore(&builder, || {
        choose(10);
        choose(10);
    });
    let reports = reports.lock().unwrap();
    assert_eq!(reports.len() as u64, report.executions);
    for progress in reports.iter() {
        let estimate = progress.estimate.expect("one execution is known");
        assert!((99..=101).contains(&estimate), "{progress:?}");
    }
}

/// Workers that each take a lock twice. Returns the number of executions and the outcomes up to a
/// permutation of the workers.
fn alike(workers: usize, symmetric: Option<&str>) -> (u64, BTreeSet<Vec<Vec<usize>>>) {
    let outcomes = Arc::new(Hidden::new(BTreeSet::new()));
    let seen = Arc::clone(&outcomes);
    let report = explore(&Builder::new().symmetric(symmetric), move || {
        let count = Arc::new(Mutex::new(0));
        let start = |number| {
            let count = Arc::clone(&count);
            let main = move || {
                let next = || {
                    let mut count = count.lock().unwrap();
                    *count += 1;
                    *count
                };
                vec![next(), next()]
            };
            let builder = thread::Builder::new().name(format!("worker-{number}"));
            builder.spawn(main).expect("the thread starts")
        };
        let started: Vec<_> = (0..workers).map(start).collect();
        let mut all: Vec<_> = started.into_iter().map(|w| w.join().unwrap()).collect();
        all.sort();
        seen.lock().unwrap().insert(all);
    });
    assert!(matches!(report.end, End::Complete), "{report:?}");
    let outcomes = outcomes.lock().unwrap().clone();
    (report.executions, outcomes)
}

#[test]
fn symmetry_explores_one_of_the_permutations_of_alike_threads() {
    for (workers, permutations) in [(2, 2), (3, 6)] {
        let (all, outcomes) = alike(workers, None);
        let (representatives, same) = alike(workers, Some("worker-"));
        assert_eq!(all, representatives * permutations, "{workers} workers");
        assert_eq!(outcomes, same, "{workers} workers");
        let (others, _) = alike(workers, Some("another-"));
        assert_eq!(others, all, "no thread has that name");
    }
}

#[test]
fn an_alike_thread_without_operations_delays_no_other() {
    let report = explore(&Builder::new().symmetric(Some("w")), || {
        let lock = Arc::new(Mutex::new(()));
        let workers = (0..3).map(|number| {
            let lock = Arc::clone(&lock);
            named(&format!("w{number}"), move || {
                if number > 0 {
                    drop(lock.lock());
                }
            })
        });
        let workers: Vec<_> = workers.collect();
        for worker in workers {
            worker.join().unwrap();
        }
    });
    assert!(matches!(report.end, End::Complete), "{report:?}");
    assert_eq!(report.executions, 1);
}

const SCHEDULERS: [Scheduler; 2] = [Scheduler::Random, Scheduler::Pct { depth: 3 }];

#[test]
fn samples_find_a_lost_wakeup() {
    for scheduler in SCHEDULERS {
        let report = Builder::new().sample(scheduler, 1_000, 1, lost_wakeup).unwrap();
        let executions = report.executions;
        let failure = failure(report);
        assert_eq!(failure.kind, FailureKind::Deadlock);
        assert!(executions < 1_000, "{scheduler:?}");
        let again = failure_of_replay(&failure);
        assert_eq!(again.stands, failure.stands);
        assert!(!again.interleaving.is_empty());
    }
}

fn failure_of_replay(first: &Failure) -> Failure {
    failure(Builder::new().replay(&first.schedule, lost_wakeup).unwrap())
}

#[test]
fn the_same_seed_draws_the_same_schedules() {
    for scheduler in SCHEDULERS {
        let schedules = |seed| {
            let drawn = Arc::new(Hidden::new(Vec::new()));
            let record = Arc::clone(&drawn);
            let model = move || {
                many_threads(6)();
                record.lock().unwrap().push(mazurka::schedule_so_far());
            };
            let report = Builder::new().sample(scheduler, 50, seed, model).unwrap();
            assert_eq!(report.executions, 50);
            let drawn = std::mem::take(&mut *drawn.lock().unwrap());
            (report.distinct, drawn)
        };
        let first = schedules(7);
        assert!(first.0 > 10, "{scheduler:?}: {} distinct", first.0);
        assert_eq!(schedules(7), first);
        assert_ne!(schedules(8), first);
    }
}

/// A model with `number` threads, including the main thread, that take turns.
fn many_threads(number: usize) -> impl Fn() + Send + Sync + 'static {
    move || {
        let shared = Arc::new((Mutex::new(0), Condvar::new()));
        let start = |turn| {
            let shared = Arc::clone(&shared);
            let main = move || {
                let mut next = shared.0.lock().unwrap();
                while *next != turn {
                    next = shared.1.wait(next).unwrap();
                }
                *next += 1;
                shared.1.notify_all();
            };
            named(&format!("t{turn}"), main)
        };
        let threads: Vec<_> = (0..number - 1).map(start).collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(*shared.0.lock().unwrap(), number - 1);
    }
}

#[test]
fn sixteen_threads_are_sampled_and_explored() {
    for scheduler in SCHEDULERS {
        let report = Builder::new().sample(scheduler, 50, 1, many_threads(16)).unwrap();
        assert!(matches!(report.end, End::Complete), "{report:?}");
    }
    let builder = Builder::new().max_executions(Some(200));
    let report = explore(&builder, many_threads(16));
    assert!(matches!(report.end, End::Limited), "{report:?}");
    let failure = failure(explore(&builder, many_threads(17)));
    assert_eq!(failure.kind, FailureKind::Limit);
}

/// 15 threads sleep. The first one woken wakes the next.
#[test]
fn any_of_fifteen_sleepers_is_woken() {
    // All sleep; the main thread locks and then notifies one of them.
    let asleep: Vec<_> = (b'b'..=b'p').map(|letter| format!("(2){}", char::from(letter))).collect();
    for number in 1..=15 {
        let first = Arc::new(Hidden::new(None));
        let seen = Arc::clone(&first);
        let model = move || {
            let shared = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
            let start = |number| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    let order = shared.0.lock().unwrap();
                    shared.1.wait(order).unwrap().push(number);
                    shared.1.notify_one();
                })
            };
            let threads: Vec<_> = (1..=15).map(start).collect();
            drop(shared.0.lock().unwrap());
            shared.1.notify_one();
            for thread in threads {
                thread.join().unwrap();
            }
            *seen.lock().unwrap() = shared.0.lock().unwrap().first().copied();
        };
        let line = format!("{}aa{number}", asleep.concat());
        let report = Builder::new().replay(&line.parse().unwrap(), model).unwrap();
        assert!(matches!(report.end, End::Complete), "{report:?}");
        assert_eq!(*first.lock().unwrap(), Some(number));
    }
}

#[test]
fn a_replayed_failure_says_what_was_released_and_which_threads_wait_and_have_ended() {
    let replayed = |model: fn()| {
        let first = failure(explore(&Builder::new(), model));
        failure(Builder::new().replay(&first.schedule, model).expect("the settings are valid"))
    };
    let deadlock = replayed(opposite_orders);
    let waits: Vec<_> = deadlock.pending.iter().map(|row| (row.thread, row.operation)).collect();
    assert_eq!(waits, [(0, "waits for"), (1, "waits for")]);
    let [first, second] = [0, 1].map(|place: usize| &deadlock.pending[place].object);
    assert!(first.starts_with('m') && second.starts_with('m') && first != second);
    assert!(deadlock.released.is_empty() && deadlock.ended.is_empty(), "{deadlock:?}");

    let lost = replayed(lost_wakeup);
    // Both threads have released the lock before the wait, which releases it by itself.
    let released: BTreeSet<_> = lost.released.iter().map(|(_, thread, _)| *thread).collect();
    assert_eq!(released, BTreeSet::from([0, 1]));
    assert!(lost.released.iter().all(|(_, _, lock)| lock == &lost.rows[0].object), "{lost:?}");
    assert_eq!(lost.ended, [1], "the setter");
    let final_row = lost.rows.iter().rfind(|row| row.thread == 0).expect("the main thread waits");
    assert_eq!(final_row.operation, "waits");
}
