//! The loom engine: explores one trial in this process and reports the result.
//!
//! The first panic that convicts ends the process. Unwinding from a deadlock would call loom's
//! operations in destructors and abort without a message. So the panic hook sends the trace to a
//! thread outside the model, which writes it and exits.

use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use harness::findings::run::{End, Exploration, LoomOptions, Options};
use harness::findings::trace::Trace;
use last_call::sync::fault::Fault;
use last_call::sync::trace;

use super::completion;
use crate::engines::{record, watch};
use crate::findings::run::Run;
use crate::scenarios::expected_panics;
use crate::scenarios::scenario::Harness;
use crate::subjects::subject::Subject;
use crate::trials::purpose::Purpose;
use crate::trials::trial::Trial;

/// State that the model's thread and the reporter share.
struct State {
    run: Run,
    harness: Harness,
    began: Instant,
}

static STATE: OnceLock<Mutex<State>> = OnceLock::new();
static EXECUTIONS: AtomicU64 = AtomicU64::new(0);

fn state() -> MutexGuard<'static, State> {
    let state = STATE.get().expect("an engine is running");
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns a builder with every field of this version of loom set, so that no environment variable
/// decides one.
pub(crate) fn builder(options: &LoomOptions, bound: Option<usize>) -> loom::model::Builder {
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

/// Explores a trial, passes the result to `emit`, and ends the process.
///
/// # Panics
///
/// If it is called twice: a process stores one result.
pub(super) fn run(trial: &'static Trial, purpose: &Purpose, limit: Duration, emit: fn(&Run)) -> ! {
    let world = trial.scenario.world.faults.iter().copied();
    let faults = purpose.fault(trial).into_iter().chain(world).collect();
    if purpose.is_watched() {
        watch::install();
    }
    let explore = move || explore(trial);
    conduct((trial.name(), purpose.wrong()), trial.subject, faults, explore, limit, emit)
}

/// Runs `explore` on a thread of its own under the watchdog, and ends the process.
fn conduct(
    (trial, defect): (String, Option<String>),
    subject: &'static dyn Subject,
    faults: Vec<Fault>,
    explore: impl FnOnce() + Send + 'static,
    limit: Duration,
    emit: fn(&Run),
) -> ! {
    let options = Options::Loom(LoomOptions::complete());
    let run = Run { options, ..Run::new(trial, defect) };
    let harness = Harness::new(subject);
    let fresh = State { run, harness, began: Instant::now() };
    assert!(STATE.set(Mutex::new(fresh)).is_ok(), "one engine a process");
    completion::listen();

    let (ended, end) = mpsc::channel();
    catch_convictions(ended.clone());
    std::thread::spawn(move || {
        trace::set_faults(&faults);
        trace::record_executions();
        let result = panic::catch_unwind(AssertUnwindSafe(explore));
        // The hook does not see a payload that was resumed.
        let end = match result {
            Ok(()) => End::Explored,
            Err(_) => End::Failed {
                message: "a panic ended the model's main thread".to_owned(),
                site: "unknown".to_owned(),
                schedule: None,
            },
        };
        let _ = ended.send((end, None));
    });

    let (end, trace) = match end.recv_timeout(limit) {
        Ok(end) => end,
        Err(RecvTimeoutError::Timeout) => {
            let stands = super::mazurka::stands();
            (End::TimedOut { seconds: limit.as_secs(), stands }, None)
        }
        Err(RecvTimeoutError::Disconnected) => unreachable!("the hook holds a sender"),
    };
    emit(&finish(end, trace));
    process::exit(0)
}

/// Explores without a bound for a second opinion. A trial that cannot be completed has a last
/// bound: all bounds up to it are explored in order, so that the first counterexample is the
/// shortest.
fn explore(trial: &'static Trial) {
    let bounds: Vec<_> = match trial.bound() {
        None => vec![None],
        Some(last) => (0..=last).map(Some).collect(),
    };
    for bound in bounds {
        // Only the outcomes of the last exploration count.
        state().harness.forget();
        check(bound, trial.scenario.body);
    }
}

/// Runs one exploration.
fn check(bound: Option<usize>, body: impl Fn(&Harness) + Send + Sync + 'static) {
    let (builder, harness) = {
        let mut state = state();
        state.run.explorations.push(Exploration { bound, ..Exploration::default() });
        state.began = Instant::now();
        (builder(&LoomOptions::complete(), bound), state.harness.clone())
    };
    EXECUTIONS.store(0, Ordering::SeqCst);
    completion::forget();
    builder.check(move || {
        EXECUTIONS.fetch_add(1, Ordering::SeqCst);
        trace::begin_execution();
        watch::begin_execution();
        expected_panics::begin_execution();
        body(&harness);
    });
    close_exploration();
}

fn close_exploration() {
    let mut state = state();
    let seconds = state.began.elapsed().as_secs_f64();
    if let Some(exploration) = state.run.explorations.last_mut() {
        exploration.executions = EXECUTIONS.load(Ordering::SeqCst);
        exploration.begun = exploration.executions;
        exploration.completed = completion::seen();
        exploration.seconds = seconds;
    }
}

fn finish(end: End, trace: Option<Trace>) -> Run {
    if end != End::Explored {
        close_exploration();
    }
    let mut state = state();
    let reached = state.harness.seen();
    state.run.reached =
        reached.into_iter().map(|(outcome, times)| (outcome.to_owned(), times)).collect();
    state.run.faults_fired = trace::faults_fired();
    state.run.steps = watch::taken();
    state.run.trace = trace;
    state.run.end = end;
    state.run.clone()
}

/// Ends the process on a panic, unless the scenario provoked it.
fn catch_convictions(ended: Sender<(End, Option<Trace>)>) {
    panic::set_hook(Box::new(move |info| {
        let message = harness::base::panic_message::panic_message(info.payload());
        // loom panics while its state is borrowed, so asking it for the thread would panic again.
        // Its panics always convict.
        let loom = info.location().is_some_and(|site| site.file().contains("loom-"));
        if !loom && expected_panics::is_quiet() {
            return;
        }
        let site = info.location().map(|site| format!("{}:{}", site.file(), site.line()));
        let site = if loom { "loom".to_owned() } else { site.unwrap_or_default() };
        let trace = record::translate(&trace::snapshot(), false);
        let _ = ended.send((End::Failed { message, site, schedule: None }, Some(trace)));
        // The process is about to exit; unwinding would only add noise.
        loop {
            std::thread::park();
        }
    }));
}
