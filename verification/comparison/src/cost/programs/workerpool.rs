//! The program with `workerpool`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use workerpool::thunk::{Thunk, ThunkWorker};
use workerpool::Pool;

fn main() {
    let sum = Arc::new(AtomicUsize::new(0));
    let pool = Pool::<ThunkWorker<()>>::new(2);
    for number in 0..100 {
        let sum = Arc::clone(&sum);
        pool.execute(Thunk::of(move || {
            sum.fetch_add(number, Ordering::Relaxed);
        }));
    }
    pool.join();
    println!("{}", sum.load(Ordering::Relaxed));
}
