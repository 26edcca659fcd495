//! The program with `async-executor`, on threads of its own, which end with the process.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread;

use async_executor::Executor;
use futures_lite::future::block_on;

fn main() {
    let sum = Arc::new(AtomicUsize::new(0));
    let executor = Arc::new(Executor::new());
    for _ in 0..2 {
        let executor = Arc::clone(&executor);
        thread::spawn(move || block_on(executor.run(pending::<()>())));
    }
    let mut jobs = Vec::new();
    for number in 0..100 {
        let sum = Arc::clone(&sum);
        jobs.push(executor.spawn(async move {
            sum.fetch_add(number, Ordering::Relaxed);
        }));
    }
    for job in jobs {
        block_on(job);
    }
    println!("{}", sum.load(Ordering::Relaxed));
}
