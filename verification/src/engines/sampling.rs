//! Runs one scenario under many schedules drawn by mazurka and tells what it found.

use std::process;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use last_call::sync::fault::Fault;
use last_call::sync::trace;
use mazurka::Schedule;

use super::mazurka::{again, body, install, reached, stands};
use crate::findings::sample::{Sample, SampleEnd, Scheduler};
use crate::findings::trace::Trace;
use crate::scenarios::scenario::{Harness, Scenario};
use crate::subjects::TWO_LOCK;
use crate::trials::samples::DEPTH;

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
    let faults: Vec<_> = wrong.chain(request.scenario.world.faults.iter().copied()).collect();
    trace::set_faults(&faults);
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
            eprintln!("the thread that draws schedules has panicked");
            process::exit(2)
        }
    };
    process::exit(i32::from(!tell(&sample)))
}

impl Request {
    /// A sample in which nothing has been run.
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
                let (end, trace) = self.end(&builder, harness, &report.end);
                Sample {
                    schedules: usize::try_from(report.executions).unwrap_or(usize::MAX),
                    distinct: usize::try_from(report.distinct).unwrap_or(usize::MAX),
                    longest: report.longest,
                    end,
                    seconds: report.elapsed.as_secs_f64(),
                    reached,
                    faults_fired,
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

    /// How a sample ended; a failure is run again for its record.
    fn end(
        &self,
        builder: &mazurka::Builder,
        harness: &Harness,
        end: &mazurka::End,
    ) -> (SampleEnd, Option<Trace>) {
        let told = super::mazurka::translate_sample(end);
        let trace = match end {
            mazurka::End::Failed(failure) => {
                again(builder, &failure.schedule, body(harness, self.scenario.body)).1
            }
            _ => None,
        };
        (told, trace)
    }
}
