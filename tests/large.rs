//! Large closures and results, on small stacks.
//!
//! A stack that overflows aborts the process, so each test runs in a process of its own. Without
//! optimisation, each move of a large value takes stack of its own: `cargo verify` builds the tests
//! that way.
#![cfg(not(loom))]
#![allow(clippy::large_stack_arrays)] // on purpose

mod support;

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use last_call::{Cancellation, JobHandle, Outcome, RefusalKind, ThreadPool};
use support::{evidence, in_a_process, pool, watchdog, Gate, LIMIT};

/// The size of a closure or a result, in bytes.
const LARGE: usize = 1 << 20;

/// The stack of a worker, and of a thread that ends jobs or waits for them. It has no room for a
/// large value, but for a panic and the code of the pool.
const SMALL_STACK: usize = 128 << 10;

/// The stack of a thread that makes a large value and passes it on.
const LARGE_STACK: usize = 16 * LARGE;

/// Runs the body in a process of its own, on a thread with a stack for large values.
fn on_a_large_stack(test: &str, body: impl FnOnce() + Send + 'static) {
    let Some(output) = in_a_process(test, &[]) else {
        return watchdog(LIMIT, "large values", |_| on_a_stack(LARGE_STACK, body));
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn on_a_stack<R: Send + 'static>(size: usize, body: impl FnOnce() -> R + Send + 'static) -> R {
    thread::Builder::new().stack_size(size).spawn(body).unwrap().join().unwrap()
}

fn small_stacks(capacity: usize) -> ThreadPool {
    ThreadPool::builder().workers(1).stack_size(SMALL_STACK).capacity(capacity).build().unwrap()
}

/// Submits a job with large captures.
fn submit_large(pool: &ThreadPool) -> JobHandle<u8> {
    let captured = [1_u8; LARGE];
    pool.submit(move || black_box(&captured)[LARGE - 1]).unwrap()
}

#[test]
fn a_worker_runs_a_closure_that_is_larger_than_its_stack() {
    on_a_large_stack("a_worker_runs_a_closure_that_is_larger_than_its_stack", || {
        let pool = small_stacks(8);
        let captured = [1_u8; LARGE];
        pool.execute(move || _ = black_box(&captured)).unwrap();
        let named = pool.job().name("named");
        named.execute(move || _ = black_box(&captured)).unwrap();
        let sum = pool.submit(move || black_box(&captured)[LARGE - 1]).unwrap();
        assert_eq!(sum.join().unwrap(), 1);
        let panics = pool.submit(move || assert_eq!(black_box(&captured)[0], 0)).unwrap();
        assert!(panics.join().is_panicked());
        assert_eq!(pool.shutdown().completed, 3);
        evidence("C1,C6", 4);
    });
}

#[test]
fn a_small_stack_cancels_and_waits_for_large_closures() {
    on_a_large_stack("a_small_stack_cancels_and_waits_for_large_closures", || {
        let gate = Gate::new();
        let pool = small_stacks(8);
        gate.hold(&pool, 1);
        let [cancelled, pending, discarded] = [0; 3].map(|_| submit_large(&pool));
        let captured = [1_u8; LARGE];
        pool.execute(move || _ = black_box(&captured)).unwrap();
        on_a_stack(SMALL_STACK, move || {
            assert!(!pending.is_finished());
            let pending = pending.try_join().expect_err("it is queued");
            let mut pending = pin!(pending);
            assert!(pending.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            assert_eq!(cancelled.cancel(), Cancellation::Cancelled);
            pool.shutdown_trigger().discard();
            assert!(matches!(
                pending.as_mut().poll(&mut Context::from_waker(Waker::noop())),
                Poll::Ready(Outcome::Cancelled(_))
            ));
            assert!(discarded.join().is_cancelled());
            gate.open();
            assert_eq!(pool.shutdown().cancelled, 4);
        });
        evidence("C13,C24,C25", 4);
    });
}

#[test]
fn a_refused_large_closure_comes_back_in_a_small_error() {
    on_a_large_stack("a_refused_large_closure_comes_back_in_a_small_error", || {
        let gate = Gate::new();
        let pool = small_stacks(1);
        gate.hold(&pool, 1);
        pool.execute(|| ()).unwrap();
        let captured = [1_u8; LARGE];
        let detached = pool.try_execute(move || _ = black_box(&captured)).unwrap_err();
        let handled = pool.try_submit(move || black_box(&captured)[0]).unwrap_err();
        assert!(size_of_val(&detached) <= 32 && size_of_val(&handled) <= 32);
        // An error that is passed on takes no stack.
        let handled = on_a_stack(SMALL_STACK, move || {
            assert_eq!((detached.kind(), handled.kind()), (RefusalKind::Full, RefusalKind::Full));
            handled
        });
        assert_eq!(handled.into_job()(), 1);
        gate.open();
        evidence("C3,C8", 2);
    });
}

/// The worker and the thread that joins each hold a large result, but not many copies of it.
#[test]
fn a_large_result_is_moved_a_few_times() {
    const STACK: usize = 5 * LARGE;
    on_a_large_stack("a_large_result_is_moved_a_few_times", || {
        let pool = ThreadPool::builder().workers(1).stack_size(STACK).build().unwrap();
        let result = || -> [u8; LARGE] { black_box([1; LARGE]) };
        let [joined, polled, tried] = [0; 3].map(|_| pool.submit(result).unwrap());
        on_a_stack(STACK, move || match joined.join() {
            Outcome::Completed(ref value) => assert_eq!(black_box(value)[LARGE - 1], 1),
            _ => unreachable!("the job returns"),
        });
        pool.wait_idle().unwrap();
        on_a_stack(STACK, move || {
            match pin!(polled).poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(Outcome::Completed(ref value)) => assert_eq!(black_box(value)[0], 1),
                _ => unreachable!("the job has ended"),
            }
        });
        on_a_stack(STACK, move || match tried.try_join() {
            Ok(Outcome::Completed(ref value)) => assert_eq!(black_box(value)[0], 1),
            _ => unreachable!("the job has ended"),
        });
        evidence("C24", 3);
    });
}

/// A result that nobody reads is dropped where it is.
#[test]
fn a_large_result_is_dropped_on_a_small_stack() {
    on_a_large_stack("a_large_result_is_dropped_on_a_small_stack", || {
        let pool = pool(1);
        let unread = pool.submit(|| [1_u8; LARGE / 16]).unwrap();
        pool.wait_idle().unwrap();
        on_a_stack(SMALL_STACK, move || drop(unread));
        evidence("C25", 1);
    });
}
