//! A program, run once: two clients, and what both saw held against the report.

use last_call::sync::{thread, Arc, Mutex};
use last_call::{
    CancelReason, Cancellation, JobHandle, Outcome, Report, Shutdown, Submitter, ThreadPool,
};

use super::{Action, Program};
use crate::scenarios::scenario::Harness;
use crate::scenarios::tools::{panic_quietly, Count};

/// A job as its client knows it.
struct Known {
    ran: Count,
    panics: bool,
    handle: Option<JobHandle<()>>,
    /// What its handle said.
    outcome: Option<Outcome<()>>,
    /// Its handle has cancelled it.
    cancelled: bool,
}

/// A client and its jobs.
struct Client {
    submitter: Submitter,
    trigger: Shutdown,
    harness: Harness,
    jobs: Vec<Known>,
    refused: u64,
    /// Whether nobody cancels anything in this program.
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
            Action::Drop => unreachable!("it ends the owner's part"),
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
                self.jobs.push(Known { ran, panics, handle, outcome: None, cancelled: false });
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
        // The job may have been refused; then there is nothing to wait for.
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
        // Asking the handle whether it has ended would be one more thing to interleave.
        if job.ran.get() == 0 {
            self.harness.reach("detached before it ran");
        }
        job.handle = None;
    }

    fn wait_idle(&mut self) {
        self.submitter.wait_idle().expect("this is not a job");
        let ran = |job: &Known| job.ran.get() == 1;
        assert!(
            !self.all_run || self.jobs.iter().all(ran),
            "idle, and an accepted job has not run"
        );
        if !self.jobs.is_empty() {
            self.harness.reach("idle with jobs behind it");
        }
    }

    /// Resolves every handle, and counts what the client saw into the report's terms.
    fn settle(mut self) -> [u64; 5] {
        let mut counts = [self.jobs.len() as u64, 0, 0, 0, self.refused];
        for job in &mut self.jobs {
            let place = match job.resolve() {
                Some(outcome) => job.agrees(&outcome, &self.harness),
                // Nobody was told; it ended in the way in which it ran.
                None if job.ran.get() == 0 => 3,
                None if job.panics => 2,
                None => 1,
            };
            assert!(job.ran.get() <= 1, "it has run twice");
            assert!(!job.cancelled || job.ran.get() == 0, "cancelled, and run");
            counts[place] += 1;
        }
        counts
    }
}

impl Known {
    /// What its handle says, or has said; nothing if it was detached.
    fn resolve(&mut self) -> Option<Outcome<()>> {
        let resolved = |handle: JobHandle<()>| {
            handle.try_join().expect("after the shutdown, every handle is resolved")
        };
        self.outcome.take().or_else(|| self.handle.take().map(resolved))
    }

    /// Holds the outcome against what has happened, and says where it is counted.
    fn agrees(&self, outcome: &Outcome<()>, harness: &Harness) -> usize {
        let (place, ran) = match outcome {
            Outcome::Completed(()) => {
                assert!(!self.panics, "it panics");
                harness.reach("completed");
                (1, 1)
            }
            Outcome::Panicked(_) => {
                assert!(self.panics, "it does not panic");
                harness.reach("panicked");
                (2, 1)
            }
            Outcome::Cancelled(reason) => {
                let (by, words) = if self.cancelled {
                    (CancelReason::Requested, "cancelled by its handle")
                } else {
                    (CancelReason::Discarded, "cancelled by a discard")
                };
                assert_eq!(*reason, by);
                harness.reach(words);
                (3, 0)
            }
        };
        assert_eq!(self.ran.get(), ran, "what has run, and what the handle says");
        place
    }
}

/// What the pool's hook was told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Report>>>);

impl Told {
    /// The one report, once the pool has ended.
    fn only(&self) -> Report {
        let mut reports = self.0.lock();
        assert_eq!(reports.len(), 1, "the hook is called once, before the drop returns");
        reports.remove(0)
    }
}

/// The pool, and, if its owner drops it, what then becomes of its report: who shuts it down is told
/// anyway, and without a hook there is less to explore.
fn pool(program: &Program, workers: usize, harness: &Harness) -> (ThreadPool, Option<Told>) {
    if !program.ends_in_drop() {
        return (harness.pool(workers), None);
    }
    let told = Told::default();
    let tell = told.clone();
    let hook = move |report: &Report| {
        tell.0.lock().push(report.clone());
    };
    let pool = harness.builder().workers(workers).on_terminated(hook).build();
    (pool.expect("nothing is in the way of it"), Some(told))
}

/// Runs a program once. It panics where a promise is broken.
pub(crate) fn run(program: &Program, workers: usize, harness: &Harness) {
    let (pool, told_hook) = pool(program, workers, harness);
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
    // A thread costs a factor; without anything to do it would show nothing.
    let thread = (!program.other.is_empty())
        .then(|| thread::spawn("other".to_owned(), None, main).expect("it starts"));
    for action in program.owner.iter().filter(|action| **action != Action::Drop) {
        owner.act(*action);
    }
    let second = pool.stop_token().is_stopping();
    let (report, words) = match told_hook {
        None => (pool.shutdown(), "the shutdown came second"),
        Some(told) => {
            drop(pool);
            (told.only(), "the drop came second")
        }
    };
    if second {
        harness.reach(words);
    }
    let others = thread.map(|thread| {
        thread.join().expect("it does not panic");
        let other = ended.lock().take();
        other.expect("it has put itself there").settle()
    });
    assert_eq!(trigger.wait(), Ok(()));
    let mut counts = owner.settle();
    for (sum, count) in counts.iter_mut().zip(others.unwrap_or_default()) {
        *sum += count;
    }
    judge(&report, counts);
}

/// Holds the report against what the clients saw.
fn judge(report: &Report, [accepted, completed, panicked, cancelled, refused]: [u64; 5]) {
    let told = [report.accepted, report.completed, report.panicked, report.cancelled];
    assert_eq!(told, [accepted, completed, panicked, cancelled], "the report, and what was seen");
    assert_eq!(report.unfinished, 0, "{report:?}");
    // A refusal after the report is not in it.
    assert!(report.rejected <= refused, "{report:?}");
}
