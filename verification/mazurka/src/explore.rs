//! Runs a model: by exploration, by sampling or by replay, within limits, and reports the result.

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::broken::Broken;
use crate::clock::MAX_THREADS;
use crate::coroutine::Coroutines;
use crate::event::{wait, Event, Kind};
use crate::execution::{self, Execution};
use crate::sample::{Sampler, Scheduler};
use crate::schedule::Schedule;
use crate::search::Search;
use crate::share::Queue;
use crate::strategy::Strategy;

/// The settings that an execution needs.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) max_threads: usize,
    pub(crate) max_steps: usize,
    pub(crate) wakes_any: bool,
    pub(crate) spurious_wakeups: usize,
    pub(crate) failing_spawns: usize,
    pub(crate) symmetric: Option<String>,
    pub(crate) broken: Option<Broken>,
    /// Whether threads are unwound after a failure instead of being abandoned.
    pub(crate) unwinds: bool,
    pub(crate) names: Arc<Names>,
}

/// The numbers of threads, the same in all executions: by parent, and by index among its children.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<Vec<(u8, u8)>>);

impl Names {
    pub(crate) fn number(&self, parent: u8, child: u8) -> usize {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = names.iter().position(|name| *name == (parent, child));
        1 + known.unwrap_or_else(|| {
            names.push((parent, child));
            names.len() - 1
        })
    }
}

/// Settings for running a model. Every limit and every choice of the scheduler is a setting here.
/// Nothing is read from the environment.
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
    max_executions: Option<u64>,
    max_duration: Option<Duration>,
    stack_size: usize,
    parts: usize,
    progress: Option<(Duration, ProgressCallback)>,
    on_failure: Option<FailureCallback>,
    observer: Option<Observer>,
}

type FailureCallback = Arc<dyn Fn(&Failure) + Send + Sync>;
type ProgressCallback = Arc<dyn Fn(&Progress) + Send + Sync>;

type Observer = Arc<dyn Fn(&Observed<'_>) + Send + Sync>;

/// One execution, as an observer in the explorer's tests sees it; see [`Builder::observe`].
#[doc(hidden)]
#[derive(Debug)]
pub struct Observed<'a> {
    /// The thread and the choice of each step. Threads are numbered by their start.
    pub steps: Vec<(usize, u8)>,
    /// Whether it was abandoned because it would have repeated a trace.
    pub redundant: bool,
    /// Whether time had to pass.
    pub expired: bool,
    /// The failure, if it failed.
    pub failure: Option<&'a Failure>,
}

/// The progress of an exploration.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The number of executions so far, including redundant ones.
    pub executions: u64,
    /// The time since the exploration began.
    pub elapsed: Duration,
    /// The estimated number of all executions, if one is known. On several
    /// [`parts`](Builder::parts) it is not known. The estimate assumes that each known branch is as
    /// large as its siblings (Knuth's estimator over the tree explored so far).
    pub estimate: Option<u64>,
}

/// The result of running a model.
#[derive(Clone, Debug)]
pub struct Report {
    /// How it ended.
    pub end: End,
    /// The number of completed executions, each with a different trace. For a sample, all
    /// executions.
    pub executions: u64,
    /// The number of executions that were abandoned because they would have repeated a trace. It
    /// may depend on the number of [`parts`](Builder::parts).
    pub redundant: u64,
    /// The number of executions in which a sleeper with a timeout remained until nothing else could
    /// continue. The consequences of its timeout are explored from its wait on and counted there.
    pub expired: u64,
    /// The number of different schedules of a sample.
    pub distinct: u64,
    /// The number of steps of the longest execution.
    pub longest: usize,
    /// The number of steps of all executions.
    pub steps: u64,
    /// Wall time.
    pub elapsed: Duration,
}

/// How running a model ended.
#[derive(Clone, Debug)]
pub enum End {
    /// Everything that was requested ran, and nothing failed.
    Complete,
    /// An execution failed.
    Failed(Box<Failure>),
    /// [`max_executions`](Builder::max_executions) or [`max_duration`](Builder::max_duration) ended
    /// it. Nothing is known about the rest.
    Limited,
}

/// An execution that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The kind of failure.
    pub kind: FailureKind,
    /// What happened, in a sentence: for example the message of the panic.
    pub message: String,
    /// The schedule, for [`Builder::replay`].
    pub schedule: Schedule,
    /// Where each thread stood that had not ended.
    pub stands: Vec<Stand>,
    /// The visible operations in order. Empty for a sample, whose schedule can be replayed.
    pub interleaving: Vec<String>,
}

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// A panic left a thread of the model.
    Panic,
    /// No thread could continue.
    Deadlock,
    /// An execution was longer or had more threads than allowed.
    Limit,
    /// The same decisions led to other operations. Either the model depends on something invisible
    /// to the explorer, or the schedule belongs to another model.
    Diverged,
}

/// Where a thread stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// The thread's name.
    pub thread: String,
    /// What it waits for.
    pub stuck: Stuck,
    /// The current call into mazurka, as `file:line:column`.
    pub site: Option<String>,
}

/// What a thread waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// It was started but has not run.
    NotBegun,
    /// It can continue.
    Running,
    /// A lock, with its owner.
    Lock(Option<String>),
    /// A notification.
    Asleep,
    /// The end of another thread.
    Join(String),
}

impl fmt::Display for Stand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.thread)?;
        match &self.stuck {
            Stuck::NotBegun => write!(f, "has not begun")?,
            Stuck::Running => write!(f, "can go on")?,
            Stuck::Lock(Some(owner)) => write!(f, "waits for a lock that {owner} holds")?,
            Stuck::Lock(None) => write!(f, "is about to lock")?,
            Stuck::Asleep => write!(f, "sleeps on a condition variable")?,
            Stuck::Join(thread) => write!(f, "waits for the end of {thread}")?,
        }
        self.site.as_ref().map_or(Ok(()), |site| write!(f, " at {site}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.message)?;
        for stand in &self.stands {
            writeln!(f, "  {stand}")?;
        }
        for line in &self.interleaving {
            writeln!(f, "    {line}")?;
        }
        write!(f, "replay with the schedule {}", self.schedule)
    }
}

/// An invalid setting. The message names the setting, its value and the accepted values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSetting(String);

impl fmt::Display for InvalidSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidSetting {}

/// Explores a model with the settings of [`Builder::new`].
///
/// # Panics
///
/// If an execution fails, with its interleaving and its schedule.
///
/// ```should_panic
/// use mazurka::sync::{Arc, Mutex};
///
/// mazurka::model(|| {
///     let (a, b) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
///     let (c, d) = (Arc::clone(&a), Arc::clone(&b));
///     let other = mazurka::thread::spawn(move || {
///         let _d = d.lock().unwrap();
///         let _c = c.lock().unwrap();
///     });
///     {
///         let _a = a.lock().unwrap();
///         let _b = b.lock().unwrap();
///     }
///     other.join().unwrap();
/// });
/// ```
pub fn model(model: impl Fn() + Send + Sync + 'static) {
    Builder::new().check(model);
}

impl Default for Builder {
    fn default() -> Self {
        Builder::new()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("max_threads", &self.settings.max_threads)
            .field("max_steps", &self.settings.max_steps)
            .field("wakes_any", &self.settings.wakes_any)
            .field("spurious_wakeups", &self.settings.spurious_wakeups)
            .field("failing_spawns", &self.settings.failing_spawns)
            .field("symmetric", &self.settings.symmetric)
            .field("max_executions", &self.max_executions)
            .field("max_duration", &self.max_duration)
            .field("stack_size", &self.stack_size)
            .field("parts", &self.parts)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// Creates a builder whose settings explore a model completely: `notify_one` wakes any sleeper,
    /// there are no spurious wake-ups, and every thread can be started.
    pub fn new() -> Self {
        Builder {
            settings: Settings {
                max_threads: MAX_THREADS,
                max_steps: 10_000,
                wakes_any: true,
                spurious_wakeups: 0,
                failing_spawns: 0,
                symmetric: None,
                broken: None,
                unwinds: false,
                names: Arc::default(),
            },
            max_executions: None,
            max_duration: None,
            stack_size: 256 * 1024,
            parts: 1,
            progress: None,
            on_failure: None,
            observer: None,
        }
    }

    /// Sets the most threads of an exploration, including the main thread: 1 to 16, the default.
    /// Two threads in different executions count as one if both are the same child of the same
    /// parent.
    pub fn max_threads(mut self, threads: usize) -> Self {
        self.settings.max_threads = threads;
        self
    }

    /// Sets the most steps of an execution, at least 1; 10,000 by default. A longer execution is a
    /// failure, which reveals infinite loops.
    pub fn max_steps(mut self, steps: usize) -> Self {
        self.settings.max_steps = steps;
        self
    }

    /// Sets the number of executions after which an exploration ends, at least 1. Unlimited by
    /// default.
    pub fn max_executions(mut self, executions: Option<u64>) -> Self {
        self.max_executions = executions;
        self
    }

    /// Sets the time after which an exploration ends, more than zero. Unlimited by default.
    pub fn max_duration(mut self, duration: Option<Duration>) -> Self {
        self.max_duration = duration;
        self
    }

    /// Sets the size of each thread's stack in bytes, at least 16 KiB; 256 KiB by default.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = bytes;
        self
    }

    /// Sets whether `notify_one` wakes any sleeper, which is the default, or the one that has slept
    /// longest.
    pub fn wakes_any(mut self, any: bool) -> Self {
        self.settings.wakes_any = any;
        self
    }

    /// Sets how many waits of an execution may end by a spurious wake-up; none by default.
    pub fn spurious_wakeups(mut self, number: usize) -> Self {
        self.settings.spurious_wakeups = number;
        self
    }

    /// Sets how many starts of threads may fail in an execution; none by default.
    pub fn failing_spawns(mut self, number: usize) -> Self {
        self.settings.failing_spawns = number;
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
        self.settings.symmetric = prefix.map(str::to_owned);
        self
    }

    /// Sets the number of operating system threads that share an exploration, at least 1, the
    /// default. The visited traces are the same. With several, the model must not keep the state of
    /// an execution in a static.
    pub fn parts(mut self, parts: usize) -> Self {
        self.parts = parts;
        self
    }

    /// Sets a callback that is called about once per `interval` while a model runs.
    pub fn progress(
        mut self,
        interval: Duration,
        callback: impl Fn(&Progress) + Send + Sync + 'static,
    ) -> Self {
        self.progress = Some((interval, Arc::new(callback)));
        self
    }

    /// Sets a callback for failed executions. It runs on the operating system thread of the
    /// execution, with the model's thread-local variables as the failure left them.
    pub fn on_failure(mut self, callback: impl Fn(&Failure) + Send + Sync + 'static) -> Self {
        self.on_failure = Some(Arc::new(callback));
        self
    }

    /// Sets a callback that is called after each execution, on its operating system thread. With an
    /// observer, an exploration continues after a deadlock, so every trace is observed. The threads
    /// of a failed execution are unwound, so the model's destructors must not perform operations,
    /// and the model must not catch panics.
    /// nothing in it may catch panics.
    #[doc(hidden)]
    pub fn observe(mut self, observer: impl Fn(&Observed<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self.settings.unwinds = true;
        self
    }

    /// Breaks the explorer on purpose, for tests of its tests.
    #[doc(hidden)]
    pub fn broken(mut self, broken: Option<Broken>) -> Self {
        self.settings.broken = broken;
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
    /// [`InvalidSetting`]. A failure of the model is not an error but an [`End`].
    ///
    /// # Panics
    ///
    /// If an operating system thread cannot be started.
    pub fn explore(
        &self,
        model: impl Fn() + Send + Sync + 'static,
    ) -> Result<Report, InvalidSetting> {
        self.check_settings()?;
        let queue = Queue::new(self.parts);
        let run = Running::new(self, Arc::new(model));
        thread::scope(|scope| {
            for part in 0..self.parts {
                let (run, queue) = (&run, &queue);
                let body = move || run.explore_part(part, queue);
                let name = format!("mazurka-{part}");
                thread::Builder::new()
                    .name(name)
                    .spawn_scoped(scope, body)
                    .expect("a thread starts");
            }
        });
        let mut report = run.report(!queue.is_stopped());
        if let End::Failed(failure) = &mut report.end {
            self.complete_interleaving(failure, run.model)?;
        }
        Ok(report)
    }

    /// The last operations of an execution are not recorded if it fails after it was abandoned or
    /// after time has passed. A replay records them.
    fn complete_interleaving(
        &self,
        failure: &mut Failure,
        model: Arc<dyn Fn() + Send + Sync>,
    ) -> Result<(), InvalidSetting> {
        if failure.interleaving.len() < failure.schedule.len() {
            let builder = Builder { observer: None, ..self.clone() };
            let report = builder.replay(&failure.schedule, move || model())?;
            if let End::Failed(again) = report.end {
                failure.interleaving = again.interleaving;
            }
        }
        Ok(())
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
        self.check_settings()?;
        at_least("count", count, 1)?;
        if let Scheduler::Pct { depth } = scheduler {
            at_least("depth", depth as u64, 1)?;
        }
        let run = Running::new(self, Arc::new(model));
        let complete = thread::scope(|scope| {
            let body = || run.sample(scheduler, count, seed);
            scope.spawn(body).join().unwrap_or(false)
        });
        Ok(run.report(complete))
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
    /// [`Diverged`](FailureKind::Diverged).
    ///
    /// # Panics
    ///
    /// Like [`explore`](Self::explore).
    pub fn replay(
        &self,
        schedule: &Schedule,
        model: impl Fn() + Send + Sync + 'static,
    ) -> Result<Report, InvalidSetting> {
        self.check_settings()?;
        let run = Running::new(self, Arc::new(model));
        let steps = schedule.steps.clone();
        let complete = thread::scope(|scope| {
            let body = || run.replay(steps);
            scope.spawn(body).join().unwrap_or(false)
        });
        Ok(run.report(complete))
    }

    /// Explores a model.
    ///
    /// # Panics
    ///
    /// If a setting is invalid, if an execution fails, or if a limit ends the exploration.
    pub fn check(&self, model: impl Fn() + Send + Sync + 'static) {
        match self.explore(model) {
            Err(invalid) => panic!("{invalid}"),
            Ok(Report { end: End::Complete, .. }) => {}
            Ok(Report { end: End::Failed(failure), .. }) => panic!("{failure}"),
            Ok(Report { end: End::Limited, executions, .. }) => {
                panic!("a limit ended the exploration after {executions} executions")
            }
        }
    }

    fn check_settings(&self) -> Result<(), InvalidSetting> {
        let Settings { max_threads, max_steps, .. } = self.settings;
        if max_threads == 0 || max_threads > MAX_THREADS {
            return Err(InvalidSetting(format!(
                "`max_threads` is {max_threads}; 1 to {MAX_THREADS} is accepted"
            )));
        }
        at_least("max_steps", max_steps as u64, 1)?;
        at_least("max_executions", self.max_executions.unwrap_or(1), 1)?;
        at_least("stack_size", self.stack_size as u64, 16 * 1024)?;
        at_least("parts", self.parts as u64, 1)?;
        if self.max_duration == Some(Duration::ZERO) {
            return Err(InvalidSetting("`max_duration` is 0; more is accepted".to_owned()));
        }
        if max_steps > usize::from(u16::MAX) {
            return Err(InvalidSetting(format!(
                "`max_steps` is {max_steps}; 1 to 65535 is accepted"
            )));
        }
        if self.settings.symmetric.as_deref() == Some("") {
            return Err(InvalidSetting(
                "`symmetric` is empty; the beginning of the threads' names is accepted".to_owned(),
            ));
        }
        Ok(())
    }
}

fn at_least(name: &str, value: u64, least: u64) -> Result<(), InvalidSetting> {
    if value >= least {
        return Ok(());
    }
    Err(InvalidSetting(format!("`{name}` is {value}; {least} or more is accepted")))
}

/// Returns the decisions so far of the execution on this operating system thread, for example for a
/// panic hook. `None` outside a model.
pub fn schedule_so_far() -> Option<Schedule> {
    execution::with(|execution| Schedule { steps: execution.steps.clone() })
}

/// A running model.
struct Running {
    builder: Builder,
    model: Arc<dyn Fn() + Send + Sync>,
    began: Instant,
    executions: AtomicU64,
    redundant: AtomicU64,
    expired: AtomicU64,
    distinct: AtomicU64,
    longest: AtomicU64,
    steps: AtomicU64,
    failure: Mutex<Option<Box<Failure>>>,
}

impl Running {
    fn new(builder: &Builder, model: Arc<dyn Fn() + Send + Sync>) -> Self {
        let mut builder = builder.clone();
        builder.settings.names = Arc::default();
        Running {
            builder,
            model,
            began: Instant::now(),
            executions: AtomicU64::new(0),
            redundant: AtomicU64::new(0),
            expired: AtomicU64::new(0),
            distinct: AtomicU64::new(0),
            longest: AtomicU64::new(0),
            steps: AtomicU64::new(0),
            failure: Mutex::new(None),
        }
    }

    fn report(&self, complete: bool) -> Report {
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
            elapsed: self.began.elapsed(),
        }
    }

    /// Runs one execution and counts it. Returns `None` if it failed.
    fn execute(&self, execution: Execution, coroutines: &mut Coroutines) -> Option<Execution> {
        let model = Arc::clone(&self.model);
        let mut execution = execution::run(execution, coroutines, Box::new(move || model()));
        let add = |number: &AtomicU64, more: u64| number.fetch_add(more, Ordering::Relaxed);
        self.longest.fetch_max(execution.steps.len() as u64, Ordering::Relaxed);
        add(&self.steps, execution.steps.len() as u64);
        let counter = match (&execution.strategy, execution.redundant, execution.expired) {
            (Strategy::Explore(_), true, _) => &self.redundant,
            (Strategy::Explore(_), _, true) => &self.expired,
            _ => &self.executions,
        };
        add(counter, 1);
        let failure = execution.failure.take().map(|failed| Failure::new(failed, &execution));
        if let Some(observer) = &self.builder.observer {
            observer(&Observed {
                steps: execution.steps.iter().map(|step| (step.thread, step.choice)).collect(),
                redundant: execution.redundant,
                expired: execution.expired,
                failure: failure.as_ref(),
            });
        }
        let Some(failure) = failure else { return Some(execution) };
        if let Some(callback) = &self.builder.on_failure {
            callback(&failure);
        }
        let goes_on = self.builder.observer.is_some() && failure.kind == FailureKind::Deadlock;
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(Box::new(failure));
        goes_on.then_some(execution)
    }

    fn explore_part(&self, part: usize, queue: &Queue) {
        let mut coroutines = Coroutines::new(self.builder.stack_size);
        let settings = self.builder.settings.clone();
        let search = Box::new(Search::new(settings.broken));
        let mut execution = Execution::new(settings, Strategy::Explore(search));
        let mut reported = Instant::now();
        while let Some(work) = queue.take() {
            search_of(&mut execution).begin(work);
            loop {
                match self.execute(execution, &mut coroutines) {
                    Some(same) => execution = same,
                    None => return queue.stop(),
                }
                let search = search_of(&mut execution);
                queue.add(std::mem::take(&mut search.found));
                if self.builder.parts > 1 && queue.is_wanted() {
                    queue.add(search.give_away());
                }
                let more = search.backtrack();
                if more && self.is_over() {
                    return queue.stop();
                }
                if part == 0 {
                    // Of several parts, none knows the progress of the others.
                    let done = || match self.builder.parts {
                        1 if more => search_of(&mut execution).done(),
                        1 => 1.0,
                        _ => 0.0,
                    };
                    self.report_progress(&mut reported, done);
                }
                if !more {
                    break;
                }
                if self.builder.parts > 1 && queue.is_stopped() {
                    return;
                }
            }
        }
    }

    fn sample(&self, scheduler: Scheduler, count: u64, seed: u64) -> bool {
        let mut coroutines = Coroutines::new(self.builder.stack_size);
        let sampler = Box::new(Sampler::new(scheduler, seed));
        let settings = self.builder.settings.clone();
        let mut execution = Execution::new(settings, Strategy::Sample(sampler));
        let mut reported = Instant::now();
        let mut former = HashSet::new();
        for number in 0..count {
            if let Strategy::Sample(sampler) = &mut execution.strategy {
                sampler.begin();
            }
            match self.execute(execution, &mut coroutines) {
                Some(same) => execution = same,
                None => return false,
            }
            let mut hasher = DefaultHasher::new();
            execution.steps.hash(&mut hasher);
            former.insert(hasher.finish());
            self.distinct.store(former.len() as u64, Ordering::Relaxed);
            if let Strategy::Sample(sampler) = &mut execution.strategy {
                sampler.longest = sampler.longest.max(execution.steps.len());
            }
            if number + 1 < count && self.is_over() {
                return false;
            }
            #[allow(clippy::cast_precision_loss)]
            self.report_progress(&mut reported, || (number + 1) as f64 / count as f64);
        }
        true
    }

    fn replay(&self, steps: Vec<crate::schedule::Step>) -> bool {
        let mut coroutines = Coroutines::new(self.builder.stack_size);
        let settings = self.builder.settings.clone();
        let execution = Execution::new(settings, Strategy::Replay(steps));
        self.execute(execution, &mut coroutines).is_some()
    }

    fn is_over(&self) -> bool {
        let all = || {
            let counters = [&self.executions, &self.redundant, &self.expired];
            counters.iter().map(|counter| counter.load(Ordering::Relaxed)).sum::<u64>()
        };
        self.builder.max_executions.is_some_and(|most| all() >= most)
            || self.builder.max_duration.is_some_and(|most| self.began.elapsed() >= most)
    }

    fn report_progress(&self, reported: &mut Instant, done: impl FnOnce() -> f64) {
        let Some((interval, callback)) = &self.builder.progress else { return };
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
}

fn search_of(execution: &mut Execution) -> &mut Search {
    match &mut execution.strategy {
        Strategy::Explore(search) => search,
        _ => unreachable!("it explores"),
    }
}

impl Failure {
    fn new(failed: execution::Failure, execution: &Execution) -> Self {
        let (kind, message) = match failed {
            execution::Failure::Panic(message) => (FailureKind::Panic, message),
            execution::Failure::Deadlock => {
                (FailureKind::Deadlock, "deadlock: no thread can go on".to_owned())
            }
            execution::Failure::Limit(message) => (FailureKind::Limit, message),
            execution::Failure::Diverged(message) => (FailureKind::Diverged, message),
        };
        let line = |event: &Event| line(event, execution);
        Failure {
            kind,
            message,
            schedule: Schedule { steps: execution.steps.clone() },
            stands: execution.stands(),
            interleaving: execution.events.iter().map(line).collect(),
        }
    }
}

/// Describes an event, for people.
fn line(event: &Event, execution: &Execution) -> String {
    let thread = execution.thread_name(usize::from(event.thread));
    let what = match (event.operation.kind, event.choice) {
        (Kind::Lock, _) => "locks".to_owned(),
        (Kind::Wait, wait::TIMED_OUT) => "waits, and times out".to_owned(),
        (Kind::Wait, wait::NOTIFIED_LATE) => "waits, and times out as it is notified".to_owned(),
        (Kind::Wait, wait::SPURIOUS) => "waits, and wakes spuriously".to_owned(),
        (Kind::Wait, _) => "waits".to_owned(),
        (Kind::NotifyOne, sleeper) if !event.in_vain => {
            format!("notifies {}", execution.thread_name(usize::from(sleeper)))
        }
        (Kind::NotifyOne | Kind::NotifyAll, _) if event.in_vain => "notifies nobody".to_owned(),
        (Kind::NotifyOne | Kind::NotifyAll, _) => "notifies all".to_owned(),
        (Kind::Read, _) => "reads".to_owned(),
        (Kind::Write, _) => "writes".to_owned(),
        (Kind::Update, _) => "updates".to_owned(),
        (Kind::Choose, choice) => format!("is given {choice}"),
        (Kind::Spawn, 0) => "starts a thread".to_owned(),
        (Kind::Spawn, _) => "cannot start a thread".to_owned(),
    };
    format!("{thread} {what} ({}:{})", event.site.file(), event.site.line())
}
