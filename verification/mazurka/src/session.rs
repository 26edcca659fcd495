//! A session: the executions of one model, with their counters and limits.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::coroutine::Coroutines;
use crate::execution::Execution;
use crate::report::{End, Failure, FailureKind, Observed, Progress, Report};
use crate::run::{self, Run};
use crate::settings::Settings;
use crate::strategy::Strategy;

/// A model.
pub(crate) type Model = Arc<dyn Fn() + Send + Sync>;

/// One model and the executions so far. Several operating system threads may share it.
pub(crate) struct Session {
    pub(crate) settings: Settings,
    model: Model,
    began: Instant,
    executions: AtomicU64,
    redundant: AtomicU64,
    expired: AtomicU64,
    distinct: AtomicU64,
    longest: AtomicU64,
    steps: AtomicU64,
    released: AtomicU64,
    weak: AtomicBool,
    data: AtomicBool,
    restart: AtomicBool,
    failure: Mutex<Option<Box<Failure>>>,
}

impl Session {
    pub(crate) fn new(settings: &Settings, model: Model) -> Self {
        let mut settings = settings.clone();
        settings.execution.names = Arc::default();
        Session {
            settings,
            model,
            began: Instant::now(),
            executions: AtomicU64::new(0),
            redundant: AtomicU64::new(0),
            expired: AtomicU64::new(0),
            distinct: AtomicU64::new(0),
            longest: AtomicU64::new(0),
            steps: AtomicU64::new(0),
            released: AtomicU64::new(0),
            weak: AtomicBool::new(false),
            data: AtomicBool::new(false),
            restart: AtomicBool::new(false),
            failure: Mutex::new(None),
        }
    }

    /// Prepares the executions of one operating system thread.
    pub(crate) fn prepare(&self, strategy: Strategy) -> (Run, Coroutines) {
        let execution = Execution::new(self.settings.execution.clone());
        (Run::new(execution, strategy), Coroutines::new(self.settings.stack_size))
    }

    /// Returns `true` if the run must start again, because of the last execution.
    pub(crate) fn must_restart(&self) -> bool {
        self.restart.load(Ordering::Relaxed)
    }

    /// Runs one execution and counts it. Returns `None` if it failed, or if the run must start
    /// again.
    pub(crate) fn execute(&self, run: Run, coroutines: &mut Coroutines) -> Option<Run> {
        let model = Arc::clone(&self.model);
        let mut run = run::run(run, coroutines, Box::new(move || model()));
        if run.restart {
            self.restart.store(true, Ordering::Relaxed);
            return None;
        }
        self.weak.fetch_or(run.memory.is_weak, Ordering::Relaxed);
        self.data.fetch_or(run.memory.has_data, Ordering::Relaxed);
        let add = |number: &AtomicU64, more: u64| number.fetch_add(more, Ordering::Relaxed);
        let steps = &run.execution.steps;
        self.longest.fetch_max(steps.len() as u64, Ordering::Relaxed);
        add(&self.steps, steps.len() as u64);
        let counter = match (&run.strategy, run.redundant, run.expired) {
            (Strategy::Explore(_), true, _) => &self.redundant,
            (Strategy::Explore(_), _, true) => &self.expired,
            _ => &self.executions,
        };
        add(counter, 1);
        add(&self.released, u64::from(run.released));
        let failure = run.failure.take().map(|cause| run.execution.describe(cause));
        if let Some(observer) = &self.settings.observer {
            let steps = run.execution.steps.iter();
            observer(&Observed {
                steps: steps.map(|step| (step.thread, step.choice)).collect(),
                redundant: run.redundant,
                expired: run.expired,
                failure: failure.as_ref(),
            });
        }
        let Some(failure) = failure else { return Some(run) };
        if let Some(callback) = &self.settings.on_failure {
            callback(&failure);
        }
        let goes_on = self.settings.observer.is_some() && failure.kind == FailureKind::Deadlock;
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(Box::new(failure));
        goes_on.then_some(run)
    }

    /// Sets the number of different schedules of a sample.
    pub(crate) fn set_distinct(&self, number: usize) {
        self.distinct.store(number as u64, Ordering::Relaxed);
    }

    /// Returns `true` if a limit has been reached.
    pub(crate) fn is_over(&self) -> bool {
        let all = || {
            let counters = [&self.executions, &self.redundant, &self.expired];
            counters.iter().map(|counter| counter.load(Ordering::Relaxed)).sum::<u64>()
        };
        self.settings.max_executions.is_some_and(|most| all() >= most)
            || self.settings.max_duration.is_some_and(|most| self.began.elapsed() >= most)
    }

    /// Calls the callback for progress if its interval has passed since `reported`.
    pub(crate) fn report_progress(&self, reported: &mut Instant, done: impl FnOnce() -> f64) {
        let Some((interval, callback)) = &self.settings.progress else { return };
        if reported.elapsed() < *interval {
            return;
        }
        *reported = Instant::now();
        let counters = [&self.executions, &self.redundant, &self.expired];
        let executions = counters.iter().map(|counter| counter.load(Ordering::Relaxed)).sum();
        let done = done();
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss
        )]
        let estimate = (done > 0.0).then(|| (executions as f64 / done) as u64);
        callback(&Progress { executions, elapsed: self.began.elapsed(), estimate });
    }

    /// Returns the result and takes the failure out of the session.
    pub(crate) fn report(&self, complete: bool) -> Report {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        let get = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Report {
            end: match failure {
                Some(failure) => End::Failed(failure),
                None if complete => End::Complete,
                None => End::Limited,
            },
            executions: get(&self.executions),
            redundant: get(&self.redundant),
            expired: get(&self.expired),
            distinct: get(&self.distinct),
            longest: usize::try_from(get(&self.longest)).unwrap_or(usize::MAX),
            steps: get(&self.steps),
            released: get(&self.released),
            weak_orderings: self.weak.load(Ordering::Relaxed),
            accessed_data: self.data.load(Ordering::Relaxed),
            elapsed: self.began.elapsed(),
        }
    }
}
