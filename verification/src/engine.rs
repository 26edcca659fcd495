//! The loom engine: explores one trial in this process and tells what it found.
//!
//! The first panic that convicts ends the process: unwinding from a deadlock would meet loom's
//! operations in destructors and abort, with nothing said. So the panic hook hands the trace to a
//! thread outside of the model, which writes it and exits.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use last_call::sync::trace::{self, Kind, Op};

use crate::callsite::Slip;
use crate::purpose::Purpose;
use crate::run::{End, Exploration, Operation, Options, Run, Step, Trace};
use crate::scenario::Stage;
use crate::trial::Trial;
use crate::{completion, quiet};

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
    let run = Run {
        trial: trial.name(),
        defect: purpose.wrong(),
        options: Options::complete(),
        explorations: Vec::new(),
        end: End::Explored,
        reached: BTreeMap::new(),
        faults_fired: Vec::new(),
        trace: None,
        survey: Vec::new(),
    };
    let stage = Stage::new(trial.subject);
    let fresh = State { run, stage, began: Instant::now() };
    assert!(STATE.set(Mutex::new(fresh)).is_ok(), "one engine a process");
    completion::listen();

    let (ended, end) = mpsc::channel();
    catch_convictions(ended.clone());
    if matches!(purpose, Purpose::Survey) {
        trace::begin_survey();
    }
    let world = trial.scenario.world.iter().copied();
    let faults: Vec<_> = purpose.fault().into_iter().chain(world).collect();
    let last = purpose.bound(trial);
    std::thread::spawn(move || {
        trace::set_faults(&faults);
        let result = panic::catch_unwind(AssertUnwindSafe(|| explore(trial, last)));
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
        let (builder, stage) = {
            let mut state = state();
            state.run.explorations.push(Exploration { bound, ..Exploration::default() });
            state.began = Instant::now();
            (builder(&state.run.options, bound), state.stage.clone())
        };
        EXECUTIONS.store(0, Ordering::SeqCst);
        stage.forget();
        completion::forget();
        builder.check(move || {
            EXECUTIONS.fetch_add(1, Ordering::SeqCst);
            trace::begin_execution();
            quiet::begin_execution();
            (trial.scenario.body)(&stage);
        });
        close_exploration();
    }
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
    state.run.trace = (end != End::Explored).then(|| translate(&trace::snapshot()));
    state.run.survey = trace::survey().iter().flat_map(Slip::at).collect();
    state.run.end = end;
    state.run.clone()
}

/// Ends the process on a panic, unless the scenario provoked it.
fn catch_convictions(ended: Sender<End>) {
    panic::set_hook(Box::new(move |info| {
        let message = message(info);
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

pub(crate) fn message(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let text = payload.downcast_ref::<&'static str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a payload that is not a string".to_owned())
}

fn translate(trace: &trace::Trace) -> Trace {
    let site = |site: &panic::Location<'_>| format!("{}:{}", site.file(), site.line());
    let steps = trace.events.iter().map(|event| {
        let object = event.object.checked_sub(1).and_then(|index| trace.objects.get(index));
        let letter = object.map(|object| match object.kind {
            Kind::Mutex => 'm',
            Kind::Condvar => 'c',
            Kind::Counter => 'n',
            Kind::Flag => 'f',
        });
        Step {
            thread: event.thread,
            operation: operation(event.op),
            object: letter.map(|letter| format!("{letter}{}", event.object)),
            created_at: object.map(|object| site(object.site)),
            site: site(event.site),
            wrongly: event.wrongly,
        }
    });
    Trace { threads: trace.threads.clone(), steps: steps.collect() }
}

fn operation(op: Op) -> Operation {
    match op {
        Op::Lock => Operation::Lock,
        Op::Locked => Operation::Locked,
        Op::Unlock => Operation::Unlock,
        Op::Wait => Operation::Wait,
        Op::Woken => Operation::Woken,
        Op::TimedOut => Operation::TimedOut,
        Op::NotifyOne => Operation::NotifyOne,
        Op::NotifyAll => Operation::NotifyAll,
        Op::Count => Operation::Count,
        Op::Raise => Operation::Raise,
        Op::Look => Operation::Look,
        Op::Spawn(thread) => Operation::Spawn(thread),
        Op::SpawnFailed => Operation::SpawnFailed,
        Op::Join(thread) => Operation::Join(thread),
        Op::Joined(thread) => Operation::Joined(thread),
        Op::End => Operation::End,
        Op::Note(text) => Operation::Note(text.to_owned()),
    }
}
