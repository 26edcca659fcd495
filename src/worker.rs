//! The workers: what they share, what each one does, and the record of it.

use std::fmt;
use std::mem;

use crate::error::WaitError;
use crate::events;
use crate::job::{
    drop_guarded, drop_payload, guarded, unharmed, Accounts, End, HandledTask, Job, Seat,
};
use crate::moment::Moment;
use crate::outcome::{message, CancelReason};
use crate::queue::{AnyQueue, Queue, QueueKind};
use crate::report::{JobId, JobPanic, Report, Stats, Tally, UnfinishedJob, PANICS_KEPT};
use crate::sync::thread::{current_id, ThreadId};
use crate::sync::{Arc, Condvar, Counter, Deadline, Flag, Mutex};

/// Called with the worker's number, on its thread.
pub(crate) type Hook = Arc<dyn Fn(usize) + Send + Sync>;

/// Called with the final report.
pub(crate) type ReportHook = Arc<dyn Fn(&Report) + Send + Sync>;

/// What each worker runs beside jobs; its own clone, which goes with it.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) start: Option<Hook>,
    pub(crate) stop: Option<Hook>,
}

/// What the owner of the pool, its submitters, triggers and handles, and its workers have in common.
/// It holds neither the owner nor a thread, so keeping it keeps no pool alive.
pub(crate) struct Shared {
    pub(crate) queue: AnyQueue<Job>,
    /// Whether the queue counts places.
    bounded: bool,
    /// One for each worker.
    pub(crate) records: Box<[Record]>,
    /// The workers' threads, once they have all started.
    threads: Mutex<Vec<ThreadId>>,
    /// Shutdown has begun, or is about to.
    pub(crate) stopping: Flag,
    cancelling: Mutex<Cancelling>,
    /// Nobody is cancelling any more.
    cancelled: Condvar,
    idle: Idle,
    /// Whether there is a hook that wants the final report; only then is the next looked at.
    reports: bool,
    termination: Mutex<Termination>,
    /// Panics that changed no outcome.
    stray_panics: Counter,
}

/// Jobs that are taken to their end without a worker.
#[derive(Debug, Default)]
struct Cancelling {
    /// The threads of the calls under way. While there are any, claimed jobs may be uncounted.
    under_way: Vec<ThreadId>,
    /// The one of them that shut the pool down while cancelling, and lets go of it afterwards.
    owner: Option<ThreadId>,
    /// Jobs cancelled.
    cancelled: u64,
    /// How many wait for idleness, and are to be told of each job that is cancelled.
    watched: usize,
}

/// Rings for those who wait for idleness when a job has ended that may have been the last.
#[derive(Debug)]
struct Idle {
    rings: Mutex<u64>,
    rung: Condvar,
}

/// `live` falls to 0; then, if the owner has let go, the report is due. Whoever brings the second of
/// the two about delivers it.
struct Termination {
    /// Workers that have not exited.
    live: usize,
    /// The owner does not wait for them.
    let_go: bool,
    /// Until the report is delivered.
    hook: Option<ReportHook>,
}

impl Shared {
    pub(crate) fn new(
        workers: usize,
        queue: QueueKind,
        capacity: Option<usize>,
        hook: Option<ReportHook>,
    ) -> Self {
        Shared {
            queue: AnyQueue::of(queue, capacity),
            bounded: capacity.is_some(),
            records: (0..workers).map(|_| Record::new()).collect(),
            threads: Mutex::new(Vec::new()),
            stopping: Flag::new(),
            cancelling: Mutex::new(Cancelling::default()),
            cancelled: Condvar::new(),
            idle: Idle { rings: Mutex::new(0), rung: Condvar::new() },
            reports: hook.is_some(),
            termination: Mutex::new(Termination { live: workers, let_go: false, hook }),
            stray_panics: Counter::new(),
        }
    }

    /// Says which threads the workers are. Before that, no job can have been submitted.
    pub(crate) fn started(&self, threads: Vec<ThreadId>) {
        *self.threads.lock() = threads;
    }

    /// Whether the current thread is one of the workers.
    pub(crate) fn is_own_worker(&self) -> bool {
        self.threads.lock().contains(&current_id())
    }

    /// Begins a drain: no job is accepted any more.
    pub(crate) fn drain(&self) {
        self.stopping.raise();
        self.queue.close();
    }

    /// Begins a discard: closes the queue and cancels what had not been taken from it.
    pub(crate) fn discard(&self, reason: CancelReason) {
        self.stopping.raise();
        let mut seat = CancelSeat::enter(self, reason);
        for (_, job) in self.queue.drain() {
            job.process(&mut seat);
        }
    }

    /// Waits until no thread is between claiming a job to cancel it and telling its handle; `false`
    /// if the deadline came first. Not to be called while this thread is.
    pub(crate) fn wait_cancelled(&self, deadline: Deadline) -> bool {
        let mut cancelling = self.cancelling.lock();
        let mut late = false;
        while !cancelling.under_way.is_empty() && !late {
            (cancelling, late) = self.cancelled.wait_until(cancelling, deadline);
        }
        cancelling.under_way.is_empty()
    }

    /// Whether this thread is to bring a job to its end, as a worker or by cancelling it: then it
    /// cannot wait for all jobs to end.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.is_own_worker() || self.cancelling.lock().under_way.contains(&current_id())
    }

    /// Waits until at one instant nothing is queued or running.
    ///
    /// # Errors
    ///
    /// The deadline came first, or this thread is waited for itself.
    pub(crate) fn wait_idle(&self, deadline: Deadline) -> Result<(), WaitError> {
        // Before the first reading: for what ends after that, there is another.
        let mut rings = *self.idle.rings.lock();
        let (watch, mut finished) = Watch::over(self).ok_or(WaitError::WOULD_DEADLOCK)?;
        let mut late = false;
        loop {
            // Finished before accepted: each is monotone and the second at least the first, so equal
            // readings mean that at the second one nothing was unfinished.
            if finished == self.queue.counts().accepted {
                return Ok(());
            }
            if late {
                return Err(WaitError::TIMEOUT);
            }
            let mut now = self.idle.rings.lock();
            while *now == rings && !late {
                (now, late) = self.idle.rung.wait_until(now, deadline);
            }
            rings = *now;
            drop(now);
            finished = watch.finished();
        }
    }

    /// Gives the place of a claimed job back.
    #[inline]
    fn vacate(&self) {
        // An unbounded queue has nothing to count, and this is on the way of every job.
        if self.bounded {
            self.queue.vacate();
        }
    }

    fn ring(&self) {
        let mut rings = self.idle.rings.lock();
        *rings += 1;
        self.idle.rung.notify_all();
    }

    /// Waits until every worker has exited; `false` if the deadline came first.
    pub(crate) fn wait_exited(&self, deadline: Deadline) -> bool {
        let mut all = true;
        for (worker, record) in self.records.iter().enumerate() {
            events::shutting_down(worker);
            all &= record.wait_exited(deadline);
        }
        all
    }

    /// Waits until every job has its outcome and every worker has exited; `false` if the deadline
    /// came first.
    pub(crate) fn wait_terminated(&self, deadline: Deadline) -> bool {
        // In this order: with every worker gone, nothing is queued that a later cancel could claim.
        self.wait_exited(deadline) && self.wait_cancelled(deadline)
    }

    /// If this thread is cancelling a job, whose destructor then shuts the pool down, the owner
    /// cannot wait, since that job ends after this; it lets go when the cancel has ended.
    pub(crate) fn let_go_if_cancelling(&self) -> bool {
        let current = current_id();
        let mut cancelling = self.cancelling.lock();
        let is_cancelling = cancelling.under_way.contains(&current);
        if is_cancelling {
            cancelling.owner = Some(current);
        }
        is_cancelling
    }

    /// The owner does not wait for the workers: the last to exit delivers the report. If all have
    /// exited already, this does.
    pub(crate) fn let_go(&self) {
        if !self.reports {
            return;
        }
        let mut termination = self.termination.lock();
        termination.let_go = true;
        let due = termination.live == 0;
        drop(termination);
        if due {
            self.deliver_final_report();
        }
    }

    fn exit(&self, record: &Record) {
        if self.reports {
            let mut termination = self.termination.lock();
            termination.live -= 1;
            let due = termination.live == 0 && termination.let_go;
            drop(termination);
            if due {
                self.deliver_final_report();
            }
        }
        record.enter(Phase::Exited);
    }

    fn deliver_final_report(&self) {
        // No worker is left to retire: this counts jobs as cancelled that somebody is cancelling.
        self.deliver(&self.report(true));
    }

    /// Gives the final report to the hook.
    pub(crate) fn deliver(&self, report: &Report) {
        if let Some(hook) = self.take_report_hook() {
            // The report is final: a panic of its hook can no longer be counted in it.
            unharmed(|| hook(report));
            drop_guarded(hook);
        }
    }

    /// For a pool that never came to be.
    pub(crate) fn drop_report_hook(&self) {
        drop_guarded(self.take_report_hook());
    }

    fn take_report_hook(&self) -> Option<ReportHook> {
        if self.reports {
            self.termination.lock().hook.take()
        } else {
            None
        }
    }

    /// Counts, finished before accepted, so that no job is finished that is not accepted.
    pub(crate) fn stats(&self) -> Stats {
        let cancelled = self.cancelling.lock().cancelled;
        let mut tally = Tally { cancelled, ..Tally::default() };
        let mut running = 0;
        for record in &*self.records {
            let status = record.status.lock();
            tally += status.tally;
            running += u64::from(status.running.is_some());
        }
        let counts = self.queue.counts();
        Stats {
            accepted: counts.accepted,
            completed: tally.completed,
            panicked: tally.panicked,
            cancelled: tally.cancelled,
            rejected: counts.rejected,
            running,
            queued: counts.accepted.saturating_sub(tally.finished() + running),
            workers: self.records.len(),
        }
    }

    /// Adds the records up. With `retire`, no worker starts a job any more once its record is read.
    ///
    /// The queue must be closed, and empty if `retire`.
    pub(crate) fn report(&self, retire: bool) -> Report {
        let cancelled = self.cancelling.lock().cancelled;
        let mut tally = Tally { cancelled, ..Tally::default() };
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
            // What is neither finished nor running has been claimed by somebody who cancels it, or
            // was taken off the queue by a worker that has not started it, and will not.
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

impl Accounts for Shared {
    fn cancel(&self, job: &dyn HandledTask, reason: CancelReason) -> bool {
        job.process(&mut CancelSeat::enter(self, reason))
    }

    fn stray_panics(&self, number: u64) {
        self.count_stray_panics(number);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// Somebody waits for idleness: until dropped, whoever has ended jobs rings.
struct Watch<'a>(&'a Shared);

impl<'a> Watch<'a> {
    /// Begins to watch; returns, beside, how many jobs have [`finished`](Self::finished). `None` if
    /// this thread is to bring a job to its end.
    fn over(shared: &'a Shared) -> Option<(Self, u64)> {
        if shared.is_own_worker() {
            return None;
        }
        let mut cancelling = shared.cancelling.lock();
        if cancelling.under_way.contains(&current_id()) {
            return None;
        }
        cancelling.watched += 1;
        let mut finished = cancelling.cancelled;
        drop(cancelling);
        for record in &*shared.records {
            let mut status = record.status.lock();
            status.watched += 1;
            finished += status.tally.finished();
        }
        Some((Watch(shared), finished))
    }

    /// Jobs that have ended. For one that ends after its record was read, somebody rings.
    fn finished(&self) -> u64 {
        let cancelled = self.0.cancelling.lock().cancelled;
        let records = self.0.records.iter();
        cancelled + records.map(|record| record.status.lock().tally.finished()).sum::<u64>()
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.0.cancelling.lock().watched -= 1;
        for record in &*self.0.records {
            record.status.lock().watched -= 1;
        }
    }
}

/// The seat of those who cancel.
struct CancelSeat<'a> {
    shared: &'a Shared,
    reason: CancelReason,
}

impl<'a> CancelSeat<'a> {
    /// Before the first claim, so that nobody reports in between.
    fn enter(shared: &'a Shared, reason: CancelReason) -> Self {
        shared.cancelling.lock().under_way.push(current_id());
        CancelSeat { shared, reason }
    }
}

impl Seat for CancelSeat<'_> {
    fn begin(&mut self, _name: &'static str) -> Result<(), CancelReason> {
        self.shared.vacate();
        Err(self.reason)
    }

    fn end(&mut self, _end: End) {
        let mut cancelling = self.shared.cancelling.lock();
        cancelling.cancelled += 1;
        let watched = cancelling.watched > 0;
        drop(cancelling);
        if watched {
            self.shared.ring();
        }
    }

    fn stray_panics(&mut self, number: u64) {
        self.shared.count_stray_panics(number);
    }
}

impl Drop for CancelSeat<'_> {
    fn drop(&mut self) {
        let current = current_id();
        let mut cancelling = self.shared.cancelling.lock();
        if let Some(index) = cancelling.under_way.iter().position(|thread| *thread == current) {
            cancelling.under_way.swap_remove(index);
        }
        self.shared.cancelled.notify_all();
        if cancelling.owner == Some(current) && !cancelling.under_way.contains(&current) {
            cancelling.owner = None;
            drop(cancelling);
            self.shared.let_go();
        }
    }
}

/// A worker's thread, from its start hook to its last breath.
pub(crate) fn main(shared: &Shared, worker: usize, hooks: Hooks) {
    let record = &shared.records[worker];
    if start(shared, worker, record, &hooks) {
        events::worker_started(worker);
        let mut seat = WorkerSeat {
            shared,
            worker,
            record,
            number: 0,
            uncounted: false,
            rings: false,
            emptied: Vec::new(),
        };
        while let Some((number, job)) = shared.queue.pop(|| seat.catch_up()) {
            seat.number = number;
            job.process(&mut seat);
        }
        events::disconnected(worker);
        stop(shared, worker, &hooks);
    }
    shared.count_stray_panics(drop_guarded(hooks));
    shared.exit(record);
}

/// Runs the start hook; `false` if it panicked.
fn start(shared: &Shared, worker: usize, record: &Record, hooks: &Hooks) -> bool {
    let Some(hook) = &hooks.start else { return true };
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

/// Runs the stop hook.
fn stop(shared: &Shared, worker: usize, hooks: &Hooks) {
    if let Some(hook) = &hooks.stop {
        if let Err(payload) = guarded(|| hook(worker)) {
            shared.count_stray_panics(1 + drop_payload(payload));
        }
    }
}

/// The seat of a worker.
struct WorkerSeat<'a> {
    shared: &'a Shared,
    worker: usize,
    record: &'a Record,
    /// Of the job that is claimed.
    number: u64,
    /// A job has completed that is not counted yet: it is with the next that begins, under the same
    /// lock, or before the worker sleeps.
    uncounted: bool,
    /// A job has ended while somebody waited for idleness, who is told when there is no other at hand,
    /// or before user code that may wait: to wake somebody for each job would cost far more than the
    /// job.
    rings: bool,
    /// Boxes of jobs that ran, to be freed together: that costs less than one by one.
    emptied: Vec<Job>,
}

impl WorkerSeat<'_> {
    /// Counts what is not counted yet, frees what is not freed, and tells who is not told.
    fn catch_up(&mut self) {
        self.emptied.clear();
        if mem::take(&mut self.uncounted) {
            self.end(End::Completed);
        }
        self.tell();
    }
}

impl Seat for WorkerSeat<'_> {
    #[inline]
    fn begin(&mut self, name: &'static str) -> Result<(), CancelReason> {
        self.shared.vacate();
        let ended = mem::take(&mut self.uncounted);
        if !self.record.begin(ended, JobId(self.number), name) {
            return Err(CancelReason::DeadlinePassed);
        }
        events::got_a_job(self.worker, self.number, name);
        Ok(())
    }

    fn end(&mut self, end: End) {
        self.rings |= self.record.end(end);
    }

    fn end_quietly(&mut self) {
        self.uncounted = true;
    }

    fn tell(&mut self) {
        if mem::take(&mut self.rings) {
            self.shared.ring();
        }
    }

    fn discard_later(&mut self, emptied: Job) {
        self.emptied.push(emptied);
        if self.emptied.len() == 64 {
            self.emptied.clear();
        }
    }

    fn stray_panics(&mut self, number: u64) {
        self.shared.count_stray_panics(number);
    }
}

/// What one worker has done and is doing. Only the worker writes, but for `retired` and `watched`;
/// so each record has cache lines of its own.
#[derive(Debug)]
#[repr(align(128))]
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
    /// The job between begin and end.
    running: Option<Running>,
    tally: Tally,
    /// The first panics of jobs without a handle.
    panics: Vec<JobPanic>,
    /// How many wait for idleness, and are to be told when a job has ended.
    watched: usize,
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
    since: Moment,
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
                watched: 0,
            }),
            changed: Condvar::new(),
        }
    }

    /// A job is to start; one may have `ended`, completed, before. `false` if it may not, since a
    /// deadline has passed.
    ///
    /// Who waits for idleness is not told of that one: it is not idle yet.
    #[inline]
    fn begin(&self, ended: bool, id: JobId, name: &'static str) -> bool {
        let since = Moment::now();
        let mut status = self.status.lock();
        status.tally.completed += u64::from(ended);
        let may_start = !status.retired;
        status.running = may_start.then_some(Running { id, name, since });
        may_start
    }

    /// A job has ended; `true` if somebody waits for idleness.
    fn end(&self, end: End) -> bool {
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
        status.watched > 0
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

#[cfg(all(test, not(all(loom, feature = "__internals"))))]
mod tests {
    use super::{main, Hooks, Shared, Watch};
    use crate::job::Handled;
    use crate::queue::{Queue, QueueKind, Wait};

    /// Who waits for idleness is woken when that may have come, and not by each job.
    #[test]
    fn a_worker_tells_once_that_its_jobs_have_ended() {
        for kind in QueueKind::ALL {
            let shared = Shared::new(1, *kind, None, None);
            for number in 0..10 {
                let job = Handled::new(move || number).job();
                assert!(shared.queue.push(job, Wait::No).is_ok());
            }
            shared.queue.close();
            let (watch, _) = Watch::over(&shared).expect("this is no worker");
            main(&shared, 0, Hooks::default());
            assert_eq!((watch.finished(), *shared.idle.rings.lock()), (10, 1), "{}", kind.name());
        }
    }
}
