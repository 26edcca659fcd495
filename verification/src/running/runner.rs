//! Runs models, each in a process of its own, as many at a time as there are cores.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use harness::base::progress;
use harness::base::shard::Shard;
use harness::faults::site::SiteFault;
use harness::findings::recorded::Range;
use harness::findings::run::Engine;
use harness::findings::sample::Draw;
use harness::findings::verdict::Verdict;
use harness::kill_matrix::plan::attempts;
use harness::kill_matrix::{Attempt, FaultRuns};
use harness::rules;

use crate::base::limits;
use crate::findings::run::Run;
use crate::kill_matrix::{self, plan};
use crate::programs::{self, Generated, ProgramSet};
use crate::running::commands;
use crate::trials::judge;
use crate::trials::purpose::Purpose;
use crate::trials::recorded::Expected;
use crate::trials::report::TrialReport;
use crate::trials::samples::{SampleReport, SampleTrial};
use crate::trials::trial::{Expect, Trial};

/// Settings for running models.
#[derive(Clone, Debug)]
pub struct Runner {
    /// The `model` command, built under loom.
    pub model: PathBuf,
    /// The number of models that run at a time.
    pub jobs: usize,
    /// The time limit for each.
    pub limit: Duration,
}

/// The runs of one trial: without a defect, under the second engine, and with each of its seeded
/// defects in their order.
#[derive(Debug)]
pub struct Runs {
    /// The trial.
    pub trial: &'static Trial,
    /// The run without a defect.
    pub run: Run,
    /// The run under the second engine, if one was requested.
    pub second: Option<Run>,
    /// The runs with its defects.
    pub defects: Vec<Run>,
}

/// The runs of a trial, collected as they finish.
struct Pending {
    run: Option<Run>,
    second: Option<Run>,
    defects: Vec<Option<Run>>,
    /// The number of runs still to come.
    left: usize,
}

impl Pending {
    /// Adds a run and returns the text to show. With the last run, that is the verdict.
    fn add(&mut self, trial: &Trial, purpose: &Purpose, run: Run, expected: &Expected) -> String {
        let name = trial.name();
        let shown = format!("{name} {}", purpose.wrong().unwrap_or_default());
        match purpose {
            Purpose::Defect(defect) => {
                let index = trial.defects.iter().position(|one| one.name == defect.name);
                self.defects[index.expect("the defect belongs to this trial")] = Some(run);
            }
            Purpose::SecondOpinion => self.second = Some(run),
            _ => self.run = Some(run),
        }
        self.left -= 1;
        match &self.run {
            Some(run) if self.left == 0 => {
                let convicts = |run: &Option<Run>| run.as_ref().is_some_and(rules::convicts);
                let convicted: Vec<_> = self.defects.iter().map(convicts).collect();
                let verdict = judge::judge(trial, run, expected.range(&name), &convicted);
                match (trial.expect, verdict) {
                    (Expect::Convicted(_), Verdict::Failed(_)) => format!("{name}: convicted"),
                    (_, verdict) => format!("{name}: {verdict}"),
                }
            }
            _ => shown.trim_end().to_owned(),
        }
    }
}

impl Runs {
    /// Judges the runs.
    pub fn report(self, expected: &Expected) -> TrialReport {
        // A second opinion that was cut short while it was to be recorded shows nothing.
        let is_asked = expected.second_opinion(&self.trial.name()).is_some();
        let second = self.second.as_ref().filter(|_| is_asked);
        TrialReport::new(self.trial, self.run, second, &self.defects, expected)
    }
}

impl Runner {
    /// Runs every trial and its seeded defects. The first trial runs first, so that a verdict
    /// appears soon; then the longest run first. The second engine runs the trials for which its
    /// number is recorded, or all trials if the numbers are to be recorded.
    ///
    /// # Panics
    ///
    /// If one of its threads panics.
    pub fn verdicts(
        &self,
        trials: &[&'static Trial],
        expected: &Expected,
        records: bool,
    ) -> Vec<Runs> {
        let mut tasks: Vec<(usize, Purpose)> = Vec::new();
        let mut pending = Vec::new();
        for (index, trial) in trials.iter().enumerate() {
            let before = tasks.len();
            tasks.push((index, Purpose::Verdict));
            let loom_is_first = trial.bound().is_some();
            if !loom_is_first && (records || expected.second_opinion(&trial.name()).is_some()) {
                tasks.push((index, Purpose::SecondOpinion));
            }
            tasks.extend(trial.defects.iter().map(|defect| (index, Purpose::Defect(defect))));
            let (left, defects) = (tasks.len() - before, trial.defects.iter().map(|_| None));
            let runs = Pending { run: None, second: None, defects: defects.collect(), left };
            pending.push(Mutex::new(runs));
        }
        let length = |(index, purpose): &(usize, Purpose)| {
            let name = trials[*index].name();
            match purpose {
                Purpose::Verdict => expected.range(&name).map_or(u64::MAX, Range::typical),
                // loom takes about ten times as long.
                Purpose::SecondOpinion => 10 * expected.second_opinion(&name).unwrap_or(0),
                _ => 0,
            }
        };
        tasks.sort_by_key(|task| (task.0 > 0, Reverse(length(task))));

        self.each("models, with their defects", &tasks, |(index, purpose)| {
            let limit = match purpose {
                Purpose::SecondOpinion if records => limits::SECOND_OPINION_RECORDED,
                Purpose::SecondOpinion => limits::SECOND_OPINION,
                _ => self.limit,
            };
            let trial = trials[*index];
            let run = commands::run_model(&self.model, trial, purpose, limit);
            let mut runs = pending[*index].lock().unwrap_or_else(PoisonError::into_inner);
            (runs.add(trial, purpose, run, expected), ())
        });
        let runs = trials.iter().zip(pending).map(|(trial, pending)| {
            let pending = pending.into_inner().unwrap_or_else(PoisonError::into_inner);
            let defects = pending.defects.into_iter().map(|run| run.expect("every task has run"));
            let run = pending.run.expect("every task has run");
            Runs { trial, run, second: pending.second, defects: defects.collect() }
        });
        runs.collect()
    }

    /// Runs every fault at every call site that the trials reach, under the trials whose `surveys`
    /// contain it.
    ///
    /// A harmful fault runs under the cheapest trials first, until enough of them convict it. If no
    /// small model convicts it and it has no explanation, it runs under larger ones. A harmless
    /// fault runs under every trial. If no trial convicts a fault, the second engine runs it under
    /// the smallest trials. A fault that belongs to another shard is not run.
    ///
    /// # Panics
    ///
    /// If one of its threads panics.
    pub fn faults(
        &self,
        surveys: &[(&'static Trial, Run)],
        shard: Option<Shard>,
        expected: &Expected,
        explained: impl Fn(&SiteFault) -> bool + Sync,
    ) -> FaultRuns {
        let run = |trial: &'static Trial, purpose| {
            let run = commands::run_model(&self.model, trial, &purpose, self.limit);
            kill_matrix::attempt(trial, run)
        };
        let plan = plan::of_trials(surveys);
        let all: BTreeMap<_, _> = plan.keys().map(|fault| (fault.clone(), Vec::new())).collect();
        let plan = match shard {
            Some(shard) => shard.pick(plan, |_| 1),
            None => plan.into_iter().collect(),
        };
        let began = Instant::now();
        let runs = self.each("faults at call sites", &plan, |(fault, trials)| {
            let explained = explained(fault);
            let enough = |executions: u64, convictions: usize| {
                let is_small = executions <= plan::HARMFUL_AT_MOST;
                let most = if is_small { plan::CONVICTIONS } else { usize::from(!explained) };
                !fault.is_harmless() && convictions >= most
            };
            let purpose = |engine| Purpose::SiteFault(fault.clone(), engine);
            let runs = attempts(trials, enough, |trial| run(trial, purpose(Engine::Mazurka)));
            let is_convicted = runs.iter().any(Attempt::convicts);
            let is_asked = |(trial, _): &&(&'static Trial, u64)| {
                let number = expected.second_opinion(&trial.name());
                !is_convicted && number.is_some_and(|n| n <= plan::SECOND_OPINION_AT_MOST)
            };
            let ask = |(trial, _): &(&'static Trial, u64)| run(trial, purpose(Engine::Loom));
            let seconds: Vec<_> = trials.iter().filter(is_asked).map(ask).collect();
            (fault.to_string(), (fault.clone(), runs, seconds))
        });
        let mut second_opinions = BTreeMap::new();
        let runs: Vec<_> = runs
            .into_iter()
            .map(|(fault, runs, seconds)| {
                second_opinions.insert(fault.clone(), seconds);
                (fault, runs)
            })
            .collect();
        FaultRuns {
            runs: all.into_iter().chain(runs).collect(),
            second_opinions,
            seconds: began.elapsed().as_secs_f64(),
        }
    }

    /// Runs each trial to survey its call sites.
    ///
    /// # Panics
    ///
    /// If one of its threads panics.
    pub fn surveys(&self, trials: &[&'static Trial]) -> Vec<(&'static Trial, Run)> {
        self.each("surveys of call sites", trials, |trial| {
            let run = commands::run_model(&self.model, trial, &Purpose::Verdict, self.limit);
            (trial.name(), (*trial, run))
        })
    }

    /// Runs the generated programs of a set, and the seeded defects that those programs must notice
    /// together. A shard runs its part of the programs and every defect.
    ///
    /// # Panics
    ///
    /// If one of its threads panics.
    pub fn generated(&self, set: &ProgramSet, nightly: bool, shard: Option<Shard>) -> Generated {
        /// Many parts, so that no process is left with most of the work.
        const PARTS: usize = 8;
        let own = shard.unwrap_or(Shard::WHOLE);
        let parts = Shard::all(PARTS * own.of()).skip(PARTS * (own.index() - 1)).take(PARTS);
        let defects = set.defects.iter().map(|defect| (Shard::WHOLE, Some(defect)));
        let tasks: Vec<_> = defects.chain(parts.map(|part| (part, None))).collect();
        let length = set.lengths[usize::from(nightly)];
        let (subject, workers) = (set.subject.name(), set.workers);
        let what = format!("parts of the generated programs on {subject} with {workers} workers");
        let runs = self.each(&what, &tasks, |(part, defect)| {
            let (model, limit) = (&self.model, self.limit);
            let run = commands::run_generated(model, set, nightly, *part, *defect, limit);
            (format!("part {part}"), (*part, *defect, run))
        });
        let mut generated = Generated::new(set, nightly);
        for (part, defect, run) in runs {
            let programs = programs::part(length, part);
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
    /// If one of its threads panics.
    pub fn samples(&self, command: &Path, trials: &[SampleTrial], draw: Draw) -> Vec<SampleReport> {
        let limit = limits::sample(draw.schedules);
        self.each("samples", trials, |trial| {
            let run = |defect| commands::run_sample(command, trial, defect, draw, limit);
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
        progress::each(self.jobs, what, tasks, work)
    }
}
