//! The stand-in does what loom's tests rely on. Each model has a twin that must fail.

use std::future::poll_fn;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::task::Poll;

use mazurka_loom as loom;

use loom::alloc::Track;
use loom::cell::{Cell, UnsafeCell};
use loom::future::{block_on, AtomicWaker};
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex, Notify, RwLock};
use loom::thread;

/// Returns the message of a model that fails.
fn fails(model: impl Fn() + Send + Sync + 'static) -> String {
    let payload = catch_unwind(AssertUnwindSafe(|| loom::model(model)));
    let payload = payload.expect_err("the model fails");
    payload.downcast_ref::<String>().cloned().expect("a message")
}

struct Slot {
    is_set: AtomicBool,
    value: UnsafeCell<usize>,
}

// SAFETY: the accesses are checked, and a race fails the model before it takes place.
unsafe impl Sync for Slot {}

/// One thread sets the slot with this ordering, the other reads it.
fn slot(order: Ordering) -> impl Fn() + Send + Sync + 'static {
    move || {
        let slot = Slot { is_set: AtomicBool::new(false), value: UnsafeCell::new(0) };
        let slot = Arc::new(slot);
        let other = Arc::clone(&slot);
        let setter = thread::spawn(move || {
            // SAFETY: the access was checked to be exclusive.
            other.value.with_mut(|value| unsafe { *value = 7 });
            other.is_set.store(true, order);
        });
        if slot.is_set.load(Ordering::Acquire) {
            let value = slot.value.get();
            // SAFETY: the access was checked not to race with a write.
            assert_eq!(unsafe { *value.deref() }, 7);
        }
        setter.join().unwrap();
    }
}

#[test]
fn a_cell_is_checked() {
    loom::model(slot(Ordering::Release));
    assert!(fails(slot(Ordering::Relaxed)).contains("data race"));
}

#[test]
fn an_access_inside_another_is_refused() {
    let message = fails(|| {
        let cell = UnsafeCell::new(0);
        let _reading = cell.get();
        cell.with_mut(|_| ());
    });
    assert!(message.contains("another access has not ended"), "{message}");
    loom::model(|| {
        let (one, other) = (Cell::new(1), Cell::new(2));
        one.swap(&other);
        assert_eq!((one.get(), other.replace(5), other.get()), (2, 1, 5));
    });
}

/// What the last owner does is ordered after what the others did.
#[test]
fn the_drop_of_the_last_reference_sees_what_others_did() {
    struct Value(UnsafeCell<usize>);
    // SAFETY: the accesses are checked.
    unsafe impl Sync for Value {}
    impl Drop for Value {
        fn drop(&mut self) {
            self.0.with_mut(|_| ());
        }
    }
    loom::model(|| {
        let value = Arc::new(Value(UnsafeCell::new(0)));
        let other = Arc::clone(&value);
        let reader = thread::spawn(move || other.0.with(|_| ()));
        value.0.with(|_| ());
        drop(value);
        reader.join().unwrap();
    });
}

#[test]
fn counts_are_explored_when_they_are_asked_for() {
    loom::model(|| {
        let seen = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&seen);
        let dropper = thread::spawn(move || drop(other));
        let unique = Arc::try_unwrap(seen);
        dropper.join().unwrap();
        if let Err(shared) = unique {
            assert_eq!(Arc::strong_count(&shared), 1);
        }
    });
    let message = fails(|| {
        let mut value = Arc::new(1);
        let other = Arc::clone(&value);
        let dropper = thread::spawn(move || drop(other));
        assert!(Arc::get_mut(&mut value).is_some(), "the other reference is gone");
        dropper.join().unwrap();
    });
    assert!(message.contains("the other reference is gone"), "{message}");
}

#[test]
fn a_raw_reference_is_counted() {
    loom::model(|| {
        let raw = Arc::into_raw(Arc::new(3));
        // SAFETY: it is from `into_raw`, and each reference is taken once.
        let value = unsafe {
            Arc::increment_strong_count(raw);
            Arc::decrement_strong_count(raw);
            Arc::from_raw(raw)
        };
        assert_eq!((*value, Arc::strong_count(&value)), (3, 1));
    });
}

#[test]
fn a_leak_is_a_failure() {
    let message = fails(|| std::mem::forget(Arc::new(1)));
    assert!(message.contains("the Arc of") && message.contains("interface.rs"), "{message}");
    let message = fails(|| std::mem::forget(Track::new(1)));
    assert!(message.contains("the tracked value"), "{message}");
    loom::model(|| {
        let tracked = Track::new(Box::new(1));
        assert_eq!(**tracked.get_ref(), 1);
    });
}

#[test]
fn a_panic_in_any_thread_is_a_failure() {
    let message = fails(|| {
        drop(thread::spawn(|| panic!("on purpose")));
    });
    assert!(message.contains("on purpose"), "{message}");
}

loom::lazy_static! {
    static ref COUNT: AtomicUsize = AtomicUsize::new(1);
    static ref NAMES: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
}

loom::thread_local! {
    static OWN: AtomicUsize = AtomicUsize::new(5);
}

#[test]
fn statics_begin_anew_in_each_execution() {
    loom::model(|| {
        let other = thread::spawn(|| {
            NAMES.lock().unwrap().push("other");
            COUNT.fetch_add(1, Ordering::SeqCst);
            OWN.with(|own| own.fetch_add(1, Ordering::SeqCst))
        });
        NAMES.lock().unwrap().push("main");
        COUNT.fetch_add(1, Ordering::SeqCst);
        assert_eq!(OWN.with(|own| own.fetch_add(1, Ordering::SeqCst)), 5);
        assert_eq!(other.join().unwrap(), 5);
        assert_eq!(COUNT.load(Ordering::SeqCst), 3);
        assert_eq!(NAMES.lock().unwrap().len(), 2);
    });
    let message = fails(|| {
        let other = thread::spawn(|| COUNT.fetch_add(1, Ordering::SeqCst));
        let before = COUNT.load(Ordering::SeqCst);
        other.join().unwrap();
        assert_eq!(before, 1, "the static is shared");
    });
    assert!(message.contains("the static is shared"), "{message}");
}

#[test]
fn a_future_is_woken() {
    let awaits = |registers_first: bool| {
        move || {
            let shared = Arc::new((AtomicBool::new(false), AtomicWaker::new()));
            let other = Arc::clone(&shared);
            let waker = thread::spawn(move || {
                other.0.store(true, Ordering::Release);
                other.1.wake();
            });
            block_on(poll_fn(|context| {
                if registers_first {
                    shared.1.register_by_ref(context.waker());
                }
                if shared.0.load(Ordering::Acquire) {
                    return Poll::Ready(());
                }
                shared.1.register_by_ref(context.waker());
                Poll::Pending
            }));
            waker.join().unwrap();
        }
    };
    loom::model(awaits(true));
    // The wake-up comes between the look and the registration.
    assert!(fails(awaits(false)).contains("deadlock"));
}

#[test]
fn a_notification_is_kept_and_may_be_spurious() {
    loom::model(|| {
        let notify = Arc::new((Notify::new(), AtomicBool::new(false)));
        let other = Arc::clone(&notify);
        let notifier = thread::spawn(move || {
            other.1.store(true, Ordering::Release);
            other.0.notify();
        });
        while !notify.1.load(Ordering::Acquire) {
            notify.0.wait();
        }
        notifier.join().unwrap();
    });
    let message = fails(|| {
        let notify = Arc::new((Notify::new(), AtomicBool::new(false)));
        let other = Arc::clone(&notify);
        let notifier = thread::spawn(move || {
            other.1.store(true, Ordering::Release);
            other.0.notify();
        });
        notify.0.wait();
        assert!(notify.1.load(Ordering::Acquire), "it was notified");
        notifier.join().unwrap();
    });
    assert!(message.contains("it was notified"), "{message}");
}

#[test]
fn a_skipped_execution_does_not_count() {
    loom::model(|| {
        let lock = Arc::new(RwLock::new(0));
        let other = Arc::clone(&lock);
        let writer = thread::spawn(move || *other.write().unwrap() = 1);
        if *lock.read().unwrap() == 1 {
            loom::skip_branch();
        }
        writer.join().unwrap();
    });
}

#[test]
fn a_limit_is_no_pass() {
    let mut builder = loom::model::Builder::new();
    builder.max_permutations = Some(1);
    builder.preemption_bound = Some(2);
    let run = || {
        builder.check(|| {
            let flag = Arc::new(AtomicBool::new(false));
            let other = Arc::clone(&flag);
            let setter = thread::spawn(move || other.store(true, Ordering::SeqCst));
            flag.load(Ordering::SeqCst);
            setter.join().unwrap();
        });
    };
    let payload = catch_unwind(AssertUnwindSafe(run)).expect_err("a limit");
    assert!(payload.downcast_ref::<String>().unwrap().contains("a limit ended the exploration"));
}
