//! Programs from the literature with known numbers of traces (Abdulla, Aronis, Jonsson and Sagonas,
//! "Optimal dynamic partial order reduction", POPL 2014).

use mazurka::sync::atomic::{AtomicUsize, Ordering};
use mazurka::sync::{Arc, Mutex};
use mazurka::{thread, Builder, End, Report};

fn explore(parts: usize, model: impl Fn() + Send + Sync + 'static) -> Report {
    let report = Builder::new().parts(parts).explore(model).expect("the settings are valid");
    assert!(matches!(report.end, End::Complete), "{report:?}");
    report
}

/// Returns the number of traces, after exploring on one operating system thread and on two.
fn traces(model: impl Fn() + Send + Sync + Clone + 'static) -> u64 {
    let one = explore(1, model.clone());
    let two = explore(2, model);
    assert_eq!(one.executions, two.executions, "on two threads as on one");
    one.executions
}

#[test]
fn threads_that_take_one_lock_once_have_a_trace_for_each_order() {
    let model = |n| {
        move || {
            let lock = Arc::new(Mutex::new(()));
            let threads = (0..n).map(|_| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || drop(lock.lock()))
            });
            threads.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
        }
    };
    for (n, factorial) in [(1, 1), (2, 2), (3, 6), (4, 24), (5, 120), (6, 720), (7, 5040)] {
        assert_eq!(traces(model(n)), factorial, "{n} threads");
    }
}

/// One thread writes a variable and `n` threads read it.
#[test]
fn readers_come_before_the_writer_or_after_it() {
    let model = |n| {
        move || {
            let x = Arc::new(AtomicUsize::new(0));
            let readers = (0..n).map(|_| {
                let x = Arc::clone(&x);
                thread::spawn(move || x.load(Ordering::SeqCst))
            });
            let readers: Vec<_> = readers.collect();
            x.store(1, Ordering::SeqCst);
            for reader in readers {
                reader.join().unwrap();
            }
        }
    };
    for n in 1..=9 {
        assert_eq!(traces(model(n)), 1 << n, "{n} readers");
    }
}

/// Thread 0 searches for the zero with the highest index. Thread `i` sets element `i` to one more
/// than the previous element.
#[test]
fn last_zero() {
    let model = |n: usize| {
        move || {
            let array: Arc<Vec<_>> = Arc::new((0..=n).map(|_| AtomicUsize::new(0)).collect());
            let mut threads = vec![thread::spawn({
                let array = Arc::clone(&array);
                move || {
                    let mut i = n;
                    while array[i].load(Ordering::SeqCst) != 0 {
                        i -= 1;
                    }
                }
            })];
            threads.extend((1..=n).map(|i| {
                let array = Arc::clone(&array);
                thread::spawn(move || {
                    let before = array[i - 1].load(Ordering::SeqCst);
                    array[i].store(before + 1, Ordering::SeqCst);
                })
            }));
            for thread in threads {
                thread.join().unwrap();
            }
        }
    };
    // From two threads on; five threads have 64 traces.
    for n in 2..=9_u64 {
        let known = (n + 3) * (1 << (n - 2));
        assert_eq!(traces(model(usize::try_from(n).unwrap())), known, "{n}");
    }
}
