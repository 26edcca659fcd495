//! `cargo compare`: the trial of the pools, the page of all results, and their records.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use comparison::pools::{self, About};
use comparison::records::Records;
use comparison::trial::{self, Plan, Property};
use comparison::{base, readme, report};
use harness::base::text::width;
use verification::base::cargo::Workspace;

/// Holds this pool and others to the same properties, and reports which keep them.
///
/// Each property of each pool is tried on real threads, in processes of its own under a watchdog.
/// Every pool is used as its documentation says; what it does not offer is not tried. The exit
/// status is 0 only if this pool keeps every property and the control, the pool of the book, is convicted.
#[derive(Debug, Parser)]
#[command(name = "cargo compare", bin_name = "cargo compare", after_help = BENCHMARKS)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    task: Option<Task>,

    /// Only these pools, by their names in the table
    #[arg(long, value_name = "POOL", value_delimiter = ',')]
    pool: Vec<String>,

    /// Only these properties, by their names in the table
    #[arg(long, value_name = "PROPERTY", value_delimiter = ',')]
    property: Vec<String>,

    /// How often each process tries, at most; by default as often as the property needs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    runs: Option<u64>,

    /// How long one run may take before it counts as hanging
    #[arg(long, value_name = "SECONDS", default_value_t = Plan::default().limit.as_secs(), value_parser = clap::value_parser!(u64).range(1..=86_400))]
    limit: u64,

    /// How long a process goes on trying; by default 3 seconds, with --runs a minute
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    budget: Option<u64>,

    /// Where the results and the page go; by default target/comparison
    #[arg(long, value_name = "FOLDER", global = true)]
    output: Option<PathBuf>,

    /// Be one of the processes that try a property
    #[arg(long, hide = true)]
    attempt: bool,
}

const BENCHMARKS: &str =
    "Speed and cost are benchmarks; `cargo compare report` draws what they measured into the page:
  cargo bench -p comparison --bench speed   what a job costs on each pool
  cargo bench -p comparison --bench cost    what it costs to depend on each pool
  cargo bench -p comparison --bench price   this pool beside an earlier commit of itself";

#[derive(Debug, Subcommand)]
enum Task {
    /// Draw the page of the results again, with what the benchmarks have measured since
    Report,
    /// Record the results in verification/comparison/data, and write the tables of its README anew
    Record,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("compare: {message}");
            ExitCode::from(2)
        }
    }
}

/// Runs the command. Returns `true` if this pool keeps every property and the control is convicted.
fn run(arguments: &Arguments) -> Result<bool, String> {
    let folder = || arguments.output.clone().map_or_else(base::folder, Ok);
    match arguments.task {
        None => {}
        Some(Task::Report) => {
            let records = Records::read(&package()?.join("data"))?;
            println!("{}", report::write(&folder()?, &records)?.display());
            return Ok(true);
        }
        Some(Task::Record) => {
            for file in readme::record(&folder()?, &package()?)? {
                println!("{}", file.display());
            }
            return Ok(true);
        }
    }
    let pools = pools(&arguments.pool)?;
    let properties = properties(&arguments.property)?;
    let plan = arguments.plan();
    if arguments.attempt {
        let (Some(pool), Some(property)) = (pools.first(), properties.first()) else {
            return Err("--attempt needs a pool and a property".to_owned());
        };
        let runs = plan.runs.unwrap_or(1);
        trial::attempt(pool.name, *property, runs, plan.budget, plan.limit)?;
        return Ok(true);
    }
    let trial = trial::run(&pools, &properties, &plan)?;
    let folder = folder()?;
    let file = trial.write(&folder)?;
    println!("{}", trial.render(width()));
    println!("{}", file.display());
    let records = Records::read(&package()?.join("data"))?;
    println!("{}", report::write(&folder, &records)?.display());
    println!("{}", trial.verdict());
    Ok(trial.complaints().is_empty())
}

/// The folder of this package.
fn package() -> Result<PathBuf, String> {
    Ok(Workspace::find()?.root().join("verification/comparison"))
}

impl Arguments {
    fn plan(&self) -> Plan {
        let budget = match (self.budget, self.runs) {
            (Some(seconds), _) => Duration::from_secs(seconds),
            (None, Some(_)) => Duration::from_secs(60),
            (None, None) => Plan::default().budget,
        };
        Plan { runs: self.runs, limit: Duration::from_secs(self.limit), budget }
    }
}

fn pools(names: &[String]) -> Result<Vec<&'static About>, String> {
    let find = |name: &String| pools::ALL.iter().find(|about| about.name == name);
    if let Some(unknown) = names.iter().find(|name| find(name).is_none()) {
        let all: Vec<_> = pools::ALL.iter().map(|about| about.name).collect();
        return Err(format!("there is no pool `{unknown}`; there are {}", all.join(", ")));
    }
    let is_wanted = |about: &&About| names.is_empty() || names.iter().any(|n| n == about.name);
    Ok(pools::ALL.iter().filter(is_wanted).collect())
}

fn properties(names: &[String]) -> Result<Vec<Property>, String> {
    if let Some(unknown) = names.iter().find(|name| Property::find(name).is_none()) {
        let all = Property::ALL.map(Property::name);
        return Err(format!("there is no property `{unknown}`; there are {}", all.join(", ")));
    }
    let is_wanted =
        |property: &Property| names.is_empty() || names.iter().any(|n| n == property.name());
    Ok(Property::ALL.into_iter().filter(is_wanted).collect())
}
