//! Wakers that panic, use the pool, end it, or poll at once; batches and futures in races.

#![cfg(not(loom))]

mod support;

use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::Pin;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};
use std::thread;

use last_call::{QueueKind, ThreadPool, WaitError};
use support::{
    assert_conserved, evidence, in_a_process, lock, panic_quietly, watchdog, Bomb, Count, Counted,
    Gate, InDrop, Wakes, LIMIT,
};

fn on(kind: QueueKind, workers: usize, capacity: usize) -> ThreadPool {
    ThreadPool::builder().queue(kind).workers(workers).capacity(capacity).build().unwrap()
}

fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

fn poll_once<F: Future + Unpin>(future: &mut F, woken: &Count) -> Poll<F::Output> {
    poll_with(future, &Waker::from(Arc::new(Wakes(woken.clone()))))
}

/// A waker that does something once.
struct Does<F: FnOnce() + Send>(Mutex<Option<F>>);

impl<F: FnOnce() + Send> Wake for Does<F> {
    fn wake(self: Arc<Self>) {
        let action = lock(&self.0).take();
        if let Some(action) = action {
            action();
        }
    }
}

fn does(action: impl FnOnce() + Send + 'static) -> Waker {
    Waker::from(Arc::new(Does(Mutex::new(Some(action)))))
}

/// Returns a waker whose clones panic when they are dropped.
fn waker_that_panics_in_drop() -> ManuallyDrop<Waker> {
    static FUNCTIONS: RawWakerVTable = RawWakerVTable::new(clone, wake, wake, drop);
    fn clone(_: *const ()) -> RawWaker {
        RawWaker::new(ptr::null(), &FUNCTIONS)
    }
    fn wake(_: *const ()) {
        panic_quietly("the waker's call");
    }
    fn drop(_: *const ()) {
        panic_quietly("the waker's drop");
    }
    // SAFETY: the functions do not use their pointer.
    ManuallyDrop::new(unsafe { Waker::from_raw(clone(ptr::null())) })
}

/// Returns a waker whose clone panics.
fn waker_that_panics_in_clone() -> ManuallyDrop<Waker> {
    static FUNCTIONS: RawWakerVTable = RawWakerVTable::new(clone, nothing, nothing, nothing);
    fn clone(_: *const ()) -> RawWaker {
        panic_quietly("the waker's clone");
    }
    fn nothing(_: *const ()) {}
    // SAFETY: the functions do not use their pointer.
    ManuallyDrop::new(unsafe { Waker::from_raw(RawWaker::new(ptr::null(), &FUNCTIONS)) })
}

/// A future that is polled after its end panics, whatever its waker does.
#[test]
fn a_poll_after_the_end_panics_and_does_not_abort() {
    if let Some(output) = in_a_process("a_poll_after_the_end_panics_and_does_not_abort", &[]) {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    watchdog(LIMIT, "after the end", |_| {
        let pool = support::pool(1);
        let waker = waker_that_panics_in_drop();
        let mut future = pool.submit_async(|| 7);
        let Poll::Ready(Ok(handle)) = poll_with(&mut future, &waker) else { panic!("a slot") };
        assert_eq!(handle.join().unwrap(), 7);
        let again = catch_unwind(AssertUnwindSafe(|| drop(poll_with(&mut future, &waker))));
        assert!(again.is_err());
        drop(future);
        assert_eq!(pool.shutdown().other_panics, 1);
        evidence("C33", 1);
    });
}

/// Wakers that panic when they are cloned, called or dropped change nothing.
#[test]
fn wakers_that_panic_in_every_call() {
    watchdog(LIMIT, "wakers", |progress| {
        for kind in QueueKind::ALL {
            progress.note(kind.name());
            let pool = on(*kind, 1, 1);
            let gate = Gate::new();
            gate.hold(&pool, 1);
            pool.execute(|| ()).unwrap();
            let (dropping, cloning) = (waker_that_panics_in_drop(), waker_that_panics_in_clone());
            let dropped = Count::default();
            let capture = Counted(dropped.clone());
            let mut slot = pool.submit_async(move || drop(capture));
            let mut idle = pool.idle();
            let mut end = pool.shutdown_trigger().terminated();
            for _ in 0..2 {
                assert!(catch_unwind(AssertUnwindSafe(|| poll_with(&mut slot, &cloning))).is_err());
                assert!(catch_unwind(AssertUnwindSafe(|| poll_with(&mut idle, &cloning))).is_err());
                assert!(catch_unwind(AssertUnwindSafe(|| poll_with(&mut end, &cloning))).is_err());
                assert!(poll_with(&mut slot, &dropping).is_pending());
                assert!(poll_with(&mut idle, &dropping).is_pending());
                assert!(poll_with(&mut end, &dropping).is_pending());
            }
            // Given up while they are registered.
            let mut others =
                (pool.submit_async(|| ()), pool.idle(), pool.shutdown_trigger().terminated());
            assert!(poll_with(&mut others.0, &dropping).is_pending());
            assert!(poll_with(&mut others.1, &dropping).is_pending());
            assert!(poll_with(&mut others.2, &dropping).is_pending());
            drop(others);
            gate.open();
            pool.wait_idle().unwrap();
            let Poll::Ready(Ok(handle)) = poll_with(&mut slot, &dropping) else { panic!("a slot") };
            assert!(handle.join().is_completed());
            pool.wait_idle().unwrap();
            assert!(poll_with(&mut idle, &dropping).is_ready());
            let report = pool.shutdown();
            assert!(poll_with(&mut end, &dropping).is_ready());
            assert_eq!((report.completed, dropped.get()), (3, 1));
        }
        evidence("C13,C32,C33", QueueKind::ALL.len() as u64);
    });
}

/// What a waker, or its destructor, does with the pool.
fn use_the_pool(pool: &ThreadPool, seen: &Count) -> impl FnOnce() + Send + 'static {
    let (submitter, trigger, seen) = (pool.submitter(), pool.shutdown_trigger(), seen.clone());
    move || {
        let _ = submitter.try_execute(|| ());
        let _ = submitter.stats();
        if let Ok(handle) = submitter.try_submit(|| ()) {
            let _ = handle.cancel();
        }
        let count = Count::default();
        let mut futures = (submitter.submit_async(|| ()), submitter.idle(), trigger.terminated());
        let _ = poll_once(&mut futures.0, &count);
        let _ = poll_once(&mut futures.1, &count);
        let _ = poll_once(&mut futures.2, &count);
        drop(futures);
        let _ = submitter.execute_timeout(|| (), std::time::Duration::ZERO);
        seen.up();
    }
}

struct DropUses(Mutex<Option<Box<dyn FnOnce() + Send>>>, Count);

impl Wake for DropUses {
    fn wake(self: Arc<Self>) {}
}

impl Drop for DropUses {
    fn drop(&mut self) {
        let action = lock(&self.0).take();
        if let Some(action) = action {
            action();
            self.1.up();
        }
    }
}

/// Wakers that use the pool when they are called or dropped find no lock held, wherever that is.
#[test]
fn wakers_that_use_the_pool() {
    watchdog(LIMIT, "re-entrancy", |progress| {
        for kind in QueueKind::ALL {
            for in_drop in [false, true] {
                for how in 0..6 {
                    progress.note(format_args!("{} {in_drop} {how}", kind.name()));
                    let pool = on(*kind, 2, 2);
                    let gate = Gate::new();
                    gate.hold(&pool, 2);
                    let queued = [0, 1].map(|_| pool.submit(|| ()).unwrap());
                    let (seen, dropped) = (Count::default(), Count::default());
                    let waker = || {
                        let uses = use_the_pool(&pool, &seen);
                        if in_drop {
                            Waker::from(Arc::new(DropUses(
                                Mutex::new(Some(Box::new(uses))),
                                dropped.clone(),
                            )))
                        } else {
                            does(uses)
                        }
                    };
                    let trigger = pool.shutdown_trigger();
                    let mut slot = pool.submit_async(|| ());
                    let mut idle = pool.idle();
                    let mut end = trigger.terminated();
                    assert!(poll_with(&mut slot, &waker()).is_pending());
                    assert!(poll_with(&mut idle, &waker()).is_pending());
                    assert!(poll_with(&mut end, &waker()).is_pending());
                    match how {
                        0 => _ = queued[0].cancel(),
                        1 => trigger.drain(),
                        2 => trigger.discard(),
                        3 => {
                            // Replaced.
                            assert!(poll_with(&mut slot, &waker()).is_pending());
                            assert!(poll_with(&mut idle, &waker()).is_pending());
                            assert!(poll_with(&mut end, &waker()).is_pending());
                        }
                        4 => drop((slot, idle, end)),
                        _ => {}
                    }
                    gate.open();
                    let report = pool.shutdown();
                    assert_conserved(&report);
                    if how != 4 {
                        seen.wait_for(2);
                    }
                }
            }
        }
        evidence("C13,C32,C33", QueueKind::ALL.len() as u64);
    });
}

/// The task waits for a cancel; its waker uses the pool when the future is dropped meanwhile.
#[test]
fn a_future_that_waits_for_a_cancel_is_dropped_or_woken() {
    watchdog(LIMIT, "cancel", |progress| {
        for kind in QueueKind::ALL {
            for drops in [false, true] {
                progress.note(format_args!("{} {drops}", kind.name()));
                let pool = on(*kind, 1, 4);
                let gate = Gate::new();
                gate.hold(&pool, 1);
                let destructor = Gate::new();
                let pass = destructor.pass();
                let capture = InDrop(move || pass.wait());
                let queued = pool.submit(move || drop(capture)).unwrap();
                let canceller = thread::spawn(move || queued.cancel());
                destructor.wait_for(1);
                gate.open();
                let trigger = pool.shutdown_trigger();
                trigger.drain();
                let mut end = trigger.terminated();
                let woken = Count::default();
                // Until only the cancel is left.
                while pool.stats().completed < 1 {
                    thread::yield_now();
                }
                for _ in 0..1000 {
                    assert!(poll_once(&mut end, &woken).is_pending());
                    thread::yield_now();
                }
                let seen = Count::default();
                let uses = use_the_pool(&pool, &seen);
                let waker = Waker::from(Arc::new(DropUses(
                    Mutex::new(Some(Box::new(uses))),
                    Count::default(),
                )));
                assert!(poll_with(&mut end, &waker).is_pending());
                drop(waker);
                if drops {
                    drop(end);
                    seen.wait_for(1);
                    destructor.open();
                } else {
                    destructor.open();
                    seen.wait_for(1);
                    futures_executor::block_on(end).unwrap();
                }
                canceller.join().unwrap();
                assert_eq!(pool.shutdown().cancelled, 1);
            }
        }
        evidence("C32", QueueKind::ALL.len() as u64);
    });
}

/// A waker drops the owner of the pool, on whatever thread it is called.
#[test]
fn a_waker_that_drops_the_pool() {
    watchdog(LIMIT, "owner", |progress| {
        for kind in QueueKind::ALL {
            for which in 0..3 {
                for how in 0..4 {
                    progress.note(format_args!("{} {which} {how}", kind.name()));
                    let reported = Count::default();
                    let reports = reported.clone();
                    let pool = ThreadPool::builder()
                        .queue(*kind)
                        .workers(2)
                        .capacity(2)
                        .on_terminated(move |report| {
                            assert_conserved(report);
                            reports.up();
                        })
                        .build()
                        .unwrap();
                    let gate = Gate::new();
                    gate.hold(&pool, 2);
                    let queued = [0, 1].map(|_| pool.submit(|| ()).unwrap());
                    let trigger = pool.shutdown_trigger();
                    let mut slot = pool.submit_async(|| ());
                    let (mut idle, mut end) = (pool.idle(), trigger.terminated());
                    let owner = Mutex::new(Some(pool));
                    let waker = does(move || {
                        let pool = lock(&owner).take();
                        drop(pool);
                    });
                    let pending = match which {
                        0 => poll_with(&mut slot, &waker).is_pending(),
                        1 => poll_with(&mut idle, &waker).is_pending(),
                        _ => poll_with(&mut end, &waker).is_pending(),
                    };
                    assert!(pending);
                    drop(waker);
                    // A drop on a thread outside waits for the jobs that are held.
                    gate.open();
                    match how {
                        0 => _ = queued[0].cancel(),
                        1 => trigger.drain(),
                        2 => trigger.discard(),
                        _ => {}
                    }
                    if which == 2 {
                        trigger.drain();
                    }
                    reported.wait_for(1);
                    trigger.wait().unwrap();
                    assert_eq!(reported.get(), 1);
                    drop((slot, idle, end, queued));
                }
            }
        }
        evidence("C2,C32,C33", QueueKind::ALL.len() as u64);
    });
}

/// Each job is run, refused, taken back, or cancelled: racing batches, futures and a shutdown.
#[test]
fn every_job_of_a_race_is_accounted_for() {
    watchdog(LIMIT, "race", |progress| {
        const ROUNDS: u64 = 150;
        for kind in QueueKind::ALL {
            for round in 0..ROUNDS {
                progress.note(format_args!("{} {round}", kind.name()));
                let pool = on(*kind, 2, 1 + (round % 4) as usize);
                let (ran, dropped) = (Count::default(), Count::default());
                let (accepted, refused, taken_back) =
                    (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
                let made = AtomicU64::new(0);
                let job = || {
                    made.fetch_add(1, Ordering::Relaxed);
                    let (ran, capture) = (ran.clone(), Counted(dropped.clone()));
                    move || {
                        let _capture = capture;
                        ran.up();
                    }
                };
                let count = |counter: &AtomicU64, by: usize| {
                    counter.fetch_add(by as u64, Ordering::Relaxed);
                };
                thread::scope(|scope| {
                    for thread in 0..4 {
                        let (job, count) = (&job, &count);
                        let (accepted, refused, taken_back) = (&accepted, &refused, &taken_back);
                        let submitter = pool.submitter();
                        scope.spawn(move || {
                            for turn in 0..6 {
                                match (thread + turn) % 3 {
                                    0 => match submitter.execute_all((0..5).map(|_| job())) {
                                        Ok(()) => count(accepted, 5),
                                        Err(error) => {
                                            count(accepted, error.accepted);
                                            count(refused, error.refused.len());
                                        }
                                    },
                                    1 => match submitter.submit_all((0..5).map(|_| job())) {
                                        Ok(handles) => {
                                            count(accepted, 5);
                                            let _ = handles[2].cancel();
                                            for handle in handles {
                                                drop(handle.join());
                                            }
                                        }
                                        Err(error) => {
                                            count(accepted, error.accepted.len());
                                            count(refused, error.refused.len());
                                        }
                                    },
                                    _ => {
                                        let mut futures: Vec<_> =
                                            (0..4).map(|_| submitter.submit_async(job())).collect();
                                        let woken = Count::default();
                                        for future in &mut futures[..2] {
                                            match poll_once(future, &woken) {
                                                Poll::Ready(Ok(_)) => count(accepted, 1),
                                                Poll::Ready(Err(_)) => count(refused, 1),
                                                Poll::Pending => count(taken_back, 1),
                                            }
                                        }
                                        // Given up.
                                        drop(futures.drain(..2));
                                        for future in futures {
                                            match futures_executor::block_on(future) {
                                                Ok(_) => count(accepted, 1),
                                                Err(_) => count(refused, 1),
                                            }
                                        }
                                    }
                                }
                            }
                        });
                    }
                    let (trigger, idle) = (pool.shutdown_trigger(), pool.idle());
                    let end = trigger.terminated();
                    scope.spawn(move || {
                        futures_executor::block_on(idle).unwrap();
                        for _ in 0..round * 20 {
                            std::hint::spin_loop();
                        }
                        if round % 2 == 0 {
                            trigger.drain();
                        } else {
                            trigger.discard();
                        }
                        futures_executor::block_on(end).unwrap();
                    });
                });
                let report = pool.shutdown();
                assert_conserved(&report);
                let [accepted, refused, taken_back, made] =
                    [accepted, refused, taken_back, made].map(AtomicU64::into_inner);
                assert_eq!((report.accepted, report.rejected), (accepted, refused));
                assert_eq!(made, accepted + refused + taken_back);
                assert_eq!(dropped.get(), made, "each closure is dropped once");
                assert_eq!(report.completed, ran.get());
            }
        }
        evidence("C3,C14,C33,C34", QueueKind::ALL.len() as u64);
    });
}

/// Destructors of closures that are taken back may panic, also while the thread panics.
#[test]
fn closures_whose_destructors_panic() {
    watchdog(LIMIT, "destructors", |_| {
        for kind in QueueKind::ALL {
            let pool = on(*kind, 1, 1);
            let gate = Gate::new();
            gate.hold(&pool, 1);
            pool.execute(|| ()).unwrap();
            let count = Count::default();
            let bomb = || Bomb(count.clone(), "boom");
            let [one, two, three] = [bomb(), bomb(), bomb()];
            let mut futures =
                (pool.submit_async(move || drop(one)), pool.submit_async(move || drop(two)));
            assert!(poll_once(&mut futures.0, &Count::default()).is_pending());
            drop(futures);
            assert_eq!(count.get(), 2);
            let future = pool.submit_async(move || drop(three));
            let caught = catch_unwind(AssertUnwindSafe(move || {
                let _future = future;
                panic_quietly("the task's panic");
            }));
            assert!(caught.is_err());
            assert_eq!(count.get(), 3);
            gate.open();
            assert_eq!(pool.shutdown().other_panics, 3);
        }
        evidence("C14,C33", QueueKind::ALL.len() as u64);
    });
}

/// A task that is polled late misses the idle instant, and waits for another.
#[test]
fn idleness_that_has_passed_when_the_task_is_polled() {
    watchdog(LIMIT, "late", |_| {
        let pool = support::pool(1);
        let first = Gate::new();
        first.hold(&pool, 1);
        let woken = Count::default();
        let mut idle = pool.idle();
        assert!(poll_once(&mut idle, &woken).is_pending());
        first.open();
        woken.wait_for(1);
        pool.wait_idle().unwrap();
        let second = Gate::new();
        second.hold(&pool, 1);
        assert!(poll_once(&mut idle, &woken).is_pending(), "it is not idle now");
        second.open();
        futures_executor::block_on(idle).unwrap();
        evidence("C26,C32", 1);
    });
}

/// A waker that polls at once, on the thread that wakes.
#[test]
fn wakers_that_poll_at_once() {
    struct Inline<F: Future>(Mutex<Option<F>>, Mutex<Option<F::Output>>, Count);
    impl<F> Wake for Inline<F>
    where
        F: Future + Unpin + Send + 'static,
        F::Output: Send,
    {
        fn wake(self: Arc<Self>) {
            let waker = Waker::from(Arc::clone(&self));
            let mut future = lock(&self.0);
            if let Some(pending) = &mut *future {
                if let Poll::Ready(output) = poll_with(pending, &waker) {
                    *future = None;
                    *lock(&self.1) = Some(output);
                    self.2.up();
                }
            }
        }
    }
    fn start<F>(future: F) -> Arc<Inline<F>>
    where
        F: Future + Unpin + Send + 'static,
        F::Output: Send,
    {
        let task = Arc::new(Inline(Mutex::new(Some(future)), Mutex::new(None), Count::default()));
        Waker::from(Arc::clone(&task)).wake();
        task
    }
    watchdog(LIMIT, "inline", |_| {
        for kind in QueueKind::ALL {
            let pool = on(*kind, 1, 1);
            let gate = Gate::new();
            gate.hold(&pool, 1);
            let queued = pool.submit(|| ()).unwrap();
            let idle = start(pool.idle());
            let end = start(pool.shutdown_trigger().terminated());
            let slots: Vec<_> = (0..3).map(|n| start(pool.submit_async(move || n))).collect();
            let _ = queued.cancel();
            gate.open();
            idle.2.wait_for(1);
            pool.wait_idle().unwrap();
            // They are polled on the thread that cancels, and on the worker, where they cannot wait.
            let refused = slots.iter().filter(|slot| {
                let result = lock(&slot.1).take();
                result.is_some_and(|result| result.is_err_and(|error| error.would_deadlock()))
            });
            let refused = refused.count();
            let would_deadlock = |result: &Option<Result<(), WaitError>>| {
                result.is_some_and(|result| result.is_err_and(|error| error.would_deadlock()))
            };
            assert!(would_deadlock(&lock(&idle.1)), "on a worker");
            pool.shutdown_trigger().drain();
            end.2.wait_for(1);
            assert!(would_deadlock(&lock(&end.1)), "on a worker");
            drop(slots);
            let report = pool.shutdown();
            assert_conserved(&report);
            assert_eq!(report.rejected, refused as u64);
        }
        evidence("C32,C33", QueueKind::ALL.len() as u64);
    });
}

/// Very many tasks at one slot.
#[test]
fn thousands_of_tasks_wait() {
    watchdog(LIMIT, "many", |_| {
        const TASKS: u64 = 2000;
        for kind in QueueKind::ALL {
            let pool = on(*kind, 2, 2);
            let ran = Count::default();
            let futures: Vec<_> = (0..TASKS)
                .map(|_| {
                    let ran = ran.clone();
                    pool.submit_async(move || ran.up())
                })
                .collect();
            let idles: Vec<_> = (0..TASKS).map(|_| pool.idle()).collect();
            let handles = futures_executor::block_on(futures_util::future::join_all(futures));
            let idles = futures_executor::block_on(futures_util::future::join_all(idles));
            assert!(idles.into_iter().all(|idle| idle.is_ok()));
            assert!(handles.into_iter().all(|handle| handle.is_ok()));
            assert_eq!((ran.get(), pool.shutdown().completed), (TASKS, TASKS));
        }
        evidence("C10,C33", QueueKind::ALL.len() as u64);
    });
}
