//! The program with the pool of *The Rust Programming Language*, chapter 21.3.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{mpsc, Arc, Mutex};
use std::thread;

type Job = Box<dyn FnOnce() + Send>;

struct ThreadPool {
    sender: Option<mpsc::Sender<Job>>,
    workers: Vec<thread::JoinHandle<()>>,
}

impl ThreadPool {
    fn new(workers: usize) -> Self {
        let (sender, receiver) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let workers = (0..workers).map(|_| start_worker(Arc::clone(&receiver))).collect();
        ThreadPool { sender: Some(sender), workers }
    }

    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        let sender = self.sender.as_ref().expect("the sender is there until drop");
        sender.send(Box::new(job)).expect("a worker receives");
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        drop(self.sender.take());
        for worker in self.workers.drain(..) {
            worker.join().expect("no job panicked");
        }
    }
}

fn start_worker(receiver: Arc<Mutex<mpsc::Receiver<Job>>>) -> thread::JoinHandle<()> {
    thread::spawn(move || loop {
        let message = receiver.lock().expect("receiving does not panic").recv();
        match message {
            Ok(job) => job(),
            Err(mpsc::RecvError) => break,
        }
    })
}

fn main() {
    let sum = Arc::new(AtomicUsize::new(0));
    let pool = ThreadPool::new(2);
    for number in 0..100 {
        let sum = Arc::clone(&sum);
        pool.execute(move || {
            sum.fetch_add(number, Ordering::Relaxed);
        });
    }
    drop(pool);
    println!("{}", sum.load(Ordering::Relaxed));
}
