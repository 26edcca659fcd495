//! The program with the pool of `futures-executor`, whose jobs report their end: their handles are
//! of another package.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{mpsc, Arc};

use futures_executor::ThreadPool;

fn main() {
    let sum = Arc::new(AtomicUsize::new(0));
    let pool = ThreadPool::builder().pool_size(2).create().expect("threads can be started");
    let (running, all_ended) = mpsc::channel::<()>();
    for number in 0..100 {
        let (sum, running) = (Arc::clone(&sum), running.clone());
        pool.spawn_ok(async move {
            sum.fetch_add(number, Ordering::Relaxed);
            drop(running);
        });
    }
    drop(running);
    assert!(all_ended.recv().is_err(), "nothing is sent");
    println!("{}", sum.load(Ordering::Relaxed));
}
