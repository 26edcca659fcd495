//! The program with this pool.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use last_call::ThreadPool;

fn main() {
    let sum = Arc::new(AtomicUsize::new(0));
    let pool = ThreadPool::new(2);
    for number in 0..100 {
        let sum = Arc::clone(&sum);
        pool.execute(move || {
            sum.fetch_add(number, Ordering::Relaxed);
        })
        .expect("the pool is running");
    }
    drop(pool);
    println!("{}", sum.load(Ordering::Relaxed));
}
