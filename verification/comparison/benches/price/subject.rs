//! Runs one workload on the linked version of the pool, and prints the nanoseconds that it took.
//!
//! It uses only the interface of the first commit of the pool.

use std::hint::black_box;
use std::thread;
use std::time::Instant;

use last_call::ThreadPool;

fn main() {
    let mut words = std::env::args().skip(1);
    let workload = words.next().expect("a workload");
    let number = |word: Option<String>| word.and_then(|word| word.parse().ok()).expect("a number");
    let (workers, jobs) = (number(words.next()), number(words.next()));

    let pool = ThreadPool::new(workers);
    let began = Instant::now();
    match &*workload {
        "execute" => {
            for job in 0..jobs {
                assert!(pool.execute(move || drop(black_box(job))).is_ok());
            }
            assert_eq!(pool.shutdown().completed, jobs as u64);
        }
        "producers" => {
            const PRODUCERS: usize = 4;
            thread::scope(|scope| {
                for _ in 0..PRODUCERS {
                    let submitter = pool.submitter();
                    scope.spawn(move || {
                        for job in 0..jobs / PRODUCERS {
                            assert!(submitter.execute(move || drop(black_box(job))).is_ok());
                        }
                    });
                }
            });
            assert_eq!(pool.shutdown().completed, jobs as u64);
        }
        "handles" => {
            let handles: Vec<_> = (0..jobs)
                .map(|job| pool.submit(move || black_box(job)).ok().expect("it is running"))
                .collect();
            for handle in handles {
                assert!(handle.join().is_completed());
            }
        }
        "round-trips" => {
            for job in 0..jobs {
                let handle = pool.submit(move || black_box(job)).ok().expect("it is running");
                assert!(handle.join().is_completed());
            }
        }
        other => panic!("no workload `{other}`"),
    }
    println!("{}", began.elapsed().as_nanos());
}
