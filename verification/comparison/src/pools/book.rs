//! The pool of The Rust Programming Language, chapter 21.3, as it stands at the end of the chapter,
//! written afresh. What it prints is left out: it would be all that is timed.

use std::sync::{mpsc, Arc, Mutex};
use std::thread;

use super::shared::sole;
use super::{About, OnDrop, OnPanic, Peer, Refused, Submit, SubmitterOf, Threads, Waits};

type Job = Box<dyn FnOnce() + Send>;

/// The book's pool.
#[derive(Debug)]
pub(crate) struct Book(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    sender: Option<mpsc::Sender<Job>>,
    workers: Vec<thread::JoinHandle<()>>,
}

impl Pool {
    fn new(workers: usize) -> Self {
        let (sender, receiver) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let workers = (0..workers).map(|_| start_worker(Arc::clone(&receiver))).collect();
        Pool { sender: Some(sender), workers }
    }

    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        let sender = self.sender.as_ref().expect("the sender is there until drop");
        sender.send(Box::new(job)).expect("a worker receives");
    }
}

impl Drop for Pool {
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
        let message = receiver.lock().expect("nobody panics while receiving").recv();
        match message {
            Ok(job) => job(),
            Err(mpsc::RecvError) => break,
        }
    })
}

impl Peer for Book {
    const ABOUT: About = About {
        name: "book",
        package: "comparison",
        what:
            "the complete pool of The Rust Programming Language, chapter 21, without its printing",
        less:
            "a panic ends a worker for good; with the last of them jobs are lost, execute panics \
               and so does drop; no handles, no bound, no way to wait but drop",
        waits: Waits::Drop,
        drop: OnDrop::RunsAndJoins,
        panic: OnPanic::WorkerLost,
        threads: Threads::AtOnce,
        submitter: SubmitterOf::TheAdaptor,
        in_order: true,
        idle: false,
        handles: false,
    };

    type Submitter = Submitter;

    fn start(workers: usize) -> Self {
        Book(Arc::new(Pool::new(workers)))
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
        drop(sole(self.0));
    }
}

/// The pool, shared.
#[derive(Clone, Debug)]
pub(crate) struct Submitter(Arc<Pool>);

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
