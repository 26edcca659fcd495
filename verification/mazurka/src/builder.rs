//! The entry points: a builder for the settings, which then runs a model.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::broken::Broken;
use crate::explore;
use crate::report::{Failure, Observed, Progress, Report};
use crate::sample::Scheduler;
use crate::schedule::Schedule;
use crate::session::Model;
use crate::settings::{at_least, InvalidSetting, Settings};

/// Settings for running a model. Every limit and every choice of the scheduler is a setting here.
/// Nothing is read from the environment, except by [`check`](Builder::check); see
/// [`trial`](crate::trial).
///
/// ```
/// use mazurka::sync::atomic::{AtomicUsize, Ordering};
/// use mazurka::sync::Arc;
/// use mazurka::{thread, Builder, End};
///
/// let report = Builder::new()
///     .explore(|| {
///         let count = Arc::new(AtomicUsize::new(0));
///         let other = Arc::clone(&count);
///         let other = thread::spawn(move || other.fetch_add(1, Ordering::SeqCst));
///         let seen = count.load(Ordering::SeqCst);
///         other.join().unwrap();
///         assert!(seen <= 1);
///     })
///     .expect("the settings are valid");
/// assert!(matches!(report.end, End::Complete));
/// assert_eq!(report.executions, 2); // the load comes before the increment, or after it
/// ```
#[derive(Clone)]
#[must_use = "it runs nothing until `explore`, `sample`, `replay` or `check` is called"]
pub struct Builder {
    settings: Settings,
}

fn model_of(model: impl Fn() + Send + Sync + 'static) -> Model {
    Arc::new(model)
}

impl Default for Builder {
    fn default() -> Self {
        Builder::new()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let execution = &self.settings.execution;
        f.debug_struct("Builder")
            .field("max_threads", &execution.max_threads)
            .field("max_steps", &execution.max_steps)
            .field("wakes_any", &execution.wakes_any)
            .field("spurious_wakeups", &execution.spurious_wakeups)
            .field("failing_spawns", &execution.failing_spawns)
            .field("symmetric", &execution.symmetric)
            .field("max_executions", &self.settings.max_executions)
            .field("max_duration", &self.settings.max_duration)
            .field("stack_size", &self.settings.stack_size)
            .field("parts", &self.settings.parts)
            .field("spins", &execution.spins)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// Creates a builder whose settings explore a model completely: `notify_one` wakes any sleeper,
    /// there are no spurious wake-ups, and every thread can be started.
    pub fn new() -> Self {
        Builder { settings: Settings::default() }
    }

    /// Sets the most threads of an exploration, including the main thread: 1 to 16, the default.
    /// Two threads in different executions count as one if both are the same child of the same
    /// parent.
    pub fn max_threads(mut self, threads: usize) -> Self {
        self.settings.execution.max_threads = threads;
        self
    }

    /// Sets the most steps of an execution, at least 1; 10,000 by default. A longer execution is a
    /// failure, which reveals infinite loops.
    pub fn max_steps(mut self, steps: usize) -> Self {
        self.settings.execution.max_steps = steps;
        self
    }

    /// Sets the number of executions after which an exploration ends, at least 1. Unlimited by
    /// default.
    pub fn max_executions(mut self, executions: Option<u64>) -> Self {
        self.settings.max_executions = executions;
        self
    }

    /// Sets the time after which an exploration ends, more than zero. Unlimited by default.
    pub fn max_duration(mut self, duration: Option<Duration>) -> Self {
        self.settings.max_duration = duration;
        self
    }

    /// Sets the size of each thread's stack in bytes, at least 16 KiB; 256 KiB by default.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.settings.stack_size = bytes;
        self
    }

    /// Sets whether `notify_one` wakes any sleeper, which is the default, or the one that has slept
    /// longest.
    pub fn wakes_any(mut self, any: bool) -> Self {
        self.settings.execution.wakes_any = any;
        self
    }

    /// Sets how many rounds of a loop are explored after a round that saw nothing new, at least 1,
    /// the default. A round ends at a [`yield_now`](crate::thread::yield_now), at a
    /// [`spin_loop`](crate::hint::spin_loop) or at a [`sleep`](crate::thread::sleep). After that
    /// many, the thread goes on only when no other thread can.
    ///
    /// A loop that waits for another thread is explored completely, since its rounds are alike. A
    /// loop that counts its rounds is not: what it does after `spins + 1` rounds without news is
    /// explored only while no other thread can continue.
    pub fn spins(mut self, rounds: usize) -> Self {
        self.settings.execution.spins = rounds;
        self
    }

    /// Sets how many waits of an execution may end by a spurious wake-up; none by default.
    pub fn spurious_wakeups(mut self, number: usize) -> Self {
        self.settings.execution.spurious_wakeups = number;
        self
    }

    /// Sets how many starts of threads may fail in an execution; none by default.
    pub fn failing_spawns(mut self, number: usize) -> Self {
        self.settings.execution.failing_spawns = number;
        self
    }

    /// Declares that threads are interchangeable if one thread starts them one after the other and
    /// their names are this prefix and a number. Executions that differ only by a permutation of
    /// these threads are explored once.
    ///
    /// This is valid only if nothing treats the threads differently: neither their own code nor
    /// code that inspects their data, for example in their order. Off by default. Also explore
    /// without it where that is possible, and compare the outcomes.
    pub fn symmetric(mut self, prefix: Option<&str>) -> Self {
        self.settings.execution.symmetric = prefix.map(str::to_owned);
        self
    }

    /// Sets the number of operating system threads that share an exploration, at least 1, the
    /// default. The visited traces are the same. With several, the model must not keep the state of
    /// an execution in a static.
    pub fn parts(mut self, parts: usize) -> Self {
        self.settings.parts = parts;
        self
    }

    /// Sets a callback that is called about once per `interval` while a model runs.
    pub fn progress(
        mut self,
        interval: Duration,
        callback: impl Fn(&Progress) + Send + Sync + 'static,
    ) -> Self {
        self.settings.progress = Some((interval, Arc::new(callback)));
        self
    }

    /// Sets a callback for failed executions. It runs on the operating system thread of the
    /// execution, with the model's thread-local variables as the failure left them.
    pub fn on_failure(mut self, callback: impl Fn(&Failure) + Send + Sync + 'static) -> Self {
        self.settings.on_failure = Some(Arc::new(callback));
        self
    }

    /// Sets a callback that is called after each execution, on its operating system thread. With an
    /// observer, an exploration continues after a deadlock, so every trace is observed. The threads
    /// of a failed execution are unwound, so the model's destructors must not perform operations,
    /// and the model must not catch panics.
    #[doc(hidden)]
    pub fn observe(mut self, observer: impl Fn(&Observed<'_>) + Send + Sync + 'static) -> Self {
        self.settings.observer = Some(Arc::new(observer));
        self.settings.execution.unwinds = true;
        self
    }

    /// Breaks the explorer on purpose, for tests of its tests.
    #[doc(hidden)]
    pub fn broken(mut self, broken: Option<Broken>) -> Self {
        self.settings.execution.broken = broken;
        self
    }

    /// Visits every trace of a model once.
    ///
    /// The model runs many times and must do the same each time the same decisions are made.
    /// Nothing else may influence it: not time, random numbers, the atomics and locks of the
    /// standard library, or state that outlives an execution.
    ///
    /// # Errors
    ///
    /// [`InvalidSetting`]. A failure of the model is not an error but an [`End`](crate::End).
    ///
    /// # Panics
    ///
    /// If an operating system thread cannot be started.
    pub fn explore(
        &self,
        model: impl Fn() + Send + Sync + 'static,
    ) -> Result<Report, InvalidSetting> {
        self.settings.check()?;
        Ok(explore::explore(&self.settings, &model_of(model)))
    }

    /// Runs a model under schedules drawn at random.
    ///
    /// ```
    /// use mazurka::{Builder, Scheduler};
    ///
    /// let model = || {
    ///     let other = mazurka::thread::spawn(|| ());
    ///     other.join().unwrap();
    /// };
    /// let report = Builder::new().sample(Scheduler::Random, 100, 1, model)?;
    /// assert_eq!(report.executions, 100);
    /// # Ok::<(), mazurka::InvalidSetting>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidSetting`].
    ///
    /// # Panics
    ///
    /// Like [`explore`](Self::explore).
    pub fn sample(
        &self,
        scheduler: Scheduler,
        count: u64,
        seed: u64,
        model: impl Fn() + Send + Sync + 'static,
    ) -> Result<Report, InvalidSetting> {
        self.settings.check()?;
        at_least("count", count, 1)?;
        if let Scheduler::Pct { depth } = scheduler {
            at_least("depth", depth as u64, 1)?;
        }
        Ok(explore::sample(&self.settings, scheduler, count, seed, &model_of(model)))
    }

    /// Replays a failure's schedule. After the end of the schedule, the first thread that can
    /// continue runs.
    ///
    /// ```
    /// use mazurka::sync::atomic::{AtomicBool, Ordering};
    /// use mazurka::sync::Arc;
    /// use mazurka::{Builder, End};
    ///
    /// fn model() {
    ///     let flag = Arc::new(AtomicBool::new(false));
    ///     let other = Arc::clone(&flag);
    ///     let other = mazurka::thread::spawn(move || other.store(true, Ordering::SeqCst));
    ///     assert!(!flag.load(Ordering::SeqCst), "the flag is set");
    ///     other.join().unwrap();
    /// }
    ///
    /// let End::Failed(failure) = Builder::new().explore(model)?.end else { panic!("it fails") };
    /// let line = failure.schedule.to_string();
    /// let again = Builder::new().replay(&line.parse().unwrap(), model)?;
    /// assert!(matches!(again.end, End::Failed(failure) if failure.message.contains("is set")));
    /// # Ok::<(), mazurka::InvalidSetting>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidSetting`]. A schedule that does not fit the model is a failure of the kind
    /// [`Diverged`](crate::FailureKind::Diverged).
    ///
    /// # Panics
    ///
    /// Like [`explore`](Self::explore).
    pub fn replay(
        &self,
        schedule: &Schedule,
        model: impl Fn() + Send + Sync + 'static,
    ) -> Result<Report, InvalidSetting> {
        self.settings.check()?;
        Ok(explore::replay(&self.settings, schedule, &model_of(model)))
    }

    /// Returns `true` if the builder itself limits an exploration.
    pub(crate) fn has_limit(&self) -> bool {
        self.settings.max_executions.is_some() || self.settings.max_duration.is_some()
    }

    /// Adds a callback for failed executions, before the one that there may be.
    pub(crate) fn before_failure(self, first: impl Fn(&Failure) + Send + Sync + 'static) -> Self {
        let others = self.settings.on_failure.clone();
        self.on_failure(move |failure| {
            first(failure);
            if let Some(others) = &others {
                others(failure);
            }
        })
    }
}
