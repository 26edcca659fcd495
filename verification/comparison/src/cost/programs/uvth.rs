//! The program with `uvth`, whose jobs report their end: it cannot wait for them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{mpsc, Arc};

use uvth::ThreadPoolBuilder;

fn main() {
    let sum = Arc::new(AtomicUsize::new(0));
    let pool = ThreadPoolBuilder::new().num_threads(2).build();
    let (running, all_ended) = mpsc::channel::<()>();
    for number in 0..100 {
        let (sum, running) = (Arc::clone(&sum), running.clone());
        pool.execute(move || {
            sum.fetch_add(number, Ordering::Relaxed);
            drop(running);
        });
    }
    drop(running);
    assert!(all_ended.recv().is_err(), "nothing is sent");
    println!("{}", sum.load(Ordering::Relaxed));
}
