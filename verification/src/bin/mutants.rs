//! Seeds each defect of `verification/mutants` in a copy of the sources, and says whether the model or
//! the test that it names has noticed.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use verification::cargo::Workspace;
use verification::mutants::{self, Fate, Mutants};
use verification::{limits, patch};

/// Seeds each defect of verification/mutants in a copy of the sources, builds it, and asks the model or
/// the test that it names. The exit status is 0 only if every one is convicted.
#[derive(Debug, Parser)]
struct Arguments {
    /// Only the patch of this name, without `.patch`; may be given several times
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,

    /// How long one model or test may take on the sources as they are
    #[arg(long, value_name = "SECONDS", default_value_t = limits::MUTANT.as_secs(), value_parser = clap::value_parser!(u64).range(1..=86_400))]
    limit: u64,
}

/// Of the table, in columns.
const WIDTH: usize = 120;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(mutants) if mutants.is_good() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("mutants: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<Mutants, String> {
    if let Some(name) = limits::weakening_variable(std::env::vars_os().map(|(name, _)| name)) {
        return Err(format!("{name} is set, which would weaken the exploration; unset it"));
    }
    let workspace = Workspace::find()?;
    let mut patches = patch::read_all(&workspace.root().join(patch::FOLDER))?;
    if let Some(name) = arguments.only.iter().find(|name| patches.iter().all(|p| p.name != **name))
    {
        return Err(format!("there is no patch `{name}` in {}", patch::FOLDER));
    }
    patches.retain(|patch| arguments.only.is_empty() || arguments.only.contains(&patch.name));
    let mutants = mutants::run(&workspace, &patches, Duration::from_secs(arguments.limit))?;
    print!("{}", mutants.render(WIDTH));
    let (convicted, all) = (mutants.count(Fate::Convicted), mutants.mutants.len());
    println!("\n{convicted} of {all} mutants are convicted, {:.0} s", mutants.seconds);
    Ok(mutants)
}
