//! `cargo verify peers`: this pool and others held to the same properties.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use verification::cargo::Workspace;
use verification::peers::trial::{self, Plan, Property};
use verification::peers::{self, About};
use verification::peers_trial::{Asked, PeersTrial, Tried, SCHEMA};
use verification::runner;

/// Hold this pool and others to the same properties, on real threads, each in processes of their own
/// under a watchdog, and say which keep them.
///
/// Every pool is used as its documentation says, and what that does not offer is not tried. The exit
/// status is 0 only if this pool keeps every property and the control, the book's pool, is convicted.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only these pools, by their names in the table
    #[arg(long, value_name = "POOL", value_delimiter = ',')]
    peer: Vec<String>,

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

    /// Put the table into verification/README.md, too
    #[arg(long, conflicts_with_all = ["peer", "property", "runs"])]
    readme: bool,

    /// Be one of the processes that try
    #[arg(long, hide = true)]
    witness: bool,
}

/// Between these lines of the README stands the table.
const README: [&str; 2] = ["<!-- cargo verify peers --readme -->\n", "<!-- end of the table -->\n"];

/// Tries what the filters let through; whether all is as it must be.
pub(crate) fn run(arguments: &Arguments, folder: Option<&Path>) -> Result<bool, String> {
    let pools = pools(&arguments.peer)?;
    let properties = properties(&arguments.property)?;
    let plan = arguments.plan();
    if arguments.witness {
        let (Some(pool), Some(property)) = (pools.first(), properties.first()) else {
            return Err("there is nothing to try".to_owned());
        };
        let runs = plan.runs.unwrap_or(1);
        trial::testify(pool.name, *property, runs, plan.budget, plan.limit)?;
        return Ok(true);
    }
    let trial = hold(&pools, &properties, &plan)?;
    let workspace = Workspace::find();
    let folder = match folder {
        Some(folder) => folder.to_owned(),
        None => workspace.as_ref()?.root().join("target/verification"),
    };
    let file = trial.write(&folder)?;
    println!("{}", trial.render(super::width()));
    println!("{}", file.display());
    if arguments.readme {
        println!("{}", write_readme(&trial, workspace.as_ref()?.root())?.display());
    }
    println!("{}", trial.verdict());
    Ok(trial.complaints().is_empty())
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
    let find = |name: &String| peers::ALL.iter().find(|about| about.name == name);
    if let Some(unknown) = names.iter().find(|name| find(name).is_none()) {
        let all: Vec<_> = peers::ALL.iter().map(|about| about.name).collect();
        return Err(format!("there is no pool `{unknown}`; there are {}", all.join(", ")));
    }
    let is_wanted = |about: &&About| names.is_empty() || names.iter().any(|n| n == about.name);
    Ok(peers::ALL.iter().filter(is_wanted).collect())
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

/// Tries every property of every pool, several at a time: most of the time is spent in hangs.
fn hold(
    pools: &[&'static About],
    properties: &[Property],
    plan: &Plan,
) -> Result<PeersTrial, String> {
    let began = Instant::now();
    let verify = std::env::current_exe().map_err(|error| error.to_string())?;
    let pairs: Vec<_> = pools
        .iter()
        .flat_map(|about| properties.iter().map(move |property| (*about, *property)))
        .collect();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut hearings =
        runner::each(cores + 1, "properties of pools", &pairs, |(about, property)| {
            let name = format!("{} {}", about.name, property.name());
            (name, (about.name, trial::hear(&verify, about, *property, plan)))
        });
    let place = |property: &str| Property::ALL.iter().position(|other| other.name() == property);
    hearings.sort_by_key(|(_, hearing)| place(&hearing.property));
    let tried = |about: &&'static About| Tried {
        name: about.name.to_owned(),
        package: about.package.to_owned(),
        version: about.version(),
        what: about.what.to_owned(),
        own: about.is_own(),
        hearings: hearings
            .iter()
            .filter(|(name, _)| *name == about.name)
            .map(|(_, hearing)| hearing.clone())
            .collect(),
    };
    let asked = |property: &Property| Asked {
        name: property.name().to_owned(),
        text: property.text().to_owned(),
    };
    Ok(PeersTrial {
        schema: SCHEMA,
        date: chrono::Utc::now().date_naive().to_string(),
        is_whole: plan.runs.is_none()
            && pools.len() == peers::ALL.len()
            && properties.len() == Property::ALL.len(),
        seconds: began.elapsed().as_secs(),
        system: format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH),
        cores,
        limit: plan.limit.as_secs(),
        properties: properties.iter().map(asked).collect(),
        pools: pools.iter().map(tried).collect(),
    })
}

fn write_readme(trial: &PeersTrial, root: &Path) -> Result<PathBuf, String> {
    let file = root.join("verification/README.md");
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = std::fs::read_to_string(&file).map_err(|error| failed(&error))?;
    let [begin, end] = README;
    let (before, rest) = text.split_once(begin).ok_or_else(|| failed(&"the table has no place"))?;
    let (_, after) = rest.split_once(end).ok_or_else(|| failed(&"the table has no end"))?;
    let table = trial.markdown();
    std::fs::write(&file, format!("{before}{begin}{table}{end}{after}"))
        .map_err(|error| failed(&error))?;
    Ok(file)
}
