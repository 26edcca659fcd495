//! The shuttle engine: runs one scenario under many schedules in this process and tells what it
//! found.
//!
//! As in the loom engine, the first panic that convicts ends the process: a thread outside of the
//! scenario writes what was found and exits, before anything is unwound.

use std::collections::{BTreeMap, HashSet};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process::{self, ExitCode};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use last_call::sync::fault::Fault;
use last_call::sync::trace::{self, Event, Op};
use shuttle::scheduler::{self, PctScheduler, RandomScheduler, ReplayScheduler, Task, TaskId};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use crate::quiet;
use crate::sample::{End, Sample, Scheduler, DEPTH, MAX_STEPS};
use crate::scenario::{Scenario, Stage};
use crate::schedule::{Schedule, Step};
use crate::subjects::LastCall;

/// Which schedules are run.
#[derive(Clone, Debug)]
pub enum Plan {
    /// That many, drawn at random.
    Draw {
        /// By whom.
        scheduler: Scheduler,
        /// How many.
        schedules: usize,
        /// From which seed.
        seed: u64,
    },
    /// This one.
    Replay(Schedule),
}

/// What goes wrong on purpose, and its name.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// Its name in reports.
    pub name: String,
    /// What the facade is told to do wrongly.
    pub fault: Fault,
}

/// What the scheduler has drawn so far; looked at from outside when something has failed.
#[derive(Debug, Default)]
struct Drawn {
    schedules: usize,
    current: Schedule,
    /// A hash of the current schedule, and those of the former ones.
    hash: u64,
    former: HashSet<u64>,
    longest: usize,
}

impl Drawn {
    fn begin(&mut self, seed: u64) {
        self.end();
        self.schedules += 1;
        self.current.seed = seed;
        self.current.steps.clear();
        self.hash = 0;
    }

    fn push(&mut self, step: Step) {
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let number = match step {
            Step::Thread(number) => number as u64 + 1,
            Step::Draw => 0,
        };
        self.hash = (self.hash ^ number).wrapping_mul(PRIME).rotate_left(17);
        self.current.steps.push(step);
    }

    fn end(&mut self) {
        if self.schedules > 0 {
            self.former.insert(self.hash);
            self.longest = self.longest.max(self.current.steps.len());
        }
    }
}

/// A scheduler of shuttle's whose choices are written down.
struct Recorded {
    inner: Box<dyn scheduler::Scheduler + Send>,
    drawn: Arc<Mutex<Drawn>>,
}

impl scheduler::Scheduler for Recorded {
    fn new_execution(&mut self) -> Option<scheduler::Schedule> {
        let schedule = self.inner.new_execution()?;
        lock(&self.drawn).begin(schedule.seed);
        Some(schedule)
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        let next = self.inner.next_task(runnable, current, is_yielding)?;
        lock(&self.drawn).push(Step::Thread(next.into()));
        Some(next)
    }

    fn next_u64(&mut self) -> u64 {
        lock(&self.drawn).push(Step::Draw);
        self.inner.next_u64()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Plan {
    fn scheduler(&self) -> Box<dyn scheduler::Scheduler + Send> {
        match *self {
            Plan::Draw { scheduler: Scheduler::Pct, schedules, seed } => {
                Box::new(PctScheduler::new_from_seed(seed, DEPTH, schedules))
            }
            Plan::Draw { schedules, seed, .. } => {
                Box::new(RandomScheduler::new_from_seed(seed, schedules))
            }
            Plan::Replay(ref schedule) => Box::new(replay(schedule)),
        }
    }

    /// Who draws, how many, from which seed.
    fn summary(&self) -> (Scheduler, usize, u64) {
        match *self {
            Plan::Draw { scheduler, schedules, seed } => (scheduler, schedules, seed),
            Plan::Replay(ref schedule) => (Scheduler::Replay, 1, schedule.seed),
        }
    }
}

fn replay(schedule: &Schedule) -> ReplayScheduler {
    let mut steps = scheduler::Schedule::new(schedule.seed);
    for step in &schedule.steps {
        match step {
            Step::Thread(number) => steps.push_task((*number).into()),
            Step::Draw => steps.push_random(),
        }
    }
    let mut replay = ReplayScheduler::new_from_schedule(steps);
    // What does not fail any more goes on behind the end of the schedule; it is then left there.
    replay.set_allow_incomplete();
    replay
}

/// Every field that decides what is run; what fails is told by this module.
fn config() -> Config {
    let mut config = Config::new();
    config.stack_size = 0x2_0000;
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::FailAfter(MAX_STEPS);
    config.max_time = None;
    // That atomics are sequentially consistent here: nothing of the pool's is decided by one.
    config.silence_warnings = true;
    config
}

/// Runs a scenario under the schedules of a plan, hands what was found to `tell`, and ends the
/// process as that says.
pub fn run(
    scenario: &'static Scenario,
    wrong: Option<Wrong>,
    plan: Plan,
    limit: Duration,
    tell: impl FnOnce(&Sample) -> ExitCode,
) -> ! {
    let (ended, end) = mpsc::channel();
    let drawn = Arc::new(Mutex::new(Drawn::default()));
    let stage = Stage::new(&LastCall);
    let (scheduler, asked, seed) = plan.summary();
    let fault = wrong.as_ref().map(|wrong| wrong.fault);
    trace::set_faults(&fault.into_iter().chain(scenario.world.iter().copied()).collect::<Vec<_>>());

    let began = Instant::now();
    {
        let (drawn, stage) = (Arc::clone(&drawn), stage.clone());
        std::thread::spawn(move || {
            let inner = plan.scheduler();
            // shuttle puts a panic hook in front of what it finds, at its first execution.
            Runner::new(RandomScheduler::new_from_seed(0, 1), config()).run(|| {});
            catch_convictions(ended.clone(), Arc::clone(&drawn));
            let result = panic::catch_unwind(AssertUnwindSafe(|| {
                Runner::new(Recorded { inner, drawn: Arc::clone(&drawn) }, config()).run(
                    move || {
                        trace::begin_execution();
                        quiet::begin_execution();
                        (scenario.body)(&stage);
                    },
                );
            }));
            // A panic that went past the hook: a payload that was resumed.
            let message = "a panic ended the scenario's main thread".to_owned();
            let _ = ended.send(match result {
                Ok(()) => End::Held,
                Err(_) => failed(message, "unknown".to_owned(), &drawn),
            });
        });
    }
    let end = match end.recv_timeout(limit) {
        Ok(end) => end,
        Err(RecvTimeoutError::Timeout) => End::TimedOut { seconds: limit.as_secs() },
        Err(RecvTimeoutError::Disconnected) => unreachable!("the hook holds a sender"),
    };
    let seconds = began.elapsed().as_secs_f64();
    let mut drawn = lock(&drawn);
    drawn.end();
    let reached: BTreeMap<_, _> = stage.seen();
    let sample = Sample {
        scenario: scenario.name.to_owned(),
        defect: wrong.map(|wrong| wrong.name),
        scheduler,
        asked,
        schedules: drawn.schedules,
        distinct: drawn.former.len(),
        seed,
        max_steps: MAX_STEPS,
        longest: drawn.longest,
        end,
        seconds,
        reached: reached.into_iter().map(|(outcome, times)| (outcome.to_owned(), times)).collect(),
        faults_fired: trace::faults_fired(),
    };
    let code = tell(&sample);
    process::exit(if code == ExitCode::SUCCESS { 0 } else { 1 })
}

fn failed(message: String, site: String, drawn: &Mutex<Drawn>) -> End {
    End::Failed { message, site, schedule: lock(drawn).current.clone() }
}

/// Ends the process on a panic, unless the scenario provoked it.
fn catch_convictions(ended: Sender<End>, drawn: Arc<Mutex<Drawn>>) {
    panic::set_hook(Box::new(move |info| {
        // shuttle's own panics may come while no thread is the current one. They always convict.
        let shuttle = info.location().is_some_and(|site| site.file().contains("shuttle-"));
        if !shuttle && quiet::is_quiet() {
            return;
        }
        let site = info.location().map(|site| format!("{}:{}", site.file(), site.line()));
        let site = if shuttle { "shuttle".to_owned() } else { site.unwrap_or_default() };
        let _ = ended.send(failed(message(info), site, &drawn));
        // The process is about to end; unwinding would only make noise.
        loop {
            std::thread::park();
        }
    }));
}

fn message(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let text = payload.downcast_ref::<&'static str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    match text {
        Some(text) if text.starts_with("deadlock!") => deadlock(),
        Some(text) => text,
        None => "a payload that is not a string".to_owned(),
    }
}

/// Where each thread stands that has not ended.
fn deadlock() -> String {
    let trace = trace::snapshot();
    let mut standing: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (number, name) in trace.threads.iter().enumerate() {
        let last = trace.events.iter().rev().find(|event| event.thread == number);
        let place =
            last.map_or(Some("has not begun".to_owned()), |last| place(last, &trace.threads));
        if let Some(place) = place {
            standing.entry(place).or_default().push(name);
        }
    }
    let standing = standing.iter().map(|(place, names)| format!("{}: {place}", names.join(", ")));
    format!("deadlock, no thread can go on; {}", standing.collect::<Vec<_>>().join("; "))
}

fn place(last: &Event, threads: &[String]) -> Option<String> {
    let doing = match last.op {
        Op::End => return None,
        Op::Lock => "waits for a lock".to_owned(),
        Op::Wait => "sleeps".to_owned(),
        Op::Join(number) => format!("waits for the end of {}", threads[number]),
        _ => "stands".to_owned(),
    };
    Some(format!("{doing} at {}:{}", last.site.file(), last.site.line()))
}
