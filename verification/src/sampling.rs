//! The shuttle engine: runs one scenario under many schedules in this process and tells what it
//! found.
//!
//! As in the loom engine, the first panic that convicts ends the process: a thread outside of the
//! scenario writes what was found and exits, before anything is unwound.

use std::collections::{BTreeMap, HashSet};
use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use last_call::sync::fault::Fault;
use last_call::sync::trace::{self, Event, Op};
use shuttle::scheduler::{self, PctScheduler, RandomScheduler, ReplayScheduler, Task, TaskId};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use crate::sample::{End, Sample, Scheduler, DEPTH};
use crate::scenario::{Scenario, Stage};
use crate::schedule::{Schedule, Step};
use crate::subjects::TWO_LOCK;
use crate::{quiet, record};

/// One run of one scenario.
#[derive(Clone, Debug)]
pub struct Request {
    /// The program.
    pub scenario: &'static Scenario,
    /// What goes wrong, if anything shall.
    pub wrong: Option<Wrong>,
    /// Which schedules are run.
    pub plan: Plan,
    /// Steps that an execution may take.
    pub max_steps: usize,
    /// How long it may take.
    pub limit: Duration,
}

/// What goes wrong on purpose.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// Its name in reports.
    pub name: String,
    /// What the facade is told to do wrongly.
    pub fault: Fault,
}

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

/// Runs a scenario, hands what was found to `tell`, and ends the process: with 0 if that says that
/// all is well, with 1 if not.
pub fn run(request: &Request, tell: impl FnOnce(&Sample) -> bool) -> ! {
    let wrong = request.wrong.iter().map(|wrong| wrong.fault);
    let faults: Vec<_> = wrong.chain(request.scenario.world.iter().copied()).collect();
    trace::set_faults(&faults);
    let (ended, end) = mpsc::channel();
    let drawn = Arc::new(Mutex::new(Drawn::default()));
    let stage = Stage::new(&TWO_LOCK);
    let began = Instant::now();
    {
        let (request, drawn, stage) = (request.clone(), Arc::clone(&drawn), stage.clone());
        std::thread::spawn(move || execute(&request, stage, &drawn, &ended));
    }
    let end = match end.recv_timeout(request.limit) {
        Ok(end) => end,
        Err(RecvTimeoutError::Timeout) => End::TimedOut { seconds: request.limit.as_secs() },
        Err(RecvTimeoutError::Disconnected) => unreachable!("the hook holds a sender"),
    };
    let sample = request.sample(end, began.elapsed(), &mut lock(&drawn), &stage);
    process::exit(i32::from(!tell(&sample)))
}

/// The thread that shuttle runs everything on.
fn execute(request: &Request, stage: Stage, drawn: &Arc<Mutex<Drawn>>, ended: &Sender<End>) {
    let config = request.config();
    // shuttle puts a panic hook of its own in front of what it finds, at its first execution.
    Runner::new(RandomScheduler::new_from_seed(0, 1), config.clone()).run(|| {});
    catch_convictions(ended.clone(), Arc::clone(drawn));
    let body = request.scenario.body;
    let scheduler = Recorded { inner: request.plan.scheduler(), drawn: Arc::clone(drawn) };
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        Runner::new(scheduler, config).run(move || {
            trace::begin_execution();
            quiet::begin_execution();
            body(&stage);
        })
    }));
    // A panic that went past the hook: a payload that was resumed.
    let message = "a panic ended the scenario's main thread".to_owned();
    let _ = ended.send(match result {
        Ok(_) => End::Held,
        Err(_) => failed(message, "unknown".to_owned(), drawn),
    });
}

impl Request {
    /// Every setting that decides what is run; what fails is told by this module.
    fn config(&self) -> Config {
        let mut config = Config::new();
        config.stack_size = 0x2_0000;
        config.failure_persistence = FailurePersistence::None;
        config.max_steps = MaxSteps::FailAfter(self.max_steps);
        config.max_time = None;
        // That its atomics are sequentially consistent: nothing of the pool's is decided by one.
        config.silence_warnings = true;
        config
    }

    fn sample(&self, end: End, took: Duration, drawn: &mut Drawn, stage: &Stage) -> Sample {
        drawn.end();
        let (scheduler, asked, seed) = match self.plan {
            Plan::Draw { scheduler, schedules, seed } => (scheduler, schedules, seed),
            Plan::Replay(ref schedule) => (Scheduler::Replay, 1, schedule.seed),
        };
        let failed = end != End::Held;
        let reached = stage.seen().into_iter();
        Sample {
            scenario: self.scenario.name.to_owned(),
            defect: self.wrong.as_ref().map(|wrong| wrong.name.clone()),
            scheduler,
            asked,
            schedules: drawn.schedules,
            distinct: drawn.former.len(),
            seed,
            max_steps: self.max_steps,
            longest: drawn.longest,
            end,
            seconds: took.as_secs_f64(),
            reached: reached.map(|(outcome, times)| (outcome.to_owned(), times)).collect(),
            faults_fired: trace::faults_fired(),
            trace: failed.then(|| record::translate(&trace::snapshot())),
        }
    }
}

impl Plan {
    fn scheduler(&self) -> Box<dyn scheduler::Scheduler> {
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
    // What no longer fails goes on behind the end of the schedule, and is left there.
    replay.set_allow_incomplete();
    replay
}

/// What has been drawn so far; looked at from outside when something has failed.
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

fn lock(drawn: &Mutex<Drawn>) -> MutexGuard<'_, Drawn> {
    drawn.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A scheduler of shuttle's whose choices are written down.
struct Recorded {
    inner: Box<dyn scheduler::Scheduler>,
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
        let number = self.inner.next_u64();
        lock(&self.drawn).push(Step::Draw);
        number
    }
}

/// Ends the process on a panic, unless the scenario provoked it.
fn catch_convictions(ended: Sender<End>, drawn: Arc<Mutex<Drawn>>) {
    panic::set_hook(Box::new(move |info| {
        // shuttle's own panics may come while no thread is the current one. They always convict.
        let shuttle = info.location().is_some_and(|site| site.file().contains("shuttle-"));
        if !shuttle && quiet::is_quiet() {
            return;
        }
        let message = record::message(info);
        let message = if message.starts_with("deadlock!") { deadlock() } else { message };
        let site = info.location().map(|site| format!("{}:{}", site.file(), site.line()));
        let site = if shuttle { "shuttle".to_owned() } else { site.unwrap_or_default() };
        let _ = ended.send(failed(message, site, &drawn));
        // The process is about to end; unwinding would only make noise.
        loop {
            std::thread::park();
        }
    }));
}

fn failed(message: String, site: String, drawn: &Mutex<Drawn>) -> End {
    End::Failed { message, site, schedule: lock(drawn).current.clone() }
}

/// Where each thread stands that has not ended.
fn deadlock() -> String {
    let trace = trace::snapshot();
    let mut standing: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for (number, name) in trace.threads.iter().enumerate() {
        let last = trace.events.iter().rev().find(|event| event.thread == number);
        if let Some(place) = place(last, &trace.threads) {
            standing.entry(place).or_default().push(name);
        }
    }
    let standing = standing.iter().map(|(place, names)| format!("{place}: {}", names.join(", ")));
    format!("deadlock, no thread can go on; {}", standing.collect::<Vec<_>>().join("; "))
}

fn place(last: Option<&Event>, threads: &[String]) -> Option<String> {
    let Some(last) = last else { return Some("not begun".to_owned()) };
    let doing = match last.op {
        Op::End => return None,
        Op::Lock => "waiting for a lock".to_owned(),
        Op::Wait => "sleeping".to_owned(),
        Op::Join(number) => format!("waiting for the end of {}", threads[number]),
        _ => "standing".to_owned(),
    };
    Some(format!("{doing} at {}:{}", last.site.file(), last.site.line()))
}
