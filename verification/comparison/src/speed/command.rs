//! The command of the benchmark: its arguments, the order of the runs, and their processes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use clap::Parser;
use harness::base::child;
use indicatif::ProgressBar;

use super::catalog::{self, Case, Participation, Profile, Scaling, BESIDE};
use super::counted::{self, Counted};
use super::print;
use super::results::{Curve, Line, PoolInfo, SpeedResults, Table, Target, SCHEMA};
use super::workloads::{run_one, work, Kind, Load, Measurement, SingleRun};
use crate::base::machine::{Clocks, Machine};
use crate::base::statistics::Rounds;
use crate::pools::{self, About};

/// Times this pool and others alternately, and compares them.
///
/// The table goes to the terminal, everything to target/comparison/speed.json; `cargo compare report`
/// draws it into the page.
#[derive(Parser)]
#[allow(clippy::struct_excessive_bools)] // the switches of a command line
struct Arguments {
    /// Fewer jobs and rounds: about four minutes; this is the default
    #[arg(long, conflicts_with = "full")]
    quick: bool,

    /// As many jobs and rounds as quotable figures take: up to two and a half hours
    #[arg(long)]
    full: bool,

    /// Only these workloads (W1 to W12) or curves (see --list)
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    workload: Vec<String>,

    /// Only these peers, beside this pool
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    peer: Vec<String>,

    /// How often each pool runs each workload
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,

    /// Count the instructions of a job of W1 as well, with valgrind's callgrind
    #[arg(long)]
    instructions: bool,

    /// Count the calls in which threads sleep and wake each other, in W1 and W3 with 1 to 64 workers,
    /// with perf; this takes minutes
    #[arg(long)]
    futexes: bool,

    /// List workloads, curves and pools, and stop
    #[arg(long)]
    list: bool,

    /// What cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// The command of the benchmark. `footprint` is the executable that counts bytes.
pub fn main(footprint: &Path) -> ExitCode {
    // This is one of the processes that the benchmark starts.
    if SingleRun::is_requested(std::env::args()) {
        return run_one(None);
    }
    match compare(&Arguments::parse(), footprint) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("speed: {message}");
            ExitCode::from(2)
        }
    }
}

fn compare(arguments: &Arguments, footprint: &Path) -> Result<(), String> {
    let profile = if arguments.full { Profile::Full } else { Profile::Quick };
    let cases = catalog::cases(profile, steps_of_a_microsecond());
    let scalings = catalog::scalings(profile);
    if arguments.list {
        print::list(&cases, &scalings);
        return Ok(());
    }
    check("workload", &arguments.workload, |name| {
        let mut names = cases.iter().map(|case| case.workload);
        names.any(|other| other == name) || scalings.iter().any(|curve| curve.name == name)
    })?;
    check("pool", &arguments.peer, |name| pools::all_and_beside().any(|about| about.name == name))?;
    let chosen = |name: &str| {
        arguments.workload.is_empty() || arguments.workload.iter().any(|chosen| chosen == name)
    };
    let cases: Vec<_> = cases.iter().filter(|case| chosen(case.workload)).collect();
    let scalings: Vec<_> = scalings.iter().filter(|curve| chosen(curve.name)).collect();
    let pools: Vec<_> = pools::all_and_beside()
        .filter(|about| {
            about.is_own()
                || arguments.peer.is_empty()
                || arguments.peer.iter().any(|name| name == about.name)
        })
        .map(|about| (about, info(about)))
        .collect();
    let (rounds, of_curves) = match (arguments.rounds, profile) {
        (Some(rounds), _) => (rounds.into(), rounds.into()),
        (None, Profile::Quick) => (5, 2),
        (None, Profile::Full) => (11, 5),
    };

    let (began, clocks) = (Instant::now(), Clocks::now());
    let mut runner =
        Runner::new(footprint, profile, &cases, &scalings, pools.len(), rounds, of_curves)?;
    let mut tables: Vec<_> =
        cases.iter().flat_map(|case| tables(&mut runner, case, &pools, rounds)).collect();
    if arguments.instructions {
        let (setting, load) = ("1 worker", counted::load(Kind::Stream, 1));
        tables.push(counted(&runner, &pools, Counted::Instructions, ("W1", setting, load)));
    }
    if arguments.futexes {
        for (workload, kind) in [("W1", Kind::Stream), ("W3", Kind::Tree)] {
            for workers in [1, 2, 4, 8, 16, 32, 64] {
                let setting = format!("{workers} worker{}", if workers == 1 { "" } else { "s" });
                let load = counted::load(kind, workers);
                tables.push(counted(&runner, &pools, Counted::Futexes, (workload, &setting, load)));
            }
        }
    }
    let curves: Vec<_> =
        scalings.iter().map(|scaling| curve(&mut runner, scaling, &pools, of_curves)).collect();
    runner.progress.finish_and_clear();

    let results = SpeedResults {
        schema: SCHEMA,
        date: crate::base::today(),
        profile: if arguments.full { "full" } else { "quick" }.to_owned(),
        is_whole: arguments.workload.is_empty() && arguments.peer.is_empty(),
        rounds,
        seconds: began.elapsed().as_secs_f64(),
        machine: Machine::since(clocks),
        pools: pools.into_iter().map(|(_, pool)| pool).collect(),
        tables,
        curves,
    };
    print::print(&results);
    let file = results.write(&crate::base::folder()?)?;
    println!("\n{}", file.display());
    Ok(())
}

fn check(what: &str, names: &[String], is_there: impl Fn(&str) -> bool) -> Result<(), String> {
    match names.iter().find(|name| !is_there(name)) {
        None => Ok(()),
        Some(name) => Err(format!("there is no {what} `{name}`; --list names them all")),
    }
}

fn info(about: &About) -> PoolInfo {
    PoolInfo {
        name: about.name.to_owned(),
        version: about.version(),
        what: about.what.to_owned(),
        less: about.less.to_owned(),
        own: about.is_own(),
    }
}

/// The number of steps of [`work`] in a microsecond, on an idle machine.
fn steps_of_a_microsecond() -> u64 {
    const STEPS: u64 = 100_000;
    let time = |_| {
        let began = Instant::now();
        work(STEPS);
        began.elapsed()
    };
    let best = (0..50).map(time).min().unwrap_or_default();
    (u128::from(STEPS) * 1_000 / best.as_nanos().max(1)).try_into().unwrap_or(1)
}

/// Starts the processes, one after the other.
struct Runner {
    itself: PathBuf,
    footprint: PathBuf,
    limit: Duration,
    progress: ProgressBar,
    /// The runs of curves, which share loads.
    known: HashMap<(String, Vec<String>), Vec<Outcome>>,
}

/// The result of a run, or what went wrong.
type Outcome = Result<Measurement, String>;

impl Runner {
    fn new(
        footprint: &Path,
        profile: Profile,
        cases: &[&Case],
        scalings: &[&Scaling],
        pools: usize,
        rounds: usize,
        of_curves: usize,
    ) -> Result<Self, String> {
        let points: usize = scalings.iter().map(|scaling| scaling.points.len()).sum();
        let lines = pools.min(BESIDE.len() + 1);
        let runs = cases.len() * pools * rounds + points * lines * of_curves;
        let progress = ProgressBar::new(runs.try_into().unwrap_or(u64::MAX));
        let style = indicatif::ProgressStyle::with_template("{pos}/{len} runs, {elapsed}: {msg}");
        progress.set_style(style.map_err(|error| error.to_string())?);
        Ok(Runner {
            itself: std::env::current_exe().map_err(|error| error.to_string())?,
            footprint: footprint.to_owned(),
            limit: Duration::from_secs(if profile == Profile::Full { 120 } else { 20 }),
            progress,
            known: HashMap::new(),
        })
    }

    /// Runs a load on a pool, in a process of its own.
    fn run(&self, pool: &str, load: &Load) -> Result<Measurement, String> {
        self.progress.inc(1);
        let program = match load.kind {
            Kind::Memory => &self.footprint,
            _ => &self.itself,
        };
        let mut command = Command::new(program);
        command.args(["--run", pool]).args(load.arguments());
        let finished = child::run(&mut command, self.limit).map_err(|error| error.to_string())?;
        let words = finished.stderr.trim().lines().next().unwrap_or_default();
        match finished.status {
            None => Err(format!("did not end within {} s", self.limit.as_secs())),
            Some(status) if !status.success() => Err(format!("{status}: {words}")),
            Some(_) => serde_json::from_str(&finished.stdout).map_err(|error| error.to_string()),
        }
    }
}

/// Runs a workload alternately on every pool that takes part. Returns a table for each figure.
fn tables(
    runner: &mut Runner,
    case: &Case,
    pools: &[(&About, PoolInfo)],
    rounds: usize,
) -> Vec<Table> {
    runner.progress.set_message(format!("{}, {}", case.workload, case.setting));
    let pools: Vec<_> = pools.iter().filter(|(about, _)| case.concerns(about)).collect();
    let clocks = Clocks::now();
    let mut results: Vec<Vec<Outcome>> = vec![Vec::new(); pools.len()];
    for round in 0..rounds {
        for place in 0..pools.len() {
            // The first pool changes from round to round: the second may find a warmer machine.
            let place = (place + round) % pools.len();
            let (about, _) = pools[place];
            let failed = results[place].iter().filter(|result| result.is_err()).count();
            // After two failures a pool is left out, since hangs cost time.
            if !matches!((case.part)(about), Participation::Absent(_)) && failed < 2 {
                results[place].push(runner.run(about.name, &case.load));
            }
        }
    }
    let others = Clocks::now().others_since(clocks);
    let pinned = results.iter().flatten().flatten().all(|measured| measured.pinned);
    let table = |(index, figure): (usize, &catalog::Figure)| {
        let rounds: Vec<_> = pools
            .iter()
            .zip(&results)
            .map(|((about, pool), results)| (pool, rounds_of(results, index, (case.part)(about))))
            .collect();
        let target = |name: &str| {
            let about = pools::all_and_beside().find(|about| about.name == name)?;
            (figure.target)(about)
        };
        let empty = Table {
            workload: case.workload.to_owned(),
            setting: case.setting.clone(),
            text: case.text.to_owned(),
            figure: figure.name.to_owned(),
            unit: figure.unit.to_owned(),
            pinned: case.load.pinned.then_some(pinned),
            others,
            entries: Vec::new(),
            standings: Vec::new(),
        };
        empty.filled(&rounds, target)
    };
    case.figures.iter().enumerate().map(table).collect()
}

/// What a job takes on every pool, counted. One run is enough.
fn counted(
    runner: &Runner,
    pools: &[(&About, PoolInfo)],
    what: Counted,
    (workload, setting, load): (&str, &str, Load),
) -> Table {
    let (figure, unit, text, target) = match what {
        Counted::Instructions => (
            "a job",
            "instructions",
            "counted by callgrind, which runs one thread at a time",
            Some(Target::Figure(220.0)),
        ),
        Counted::Futexes => (
            "1,000 jobs",
            "calls",
            "counted by perf: calls in which a thread sleeps or wakes another",
            None,
        ),
    };
    let count = |about: &About, pool| {
        runner.progress.set_message(format!("{unit}, {workload}, {setting}, {}", about.name));
        let counted = what.of_jobs(&runner.itself, about.name, &load);
        let figures = vec![counted.as_ref().ok().copied()];
        (pool, Rounds { figures, failure: counted.err(), ..Rounds::default() })
    };
    let pools = pools.iter().filter(|(about, _)| pools::is_pool(about));
    let rounds: Vec<_> = pools.map(|(about, pool)| count(about, pool)).collect();
    let empty = Table {
        workload: workload.to_owned(),
        setting: setting.to_owned(),
        text: format!("As {workload}, {text}."),
        figure: figure.to_owned(),
        unit: unit.to_owned(),
        pinned: None,
        others: None,
        entries: Vec::new(),
        standings: Vec::new(),
    };
    empty.filled(&rounds, |_| target)
}

/// One of the figures of the runs of a pool.
fn rounds_of(results: &[Outcome], figure: usize, part: Participation) -> Rounds {
    let measured = || results.iter().flatten();
    let failed: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    let failure = failed.first().map(|first| match failed.len() {
        1 => (*first).clone(),
        number => format!("{first} ({number} runs)"),
    });
    let number = |result: &Outcome| {
        result.as_ref().ok().and_then(|measured| measured.figures.get(figure).copied().flatten())
    };
    let (remark, absence) = match part {
        Participation::Compared => (None, None),
        Participation::Shown(why) => (Some(why.to_owned()), None),
        Participation::Absent(why) => (None, Some(why.to_owned())),
    };
    #[allow(clippy::cast_precision_loss)] // of a measurement
    let switches = measured().filter_map(|measured| Some(measured.switches? as f64)).collect();
    let figures = results.iter().map(number).collect();
    Rounds { figures, switches, remark, failure: failure.or(absence) }
}

/// Runs the loads of a curve on this pool and a few others, alternately.
fn curve(
    runner: &mut Runner,
    scaling: &Scaling,
    pools: &[(&About, PoolInfo)],
    rounds: usize,
) -> Curve {
    runner.progress.set_message(scaling.title);
    let beside = pools
        .iter()
        .filter(|(about, _)| about.is_own() || BESIDE.contains(&about.name))
        .filter(|(about, _)| !matches!((scaling.part)(about), Participation::Absent(_)));
    let empty = |(about, _): &(&About, PoolInfo)| Line {
        pool: about.name.to_owned(),
        own: about.is_own(),
        points: Vec::new(),
        remarks: Vec::new(),
    };
    let mut lines: Vec<_> = beside.map(empty).collect();
    for (place, load) in &scaling.points {
        for round in 0..rounds {
            for index in 0..lines.len() {
                let line = &lines[(index + round) % lines.len()];
                let key = (line.pool.clone(), load.arguments());
                if runner.known.get(&key).is_none_or(|results| results.len() <= round) {
                    let result = runner.run(&line.pool, load);
                    runner.known.entry(key).or_default().push(result);
                } else {
                    runner.progress.inc(1);
                }
            }
        }
        for line in &mut lines {
            let results = &runner.known[&(line.pool.clone(), load.arguments())];
            let runs = rounds_of(results, scaling.figure, Participation::Compared);
            #[allow(clippy::cast_precision_loss)] // at most ten million
            line.points.extend(runs.spread().map(|spread| (*place as f64, spread)));
            line.remarks.extend(runs.failure.map(|why| format!("at {place}: {why}")));
        }
    }
    Curve {
        title: scaling.title.to_owned(),
        text: scaling.text.to_owned(),
        along: scaling.along.to_owned(),
        unit: scaling.unit.to_owned(),
        lines,
    }
}
