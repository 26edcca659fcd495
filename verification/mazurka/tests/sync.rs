//! What is named as in the standard library behaves as there.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex as Hidden};
use std::time::Duration;

use mazurka::raw::Data;
use mazurka::sync::atomic::{fence, AtomicBool, AtomicUsize, Ordering};
use mazurka::sync::mpsc::{self, RecvError, TryRecvError, TrySendError};
use mazurka::sync::{Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock};
use mazurka::{hint, thread, Builder, End, Failure, FailureKind, Report};

fn explore(model: impl Fn() + Send + Sync + 'static) -> Report {
    Builder::new().explore(model).expect("the settings are valid")
}

fn holds(model: impl Fn() + Send + Sync + 'static) -> Report {
    let report = explore(model);
    assert!(matches!(report.end, End::Complete), "{report:?}");
    report
}

fn fails(model: impl Fn() + Send + Sync + 'static) -> Failure {
    match explore(model).end {
        End::Failed(failure) => *failure,
        end => panic!("{end:?}"),
    }
}

/// Returns what a model returns in all of its executions.
fn outcomes<T: Ord + Send + 'static>(model: impl Fn() -> T + Send + Sync + 'static) -> Vec<T> {
    let all = Arc::new(Hidden::new(BTreeSet::new()));
    let place = Arc::clone(&all);
    holds(move || {
        let outcome = model();
        place.lock().unwrap().insert(outcome);
    });
    let all = std::mem::take(&mut *all.lock().unwrap());
    all.into_iter().collect()
}

#[test]
fn readers_share_a_lock_and_a_writer_does_not() {
    let seen = outcomes(|| {
        let lock = Arc::new((RwLock::new(0), AtomicUsize::new(0)));
        let start = |_| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                let value = lock.0.read().unwrap();
                lock.1.fetch_add(1, Ordering::SeqCst);
                let together = lock.1.load(Ordering::SeqCst);
                lock.1.fetch_sub(1, Ordering::SeqCst);
                (*value, together)
            })
        };
        let readers = [start(0), start(1)];
        {
            let mut value = lock.0.write().unwrap();
            assert_eq!(lock.1.load(Ordering::SeqCst), 0, "no reader beside a writer");
            *value = 7;
        }
        readers.map(|reader| reader.join().unwrap())
    });
    assert!(seen.iter().any(|[one, other]| one.1 == 2 || other.1 == 2), "{seen:?}");
    let values: BTreeSet<_> = seen.iter().flatten().map(|(value, _)| *value).collect();
    assert_eq!(values, BTreeSet::from([0, 7]));
}

#[test]
fn an_attempt_is_refused_or_not() {
    let seen = outcomes(|| {
        let lock = Arc::new(Mutex::new(()));
        let other = Arc::clone(&lock);
        let other = thread::spawn(move || drop(other.lock()));
        let got = lock.try_lock().is_ok();
        other.join().unwrap();
        got
    });
    assert_eq!(seen, [false, true]);
}

#[test]
fn a_channel_delivers_in_order_and_disconnects() {
    holds(|| {
        let (sender, receiver) = mpsc::channel();
        let other = sender.clone();
        let threads = [
            thread::spawn(move || [1, 2].map(|message| sender.send(message).unwrap())),
            thread::spawn(move || [3, 4].map(|message| other.send(message).unwrap())),
        ];
        let all: Vec<_> = receiver.iter().collect();
        assert_eq!(receiver.recv(), Err(RecvError));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        let of = |messages: [i32; 2]| all.iter().filter(|m| messages.contains(m)).count();
        assert_eq!((of([1, 2]), of([3, 4])), (2, 2));
        let place = |message| all.iter().position(|m| *m == message);
        assert!(place(1) < place(2) && place(3) < place(4), "{all:?}");
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_full_channel_refuses_and_a_receiver_that_is_gone_returns_the_message() {
    holds(|| {
        let (sender, receiver) = mpsc::sync_channel(1);
        sender.try_send(1).unwrap();
        assert!(matches!(sender.try_send(2), Err(TrySendError::Full(2))));
        let other = thread::spawn(move || sender.send(3));
        assert_eq!(receiver.recv(), Ok(1));
        drop(receiver);
        // It was sent before the receiver was gone, or it is returned.
        assert!(matches!(other.join().unwrap(), Ok(()) | Err(mpsc::SendError(3))));
    });
}

#[test]
fn a_sender_without_room_waits_until_its_message_is_received() {
    holds(|| {
        let (sender, receiver) = mpsc::sync_channel(0);
        let has_come = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&has_come);
        let other = thread::spawn(move || {
            sender.send(()).unwrap();
            assert!(seen.load(Ordering::SeqCst), "the receiver has come");
        });
        has_come.store(true, Ordering::SeqCst);
        receiver.recv().unwrap();
        other.join().unwrap();
    });
    let failure = fails(|| mpsc::sync_channel(0).0.send(1).map_or_else(|_| (), drop));
    assert_eq!(failure.kind, FailureKind::Deadlock);
}

#[test]
fn a_cell_is_initialised_once() {
    holds(|| {
        let shared = Arc::new((OnceLock::new(), AtomicUsize::new(0)));
        let start = |number| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                *shared.0.get_or_init(|| {
                    shared.1.fetch_add(1, Ordering::SeqCst);
                    number
                })
            })
        };
        let threads = [start(1), start(2)];
        let early = shared.0.get().copied();
        let [one, other] = threads.map(|thread| thread.join().unwrap());
        assert_eq!(one, other);
        assert!(early.is_none() || early == Some(one));
        assert_eq!(shared.1.load(Ordering::SeqCst), 1);
        assert_eq!(shared.0.set(3), Err(3));
    });
    holds(|| {
        let once = Once::new();
        assert!(!once.is_completed());
        once.call_once(|| ());
        once.call_once(|| unreachable!());
        assert_eq!(*LazyLock::new(|| 3), 3);
    });
}

#[test]
fn a_barrier_has_one_leader_and_lets_nobody_through_early() {
    holds(|| {
        let shared = Arc::new((Barrier::new(2), AtomicUsize::new(0)));
        let other = Arc::clone(&shared);
        let pass = |shared: &(Barrier, AtomicUsize)| {
            shared.1.fetch_add(1, Ordering::SeqCst);
            let leads = shared.0.wait().is_leader();
            assert_eq!(shared.1.load(Ordering::SeqCst), 2);
            leads
        };
        let other = thread::spawn(move || pass(&other));
        let leads = pass(&shared);
        assert!(leads != other.join().unwrap());
    });
}

#[test]
fn a_parked_thread_is_unparked() {
    let report = holds(|| {
        let parked = thread::spawn(thread::park);
        parked.thread().unpark();
        parked.join().unwrap();
    });
    assert!(report.executions > 1, "{report:?}");
    holds(|| {
        let main = thread::current();
        assert_eq!(main.name(), Some("main"));
        let other = thread::spawn(move || main.unpark());
        thread::park();
        other.join().unwrap();
    });
    assert_eq!(fails(thread::park).kind, FailureKind::Deadlock);
    holds(|| thread::park_timeout(Duration::ZERO));
}

#[test]
fn a_wait_with_a_condition_returns_when_it_no_longer_holds() {
    holds(|| {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&shared);
        let setter = thread::spawn(move || {
            *other.0.lock().unwrap() = true;
            other.1.notify_all();
        });
        let lock = shared.0.lock().unwrap();
        assert!(*shared.1.wait_while(lock, |set| !*set).unwrap());
        setter.join().unwrap();
    });
}

/// Publishes data through a flag, with these orderings.
fn publish(store: Ordering, load: Ordering) -> impl Fn() + Send + Sync + 'static {
    move || {
        let (flag, data) = (Arc::new(AtomicBool::new(false)), Arc::new(Data::new()));
        let (other_flag, other) = (Arc::clone(&flag), Arc::clone(&data));
        let writer = thread::spawn(move || {
            other.begin(true);
            other.end(true);
            other_flag.store(true, store);
        });
        if flag.load(load) {
            data.begin(false);
            data.end(false);
        }
        writer.join().unwrap();
        data.begin(true);
        data.end(true);
    }
}

#[test]
fn data_is_ordered_by_orderings_and_not_by_luck() {
    let weak = holds(publish(Ordering::Release, Ordering::Acquire));
    assert!(weak.weak_orderings);
    let strong = holds(publish(Ordering::SeqCst, Ordering::SeqCst));
    assert!(!strong.weak_orderings);
    for (store, load) in
        [(Ordering::Relaxed, Ordering::Acquire), (Ordering::Release, Ordering::Relaxed)]
    {
        let failure = fails(publish(store, load));
        assert!(failure.message.starts_with("data race: a read at"), "{failure}");
        assert!(failure.message.contains("sync.rs:"), "{failure}");
    }
}

#[test]
fn fences_order_data() {
    let fenced = |fences: bool| {
        move || {
            let flag = Arc::new(AtomicBool::new(false));
            let data = Arc::new(Data::new());
            let (other_flag, other) = (Arc::clone(&flag), Arc::clone(&data));
            let writer = thread::spawn(move || {
                other.begin(true);
                other.end(true);
                if fences {
                    fence(Ordering::Release);
                }
                other_flag.store(true, Ordering::Relaxed);
            });
            if flag.load(Ordering::Relaxed) {
                if fences {
                    fence(Ordering::Acquire);
                }
                data.begin(false);
                data.end(false);
            }
            writer.join().unwrap();
        }
    };
    holds(fenced(true));
    assert!(fails(fenced(false)).message.starts_with("data race"));
}

#[test]
fn a_loop_that_yields_is_explored_to_its_end() {
    let report = holds(|| {
        let flag = Arc::new(AtomicBool::new(false));
        let other = Arc::clone(&flag);
        let setter = thread::spawn(move || other.store(true, Ordering::SeqCst));
        while !flag.load(Ordering::SeqCst) {
            hint::spin_loop();
        }
        setter.join().unwrap();
    });
    assert!((2..=4).contains(&report.executions), "{report:?}");
    assert_eq!(report.released, 0, "{report:?}");
}

#[test]
fn a_loop_that_waits_for_nothing_is_a_failure() {
    let failure = fails(|| {
        let flag = AtomicBool::new(false);
        while !flag.load(Ordering::SeqCst) {
            thread::yield_now();
        }
    });
    assert_eq!(failure.kind, FailureKind::Limit);
    assert!(failure.message.contains("sees nothing new"), "{failure}");
    let failure = fails(|| loop {
        thread::yield_now();
    });
    assert!(failure.message.contains("yields without end"), "{failure}");
}

/// A loop that counts its rounds goes on when nobody else can, and the report says so.
#[test]
fn a_loop_that_counts_is_reported() {
    let model = || {
        let flag = Arc::new(AtomicBool::new(false));
        let mut rounds = 0;
        while !flag.load(Ordering::SeqCst) && rounds < 5 {
            rounds += 1;
            thread::yield_now();
        }
        assert_eq!(rounds, 5);
    };
    let report = holds(model);
    assert_eq!(report.released, 1, "{report:?}");
    let report = Builder::new().spins(10).explore(model).unwrap();
    assert_eq!(report.released, 0, "{report:?}");
}

#[test]
fn a_failure_of_what_becomes_visible_late_is_replayed() {
    let model = || {
        let lock = Arc::new(Mutex::new(()));
        let other = Arc::clone(&lock);
        let other = thread::spawn(move || {
            drop(other.lock());
            drop(other.lock());
        });
        assert!(lock.try_lock().is_ok(), "it is free");
        other.join().unwrap();
    };
    let first = fails(model);
    let line = first.schedule.to_string();
    assert!(line.starts_with('{'), "{line}");
    let again = Builder::new().replay(&line.parse().unwrap(), model).unwrap();
    let End::Failed(again) = again.end else { panic!("{again:?}") };
    assert_eq!((again.message, again.schedule), (first.message.clone(), first.schedule.clone()));
    assert!(first.lanes(100).contains("tries in vain m"), "{}", first.lanes(100));
}
