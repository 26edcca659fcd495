//! `cargo verify`: runs the evidence for last-call and says what it shows.

use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use indicatif::ProgressBar;
use verification::audit::{self, Audit, Scope, Toolchain, TrialReport};
use verification::callsite::{self, Equivalents, KillMatrix};
use verification::cargo::Workspace;
use verification::expected::Expected;
use verification::run::{End, Options};
use verification::runner::{self, Runner, Runs};
use verification::trial::{self, Expect, Trial, TRIALS};
use verification::{limits, suite, terminal};

/// Runs the evidence for last-call and says what it shows.
///
/// Each model is a small program whose every thread interleaving is explored by loom, in a process
/// of its own; each seeded defect must be noticed by its model; each broken subject must be convicted.
/// Then the tests on real threads run, on both queues. The report goes to the terminal and to
/// audit.json. The exit status is 0 only if every guarantee holds and every conviction stands.
#[derive(Debug, Parser)]
#[command(name = "cargo verify", bin_name = "cargo verify")]
#[allow(clippy::struct_excessive_bools)] // the switches of a command line
struct Arguments {
    /// Only this model (see --list), without the tests on real threads
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,

    /// Only this subject, without the tests on real threads
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,

    /// List models and subjects, and stop
    #[arg(long)]
    list: bool,

    /// Leave out the tests on real threads
    #[arg(long)]
    no_tests: bool,

    /// Only the faults at call sites, without the models' verdicts and the tests
    #[arg(long, conflicts_with_all = ["model", "subject", "record"])]
    faults: bool,

    /// Models at a time; by default one a core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,

    /// How long one model may take before the watchdog ends it
    #[arg(long, value_name = "SECONDS", default_value_t = limits::MODEL.as_secs(), value_parser = clap::value_parser!(u64).range(1..=86_400))]
    limit: u64,

    /// Where audit.json goes (audit-partial.json, if not everything is run); by default
    /// target/verification
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,

    /// Record the numbers of executions of this run as the expected ones
    #[arg(long)]
    record: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match verify(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("verify: {message}");
            ExitCode::from(2)
        }
    }
}

fn verify(arguments: &Arguments) -> Result<bool, String> {
    let began = Instant::now();
    let trials = if arguments.faults { Vec::new() } else { select(arguments)? };
    if arguments.list {
        list(&trials);
        return Ok(true);
    }
    if let Some(name) = limits::weakening_variable(std::env::vars_os().map(|(name, _)| name)) {
        return Err(format!("{name} is set, which would weaken the exploration; unset it"));
    }
    let workspace = Workspace::find()?;
    let ranges = workspace.root().join("verification/expected.toml");
    let mut expected = Expected::read(&ranges)?;
    if !arguments.record {
        expected.check_names(|name| Trial::find(name).is_some())?;
    }
    let toolchain = toolchain(&workspace)?;
    let filtered = arguments.model.is_some() || arguments.subject.is_some();
    let scope = Scope {
        model: arguments.model.clone(),
        subject: arguments.subject.clone(),
        tests: !filtered && !arguments.faults && !arguments.no_tests,
        faults: !filtered || arguments.faults,
    };

    let model = building("the models, under loom", || workspace.build_models())?;
    let binaries = if scope.tests {
        let default = building("the tests", || workspace.build_tests(true))?;
        let plain = building("the tests, without features", || workspace.build_tests(false))?;
        vec![("channel", default), ("locked", plain)]
    } else {
        Vec::new()
    };

    let cores = thread::available_parallelism().map_or(1, usize::from);
    let runner = Runner {
        model,
        jobs: arguments.jobs.map_or(cores, usize::from),
        limit: Duration::from_secs(arguments.limit),
    };
    let runs = runner.verdicts(&trials, &expected);
    let kill_matrix = scope.faults.then(|| kill_matrix(&runner, &workspace)).transpose()?;
    if arguments.record {
        record(&runs, &mut expected, &ranges)?;
    }
    let trials = runs
        .into_iter()
        .map(|Runs { trial, run, defects }| TrialReport::new(trial, run, &defects, &expected))
        .collect::<Vec<_>>();
    let suites = test(&binaries, &workspace);

    let held = trials.iter().all(|trial| trial.as_expected)
        && suites.iter().all(|suite| suite.passed)
        && kill_matrix.as_ref().is_none_or(KillMatrix::is_good);
    let audit = Audit {
        schema: audit::SCHEMA,
        clauses: audit::clauses(trial::THIS_POOL, &trials, &suites),
        scope,
        held,
        toolchain,
        options: Options::complete(),
        model_limit: arguments.limit,
        seconds: began.elapsed().as_secs_f64(),
        assumptions: audit::ASSUMPTIONS.map(str::to_owned).to_vec(),
        trials,
        kill_matrix,
        suites,
    };
    let folder = arguments.output.clone();
    let folder = folder.unwrap_or_else(|| workspace.root().join("target/verification"));
    let file = write(&audit, &folder)?;
    print!("{}", terminal::render(&audit, &trial::subject_names(), width()));
    println!("\n{}\n{}", file.display(), terminal::verdict(&audit));
    Ok(held)
}

/// The trials that the filters let through.
fn select(arguments: &Arguments) -> Result<Vec<&'static Trial>, String> {
    let subjects = trial::subject_names();
    if let Some(subject) = &arguments.subject {
        if !subjects.contains(&subject.as_str()) {
            return Err(format!(
                "there is no subject `{subject}`; there are {}",
                subjects.join(", ")
            ));
        }
    }
    let subject =
        |trial: &&Trial| arguments.subject.as_ref().is_none_or(|name| name == trial.subject.name());
    let model = |trial: &&Trial| {
        arguments
            .model
            .as_ref()
            .is_none_or(|name| *name == trial.scenario.name || *name == trial.name())
    };
    let trials: Vec<_> = TRIALS.iter().filter(subject).filter(model).collect();
    match (&arguments.model, trials.is_empty()) {
        (Some(model), true) => {
            let of =
                arguments.subject.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
            Err(format!("there is no model `{model}`{of}; `cargo verify --list` names them all"))
        }
        _ => Ok(trials),
    }
}

fn list(trials: &[&Trial]) {
    for subject in trial::subjects() {
        let own: Vec<_> =
            trials.iter().filter(|trial| trial.subject.name() == subject.name()).collect();
        if own.is_empty() {
            continue;
        }
        println!("{}: {}", subject.name(), subject.description());
        for trial in own {
            let end = match trial.expect {
                Expect::Proved => "must be PROVED",
                Expect::Bounded(_) => "must be BOUNDED",
                Expect::Convicted(_) => "must be convicted",
            };
            println!("  {:28} {} ({end})", trial.scenario.name, trial.scenario.property);
        }
    }
}

fn toolchain(workspace: &Workspace) -> Result<Toolchain, String> {
    let [cargo, rustc] = workspace.toolchain()?;
    let packages = workspace.locked_versions(&["loom", "crossbeam-channel", "proptest"])?;
    Ok(Toolchain { cargo, rustc, packages })
}

fn building<T>(what: &str, build: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let spinner = ProgressBar::new_spinner().with_message(format!("Building {what}"));
    spinner.enable_steady_tick(Duration::from_millis(100));
    if spinner.is_hidden() {
        eprintln!("Building {what}");
    }
    let result = build();
    spinner.finish_and_clear();
    result
}

/// Runs the pool with a fault at each of its call sites, one at a time.
fn kill_matrix(runner: &Runner, workspace: &Workspace) -> Result<KillMatrix, String> {
    let began = Instant::now();
    let equivalents = workspace.root().join("verification/equivalent.toml");
    let equivalents = Equivalents::read(&equivalents)?;
    let runs = runner.slips(&callsite::candidates());
    let source = |file: &str| std::fs::read_to_string(workspace.root().join(file)).ok();
    Ok(KillMatrix::new(&runs, &equivalents, source, began.elapsed().as_secs_f64()))
}

fn record(runs: &[Runs], expected: &mut Expected, file: &std::path::Path) -> Result<(), String> {
    for Runs { trial, run, .. } in runs {
        let must_hold = !matches!(trial.expect, Expect::Convicted(_));
        if let (true, End::Explored, Some(last)) = (must_hold, &run.end, run.explorations.last()) {
            expected.record(trial.name(), last.executions);
        }
    }
    expected.retain(|name| Trial::find(name).is_some());
    expected.write(file)
}

/// Runs the tests one executable at a time: they are about real threads, which need the cores.
fn test(
    binaries: &[(&str, Vec<verification::cargo::TestBinary>)],
    workspace: &Workspace,
) -> Vec<suite::Suite> {
    let number = binaries.iter().map(|(_, binaries)| binaries.len()).sum();
    if number == 0 {
        return Vec::new();
    }
    let bar = runner::progress("executables of tests on real threads", number);
    let mut suites = Vec::new();
    for (queue, binaries) in binaries {
        for binary in binaries {
            bar.set_message(binary.target.clone());
            suites.push(suite::run(queue, binary, workspace.root(), limits::TESTS));
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    suites
}

fn write(audit: &Audit, folder: &std::path::Path) -> Result<PathBuf, String> {
    let whole = audit.scope == Scope { tests: true, faults: true, ..Scope::default() };
    let file = folder.join(if whole { "audit.json" } else { "audit-partial.json" });
    let text = serde_json::to_string_pretty(audit).map_err(|error| error.to_string())?;
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&file, text + "\n"))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(file)
}

fn width() -> usize {
    const WITHOUT_A_TERMINAL: usize = 120;
    const LEAST: usize = 72;
    let size = console::Term::stdout().size_checked();
    size.map_or(WITHOUT_A_TERMINAL, |(_, columns)| usize::from(columns)).max(LEAST)
}
