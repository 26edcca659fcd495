//! The program with `rayon`: its scope waits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use rayon::ThreadPoolBuilder;

fn main() {
    let sum = Arc::new(AtomicUsize::new(0));
    let pool = ThreadPoolBuilder::new().num_threads(2).build().expect("threads can be started");
    pool.scope(|scope| {
        for number in 0..100 {
            let sum = Arc::clone(&sum);
            scope.spawn(move |_| {
                sum.fetch_add(number, Ordering::Relaxed);
            });
        }
    });
    println!("{}", sum.load(Ordering::Relaxed));
}
