//! A panic under a lock of the facade poisons it. The next thread takes it over.
//!
//! No user code runs under a lock of the pool, so only the facade itself can show this.

#![cfg(not(loom))]

mod support;

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use last_call::sync::{Condvar, Deadline, Mutex};
use support::{evidence, panic_quietly, watchdog, LIMIT, LONG};

/// Changes the data of the lock, and panics before it is released.
fn poison(mutex: &Mutex<u32>) {
    let panics = || {
        let mut value = mutex.lock();
        *value += 1;
        panic_quietly("under the lock");
    };
    assert!(panic::catch_unwind(AssertUnwindSafe(panics)).is_err());
}

#[test]
fn a_lock_that_a_panic_left_poisoned_is_taken_over() {
    watchdog(LIMIT, "lock", |_| {
        let mutex = Arc::new(Mutex::new(0));
        poison(&mutex);
        assert_eq!(*mutex.lock(), 1, "with what was changed before the panic");
        // By each thread, and again after another panic.
        let other = Arc::clone(&mutex);
        thread::spawn(move || poison(&other)).join().unwrap();
        let mut value = mutex.lock();
        *value += 1;
        drop(value);
        assert_eq!(*mutex.lock(), 3);
    });
    evidence("C14", 2);
}

#[test]
fn a_wait_with_a_poisoned_lock_goes_on() {
    watchdog(LIMIT, "wait", |_| {
        for deadline in [Deadline::never(), Deadline::after(LONG)] {
            let shared = Arc::new((Mutex::new(0), Condvar::new()));
            poison(&shared.0);
            // The lock is held until the sleep, so the panic comes while this one sleeps.
            let mut value = shared.0.lock();
            let panics = {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    poison(&shared.0);
                    shared.1.notify_all();
                })
            };
            while *value < 2 {
                let late;
                (value, late) = shared.1.wait_until(value, deadline);
                assert!(!late);
            }
            drop(value);
            panics.join().unwrap();
        }
        let (mutex, condvar) = (Mutex::new(0), Condvar::new());
        poison(&mutex);
        for timeout in [Duration::ZERO, Duration::from_millis(5)] {
            let mut late = false;
            let mut value = mutex.lock();
            while !late {
                (value, late) = condvar.wait_until(value, Deadline::after(timeout));
            }
            assert_eq!(*value, 1);
        }
    });
    evidence("C14", 4);
}

#[test]
fn a_wait_without_a_deadline_goes_on_with_a_lock_poisoned_meanwhile() {
    watchdog(LIMIT, "plain wait", |_| {
        let shared = Arc::new((Mutex::new(0), Condvar::new()));
        let mut value = shared.0.lock();
        let panics = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                poison(&shared.0);
                shared.1.notify_one();
            })
        };
        while *value == 0 {
            value = shared.1.wait(value);
        }
        assert_eq!(*value, 1);
        drop(value);
        panics.join().unwrap();
    });
    evidence("C14", 1);
}
