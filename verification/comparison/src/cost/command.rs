//! The command of the benchmark: its arguments, and the order of the builds.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use super::packages::Dependencies;
use super::results::{Built, CostResults, Figures, Program, SCHEMA};
use crate::base::machine::Machine;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use verification::base::cargo::Workspace;

use super::print;
use super::programs::{self, Source, WITHOUT};
use super::project::Project;
use crate::base::machine::Clocks;

/// Builds a small program with this pool and with others, alternately: the number of packages, the time,
/// the size.
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

    /// List the programs and their dependencies, and stop
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

/// A program and its measurements.
struct Candidate {
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
    let (began, clocks) = (Instant::now(), Clocks::now());
    let folder = workspace.root().join("target/cost");
    let mut candidates: Vec<_> = chosen
        .into_iter()
        .map(|source| Candidate::new(source, &workspace, folder.join(source.folder())))
        .collect();
    build(&mut candidates, arguments.rounds.into())?;
    let results = CostResults {
        schema: SCHEMA,
        date: crate::base::today(),
        is_whole: arguments.peer.is_empty(),
        rounds: arguments.rounds.into(),
        seconds: began.elapsed().as_secs_f64(),
        machine: Machine::since(clocks),
        compiler,
        programs: programs_of(candidates),
    };
    print::print(&results);
    let file = results.write(&crate::base::folder()?)?;
    println!("\n{}", file.display());
    Ok(())
}

/// The programs with this pool and without a pool, and the chosen ones. Without a choice, all.
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

/// Builds and runs every program, `rounds` times.
fn build(candidates: &mut [Candidate], rounds: usize) -> Result<(), String> {
    let builds = u64::try_from(candidates.len() * rounds).unwrap_or(u64::MAX);
    let style = ProgressStyle::with_template("{pos}/{len} builds, {elapsed}: {msg}");
    let progress = ProgressBar::new(builds).with_style(style.map_err(|error| error.to_string())?);
    for round in 0..rounds {
        for place in 0..candidates.len() {
            // The first program changes from round to round: the second may find a warmer machine.
            let place = (place + round) % candidates.len();
            progress.set_message(candidates[place].source.name);
            candidates[place].measure();
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    candidates
        .iter()
        .filter_map(|candidate| candidate.project.as_ref())
        .try_for_each(Project::clean)
}

impl Candidate {
    fn new(source: &'static Source, workspace: &Workspace, folder: PathBuf) -> Self {
        let created = Project::create(source, workspace.root(), folder);
        let (project, dependencies, failure) = match created {
            Ok((project, dependencies)) => (Some(project), Some(dependencies), None),
            Err(failure) => (None, None, Some(failure)),
        };
        Candidate { source, project, dependencies, rounds: Vec::new(), failure }
    }

    /// Measures one more round, unless an earlier one failed.
    fn measure(&mut self) {
        let built = match &self.project {
            Some(project) if self.failure.is_none() => project.measure(),
            _ => return self.rounds.push(None),
        };
        self.rounds.push(built.as_ref().ok().copied());
        self.failure = built.err();
    }
}

/// The results of each program, beside those of this pool and of no pool.
fn programs_of(candidates: Vec<Candidate>) -> Vec<Program> {
    let rounds_of = |is_meant: &dyn Fn(&Source) -> bool| {
        let meant = candidates.iter().find(|candidate| is_meant(candidate.source));
        meant.map(|candidate| candidate.rounds.clone()).unwrap_or_default()
    };
    let own = rounds_of(&Source::is_own);
    let without = rounds_of(&|source| source.name == WITHOUT);
    let without = without.iter().flatten().last().map(|built| built.size);
    let program = |candidate: Candidate| Program {
        name: candidate.source.name.to_owned(),
        requires: candidate.source.requirements(),
        own: candidate.source.is_own(),
        dependencies: candidate.dependencies,
        figures: Figures::of(&candidate.rounds, &own, without),
        failure: candidate.failure,
    };
    candidates.into_iter().map(program).collect()
}
