//! The workers: what they share, what each one does, and the record of it.

use std::fmt;
use std::time::Instant;

use crate::job::{drop_payload, guarded, End, Job};
use crate::outcome::{message, CancelReason};
use crate::queue::{Chosen, Queue};
use crate::report::{JobId, JobPanic, Stats, Tally, UnfinishedJob, PANICS_KEPT};
use crate::sync::{Arc, Condvar, Counter, Deadline, Mutex};
use crate::{events, Report};

/// Called with the worker's number, on its thread.
pub(crate) type Hook = Arc<dyn Fn(usize) + Send + Sync>;

/// What the owner of the pool, its submitters and its workers have in common. It holds neither the
/// owner nor a thread, so keeping it keeps no pool alive.
pub(crate) struct Shared {
    pub(crate) queue: Chosen<Job>,
    /// One for each worker.
    pub(crate) records: Box<[Record]>,
    pub(crate) on_start: Option<Hook>,
    pub(crate) on_stop: Option<Hook>,
    /// Jobs cancelled off the queue.
    cancelled: Mutex<u64>,
    /// Panics that changed no outcome.
    stray_panics: Counter,
}

impl Shared {
    pub(crate) fn new(workers: usize, on_start: Option<Hook>, on_stop: Option<Hook>) -> Self {
        Shared {
            queue: Chosen::new(),
            records: (0..workers).map(|_| Record::new()).collect(),
            on_start,
            on_stop,
            cancelled: Mutex::new(0),
            stray_panics: Counter::new(),
        }
    }

    /// Closes the queue and cancels what had not been taken from it.
    pub(crate) fn discard(&self, reason: CancelReason) {
        for (_, job) in self.queue.drain() {
            let (spent, stray_panics) = job.cancel(reason);
            *self.cancelled.lock() += 1;
            self.count_stray_panics(stray_panics + spent.publish());
        }
    }

    /// Counts, finished before accepted, so that no job is finished that is not accepted.
    pub(crate) fn stats(&self) -> Stats {
        let mut tally = Tally { cancelled: *self.cancelled.lock(), ..Tally::default() };
        for record in &*self.records {
            tally += record.status.lock().tally;
        }
        let counts = self.queue.counts();
        Stats {
            accepted: counts.accepted,
            completed: tally.completed,
            panicked: tally.panicked,
            cancelled: tally.cancelled,
            rejected: counts.rejected,
            queued: counts.queued,
            workers: self.records.len(),
        }
    }

    /// Adds the records up. With `retire`, no worker starts a job any more once its record is read.
    ///
    /// The queue must be closed, and empty if `retire`.
    pub(crate) fn report(&self, retire: bool) -> Report {
        let mut tally = Tally { cancelled: *self.cancelled.lock(), ..Tally::default() };
        let mut unfinished_jobs = Vec::new();
        let mut panics = Vec::new();
        for record in &*self.records {
            let mut status = record.status.lock();
            status.retired |= retire;
            tally += status.tally;
            unfinished_jobs.extend(status.running.as_ref().map(Running::unfinished));
            panics.extend_from_slice(&status.panics);
        }
        unfinished_jobs.sort_by_key(|job| job.id);
        panics.sort_by_key(|panic| panic.id);
        panics.truncate(PANICS_KEPT);

        let counts = self.queue.counts();
        let not_finished = counts.accepted - tally.finished();
        let unfinished = if retire {
            // What is neither finished nor running was taken off the queue by a worker that has
            // not started it, and will not.
            let running = unfinished_jobs.len() as u64;
            tally.cancelled += not_finished - running;
            running
        } else {
            not_finished
        };
        Report {
            accepted: counts.accepted,
            completed: tally.completed,
            panicked: tally.panicked,
            cancelled: tally.cancelled,
            unfinished,
            rejected: counts.rejected,
            unfinished_jobs,
            panics,
            other_panics: self.stray_panics.get(),
        }
    }

    fn count_stray_panics(&self, number: u64) {
        for _ in 0..number {
            self.stray_panics.increment();
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// A worker's thread, from its start hook to its last breath.
pub(crate) fn main(shared: &Shared, worker: usize) {
    let record = &shared.records[worker];
    if start(shared, worker, record) {
        events::worker_started(worker);
        while let Some((number, job)) = shared.queue.pop() {
            work(shared, worker, record, number, job);
        }
        events::disconnected(worker);
        stop(shared, worker);
    }
    record.enter(Phase::Exited);
}

/// Runs the start hook; `false` if it panicked.
fn start(shared: &Shared, worker: usize, record: &Record) -> bool {
    let Some(hook) = &shared.on_start else { return true };
    match guarded(|| hook(worker)) {
        Ok(()) => {
            record.enter(Phase::Started);
            true
        }
        Err(payload) => {
            record.status.lock().start_failure = Some(message(payload.as_ref()));
            shared.count_stray_panics(drop_payload(payload));
            false
        }
    }
}

/// Takes one job to its outcome: claimed, run, counted, told.
fn work(shared: &Shared, worker: usize, record: &Record, number: u64, job: Job) {
    let (spent, end, stray_panics) = if record.claim(JobId(number), job.name()) {
        events::got_a_job(worker, number, job.name());
        job.run()
    } else {
        let (spent, stray_panics) = job.cancel(CancelReason::DeadlinePassed);
        (spent, End::Cancelled, stray_panics)
    };
    record.finish(end);
    shared.count_stray_panics(stray_panics + spent.publish());
}

/// Runs the stop hook.
fn stop(shared: &Shared, worker: usize) {
    if let Some(hook) = &shared.on_stop {
        if let Err(payload) = guarded(|| hook(worker)) {
            shared.count_stray_panics(1 + drop_payload(payload));
        }
    }
}

/// What one worker has done and is doing. Only the worker writes, but for `retired`.
#[derive(Debug)]
pub(crate) struct Record {
    status: Mutex<Status>,
    /// The phase has changed.
    changed: Condvar,
}

#[derive(Debug)]
struct Status {
    phase: Phase,
    /// The message of the start hook's panic.
    start_failure: Option<String>,
    /// A deadline has passed: no job may be started any more.
    retired: bool,
    /// The job between claim and finish.
    running: Option<Running>,
    tally: Tally,
    /// The first panics of jobs without a handle.
    panics: Vec<JobPanic>,
}

/// `Starting → Started → Exited`, never backwards; `Started` is entered only if there is a start
/// hook, which is what [`Record::wait_started`] waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Starting,
    Started,
    Exited,
}

#[derive(Debug)]
struct Running {
    id: JobId,
    name: &'static str,
    since: Instant,
}

impl Running {
    fn unfinished(&self) -> UnfinishedJob {
        UnfinishedJob { id: self.id, name: self.name, elapsed: self.since.elapsed() }
    }
}

impl Record {
    fn new() -> Self {
        Record {
            status: Mutex::new(Status {
                phase: Phase::Starting,
                start_failure: None,
                retired: false,
                running: None,
                tally: Tally::default(),
                panics: Vec::new(),
            }),
            changed: Condvar::new(),
        }
    }

    /// Decides between start and cancel for a job taken off the queue; `true` is start.
    fn claim(&self, id: JobId, name: &'static str) -> bool {
        let mut status = self.status.lock();
        if !status.retired {
            status.running = Some(Running { id, name, since: Instant::now() });
        }
        !status.retired
    }

    fn finish(&self, end: End) {
        let mut status = self.status.lock();
        let running = status.running.take();
        match end {
            End::Completed => status.tally.completed += 1,
            End::Cancelled => status.tally.cancelled += 1,
            End::Panicked(message) => {
                status.tally.panicked += 1;
                if let (Some(Running { id, name, .. }), Some(message)) = (running, message) {
                    if status.panics.len() < PANICS_KEPT {
                        status.panics.push(JobPanic { id, name, message });
                    }
                }
            }
        }
    }

    fn enter(&self, phase: Phase) {
        let mut status = self.status.lock();
        status.phase = phase;
        self.changed.notify_all();
    }

    /// Waits until the start hook has run.
    ///
    /// # Errors
    ///
    /// The message, if it panicked.
    pub(crate) fn wait_started(&self) -> Result<(), String> {
        let mut status = self.status.lock();
        while status.phase < Phase::Started {
            status = self.changed.wait(status);
        }
        status.start_failure.take().map_or(Ok(()), Err)
    }

    /// Waits until the worker takes no more jobs and its stop hook has run; `false` if the deadline
    /// came first.
    pub(crate) fn wait_exited(&self, deadline: Deadline) -> bool {
        let mut status = self.status.lock();
        let mut too_late = false;
        while status.phase < Phase::Exited && !too_late {
            (status, too_late) = self.changed.wait_until(status, deadline);
        }
        status.phase == Phase::Exited
    }
}
