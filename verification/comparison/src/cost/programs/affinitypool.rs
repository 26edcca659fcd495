//! The program with `affinitypool`: its drop waits for jobs whose futures exist.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use affinitypool::Threadpool;

fn main() {
    let sum = Arc::new(AtomicUsize::new(0));
    let pool = Threadpool::new(2);
    for number in 0..100 {
        let sum = Arc::clone(&sum);
        std::mem::forget(pool.spawn(move || {
            sum.fetch_add(number, Ordering::Relaxed);
        }));
    }
    drop(pool);
    println!("{}", sum.load(Ordering::Relaxed));
}
