//! A program, run once: two clients, and what both saw held against the report.

use std::sync::mpsc;

use last_call::sync::thread;
use last_call::{
    CancelReason, Cancellation, JobHandle, Outcome, Report, Shutdown, Submitter, ThreadPool,
};

use super::{Action, Program};
use crate::scenario::{panic_quietly, Count, Stage};

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
    stage: Stage,
    jobs: Vec<Known>,
    refused: u64,
    /// Whether nobody cancels anything in this program.
    all_run: bool,
}

impl Client {
    fn new(pool: &ThreadPool, stage: &Stage, program: &Program) -> Self {
        let actions = || program.owner.iter().chain(&program.other);
        Client {
            submitter: pool.submitter(),
            trigger: pool.shutdown_trigger(),
            stage: stage.clone(),
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
            Action::WaitIdle => self.wait_idle(),
            Action::Drain => self.trigger.drain(),
            Action::Discard => self.trigger.discard(),
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
                self.stage.reach("accepted");
                let handle = Some(handle);
                self.jobs.push(Known { ran, panics, handle, outcome: None, cancelled: false });
            }
            Err(error) => {
                assert!(error.is_shut_down(), "refused: {error}");
                assert_eq!(ran.get(), 0, "a refused job has run");
                self.stage.reach("refused");
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
            self.stage.reach("joined before the end");
        }
    }

    fn cancel(&mut self) {
        let Some(job) = self.jobs.iter_mut().rev().find(|job| job.handle.is_some()) else { return };
        match job.handle.as_ref().map(JobHandle::cancel) {
            Some(Cancellation::Cancelled) => {
                job.cancelled = true;
                assert_eq!(job.ran.get(), 0, "a cancelled job has run");
            }
            _ => self.stage.reach("cancel came too late"),
        }
    }

    fn wait_idle(&mut self) {
        self.submitter.wait_idle().expect("this is not a job");
        let ran = |job: &Known| job.ran.get() == 1;
        assert!(
            !self.all_run || self.jobs.iter().all(ran),
            "idle, and an accepted job has not run"
        );
        if !self.jobs.is_empty() {
            self.stage.reach("idle with jobs behind it");
        }
    }

    /// Resolves every handle, and counts what the client saw into the report's terms.
    fn settle(mut self) -> [u64; 5] {
        let mut counts = [self.jobs.len() as u64, 0, 0, 0, self.refused];
        for job in &mut self.jobs {
            let outcome = job.outcome.take().or_else(|| {
                let handle = job.handle.take().expect("it was not joined");
                Some(handle.try_join().expect("after the shutdown, every handle is resolved"))
            });
            let (place, ran) = match outcome.expect("either way") {
                Outcome::Completed(()) => {
                    assert!(!job.panics, "it panics");
                    self.stage.reach("completed");
                    (1, 1)
                }
                Outcome::Panicked(_) => {
                    assert!(job.panics, "it does not panic");
                    self.stage.reach("panicked");
                    (2, 1)
                }
                Outcome::Cancelled(reason) => {
                    let (by, words) = if job.cancelled {
                        (CancelReason::Requested, "cancelled by its handle")
                    } else {
                        (CancelReason::Discarded, "cancelled by a discard")
                    };
                    assert_eq!(reason, by);
                    self.stage.reach(words);
                    (3, 0)
                }
            };
            assert_eq!(job.ran.get(), ran, "what has run, and what the handle says");
            assert!(!job.cancelled || ran == 0, "cancelled, and run");
            counts[place] += 1;
        }
        counts
    }
}

/// Runs a program once. It panics where a promise is broken.
pub(crate) fn run(program: &Program, stage: &Stage) {
    let pool = stage.pool(1);
    let trigger = pool.shutdown_trigger();
    let mut owner = Client::new(&pool, stage, program);
    let mut other = Client::new(&pool, stage, program);
    let actions = program.other.clone();
    let (tell, told) = mpsc::channel();
    let main = move || {
        for action in actions {
            other.act(action);
        }
        let _ = tell.send(other);
    };
    // A thread costs a factor; without anything to do it would show nothing.
    let thread = (!program.other.is_empty())
        .then(|| thread::spawn("other".to_owned(), None, main).expect("it starts"));
    for action in &program.owner {
        owner.act(*action);
    }
    let second = pool.stop_token().is_stopping();
    let report = pool.shutdown();
    if second {
        stage.reach("the shutdown came second");
    }
    let others = thread.map(|thread| {
        thread.join().expect("it does not panic");
        told.recv().expect("it has told").settle()
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
