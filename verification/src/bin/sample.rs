//! Runs one scenario under random schedules and writes the result to standard output as one line of
//! JSON. After a failure, also says how to replay it.

use std::process::ExitCode;

use clap::Parser;
use harness::faults::site::SiteFault;
use harness::findings::sample::Scheduler;
use verification::base::limits;
use verification::faults::site;
use verification::trials::samples::{Sampled, MAX_STEPS, SAMPLED, SCHEDULES, SEED};

/// Runs one scenario under random schedules and writes the result as one line of JSON.
#[derive(Parser)]
struct Arguments {
    /// List the scenarios with the defects that each must notice
    #[arg(long)]
    list: bool,
    /// The scenario
    #[arg(long, value_name = "NAME", required_unless_present = "list")]
    scenario: Option<String>,
    /// The algorithm that draws the schedules
    #[arg(long, value_enum, default_value_t = Scheduler::Random)]
    scheduler: Scheduler,
    /// The number of schedules
    #[arg(long, value_name = "NUMBER", default_value_t = SCHEDULES)]
    schedules: usize,
    /// Seed of the random numbers
    #[arg(long, value_name = "NUMBER", default_value_t = SEED)]
    seed: u64,
    /// Replay the schedule of a failure
    #[arg(long, value_name = "SCHEDULE", conflicts_with_all = ["scheduler", "schedules", "seed"])]
    replay: Option<String>,
    /// Inject this seeded defect
    #[arg(long, value_name = "NAME")]
    defect: Option<String>,
    /// Inject this fault at a call site
    #[arg(long, value_name = "FAULT@FILE:LINE", conflicts_with = "defect", value_parser = site::parse)]
    fault: Option<SiteFault>,
    /// The most steps of an execution; a longer one is a failure
    #[arg(long, value_name = "NUMBER", default_value_t = MAX_STEPS)]
    max_steps: usize,
    /// The time limit
    #[arg(long, value_name = "SECONDS", default_value_t = limits::SAMPLE.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        list();
        return ExitCode::SUCCESS;
    }
    let name = arguments.scenario.as_deref().unwrap_or_default();
    let result = match Sampled::find(name) {
        Some(sampled) => sample(sampled, &arguments),
        None => Err(format!("there is no sampled scenario `{name}`")),
    };
    result.unwrap_or_else(|message| {
        eprintln!("sample: {message}");
        ExitCode::from(2)
    })
}

fn list() {
    for Sampled { scenario, defects } in SAMPLED {
        println!("{}: {}", scenario.name, scenario.property);
        for defect in *defects {
            println!("    must notice: {}", defect.name);
        }
    }
}

#[cfg(loom)]
fn sample(sampled: &'static Sampled, arguments: &Arguments) -> Result<ExitCode, String> {
    use std::time::Duration;

    use verification::engines::{self, Plan, Request, Wrong};

    let wrong = match (&arguments.defect, &arguments.fault) {
        (Some(name), _) => {
            let defect = sampled.defect(name);
            let defect = defect.ok_or_else(|| format!("the scenario has no defect `{name}`"))?;
            Some(Wrong {
                name: name.clone(),
                fault: defect.fault(verification::trials::samples::SUBJECT),
            })
        }
        (None, Some(fault)) => {
            Some(Wrong { name: fault.to_string(), fault: site::in_facade(fault)? })
        }
        (None, None) => None,
    };
    let Arguments { scheduler, schedules, seed, max_steps, .. } = *arguments;
    let drawn = Plan::Draw { scheduler, schedules, seed };
    let replay = arguments
        .replay
        .as_ref()
        .map(|line| line.parse().map_err(|error| format!("`{line}` is not a schedule: {error}")));
    let plan = replay.transpose()?.map_or(drawn, Plan::Replay);
    let limit = Duration::from_secs(arguments.limit);
    let Sampled { scenario, .. } = *sampled;
    let request = Request { scenario, wrong, plan, max_steps, limit };
    engines::sample(&request, |sample| emit(sampled, sample))
}

/// Writes the line of JSON, and a summary for people. Returns `true` if the sample is good.
#[cfg(loom)]
fn emit(sampled: &Sampled, sample: &harness::findings::sample::Sample) -> bool {
    use std::io::Write;

    use harness::findings::sample::SampleEnd;
    use harness::report::swimlanes;
    use verification::trials::samples::{meaningful, replay};

    const WIDTH: usize = 160;
    let line = serde_json::to_string(sample).expect("a sample can be written as JSON");
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    if let Some(trace) = &sample.trace {
        eprintln!("{}", swimlanes::draw(trace, WIDTH));
    }
    match &sample.end {
        SampleEnd::Failed { message, site, schedule } => {
            eprintln!("FAILED: {message} ({site})");
            eprintln!("schedule: {schedule}");
            eprintln!("replay: {}", replay(sample).unwrap_or_default());
            false
        }
        SampleEnd::TimedOut { seconds, stands } => {
            eprintln!("TRUNCATED: not finished after {seconds} s; {}", stands.join("; "));
            false
        }
        SampleEnd::Died { message } => unreachable!("this process is alive: {message}"),
        SampleEnd::Held if sample.scheduler == Scheduler::Replay => {
            eprintln!("the schedule does not fail");
            true
        }
        SampleEnd::Held => match meaningful(sampled.scenario, sample) {
            Ok(()) => true,
            Err(verdict) => {
                eprintln!("{verdict}: {}", verdict.reason().unwrap_or_default());
                false
            }
        },
    }
}

#[cfg(not(loom))]
fn sample(_: &'static Sampled, _: &Arguments) -> Result<ExitCode, String> {
    Err("this build cannot sample; build it with RUSTFLAGS=\"--cfg loom\"".to_owned())
}
