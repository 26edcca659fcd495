//! The subjects: this pool, and the pool of The Rust Programming Language in its stages.

mod book;
mod channel;

use crate::subject::{Job, Pool, Subject};

pub(crate) use book::{BookStage1, BookStage2};

/// Every subject, in the order of the report's columns.
pub(crate) static SUBJECTS: [&dyn Subject; 3] = [&LastCall, &BookStage1, &BookStage2];

/// This pool.
#[derive(Debug)]
pub(crate) struct LastCall;

impl Subject for LastCall {
    fn name(&self) -> &'static str {
        crate::trial::THIS_POOL
    }

    fn description(&self) -> &'static str {
        "this pool"
    }

    fn build(&self, workers: usize) -> Box<dyn Pool> {
        Box::new(last_call::ThreadPool::new(workers))
    }
}

impl Pool for last_call::ThreadPool {
    fn execute(&self, job: Job) -> Result<(), Job> {
        last_call::ThreadPool::execute(self, job).map_err(last_call::SubmitError::into_job)
    }
}
