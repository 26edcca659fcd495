//! The program with `tokio`: it waits for each job.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use tokio::runtime::Builder;

fn main() {
    let sum = Arc::new(AtomicUsize::new(0));
    let runtime = Builder::new_multi_thread().worker_threads(2).max_blocking_threads(2).build();
    let runtime = runtime.expect("a runtime can be built");
    let mut jobs = Vec::new();
    for number in 0..100 {
        let sum = Arc::clone(&sum);
        jobs.push(runtime.spawn_blocking(move || {
            sum.fetch_add(number, Ordering::Relaxed);
        }));
    }
    for job in jobs {
        runtime.block_on(job).expect("no job panics");
    }
    println!("{}", sum.load(Ordering::Relaxed));
}
