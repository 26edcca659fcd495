//! The pool of *The Rust Programming Language*, chapter 21.3, as at the end of the chapter, rewritten.
//! It prints nothing: printing would dominate every measurement.

use std::sync::{mpsc, Arc, Mutex};
use std::thread;

use super::shared::into_sole;
use super::{About, OnDrop, OnPanic, Pool, Refused, Submit, SubmitterOf, Threads, Waits};

type Job = Box<dyn FnOnce() + Send>;

/// The book's pool.
#[derive(Debug)]
pub(crate) struct Book(Arc<Workers>);

#[derive(Debug)]
struct Workers {
    sender: Option<mpsc::Sender<Job>>,
    workers: Vec<thread::JoinHandle<()>>,
}

impl Workers {
    fn new(workers: usize) -> Self {
        let (sender, receiver) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let workers = (0..workers).map(|_| start_worker(Arc::clone(&receiver))).collect();
        Workers { sender: Some(sender), workers }
    }

    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        let sender = self.sender.as_ref().expect("the sender is there until drop");
        sender.send(Box::new(job)).expect("a worker receives");
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        drop(self.sender.take());
        for worker in self.workers.drain(..) {
            worker.join().expect("no job panicked");
        }
    }
}

fn start_worker(receiver: Arc<Mutex<mpsc::Receiver<Job>>>) -> thread::JoinHandle<()> {
    thread::spawn(move || loop {
        // The lock is held while waiting, and released before the job runs.
        let message = receiver.lock().expect("receiving does not panic").recv();
        match message {
            Ok(job) => job(),
            Err(mpsc::RecvError) => break,
        }
    })
}

impl Pool for Book {
    const ABOUT: About = About {
        name: "book",
        package: "comparison",
        what:
            "the complete pool of The Rust Programming Language, chapter 21, without its printing",
        less:
            "a panic ends a worker for good; after the last worker, jobs are lost and execute and \
               drop panic; no handles, no bound, no way to wait but drop",
        waits: Waits::Drop,
        drop: OnDrop::RunsAndJoins,
        panic: OnPanic::WorkerLost,
        threads: Threads::AtOnce,
        submitter: SubmitterOf::Adaptor,
        in_order: true,
        idle: false,
        handles: false,
    };

    type Submitter = Submitter;

    fn start(workers: usize) -> Self {
        Book(Arc::new(Workers::new(workers)))
    }

    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        self.0.execute(job);
        Ok(())
    }

    fn submitter(&self) -> Submitter {
        Submitter(Arc::clone(&self.0))
    }

    fn finish(self) {
        drop(into_sole(self.0));
    }
}

/// The shared pool.
#[derive(Clone, Debug)]
pub(crate) struct Submitter(Arc<Workers>);

impl Submit for Submitter {
    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        self.0.execute(job);
        Ok(())
    }
}
