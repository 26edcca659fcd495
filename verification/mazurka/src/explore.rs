//! The three ways to run a model: exploration, sampling and replay.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crate::queue::Queue;
use crate::report::{End, Failure, Report};
use crate::run::Run;
use crate::sample::{Sampler, Scheduler};
use crate::schedule::Schedule;
use crate::search::Search;
use crate::session::{Model, Session};
use crate::settings::Settings;
use crate::strategy::Strategy;

/// Visits every trace of a model once.
pub(crate) fn explore(settings: &Settings, model: &Model) -> Report {
    let settings = &unseeing(settings, 0);
    loop {
        if let Some(report) = try_explore(settings, model) {
            return report;
        }
    }
}

/// Returns the settings, with a record of their own of what the model uses.
fn unseeing(settings: &Settings, sees: u8) -> Settings {
    let mut settings = settings.clone();
    settings.execution.sees = Arc::default();
    settings.execution.sees.add(sees);
    settings
}

/// Explores until something must be visible that was not. Returns `None` then.
fn try_explore(settings: &Settings, model: &Model) -> Option<Report> {
    let queue = Queue::new(settings.parts);
    let session = Session::new(settings, Model::clone(model));
    thread::scope(|scope| {
        for part in 0..settings.parts {
            let (session, queue) = (&session, &queue);
            let body = move || explore_part(session, part, queue);
            let name = format!("mazurka-{part}");
            thread::Builder::new().name(name).spawn_scoped(scope, body).expect("a thread starts");
        }
    });
    if session.must_restart() {
        return None;
    }
    let mut report = session.report(!queue.is_stopped());
    if let End::Failed(failure) = &mut report.end {
        complete_interleaving(failure, settings, model);
    }
    Some(report)
}

/// Runs a model `count` times, under schedules drawn at random.
pub(crate) fn sample(
    settings: &Settings,
    scheduler: Scheduler,
    count: u64,
    seed: u64,
    model: &Model,
) -> Report {
    let settings = &unseeing(settings, 0);
    loop {
        let session = Session::new(settings, Model::clone(model));
        let complete = on_own_thread(|| draw(&session, scheduler, count, seed));
        if !session.must_restart() {
            return session.report(complete);
        }
    }
}

/// Replays a schedule.
pub(crate) fn replay(settings: &Settings, schedule: &Schedule, model: &Model) -> Report {
    let settings = &unseeing(settings, schedule.sees);
    loop {
        let report = try_replay(settings, schedule, Model::clone(model));
        if let Some(report) = report {
            return report;
        }
    }
}

fn try_replay(settings: &Settings, schedule: &Schedule, model: Model) -> Option<Report> {
    let session = Session::new(settings, model);
    let complete = on_own_thread(|| {
        let (mut run, mut coroutines) = session.prepare(Strategy::Replay(schedule.steps.clone()));
        run.execution.notes = Some(Vec::new());
        session.execute(run, &mut coroutines).is_some()
    });
    (!session.must_restart()).then(|| session.report(complete))
}

/// Runs on an operating system thread of its own. A panic there counts as `false`.
fn on_own_thread(body: impl FnOnce() -> bool + Send) -> bool {
    thread::scope(|scope| scope.spawn(body).join().unwrap_or(false))
}

/// A replay records what an exploration does not: the last operations, if the execution fails after
/// it was abandoned or after time has passed.
fn complete_interleaving(failure: &mut Failure, settings: &Settings, model: &Model) {
    if failure.interleaving.len() < failure.schedule.len() {
        let settings = Settings { observer: None, ..settings.clone() };
        if let End::Failed(again) = replay(&settings, &failure.schedule, model).end {
            failure.take_record(*again);
        }
    }
}

/// Explores what one operating system thread takes from the queue.
fn explore_part(session: &Session, part: usize, queue: &Queue) {
    let settings = &session.settings;
    let search = Box::new(Search::new(settings.execution.broken));
    let (mut run, mut coroutines) = session.prepare(Strategy::Explore(search));
    let mut reported = Instant::now();
    while let Some(work) = queue.take() {
        search_of(&mut run).begin(work);
        loop {
            match session.execute(run, &mut coroutines) {
                Some(same) => run = same,
                None => return queue.stop(),
            }
            let search = search_of(&mut run);
            queue.add(std::mem::take(&mut search.found));
            if settings.parts > 1 && queue.is_wanted() {
                queue.add(search.give_away());
            }
            let more = search.backtrack();
            if more && session.is_over() {
                return queue.stop();
            }
            if part == 0 {
                // Of several parts, none knows the progress of the others.
                let done = || match settings.parts {
                    1 if more => search_of(&mut run).done(),
                    1 => 1.0,
                    _ => 0.0,
                };
                session.report_progress(&mut reported, done);
            }
            if !more {
                break;
            }
            if settings.parts > 1 && queue.is_stopped() {
                return;
            }
        }
    }
}

fn search_of(run: &mut Run) -> &mut Search {
    match &mut run.strategy {
        Strategy::Explore(search) => search,
        _ => unreachable!("it explores"),
    }
}

/// Draws schedules and runs them. Returns `true` if none failed and no limit ended it.
fn draw(session: &Session, scheduler: Scheduler, count: u64, seed: u64) -> bool {
    let sampler = Box::new(Sampler::new(scheduler, seed));
    let (mut run, mut coroutines) = session.prepare(Strategy::Sample(sampler));
    let mut reported = Instant::now();
    let mut former = HashSet::new();
    for number in 0..count {
        if let Strategy::Sample(sampler) = &mut run.strategy {
            sampler.begin();
        }
        match session.execute(run, &mut coroutines) {
            Some(same) => run = same,
            None => return false,
        }
        let mut hasher = DefaultHasher::new();
        run.execution.steps.hash(&mut hasher);
        former.insert(hasher.finish());
        session.set_distinct(former.len());
        if let Strategy::Sample(sampler) = &mut run.strategy {
            sampler.longest = sampler.longest.max(run.execution.steps.len());
        }
        if number + 1 < count && session.is_over() {
            return false;
        }
        #[allow(clippy::cast_precision_loss)]
        session.report_progress(&mut reported, || (number + 1) as f64 / count as f64);
    }
    true
}
