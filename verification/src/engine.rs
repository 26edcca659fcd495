//! The loom engine: explores one trial in this process and tells what it found.
//!
//! The first panic that convicts ends the process: unwinding from a deadlock would meet loom's
//! operations in destructors and abort, with nothing said. So the panic hook hands the trace to a
//! thread outside of the model, which writes it and exits.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use last_call::sync::fault::Fault;
use last_call::sync::trace;

use crate::callsite::Slip;
use crate::generated::{Extent, Program};
use crate::purpose::Purpose;
use crate::run::{End, Exploration, Options, Run};
use crate::scenario::Stage;
use crate::subject::Subject;
use crate::trial::{Defect, Trial};
use crate::{completion, generated, quiet, record};

/// What the model's thread and the reporter share.
struct State {
    run: Run,
    stage: Stage,
    began: Instant,
}

static STATE: OnceLock<Mutex<State>> = OnceLock::new();
static EXECUTIONS: AtomicU64 = AtomicU64::new(0);

fn state() -> MutexGuard<'static, State> {
    let state = STATE.get().expect("an engine is running");
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every field that this version of loom has, so that no environment variable decides one.
pub(crate) fn builder(options: &Options, bound: Option<usize>) -> loom::model::Builder {
    let mut builder = loom::model::Builder::new();
    builder.max_threads = options.max_threads;
    builder.max_branches = options.max_branches;
    builder.max_permutations = options.max_permutations;
    builder.max_duration = options.max_duration.map(Duration::from_secs);
    builder.preemption_bound = bound;
    builder.checkpoint_file = options.checkpoint_file.as_ref().map(Into::into);
    builder.checkpoint_interval = options.checkpoint_interval;
    builder.expect_explicit_explore = options.expect_explicit_explore;
    builder.location = options.location;
    builder.log = options.log;
    builder
}

/// Explores a trial, hands what was found to `tell`, and ends the process.
///
/// # Panics
///
/// If it is called twice: what a process found is kept in one place.
pub fn run(trial: &'static Trial, purpose: &Purpose, limit: Duration, tell: fn(&Run)) -> ! {
    if matches!(purpose, Purpose::Survey) {
        trace::begin_survey();
    }
    let world = trial.scenario.world.iter().copied();
    let faults = purpose.fault().into_iter().chain(world).collect();
    let last = purpose.bound(trial);
    let explore = move || explore(trial, last);
    conduct((trial.name(), purpose.wrong()), trial.subject, faults, explore, limit, tell)
}

/// Explores generated programs one after the other, each an exploration of the run; otherwise as
/// [`run`].
///
/// # Panics
///
/// As [`run`].
pub fn run_programs(
    extent: &'static Extent,
    programs: Vec<Program>,
    defect: Option<Defect>,
    limit: Duration,
    tell: fn(&Run),
) -> ! {
    let name = ("generated".to_owned(), defect.map(|defect| defect.name.to_owned()));
    let faults = defect.iter().map(|defect| defect.fault).collect();
    let explore = move || {
        for program in programs {
            // What the threads do is the trace's first line.
            let text: &'static str = program.to_string().leak();
            check(Some(extent.bound), move |stage| {
                last_call::sync::note(text);
                generated::run(&program, stage);
            });
        }
    };
    conduct(name, extent.subject, faults, explore, limit, tell)
}

/// Has something explored on a thread of its own, under the watchdog, and ends the process.
fn conduct(
    (trial, defect): (String, Option<String>),
    subject: &'static dyn Subject,
    faults: Vec<Fault>,
    explore: impl FnOnce() + Send + 'static,
    limit: Duration,
    tell: fn(&Run),
) -> ! {
    let run = Run {
        trial,
        defect,
        options: Options::complete(),
        explorations: Vec::new(),
        end: End::Explored,
        reached: BTreeMap::new(),
        faults_fired: Vec::new(),
        trace: None,
        survey: Vec::new(),
    };
    let stage = Stage::new(subject);
    let fresh = State { run, stage, began: Instant::now() };
    assert!(STATE.set(Mutex::new(fresh)).is_ok(), "one engine a process");
    completion::listen();

    let (ended, end) = mpsc::channel();
    catch_convictions(ended.clone());
    std::thread::spawn(move || {
        trace::set_faults(&faults);
        let result = panic::catch_unwind(AssertUnwindSafe(explore));
        // A panic that went past the hook: a payload that was resumed.
        let end = match result {
            Ok(()) => End::Explored,
            Err(_) => End::Failed {
                message: "a panic ended the model's main thread".to_owned(),
                site: "unknown".to_owned(),
            },
        };
        let _ = ended.send(end);
    });

    let end = match end.recv_timeout(limit) {
        Ok(end) => end,
        Err(RecvTimeoutError::Timeout) => End::TimedOut { seconds: limit.as_secs() },
        Err(RecvTimeoutError::Disconnected) => unreachable!("the hook holds a sender"),
    };
    tell(&finish(end));
    process::exit(0)
}

/// Bounds in the order in which a counterexample is shortest, up to the last.
fn explore(trial: &'static Trial, last: Option<usize>) {
    let mut bounds: Vec<_> =
        (0..=3).map(Some).filter(|bound| last.is_none() || *bound < last).collect();
    bounds.push(last);
    for bound in bounds {
        // Outcomes are the last exploration's.
        state().stage.forget();
        check(bound, trial.scenario.body);
    }
}

/// One exploration.
fn check(bound: Option<usize>, body: impl Fn(&Stage) + Send + Sync + 'static) {
    let (builder, stage) = {
        let mut state = state();
        state.run.explorations.push(Exploration { bound, ..Exploration::default() });
        state.began = Instant::now();
        (builder(&state.run.options, bound), state.stage.clone())
    };
    EXECUTIONS.store(0, Ordering::SeqCst);
    completion::forget();
    builder.check(move || {
        EXECUTIONS.fetch_add(1, Ordering::SeqCst);
        trace::begin_execution();
        quiet::begin_execution();
        body(&stage);
    });
    close_exploration();
}

fn close_exploration() {
    let mut state = state();
    let seconds = state.began.elapsed().as_secs_f64();
    if let Some(exploration) = state.run.explorations.last_mut() {
        exploration.executions = EXECUTIONS.load(Ordering::SeqCst);
        exploration.completed = completion::seen();
        exploration.seconds = seconds;
    }
}

fn finish(end: End) -> Run {
    if end != End::Explored {
        close_exploration();
    }
    let mut state = state();
    let reached = state.stage.seen();
    state.run.reached =
        reached.into_iter().map(|(outcome, times)| (outcome.to_owned(), times)).collect();
    state.run.faults_fired = trace::faults_fired();
    state.run.trace = (end != End::Explored).then(|| record::translate(&trace::snapshot()));
    state.run.survey = trace::survey().iter().flat_map(Slip::at).collect();
    state.run.end = end;
    state.run.clone()
}

/// Ends the process on a panic, unless the scenario provoked it.
fn catch_convictions(ended: Sender<End>) {
    panic::set_hook(Box::new(move |info| {
        let message = record::message(info);
        // loom's own panics come while its state is borrowed: asking it for the thread would be
        // another panic. They always convict.
        let loom = info.location().is_some_and(|site| site.file().contains("loom-"));
        if !loom && quiet::is_quiet() {
            return;
        }
        let site = info.location().map(|site| format!("{}:{}", site.file(), site.line()));
        let site = if loom { "loom".to_owned() } else { site.unwrap_or_default() };
        let _ = ended.send(End::Failed { message, site });
        // The process is about to end; unwinding would only make noise.
        loop {
            std::thread::park();
        }
    }));
}
