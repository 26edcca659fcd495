//! A recursive sum over a borrowed slice.
//!
//! ```text
//! cargo run --example sum
//! ```
//!
//! A job does not wait for the jobs that it submits: it adds its part to the total and ends. So the
//! recursion needs no free worker, and works on a pool of any size.

use std::sync::atomic::{AtomicU64, Ordering};

use last_call::{Scope, ThreadPool, WaitError};

/// Adds the numbers to the total, in jobs of at most 10,000 numbers.
fn add<'scope>(scope: &'scope Scope<'scope, '_>, numbers: &'scope [u64], total: &'scope AtomicU64) {
    if numbers.len() <= 10_000 {
        total.fetch_add(numbers.iter().sum(), Ordering::Relaxed);
        return;
    }
    let (left, right) = numbers.split_at(numbers.len() / 2);
    if let Err(refused) = scope.execute(move || add(scope, left, total)) {
        refused.into_job()(); // the pool is shutting down
    }
    add(scope, right, total);
}

fn main() -> Result<(), WaitError> {
    let pool = ThreadPool::default();
    let numbers: Vec<u64> = (1..=1_000_000).collect();
    let total = AtomicU64::new(0);
    pool.scope(|scope| add(scope, &numbers, &total))?;
    println!("{} jobs: {}", pool.stats().completed, total.into_inner());
    Ok(())
}
