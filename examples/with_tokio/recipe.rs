//! A pool beside tokio: no call blocks the executor, and the deadline of the pool begins with the
//! shutdown of the server, not after its last request.

use std::future::Future;
use std::time::Duration;

use last_call::{Report, Submitter, ThreadPool};
use tokio::task::{spawn_blocking, JoinSet};
use tokio::time::timeout;

/// Answers a request with a job.
pub(crate) async fn answer(submitter: Submitter, number: u64) -> String {
    // Not `submit`, which blocks while a bounded queue is full.
    match submitter.try_submit(move || number * number) {
        Ok(job) => match job.await.into_result() {
            Ok(square) => format!("200 {square}"),
            Err(error) => format!("503 {error}"), // cancelled at the deadline, or panicked
        },
        Err(refused) => format!("503 {refused}"),
    }
}

/// Ends the pool and the server together. `server` is its graceful shutdown, which waits for the
/// requests, and they wait for their jobs.
pub(crate) async fn shut_down(pool: ThreadPool, server: impl Future, limit: Duration) -> Report {
    // First the pool. This call blocks, so it has a thread of its own. At the deadline it cancels
    // the queued jobs, and their requests go on.
    let report = spawn_blocking(move || pool.shutdown_timeout(limit));
    // The limit is for requests whose jobs do not return.
    let _ = timeout(limit, server).await;
    report.await.expect("a shutdown does not panic")
}

async fn serve(pool: ThreadPool) -> Report {
    let mut requests = JoinSet::new();
    for number in 0..10 {
        let submitter = pool.submitter();
        requests.spawn(async move { println!("{}", answer(submitter, number).await) });
    }
    // … until a signal comes …
    let all_answered = async { while requests.join_next().await.is_some() {} };
    shut_down(pool, all_answered, Duration::from_secs(2)).await
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = ThreadPool::builder().workers(2).capacity(100).build()?;
    println!("{:?}", tokio::runtime::Runtime::new()?.block_on(serve(pool)));
    Ok(())
}
