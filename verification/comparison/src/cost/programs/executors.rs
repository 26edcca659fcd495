//! The program with the channel pool of `executors`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use executors::crossbeam_channel_pool::ThreadPool;
use executors::Executor;

fn main() {
    let sum = Arc::new(AtomicUsize::new(0));
    let pool = ThreadPool::new(2);
    for number in 0..100 {
        let sum = Arc::clone(&sum);
        pool.execute(move || {
            sum.fetch_add(number, Ordering::Relaxed);
        });
    }
    pool.shutdown().expect("it shuts down within its five seconds");
    println!("{}", sum.load(Ordering::Relaxed));
}
