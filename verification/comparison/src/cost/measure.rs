//! The command: its arguments, and the order of the builds.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use super::dependencies::Dependencies;
use super::results::{Built, Cost, Figures, Program, SCHEMA};
use crate::base::machine::Machine;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use verification::cargo::Workspace;

use super::print;
use super::programs::{self, Source, WITHOUT};
use super::project::Project;
use crate::base::machine::Clocks;

/// Builds a small program with this pool and with others, alternately: how many packages come along,
/// how long it takes, how large it is.
///
/// The table goes to the terminal, everything to target/comparison/cost.json; `cargo compare report`
/// draws it into the page.
#[derive(Parser)]
struct Arguments {
    /// Only these peers, beside this pool and the program without a pool
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    peer: Vec<String>,

    /// How often each program is built
    #[arg(long, value_name = "NUMBER", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,

    /// List the programs and what they ask for, and stop
    #[arg(long)]
    list: bool,

    /// What cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// The command of the benchmark.
pub fn main() -> ExitCode {
    match compare(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("cost: {message}");
            ExitCode::from(2)
        }
    }
}

/// A program, and what has become of it.
struct Subject {
    source: &'static Source,
    project: Option<Project>,
    dependencies: Option<Dependencies>,
    rounds: Vec<Option<Built>>,
    failure: Option<String>,
}

fn compare(arguments: &Arguments) -> Result<(), String> {
    if arguments.list {
        print::list();
        return Ok(());
    }
    let chosen = chosen(&arguments.peer)?;
    let workspace = Workspace::find()?;
    let [_, compiler] = workspace.toolchain()?;
    let (began, clocks) = (Instant::now(), Clocks::look());
    let folder = workspace.root().join("target/cost");
    let mut subjects: Vec<_> = chosen
        .into_iter()
        .map(|source| Subject::new(source, &workspace, folder.join(source.folder())))
        .collect();
    build(&mut subjects, arguments.rounds.into())?;
    let cost = Cost {
        schema: SCHEMA,
        is_whole: arguments.peer.is_empty(),
        rounds: arguments.rounds.into(),
        seconds: began.elapsed().as_secs_f64(),
        machine: Machine::since(clocks),
        compiler,
        programs: told_apart(subjects),
    };
    print::print(&cost);
    let file = cost.write(&crate::base::folder()?)?;
    println!("\n{}", file.display());
    Ok(())
}

/// The programs with this pool and without one, and those that are asked for: all, if none is.
fn chosen(peers: &[String]) -> Result<Vec<&'static Source>, String> {
    let is_there = |name: &String| programs::ALL.iter().any(|source| source.name == *name);
    if let Some(name) = peers.iter().find(|name| !is_there(name)) {
        return Err(format!("there is no program `{name}`; --list names them all"));
    }
    let is_chosen = |source: &&Source| {
        let always = source.is_own() || source.name == WITHOUT || peers.is_empty();
        always || peers.iter().any(|name| name == source.name)
    };
    Ok(programs::ALL.iter().filter(is_chosen).collect())
}

/// Builds and runs every program, so many times.
fn build(subjects: &mut [Subject], rounds: usize) -> Result<(), String> {
    let builds = u64::try_from(subjects.len() * rounds).unwrap_or(u64::MAX);
    let style = ProgressStyle::with_template("{pos}/{len} builds, {elapsed}: {msg}");
    let progress = ProgressBar::new(builds).with_style(style.map_err(|error| error.to_string())?);
    for round in 0..rounds {
        for place in 0..subjects.len() {
            // Who goes first changes: the second may find a warmer machine.
            let place = (place + round) % subjects.len();
            progress.set_message(subjects[place].source.name);
            subjects[place].measure();
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    subjects.iter().filter_map(|subject| subject.project.as_ref()).try_for_each(Project::clean)
}

impl Subject {
    fn new(source: &'static Source, workspace: &Workspace, folder: PathBuf) -> Self {
        let created = Project::create(source, workspace.root(), folder);
        let (project, dependencies, failure) = match created {
            Ok((project, dependencies)) => (Some(project), Some(dependencies), None),
            Err(failure) => (None, None, Some(failure)),
        };
        Subject { source, project, dependencies, rounds: Vec::new(), failure }
    }

    /// One more round; what has failed will again.
    fn measure(&mut self) {
        let built = match &self.project {
            Some(project) if self.failure.is_none() => project.measure(),
            _ => return self.rounds.push(None),
        };
        self.rounds.push(built.as_ref().ok().copied());
        self.failure = built.err();
    }
}

/// Each program beside this pool's and beside that without a pool.
fn told_apart(subjects: Vec<Subject>) -> Vec<Program> {
    let rounds_of = |is_meant: &dyn Fn(&Source) -> bool| {
        let meant = subjects.iter().find(|subject| is_meant(subject.source));
        meant.map(|subject| subject.rounds.clone()).unwrap_or_default()
    };
    let own = rounds_of(&Source::is_own);
    let without = rounds_of(&|source| source.name == WITHOUT);
    let without = without.iter().flatten().last().map(|built| built.size);
    let program = |subject: Subject| Program {
        name: subject.source.name.to_owned(),
        asks_for: subject.source.words(),
        own: subject.source.is_own(),
        dependencies: subject.dependencies,
        figures: Figures::of(&subject.rounds, &own, without),
        failure: subject.failure,
    };
    subjects.into_iter().map(program).collect()
}
