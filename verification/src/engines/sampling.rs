//! Runs one scenario under many schedules drawn by mazurka and reports the result.

use std::process;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use harness::findings::run::Steps;
use harness::findings::sample::{Sample, SampleEnd, Scheduler};
use harness::findings::trace::Trace;
use last_call::sync::fault::Fault;
use last_call::sync::trace;
use mazurka::Schedule;

use super::mazurka::{again, body, install, reached, stands};
use super::watch;
use crate::scenarios::scenario::{Harness, Scenario};
use crate::subjects::TWO_LOCK;
use crate::trials::samples::DEPTH;

/// A request to sample one scenario.
#[derive(Clone, Debug)]
pub struct Request {
    /// The scenario.
    pub scenario: &'static Scenario,
    /// The fault to inject, if any.
    pub wrong: Option<Wrong>,
    /// The schedules to run.
    pub plan: Plan,
    /// The most steps that an execution may take.
    pub max_steps: usize,
    /// The time limit.
    pub limit: Duration,
}

/// A named fault.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// Its name in reports.
    pub name: String,
    /// The fault that the facade injects.
    pub fault: Fault,
}

/// The schedules to run.
#[derive(Clone, Debug)]
pub enum Plan {
    /// Draws schedules at random.
    Draw {
        /// The algorithm that draws them.
        scheduler: Scheduler,
        /// The number of schedules.
        schedules: usize,
        /// The seed of the random numbers.
        seed: u64,
    },
    /// Replays one schedule.
    Replay(Schedule),
}

/// Samples a scenario, passes the result to `emit`, and ends the process: with status 0 if `emit`
/// returns `true`, and with 1 if not.
pub fn run(request: &Request, emit: impl FnOnce(&Sample) -> bool) -> ! {
    let wrong = request.wrong.iter().map(|wrong| wrong.fault);
    let faults: Vec<_> = wrong.chain(request.scenario.world.faults.iter().copied()).collect();
    trace::set_faults(&faults);
    // With a fault, the scenario itself must notice.
    if request.wrong.is_none() {
        watch::install();
    }
    install(true);
    let harness = Harness::new(&TWO_LOCK);
    let (ended, end) = mpsc::channel();
    let began = Instant::now();
    {
        let (request, harness) = (request.clone(), harness.clone());
        std::thread::spawn(move || {
            let _ = ended.send(request.execute(&harness));
        });
    }
    let sample = match end.recv_timeout(request.limit) {
        Ok(sample) => sample,
        Err(RecvTimeoutError::Timeout) => {
            let seconds = request.limit.as_secs();
            let end = SampleEnd::TimedOut { seconds, stands: stands() };
            Sample { end, seconds: began.elapsed().as_secs_f64(), ..request.empty() }
        }
        Err(RecvTimeoutError::Disconnected) => {
            eprintln!("the sampling thread panicked");
            process::exit(2)
        }
    };
    process::exit(i32::from(!emit(&sample)))
}

impl Request {
    /// Returns a sample without executions.
    fn empty(&self) -> Sample {
        let (scheduler, asked, seed) = match self.plan {
            Plan::Draw { scheduler, schedules, seed } => (scheduler, schedules, seed),
            Plan::Replay(_) => (Scheduler::Replay, 1, 0),
        };
        Sample {
            scenario: self.scenario.name.to_owned(),
            defect: self.wrong.as_ref().map(|wrong| wrong.name.clone()),
            scheduler,
            asked,
            schedules: 0,
            distinct: 0,
            seed,
            max_steps: self.max_steps,
            longest: 0,
            end: SampleEnd::Held,
            seconds: 0.0,
            reached: std::collections::BTreeMap::new(),
            faults_fired: Vec::new(),
            steps: Steps::new(),
            trace: None,
        }
    }

    fn execute(&self, harness: &Harness) -> Sample {
        let builder = mazurka::Builder::new().max_steps(self.max_steps);
        let program = self.scenario.body;
        match &self.plan {
            Plan::Draw { scheduler, schedules, seed } => {
                let scheduler = match scheduler {
                    Scheduler::Pct => mazurka::Scheduler::Pct { depth: DEPTH },
                    _ => mazurka::Scheduler::Random,
                };
                let count = *schedules as u64;
                let report = builder.sample(scheduler, count, *seed, body(harness, program));
                let report = report.expect("the settings are valid");
                let reached = reached(harness);
                let faults_fired = trace::faults_fired();
                let steps = watch::taken();
                let (end, trace) = self.end(&builder, harness, &report.end);
                Sample {
                    schedules: usize::try_from(report.executions).unwrap_or(usize::MAX),
                    distinct: usize::try_from(report.distinct).unwrap_or(usize::MAX),
                    longest: report.longest,
                    end,
                    seconds: report.elapsed.as_secs_f64(),
                    reached,
                    faults_fired,
                    steps,
                    trace,
                    ..self.empty()
                }
            }
            Plan::Replay(schedule) => {
                let (end, trace) = again(&builder, schedule, body(harness, program));
                let end = super::mazurka::translate_sample(&end);
                let (reached, faults_fired) = (reached(harness), trace::faults_fired());
                Sample {
                    schedules: 1,
                    distinct: 1,
                    end,
                    reached,
                    faults_fired,
                    trace,
                    ..self.empty()
                }
            }
        }
    }

    /// Converts the end of a sample. A failed execution is replayed for its record.
    fn end(
        &self,
        builder: &mazurka::Builder,
        harness: &Harness,
        end: &mazurka::End,
    ) -> (SampleEnd, Option<Trace>) {
        let translated = super::mazurka::translate_sample(end);
        let trace = match end {
            mazurka::End::Failed(failure) => {
                again(builder, &failure.schedule, body(harness, self.scenario.body)).1
            }
            _ => None,
        };
        (translated, trace)
    }
}
