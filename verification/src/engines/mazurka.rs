//! The mazurka engine, installed behind the pool's facade.
//!
//! Executions are explored without a record. A failed execution is replayed from its schedule, and
//! every operation is recorded. A panic that convicts does not unwind, since the model's
//! destructors would meet locks that other threads hold. The panic hook ends the execution where it
//! stands.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{io, panic, process};

use harness::findings::run::{self, End, Exploration, MazurkaOptions, Options};
use harness::findings::sample::SampleEnd;
use harness::findings::trace::Trace;
use last_call::sync::engine::{self, Engine};
use last_call::sync::trace;
use mazurka::raw::{self, Object};
use mazurka::{FailureKind, Report, Schedule};

use crate::engines::{record, watch};
use crate::faults::defect::Defect;
use crate::faults::site;
use crate::findings::run::Run;
use crate::programs::{self, Program, ProgramSet};
use crate::scenarios::expected_panics;
use crate::scenarios::scenario::{Harness, World};
use crate::trials::purpose::Purpose;
use crate::trials::trial::Trial;

/// The facade's engine.
struct Plug;

static PLUG: Plug = Plug;

/// Whether an optional pause is a choice of the explorer. If every thread paused, random schedules
/// would contain hardly any sleepers. An exploration always pauses: the second look covers both
/// cases.
static PAUSES_BY_CHOICE: AtomicBool = AtomicBool::new(false);

/// The number of executions that were started.
static BEGUN: AtomicU64 = AtomicU64::new(0);

/// The location of the panic that ended an execution.
static SITE: Mutex<Option<String>> = Mutex::new(None);

fn object(number: usize) -> Object {
    Object::of_number(u32::try_from(number).expect("an execution has few objects"))
}

impl Engine for Plug {
    fn create(&self) -> usize {
        Object::new().number() as usize
    }

    fn lock(&self, mutex: usize) {
        raw::lock(object(mutex));
    }

    fn unlock(&self, mutex: usize) {
        raw::unlock(object(mutex));
    }

    fn wait(&self, condvar: usize, mutex: usize, has_timeout: bool) -> bool {
        raw::wait(object(condvar), object(mutex), has_timeout)
    }

    fn notify_one(&self, condvar: usize) {
        raw::notify_one(object(condvar));
    }

    fn notify_all(&self, condvar: usize) {
        raw::notify_all(object(condvar));
    }

    fn read(&self, atomic: usize) {
        raw::read(object(atomic));
    }

    fn write(&self, atomic: usize) {
        raw::write(object(atomic));
    }

    fn spawn(&self, name: String, main: Box<dyn FnOnce() + Send>) -> io::Result<usize> {
        raw::spawn(name, main)
    }

    fn join(&self, thread: usize) {
        raw::join(thread);
    }

    fn current(&self) -> usize {
        raw::current().unwrap_or(0)
    }

    fn may_pause(&self) -> bool {
        !PAUSES_BY_CHOICE.load(Ordering::Relaxed) || raw::choose(2) == 1
    }
}

/// Makes mazurka the engine of this process.
pub(super) fn install(pauses_by_choice: bool) {
    PAUSES_BY_CHOICE.store(pauses_by_choice, Ordering::Relaxed);
    engine::install(&PLUG);
    panic::set_hook(Box::new(|info| {
        if !raw::is_running() {
            eprintln!("{info}");
        } else if !expected_panics::is_quiet() {
            let site = info.location().map(|site| format!("{}:{}", site.file(), site.line()));
            *SITE.lock().unwrap_or_else(PoisonError::into_inner) = site;
            raw::fail(harness::base::panic_message::panic_message(info.payload()));
        }
    }));
}

/// Returns a builder with every setting given, so that no default decides one.
pub(super) fn builder(options: &MazurkaOptions) -> mazurka::Builder {
    mazurka::Builder::new()
        .max_threads(options.max_threads)
        .max_steps(options.max_steps)
        .max_executions(options.max_executions)
        .max_duration(options.max_duration.map(Duration::from_secs))
        .wakes_any(options.wakes_any)
        .spurious_wakeups(options.spurious_wakeups)
        .failing_spawns(0)
        .symmetric(options.alike.as_deref())
        .parts(1)
}

/// Wraps a scenario's program for mazurka.
pub(super) fn body(
    harness: &Harness,
    program: impl Fn(&Harness) + Send + Sync + 'static,
) -> impl Fn() + Send + Sync + 'static {
    let harness = harness.clone();
    move || {
        BEGUN.fetch_add(1, Ordering::Relaxed);
        trace::begin_execution();
        watch::begin_execution();
        expected_panics::begin_execution();
        program(&harness);
    }
}

/// Replays a schedule with a record. Returns how it ended, and the record.
pub(super) fn again(
    builder: &mazurka::Builder,
    schedule: &Schedule,
    body: impl Fn() + Send + Sync + 'static,
) -> (mazurka::End, Option<Trace>) {
    let written = Arc::new(Mutex::new(None));
    let place = Arc::clone(&written);
    let builder = builder.clone().on_failure(move |_| {
        let trace = record::translate(&trace::snapshot(), true);
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(trace);
    });
    let recorded = move || {
        trace::record_executions();
        body();
    };
    let report = builder.replay(schedule, recorded).expect("the settings are valid");
    let trace = written.lock().unwrap_or_else(PoisonError::into_inner).take();
    (report.end, trace)
}

/// Converts the end of an exploration to the form used in reports.
fn translate(end: &mazurka::End) -> End {
    match end {
        mazurka::End::Complete => End::Explored,
        mazurka::End::Limited => End::GaveUp { message: "a limit".to_owned() },
        mazurka::End::Failed(failure) => match failure.kind {
            FailureKind::Panic => {
                let site = SITE.lock().unwrap_or_else(PoisonError::into_inner).take();
                End::Failed {
                    message: failure.message.clone(),
                    site: site.unwrap_or_else(|| "unknown".to_owned()),
                    schedule: Some(failure.schedule.to_string()),
                }
            }
            FailureKind::Deadlock => {
                let stands: Vec<_> = failure.stands.iter().map(ToString::to_string).collect();
                End::Failed {
                    message: format!("{}; {}", failure.message, stands.join("; ")),
                    site: "mazurka".to_owned(),
                    schedule: Some(failure.schedule.to_string()),
                }
            }
            _ => End::GaveUp { message: failure.message.clone() },
        },
    }
}

/// Converts the end of a sample to the form used in reports.
pub(super) fn translate_sample(end: &mazurka::End) -> SampleEnd {
    match translate(end) {
        End::Failed { message, site, schedule } => {
            SampleEnd::Failed { message, site, schedule: schedule.unwrap_or_default() }
        }
        End::GaveUp { message } => {
            let schedule = match end {
                mazurka::End::Failed(failure) => failure.schedule.to_string(),
                _ => String::new(),
            };
            SampleEnd::Failed { message, site: "mazurka".to_owned(), schedule }
        }
        _ => SampleEnd::Held,
    }
}

fn exploration(report: &Report) -> Exploration {
    let complete = matches!(report.end, mazurka::End::Complete);
    Exploration {
        bound: None,
        executions: report.executions,
        completed: complete.then_some(report.executions),
        given_up: report.redundant + report.expired,
        begun: BEGUN.swap(0, Ordering::Relaxed),
        seconds: report.elapsed.as_secs_f64(),
    }
}

/// State that the exploring thread and the watchdog share.
struct Session {
    harness: Harness,
    run: Mutex<Run>,
}

impl Session {
    fn new(trial: String, defect: Option<String>, harness: Harness, options: Options) -> Arc<Self> {
        let run = Mutex::new(Run { options, ..Run::new(trial, defect) });
        Arc::new(Session { harness, run })
    }

    /// Explores one program and returns `true` if it held. Reaching the limit in the options is not
    /// a failure.
    fn explore(
        &self,
        options: &MazurkaOptions,
        program: impl Fn(&Harness) + Clone + Send + Sync + 'static,
    ) -> bool {
        let builder = builder(options);
        let report = builder.explore(body(&self.harness, program.clone()));
        let report = report.expect("the settings are valid");
        let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        run.explorations.push(exploration(&report));
        // Taken before the replay, which fires faults and reaches outcomes too.
        run.reached = reached(&self.harness);
        run.faults_fired = trace::faults_fired();
        run.steps = watch::taken();
        run.end = match report.end {
            mazurka::End::Limited if options.max_executions.is_some() => End::Explored,
            ref end => translate(end),
        };
        if let mazurka::End::Failed(failure) = &report.end {
            run.trace = again(&builder, &failure.schedule, body(&self.harness, program)).1;
        }
        run.end == End::Explored
    }
}

pub(super) fn reached(harness: &Harness) -> BTreeMap<String, u64> {
    let seen = harness.seen().into_iter();
    seen.map(|(outcome, times)| (outcome.to_owned(), times)).collect()
}

/// Describes where each thread was last, for people.
pub(super) fn stands() -> Vec<String> {
    let stand = |(thread, site): (usize, &panic::Location<'_>)| {
        format!("thread {thread} was last at {}:{}", site.file(), site.line())
    };
    trace::stands().into_iter().map(stand).collect()
}

/// Runs the exploration on another thread under the watchdog, reports, and ends the process.
fn conduct(
    session: &Arc<Session>,
    limit: Duration,
    emit: fn(&Run),
    explore: impl FnOnce(&Session) + Send + 'static,
) -> ! {
    let began = Instant::now();
    let (ended, end) = mpsc::channel();
    let exploring = Arc::clone(session);
    std::thread::spawn(move || {
        explore(&exploring);
        let _ = ended.send(());
    });
    let timed_out = match end.recv_timeout(limit) {
        Ok(()) => false,
        Err(RecvTimeoutError::Timeout) => true,
        Err(RecvTimeoutError::Disconnected) => {
            eprintln!("the exploring thread panicked");
            process::exit(1)
        }
    };
    let mut run = session.run.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if timed_out {
        run.end = End::TimedOut { seconds: limit.as_secs(), stands: stands() };
        let number = BEGUN.load(Ordering::Relaxed);
        run.explorations.push(Exploration {
            executions: number,
            begun: number,
            seconds: began.elapsed().as_secs_f64(),
            ..Exploration::default()
        });
    }
    run.survey = trace::survey().iter().flat_map(site::at).collect();
    emit(&run);
    process::exit(0)
}

pub(super) fn run(trial: &'static Trial, purpose: &Purpose, limit: Duration, emit: fn(&Run)) -> ! {
    if matches!(purpose, Purpose::Verdict) {
        trace::begin_survey();
    }
    let world = trial.scenario.world;
    let faults: Vec<_> =
        purpose.fault(trial).into_iter().chain(world.faults.iter().copied()).collect();
    trace::set_faults(&faults);
    if purpose.is_watched() {
        watch::install();
    }
    install(false);
    let mut options = options(&world);
    if matches!(purpose, Purpose::WithoutSymmetry) {
        options.alike = None;
    }
    let harness = Harness::new(trial.subject);
    let wrong = purpose.wrong();
    let session = Session::new(trial.name(), wrong, harness, Options::Mazurka(options.clone()));
    conduct(&session, limit, emit, move |session| {
        session.explore(&options, trial.scenario.body);
    })
}

fn options(world: &World) -> MazurkaOptions {
    match Options::complete(run::Engine::Mazurka, world.spurious_wakeups, world.alike) {
        Options::Mazurka(options) => options,
        Options::Loom(_) => unreachable!("the options are not for mazurka"),
    }
}

/// Explores generated programs one after the other. Each is an exploration of the same run.
///
/// # Panics
///
/// Like [`run`](super::run).
pub fn run_programs(
    set: &'static ProgramSet,
    most: u64,
    programs: Vec<Program>,
    defect: Option<Defect>,
    limit: Duration,
    emit: fn(&Run),
) -> ! {
    let faults: Vec<_> = defect.iter().map(|defect| defect.fault(set.subject)).collect();
    trace::set_faults(&faults);
    if defect.is_none() {
        watch::install();
    }
    install(false);
    let options = MazurkaOptions { max_executions: Some(most), ..options(&World::PLAIN) };
    let harness = Harness::new(set.subject);
    let wrong = defect.map(|defect| defect.name.to_owned());
    let session =
        Session::new("generated".to_owned(), wrong, harness, Options::Mazurka(options.clone()));
    conduct(&session, limit, emit, move |session| {
        for program in programs {
            // The first line of the trace shows the program.
            let text: &'static str = program.to_string().leak();
            let held = session.explore(&options, move |harness| {
                last_call::sync::note(text);
                programs::run(&program, set.workers, harness);
            });
            if !held {
                break;
            }
        }
    })
}

/// Replays one schedule of a trial. Returns how it ended, and its record.
///
/// # Errors
///
/// Describes what is wrong with the schedule.
///
/// # Panics
///
/// Like [`run`](super::run).
pub fn replay(
    trial: &'static Trial,
    purpose: &Purpose,
    schedule: &str,
) -> Result<(End, Option<Trace>), String> {
    let schedule: Schedule =
        schedule.parse().map_err(|error| format!("`{schedule}` is not a schedule: {error}"))?;
    let world = trial.scenario.world;
    let faults: Vec<_> =
        purpose.fault(trial).into_iter().chain(world.faults.iter().copied()).collect();
    trace::set_faults(&faults);
    if purpose.is_watched() {
        watch::install();
    }
    install(false);
    let harness = Harness::new(trial.subject);
    let (end, trace) =
        again(&builder(&options(&world)), &schedule, body(&harness, trial.scenario.body));
    Ok((translate(&end), trace))
}
