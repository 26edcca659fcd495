//! The models. `cargo trial` runs them; in an ordinary build there is nothing here.
#![cfg(mazurka)]

use mazurka::sync::atomic::{AtomicUsize, Ordering};
use mazurka::sync::{mpsc, Arc};
use mazurka::thread;
use mazurka_examples::{Channel, OnceCell, Pool, Semaphore};

/// Two threads send, one of them twice, two receive, and there is room for one message.
#[test]
fn every_message_is_received() {
    mazurka::model(|| {
        let channel = Arc::new(Channel::new(1));
        let start = |number: usize| {
            let channel = Arc::clone(&channel);
            thread::spawn(move || match number {
                0 => {
                    channel.send(1);
                    channel.send(3);
                }
                1 => channel.send(2),
                _ => assert!(channel.receive() > 0),
            })
        };
        let threads: Vec<_> = (0..3).map(start).collect();
        channel.receive();
        channel.receive();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Of two threads that write, one succeeds. A thread that sees the cell written sees its value.
#[test]
fn the_value_is_read_after_it_was_written() {
    mazurka::model(|| {
        let cell = Arc::new(OnceCell::new());
        let other = Arc::clone(&cell);
        let writer = thread::spawn(move || other.set(7).is_ok());
        let has_written = cell.set(8).is_ok();
        let seen = cell.get();
        assert!(writer.join().unwrap() != has_written, "both threads have written, or none has");
        let written = if has_written { 8 } else { 7 };
        assert!(seen.is_none_or(|value| value == written));
        assert_eq!(cell.get(), Some(written));
    });
}

/// One permit is never held twice, and none is lost.
#[test]
fn a_permit_is_taken_once() {
    mazurka::model(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        let other = Arc::clone(&semaphore);
        let taker = thread::spawn(move || other.try_acquire());
        let (one, two) = (semaphore.try_acquire(), taker.join().unwrap());
        assert!(one != two, "both threads have the permit: {one}, {two}");
        // Two permits are returned at a time: the one that was taken, and another.
        let other = Arc::clone(&semaphore);
        let giver = thread::spawn(move || other.release());
        semaphore.release();
        giver.join().unwrap();
        let results = [(); 3].map(|()| semaphore.try_acquire());
        assert_eq!(results, [true, true, false], "two permits were returned");
    });
}

/// A job runs without the drop, the drop returns, and then every job has run.
#[test]
fn the_pool_ends_after_its_jobs() {
    mazurka::model(|| {
        let ran = Arc::new(AtomicUsize::new(0));
        let pool = Pool::new(2);
        let (done, ends) = mpsc::channel();
        pool.submit(move || done.send(()).unwrap());
        // Before the drop: it wakes every worker, which would hide a lost wake-up.
        ends.recv().unwrap();
        let count = Arc::clone(&ran);
        pool.submit(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        drop(pool);
        assert_eq!(ran.load(Ordering::SeqCst), 1);
    });
}
