//! The front door: `cargo verify` and its subcommands.

mod arguments;
mod list;
mod mutation;
mod verify;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use harness::base::progress::since_start;
use harness::base::text::width;
use harness::base::weakening;
use harness::report::github;

use self::mutation::{mutate, survivors};
use crate::audit::{self, merge, Audit};
use crate::base::cargo::Workspace;
use crate::cli::arguments::{Arguments, Task};
use crate::report::{sentences, terminal};
use crate::{report, subjects};

/// Runs the command line that this process was started with.
pub fn main() -> ExitCode {
    // Starts the clock of the progress lines.
    since_start();
    let arguments = Arguments::parse();
    let result = match &arguments.task {
        None => verify::verify(&arguments),
        Some(Task::Merge { files }) => files
            .iter()
            .map(|file| read(file))
            .collect::<Result<_, _>>()
            .and_then(merge::merge)
            .and_then(|audit| publish(&audit, arguments.output.as_deref())),
        Some(Task::Mutants { only, limit }) => mutate(only, Duration::from_secs(*limit)),
        Some(Task::Survivors { ordinary, loom }) => survivors(ordinary, loom),
        Some(Task::Schema) => {
            print!("{}", audit::schema());
            Ok(true)
        }
        Some(Task::Report { file }) => {
            read(file).and_then(|audit| publish(&audit, arguments.output.as_deref()))
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("verify: {message}");
            ExitCode::from(2)
        }
    }
}

/// Writes the report files and prints the report. Returns `true` if everything holds.
fn publish(audit: &Audit, folder: Option<&Path>) -> Result<bool, String> {
    let folder = match folder {
        Some(folder) => folder.to_owned(),
        None => Workspace::find()?.root().join("target/verification"),
    };
    let files = report::write(audit, &folder)?;
    print!("{}", terminal::render(audit, &subjects::subject_names(), width()));
    println!();
    for file in files {
        println!("{}", file.display());
    }
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        print!("{}", github::render(&audit.complaints()));
    }
    println!("{}", sentences::verdict(audit));
    Ok(audit.held)
}

fn read(file: &Path) -> Result<Audit, String> {
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut audit = Audit::read(&text).map_err(|error| format!("{} {error}", file.display()))?;
    // The file may claim more than its parts show.
    audit.held &= audit.is_good();
    Ok(audit)
}

fn refuse_weakening() -> Result<(), String> {
    match weakening::weakening_variable(std::env::vars_os().map(|(name, _)| name)) {
        Some(name) => Err(format!("{name} is set, which would weaken the exploration; unset it")),
        None => Ok(()),
    }
}
