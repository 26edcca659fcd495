//! The pool from chapter 21.3 of The Rust Programming Language, in two of its stages, rewritten on
//! the facade. The messages that it prints are notes in the trace.

use last_call::sync::{note, thread, Arc, Mutex};

use super::channel::{channel, Receiver, Sender};
use crate::subjects::subject::{Job, Pool, Subject};

/// The stage in which `Drop` joins the workers while the channel is still open.
#[derive(Debug)]
pub(crate) struct BookStage1;

impl Subject for BookStage1 {
    fn name(&self) -> &'static str {
        "book-stage-1"
    }

    fn description(&self) -> &'static str {
        "the book's pool in the stage in which Drop first joins the workers (chapter 21.3)"
    }

    fn queue_source(&self) -> &'static str {
        "subjects/channel.rs"
    }

    fn build(&self, workers: usize) -> Box<dyn Pool> {
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let start = |id| start_worker(id, Arc::clone(&receiver), WhenDisconnected::Panic);
        Box::new(Stage1 { workers: (0..workers).map(start).collect(), sender })
    }
}

/// The complete implementation from the end of the chapter.
#[derive(Debug)]
pub(crate) struct BookStage2;

impl Subject for BookStage2 {
    fn name(&self) -> &'static str {
        "book-stage-2"
    }

    fn description(&self) -> &'static str {
        "the book's complete pool: the sender is dropped before the workers are joined"
    }

    fn queue_source(&self) -> &'static str {
        "subjects/channel.rs"
    }

    fn build(&self, workers: usize) -> Box<dyn Pool> {
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let start = |id| start_worker(id, Arc::clone(&receiver), WhenDisconnected::Leave);
        let workers = (0..workers).map(start).map(Some).collect();
        Box::new(Stage2 { workers, sender: Some(sender) })
    }
}

struct Stage1 {
    workers: Vec<thread::JoinHandle>,
    sender: Sender<Job>,
}

impl Pool for Stage1 {
    fn execute(&self, job: Job) -> Result<(), Job> {
        self.sender.send(job).map_err(|refused| drop(refused.0)).expect("a worker receives");
        Ok(())
    }
}

impl Drop for Stage1 {
    fn drop(&mut self) {
        for worker in self.workers.drain(..) {
            note("Shutting down worker");
            worker.join().unwrap();
        }
    }
}

struct Stage2 {
    workers: Vec<Option<thread::JoinHandle>>,
    sender: Option<Sender<Job>>,
}

impl Pool for Stage2 {
    fn execute(&self, job: Job) -> Result<(), Job> {
        let sender = self.sender.as_ref().expect("the sender exists until drop");
        sender.send(job).map_err(|refused| drop(refused.0)).expect("a worker receives");
        Ok(())
    }
}

impl Drop for Stage2 {
    fn drop(&mut self) {
        drop(self.sender.take());
        for worker in &mut self.workers {
            note("Shutting down worker");
            if let Some(thread) = worker.take() {
                thread.join().unwrap();
            }
        }
    }
}

/// The reaction of a worker to a disconnected channel.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WhenDisconnected {
    /// The worker panics.
    Panic,
    /// The worker leaves its loop.
    Leave,
}

fn start_worker(
    id: usize,
    receiver: Arc<Mutex<Receiver<Job>>>,
    when_disconnected: WhenDisconnected,
) -> thread::JoinHandle {
    let main = move || loop {
        // The lock is held while waiting, and released before the job runs.
        let message = receiver.lock().recv();
        if message.is_err() && when_disconnected == WhenDisconnected::Leave {
            note("disconnected; shutting down");
            break;
        }
        let job = message.expect("the sender still exists");
        note("got a job; executing");
        job();
    };
    thread::spawn(format!("book-{id}"), None, main).unwrap()
}
