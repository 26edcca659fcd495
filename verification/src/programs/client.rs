//! Runs a program once, and compares what its two clients saw with the report.

use last_call::sync::{thread, Arc, Mutex};
use last_call::{
    CancelReason, Cancellation, JobHandle, Outcome, Report, Shutdown, Submitter, ThreadPool,
};

use super::{Action, Program};
use crate::scenarios::scenario::Harness;
use crate::scenarios::tools::{panic_quietly, Count};

/// An accepted job, as seen by its client.
struct Accepted {
    ran: Count,
    panics: bool,
    handle: Option<JobHandle<()>>,
    /// The outcome, if the client has joined the job.
    outcome: Option<Outcome<()>>,
    /// Whether the client has cancelled the job.
    cancelled: bool,
}

/// A client and its jobs.
struct Client {
    submitter: Submitter,
    trigger: Shutdown,
    harness: Harness,
    jobs: Vec<Accepted>,
    refused: u64,
    /// Whether no action of the program cancels jobs.
    all_run: bool,
}

impl Client {
    fn new(pool: &ThreadPool, harness: &Harness, program: &Program) -> Self {
        let actions = || program.owner.iter().chain(&program.other);
        Client {
            submitter: pool.submitter(),
            trigger: pool.shutdown_trigger(),
            harness: harness.clone(),
            jobs: Vec::new(),
            refused: 0,
            all_run: !actions().any(|one| matches!(one, Action::Cancel | Action::Discard)),
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Submit => self.submit(false),
            Action::SubmitPanicking => self.submit(true),
            Action::Join => self.join(),
            Action::Cancel => self.cancel(),
            Action::Detach => self.detach(),
            Action::WaitIdle => self.wait_idle(),
            Action::Drain => self.trigger.drain(),
            Action::Discard => self.trigger.discard(),
            Action::Drop => unreachable!("the owner drops the pool after its other actions"),
        }
    }

    fn submit(&mut self, panics: bool) {
        let ran = Count::default();
        let run = ran.job();
        let job = move || {
            run();
            if panics {
                panic_quietly();
            }
        };
        match self.submitter.submit(job) {
            Ok(handle) => {
                self.harness.reach("accepted");
                let handle = Some(handle);
                self.jobs.push(Accepted { ran, panics, handle, outcome: None, cancelled: false });
            }
            Err(error) => {
                assert!(error.is_shut_down(), "refused: {error}");
                assert_eq!(ran.get(), 0, "a refused job has run");
                self.harness.reach("refused");
                self.refused += 1;
            }
        }
    }

    fn join(&mut self) {
        // Nothing to join if the job was refused.
        let pending = self.jobs.iter_mut().find(|job| job.handle.is_some());
        if let Some((job, handle)) = pending.and_then(|job| {
            let handle = job.handle.take()?;
            Some((job, handle))
        }) {
            job.outcome = Some(handle.join());
            self.harness.reach("joined before the end");
        }
    }

    fn cancel(&mut self) {
        let Some(job) = self.jobs.iter_mut().rev().find(|job| job.handle.is_some()) else { return };
        match job.handle.as_ref().map(JobHandle::cancel) {
            Some(Cancellation::Cancelled) => {
                job.cancelled = true;
                assert_eq!(job.ran.get(), 0, "a cancelled job has run");
            }
            _ => self.harness.reach("cancel came too late"),
        }
    }

    fn detach(&mut self) {
        let Some(job) = self.jobs.iter_mut().rev().find(|job| job.handle.is_some()) else { return };
        // `JobHandle::is_finished` would add an operation to interleave.
        if job.ran.get() == 0 {
            self.harness.reach("detached before it ran");
        }
        job.handle = None;
    }

    fn wait_idle(&mut self) {
        self.submitter.wait_idle().expect("the caller is not a job");
        let ran = |job: &Accepted| job.ran.get() == 1;
        assert!(
            !self.all_run || self.jobs.iter().all(ran),
            "the pool is idle, but an accepted job has not run"
        );
        if !self.jobs.is_empty() {
            self.harness.reach("idle after earlier jobs");
        }
    }

    /// Resolves every handle. Returns the numbers of accepted, completed, panicked, cancelled and refused
    /// jobs, as seen by the client.
    fn settle(mut self) -> [u64; 5] {
        let mut counts = [self.jobs.len() as u64, 0, 0, 0, self.refused];
        for job in &mut self.jobs {
            let index = match job.resolve() {
                Some(outcome) => job.agrees(&outcome, &self.harness),
                // Detached: whether the job has run decides its outcome.
                None if job.ran.get() == 0 => 3,
                None if job.panics => 2,
                None => 1,
            };
            assert!(job.ran.get() <= 1, "the job ran twice");
            assert!(!job.cancelled || job.ran.get() == 0, "a cancelled job ran");
            counts[index] += 1;
        }
        counts
    }
}

impl Accepted {
    /// Returns the outcome, or `None` if the job was detached.
    fn resolve(&mut self) -> Option<Outcome<()>> {
        let resolved = |handle: JobHandle<()>| {
            handle.try_join().expect("after the shutdown, every handle is resolved")
        };
        self.outcome.take().or_else(|| self.handle.take().map(resolved))
    }

    /// Checks the outcome against what the job did. Returns the index of its counter.
    fn agrees(&self, outcome: &Outcome<()>, harness: &Harness) -> usize {
        let (index, ran) = match outcome {
            Outcome::Completed(()) => {
                assert!(!self.panics, "a job that panics completed");
                harness.reach("completed");
                (1, 1)
            }
            Outcome::Panicked(_) => {
                assert!(self.panics, "a job that does not panic panicked");
                harness.reach("panicked");
                (2, 1)
            }
            Outcome::Cancelled(reason) => {
                let (expected, reached) = if self.cancelled {
                    (CancelReason::Requested, "cancelled by its handle")
                } else {
                    (CancelReason::Discarded, "cancelled by a discard")
                };
                assert_eq!(*reason, expected);
                harness.reach(reached);
                (3, 0)
            }
        };
        assert_eq!(self.ran.get(), ran, "the outcome says whether the job ran");
        index
    }
}

/// The reports that the termination hook received.
#[derive(Clone, Default)]
struct HookReports(Arc<Mutex<Vec<Report>>>);

impl HookReports {
    /// Returns the only report, once the pool has ended.
    fn only(&self) -> Report {
        let mut reports = self.0.lock();
        assert_eq!(reports.len(), 1, "the hook is called once, before the drop returns");
        reports.remove(0)
    }
}

/// Builds the pool. It has a termination hook only if its owner drops it: a shutdown returns the report
/// anyway, and without a hook there is less to explore.
fn pool(program: &Program, workers: usize, harness: &Harness) -> (ThreadPool, Option<HookReports>) {
    if !program.ends_in_drop() {
        return (harness.pool(workers), None);
    }
    let reports = HookReports::default();
    let in_hook = reports.clone();
    let hook = move |report: &Report| {
        in_hook.0.lock().push(report.clone());
    };
    let pool = harness.builder().workers(workers).on_terminated(hook).build();
    (pool.expect("the pool can be built"), Some(reports))
}

/// Runs a program once. Panics if a promise is broken.
pub(crate) fn run(program: &Program, workers: usize, harness: &Harness) {
    let (pool, hook_reports) = pool(program, workers, harness);
    let trigger = pool.shutdown_trigger();
    let mut owner = Client::new(&pool, harness, program);
    let mut other = Client::new(&pool, harness, program);
    let actions = program.other.clone();
    let ended = Arc::new(Mutex::new(None));
    let end = Arc::clone(&ended);
    let main = move || {
        for action in actions {
            other.act(action);
        }
        *end.lock() = Some(other);
    };
    // A thread multiplies the executions, so there is none without actions.
    let thread = (!program.other.is_empty())
        .then(|| thread::spawn("other".to_owned(), None, main).expect("the thread starts"));
    for action in program.owner.iter().filter(|action| **action != Action::Drop) {
        owner.act(*action);
    }
    let second = pool.stop_token().is_stopping();
    let (report, outcome) = match hook_reports {
        None => (pool.shutdown(), "the shutdown came second"),
        Some(reports) => {
            drop(pool);
            (reports.only(), "the drop came second")
        }
    };
    if second {
        harness.reach(outcome);
    }
    let others = thread.map(|thread| {
        thread.join().expect("the thread does not panic");
        let other = ended.lock().take();
        other.expect("the thread has stored its client").settle()
    });
    assert_eq!(trigger.wait(), Ok(()));
    let mut counts = owner.settle();
    for (sum, count) in counts.iter_mut().zip(others.unwrap_or_default()) {
        *sum += count;
    }
    judge(&report, counts);
}

/// Compares the report with what the clients saw.
fn judge(report: &Report, [accepted, completed, panicked, cancelled, refused]: [u64; 5]) {
    let reported = [report.accepted, report.completed, report.panicked, report.cancelled];
    assert_eq!(
        reported,
        [accepted, completed, panicked, cancelled],
        "the report agrees with the clients"
    );
    assert_eq!(report.unfinished, 0, "{report:?}");
    // The report does not count later refusals.
    assert!(report.rejected <= refused, "{report:?}");
}
