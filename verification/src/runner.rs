//! Runs models, each in a process of its own, as many at a time as there are cores.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::callsite::{self, Plan, Slip, Slips};
use crate::expected::{Expected, Range};
use crate::generated::{self, Extent, Generated};

use crate::audit::SampleReport;
use crate::limits;
use crate::process;
use crate::purpose::Purpose;
use crate::run::{Engine, Run};
use crate::sample::{Draw, SampleTrial};
use crate::shard::Shard;
use crate::trial::Trial;

/// How models are run.
#[derive(Clone, Debug)]
pub struct Runner {
    /// The `model` command, built under loom.
    pub model: PathBuf,
    /// How many at a time.
    pub jobs: usize,
    /// How long one may take.
    pub limit: Duration,
}

/// A run of a trial, the second engine's, and one for each of its seeded defects, in their order.
#[derive(Debug)]
pub struct Runs {
    /// The trial.
    pub trial: &'static Trial,
    /// As it is.
    pub run: Run,
    /// The same under the second engine, if that was asked.
    pub second: Option<Run>,
    /// With its defects.
    pub defects: Vec<Run>,
}

impl Runner {
    /// Runs every trial and its seeded defects, the longest first. The second engine is asked about
    /// those for which its number is recorded, or, to record them, about all.
    ///
    /// # Panics
    ///
    /// If a thread of its own panics.
    pub fn verdicts(
        &self,
        trials: &[&'static Trial],
        expected: &Expected,
        records: bool,
    ) -> Vec<Runs> {
        let mut tasks: Vec<(&'static Trial, Purpose)> = Vec::new();
        for trial in trials {
            tasks.push((trial, Purpose::Verdict));
            let is_first = trial.bound().is_some();
            if !is_first && (records || expected.second_opinion(&trial.name()).is_some()) {
                tasks.push((trial, Purpose::SecondOpinion));
            }
            let defects = trial.defects.iter().map(|defect| (*trial, Purpose::Defect(defect)));
            tasks.extend(defects);
        }
        let length = |(trial, purpose): &(&Trial, Purpose)| match purpose {
            Purpose::Verdict => expected.range(&trial.name()).map_or(u64::MAX, Range::typical),
            // loom is about ten times as slow.
            Purpose::SecondOpinion => 10 * expected.second_opinion(&trial.name()).unwrap_or(0),
            _ => 0,
        };
        tasks.sort_by_key(|task| std::cmp::Reverse(length(task)));

        let mut done = self.each("models", &tasks, |(trial, purpose)| {
            let limit = match purpose {
                Purpose::SecondOpinion if records => limits::SECOND_OPINION_RECORDED,
                Purpose::SecondOpinion => limits::SECOND_OPINION,
                _ => self.limit,
            };
            let run = process::run_model(&self.model, trial, purpose, limit);
            let second = matches!(purpose, Purpose::SecondOpinion);
            (trial.name(), (second, run))
        });
        let mut take = |trial: &Trial, wanted: (bool, Option<&str>)| {
            let is = |(second, run): &(bool, Run)| {
                run.trial == trial.name() && (*second, run.defect.as_deref()) == wanted
            };
            let index = done.iter().position(is)?;
            Some(done.swap_remove(index).1)
        };
        let runs = trials.iter().map(|trial| {
            let mut left =
                |defect| take(trial, (false, defect)).expect("each task has left its run");
            let run = left(None);
            let defects =
                trial.defects.iter().map(|defect| left(Some(defect.name))).collect::<Vec<_>>();
            Runs { trial, run, second: take(trial, (true, None)), defects }
        });
        runs.collect()
    }

    /// Runs every fault at every call site that the trials reach, each under the trials that reach it
    /// as their `surveys` say.
    ///
    /// A harmful fault is taken to the cheapest trials first, and to no more once it has been
    /// convicted often enough; a harmless one to all. A harmful one that no small model
    /// convicts, and nothing explains, is taken to larger ones. About one that none has convicted, the
    /// second engine is asked, under the smallest trials. A fault that is another shard's is run under
    /// none.
    ///
    /// # Panics
    ///
    /// If a thread of its own panics.
    pub fn slips(
        &self,
        surveys: &[(&'static Trial, Run)],
        shard: Option<Shard>,
        expected: &Expected,
        explained: impl Fn(&Slip) -> bool + Sync,
    ) -> Slips {
        let run = |trial: &'static Trial, purpose| {
            (trial, process::run_model(&self.model, trial, &purpose, self.limit))
        };
        let plan = Plan::new(surveys).trials;
        let all: BTreeMap<_, _> = plan.keys().map(|slip| (slip.clone(), Vec::new())).collect();
        let plan = match shard {
            Some(shard) => shard.pick(plan, |_| 1),
            None => plan.into_iter().collect(),
        };
        let began = Instant::now();
        let runs = self.each("faults at call sites", &plan, |(slip, trials)| {
            let mut convictions = 0;
            let explained = explained(slip);
            let runs = trials.iter().map_while(|(trial, executions)| {
                let is_small = *executions <= callsite::HARMFUL_AT_MOST;
                let most = if is_small { callsite::CONVICTIONS } else { usize::from(!explained) };
                let enough = !slip.is_harmless() && convictions >= most;
                let purpose = Purpose::Slip(slip.clone(), Engine::Mazurka);
                let result = (!enough).then(|| run(trial, purpose))?;
                convictions += usize::from(callsite::convicts(trial, &result.1));
                Some(result)
            });
            let runs: Vec<_> = runs.collect();
            let is_asked = |(trial, _): &&(&'static Trial, u64)| {
                let number = expected.second_opinion(&trial.name());
                convictions == 0 && number.is_some_and(|n| n <= callsite::SECOND_OPINION_AT_MOST)
            };
            let ask = |(trial, _): &(&'static Trial, u64)| {
                run(trial, Purpose::Slip(slip.clone(), Engine::Loom))
            };
            let seconds: Vec<_> = trials.iter().filter(is_asked).map(ask).collect();
            (slip.to_string(), (slip.clone(), runs, seconds))
        });
        let mut second_opinions = BTreeMap::new();
        let runs: Vec<_> = runs
            .into_iter()
            .map(|(slip, runs, seconds)| {
                second_opinions.insert(slip.clone(), seconds);
                (slip, runs)
            })
            .collect();
        Slips {
            runs: all.into_iter().chain(runs).collect(),
            second_opinions,
            seconds: began.elapsed().as_secs_f64(),
        }
    }

    /// Runs each of these trials, for its survey of call sites.
    ///
    /// # Panics
    ///
    /// If a thread of its own panics.
    pub fn surveys(&self, trials: &[&'static Trial]) -> Vec<(&'static Trial, Run)> {
        self.each("surveys of call sites", trials, |trial| {
            let run = process::run_model(&self.model, trial, &Purpose::Verdict, self.limit);
            (trial.name(), (*trial, run))
        })
    }

    /// Runs the generated programs of at most that many actions on that queue, and the seeded defects
    /// that they must notice together. Of a shard, its part of the programs and every defect.
    ///
    /// # Panics
    ///
    /// If a thread of its own panics.
    pub fn generated(&self, extent: &Extent, nightly: bool, shard: Option<Shard>) -> Generated {
        /// So that no process is left with the most of it.
        const PARTS: usize = 8;
        let own = shard.unwrap_or(Shard::WHOLE);
        let parts = Shard::all(PARTS * own.of()).skip(PARTS * (own.index() - 1)).take(PARTS);
        let defects = extent.defects.iter().map(|defect| (Shard::WHOLE, Some(defect)));
        let tasks: Vec<_> = defects.chain(parts.map(|part| (part, None))).collect();
        let length = extent.lengths[usize::from(nightly)];
        let (subject, workers) = (extent.subject.name(), extent.workers);
        let what = format!("parts of the generated programs on {subject} with {workers} workers");
        let runs = self.each(&what, &tasks, |(part, defect)| {
            let (model, limit) = (&self.model, self.limit);
            let run = process::run_generated(model, extent, nightly, *part, *defect, limit);
            (format!("part {part}"), (*part, *defect, run))
        });
        let mut generated = Generated::new(extent, nightly);
        for (part, defect, run) in runs {
            let programs = generated::part(length, part);
            match defect {
                None => generated.add(&programs, run),
                Some(defect) => generated.tried(defect.name, &programs, &run),
            }
        }
        generated.defects.sort_by(|one, other| one.name.cmp(&other.name));
        generated
    }

    /// Draws every sample, with and without its seeded defects.
    ///
    /// # Panics
    ///
    /// If a thread of its own panics.
    pub fn samples(&self, command: &Path, trials: &[SampleTrial], draw: Draw) -> Vec<SampleReport> {
        let limit = limits::sample(draw.schedules);
        self.each("samples", trials, |trial| {
            let run = |defect| process::run_sample(command, trial, defect, draw, limit);
            let defects: Vec<_> = trial.sampled.defects.iter().map(|own| run(Some(own))).collect();
            (trial.name(), SampleReport::new(trial, &run(None), &defects))
        })
    }

    fn each<T: Sync, R: Send>(
        &self,
        what: &str,
        tasks: &[T],
        work: impl Fn(&T) -> (String, R) + Sync,
    ) -> Vec<R> {
        each(self.jobs, what, tasks, work)
    }
}

/// Does something for each task, so many at a time; the names of those done are shown. The results
/// come in the order in which they were done.
pub fn each<T: Sync, R: Send>(
    jobs: usize,
    what: &str,
    tasks: &[T],
    work: impl Fn(&T) -> (String, R) + Sync,
) -> Vec<R> {
    let bar = progress(what, tasks.len());
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (name, result) = work(task);
                    bar.set_message(name);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// A bar that says how many of that many things are done; without a terminal, one line.
pub fn progress(what: &str, length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {prefix} {elapsed} {wide_msg}");
    let bar = ProgressBar::new(length as u64).with_prefix(what.to_owned());
    if bar.is_hidden() {
        eprintln!("Running {length} {what}");
    }
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
