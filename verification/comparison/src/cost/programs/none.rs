//! The program without a pool.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

fn main() {
    let sum = Arc::new(AtomicUsize::new(0));
    for number in 0..100 {
        sum.fetch_add(number, Ordering::Relaxed);
    }
    println!("{}", sum.load(Ordering::Relaxed));
}
