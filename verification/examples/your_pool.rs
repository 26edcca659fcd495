//! Runs a pool of your own under the scenarios: build it on the facade, implement `Pool`, and call
//! `put_on_trial`. This pool has a lost wake-up on purpose.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo run -p verification --example your_pool
//! ```

use std::collections::VecDeque;
use std::panic::{catch_unwind, AssertUnwindSafe};

use last_call::sync::{thread, Arc, Condvar, Mutex};
use verification::subjects::subject::{Job, Named, Pool};

/// The jobs, and whether the queue is closed. The condition variable signals a new job.
type Queue = (Mutex<(VecDeque<Job>, bool)>, Condvar);

struct YourPool {
    queue: Arc<Queue>,
    workers: Vec<thread::JoinHandle>,
}

impl Pool for YourPool {
    fn execute(&self, job: Job) -> Result<(), Job> {
        let mut queue = self.queue.0.lock();
        queue.0.push_back(job);
        // The defect: the second of two queued jobs wakes no worker, even if one sleeps.
        if queue.0.len() == 1 {
            self.queue.1.notify_one();
        }
        Ok(())
    }
}

impl Drop for YourPool {
    fn drop(&mut self) {
        self.queue.0.lock().1 = true;
        self.queue.1.notify_all();
        let others = self.workers.drain(..).filter(|worker| worker.id() != thread::current_id());
        others.for_each(|worker| worker.join().unwrap());
    }
}

fn work(queue: &Queue) {
    loop {
        let mut state = queue.0.lock();
        while state.0.is_empty() && !state.1 {
            state = queue.1.wait(state);
        }
        let Some(job) = state.0.pop_front() else { return };
        drop(state);
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

fn build(workers: usize) -> Box<dyn Pool> {
    let queue = Arc::new((Mutex::new((VecDeque::new(), false)), Condvar::new()));
    let start = |id| {
        let queue = Arc::clone(&queue);
        thread::spawn(format!("yours-{id}"), None, move || work(&queue)).unwrap()
    };
    Box::new(YourPool { workers: (0..workers).map(start).collect(), queue })
}

fn main() -> std::process::ExitCode {
    verification::your_pool::put_on_trial(&Named("your-pool", build))
}
