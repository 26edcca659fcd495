//! `cargo verify`: runs the evidence for last-call and says what it shows.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use chrono::Timelike;
use clap::{Parser, Subcommand, ValueEnum};
use indicatif::ProgressBar;
use verification::audit::{self, Audit, SampleReport, Scope, Toolchain, TrialReport};
use verification::callsite::{self, Equivalents, KillMatrix};
use verification::cargo::{Checkers, TestBinary, Workspace};
use verification::checker::{self, CheckerReport};
use verification::expected::{Expected, Range};
use verification::figures::{self, Figures, Memory, Speed};
use verification::generated::{Extent, Generated, EXTENTS};
use verification::mutants::{self, Mutants};
use verification::patch::{self, Patch};
use verification::purpose::Purpose;
use verification::run::{End, Run};
use verification::runner::{self, Runner, Runs};
use verification::sample::Draw;
use verification::shard::Shard;
use verification::survivors::{Explained, Found, Merged};
use verification::trial::{self, Expect, Trial};
use verification::{limits, merge, process, report, sample, suite, terminal};

#[cfg(not(loom))]
mod peers_on_trial;

/// Runs the evidence for last-call and says what it shows.
///
/// Each model is a small program of which every trace is explored, in a process of its own; each seeded defect must be noticed by its model; each broken subject must be convicted.
/// Then the tests on real threads run, on each queue. The report goes to the terminal and to
/// audit.json. The exit status is 0 only if every guarantee holds and every conviction stands.
#[derive(Debug, Parser)]
#[command(name = "cargo verify", bin_name = "cargo verify", args_conflicts_with_subcommands = true)]
#[allow(clippy::struct_excessive_bools)] // the switches of a command line
struct Arguments {
    #[command(subcommand)]
    task: Option<Task>,

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

    /// How deep to go: what a change must pass, or what a night has time for as well
    #[arg(long, value_enum, default_value_t = Profile::Default)]
    profile: Profile,

    /// Only the I-th of N parts, for as many machines; `cargo verify merge` makes them one
    #[arg(long, value_name = "I/N", conflicts_with_all = ["model", "subject", "record", "faults"])]
    shard: Option<Shard>,

    /// How long one model may take before the watchdog ends it; by default 300, nightly 7200
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    limit: Option<u64>,

    /// Where audit.json and the reports go (audit-partial.json, if not everything is run); by
    /// default target/verification
    #[arg(long, value_name = "FOLDER", global = true)]
    output: Option<PathBuf>,

    /// Where the samples' random numbers begin
    #[arg(long, value_name = "NUMBER", default_value_t = sample::SEED)]
    seed: u64,

    /// Record the numbers of executions of this run as the expected ones
    #[arg(long)]
    record: bool,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Make one audit of those of all shards
    Merge {
        /// The audit-shard-I-of-N.json of every shard
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Seed each defect of verification/mutants in a copy of the sources, build it, and ask the
    /// model or the test that it names; the nightly profile does so too
    Mutants {
        /// Only the patch of this name, without `.patch`; may be given several times
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,

        /// How long one model or test may take on the sources as they are
        #[arg(long, value_name = "SECONDS", default_value_t = limits::MUTANT.as_secs(), value_parser = clap::value_parser!(u64).range(1..=86_400))]
        limit: u64,
    },
    /// Merge what cargo-mutants found in the ordinary build and in loom's (see ci/mutants.sh), and
    /// hold what survives both against verification/survivors.toml
    Survivors {
        /// The folder mutants.out of the ordinary build; may be given several times, for its parts
        #[arg(long, required = true, value_name = "FOLDER")]
        ordinary: Vec<PathBuf>,

        /// The same of loom's build
        #[arg(long, required = true, value_name = "FOLDER")]
        loom: Vec<PathBuf>,
    },
    /// Hold this pool and others to the same properties, on real threads, and say which keep them
    #[cfg(not(loom))]
    Peers(peers_on_trial::Arguments),
    /// Print the format of audit.json as a JSON schema
    Schema,
    /// Draw the reports of an audit.json again
    Report {
        /// The audit.json
        file: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Profile {
    Default,
    Nightly,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.task {
        None => verify(&arguments),
        Some(Task::Merge { files }) => files
            .iter()
            .map(|file| read(file))
            .collect::<Result<_, _>>()
            .and_then(merge::merge)
            .and_then(|audit| publish(&audit, arguments.output.as_deref())),
        Some(Task::Mutants { only, limit }) => mutate(only, Duration::from_secs(*limit)),
        Some(Task::Survivors { ordinary, loom }) => survivors(ordinary, loom),
        #[cfg(not(loom))]
        Some(Task::Peers(asked)) => peers_on_trial::run(asked, arguments.output.as_deref()),
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

fn verify(arguments: &Arguments) -> Result<bool, String> {
    let (started, began) = (now(), Instant::now());
    let trials = if arguments.faults { Vec::new() } else { select(arguments)? };
    if arguments.list {
        list(&trials);
        return Ok(true);
    }
    refuse_weakening()?;
    let workspace = Workspace::find()?;
    let ranges = workspace.root().join("verification/expected.toml");
    let mut expected = Expected::read(&ranges)?;
    if !arguments.record {
        expected.check_names(|name| Trial::find(name).is_some())?;
    }
    let toolchain = toolchain(&workspace)?;
    let scope = scope(arguments);
    let trials = match arguments.shard {
        None => trials,
        // A trial's defects are run too, up to where they fail, which is soon.
        Some(shard) => {
            shard.pick(trials, |trial| expected.range(&trial.name()).map_or(0, Range::typical))
        }
    };

    let checkers = busy("Building the models", || workspace.build_models())?;
    let binaries = if scope.tests { tests(&workspace, arguments.shard)? } else { Vec::new() };
    let build_seconds = began.elapsed().as_secs_f64();
    let largest_compiler = figures::largest_child();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let limit = limit(arguments);
    let model = checkers.model.clone();
    let runner = Runner { model, jobs: arguments.jobs.map_or(cores, usize::from), limit };
    let exploring = Instant::now();
    let runs = runner.verdicts(&trials, &expected, arguments.record);
    if arguments.record {
        record(&runs, &mut expected, &ranges)?;
    }
    let surveys = runs.iter().map(|runs| (runs.trial, runs.run.clone())).collect();
    let trials = runs
        .into_iter()
        .map(|Runs { trial, run, second, defects }| {
            // One that was cut short while its number was to be recorded says nothing.
            let asked = expected.second_opinion(&trial.name()).is_some();
            let second = second.as_ref().filter(|_| asked);
            TrialReport::new(trial, run, second, &defects, &expected)
        })
        .collect::<Vec<_>>();
    let kill_matrix = scope
        .faults
        .then(|| kill_matrix(&runner, &workspace, arguments.shard, surveys, &expected))
        .transpose()?;
    let exploring_seconds = exploring.elapsed().as_secs_f64();
    let others = Others::run(&scope, &runner, &workspace, &checkers, arguments)?;
    let suites = test(&binaries, &workspace);
    // Last, when nothing of ours is beside it.
    let alone = scope.models && scope.generated && is_first(arguments);
    let speed = alone.then(|| speed(&runner)).flatten();
    let memory = Memory::since(largest_compiler);

    let Others { generated, samples, mutants, checker } = others;
    let mut audit = Audit {
        schema: audit::SCHEMA,
        clauses: audit::clauses(&trials, &generated, &samples, &suites),
        scope,
        held: false,
        source: workspace.source(),
        toolchain,
        seed: arguments.seed,
        shards: 1,
        figures: Figures { build_seconds, exploring_seconds, speed, memory },
        model_limit: limit.as_secs(),
        began: started,
        seconds: began.elapsed().as_secs_f64(),
        assumptions: audit::ASSUMPTIONS.map(str::to_owned).to_vec(),
        trials,
        kill_matrix,
        samples,
        checker,
        mutants,
        generated,
        suites,
    };
    audit.held = audit.is_good();
    publish(&audit, arguments.output.as_deref())
}

/// The date and the time, as an audit has it.
fn now() -> String {
    let now = chrono::Utc::now();
    format!("{} {:02}:{:02} UTC", now.date_naive(), now.hour(), now.minute())
}

/// What there is beside the trials and the tests.
struct Others {
    generated: Vec<Generated>,
    samples: Vec<SampleReport>,
    mutants: Option<Mutants>,
    checker: Option<CheckerReport>,
}

impl Others {
    /// Runs what is in scope of it.
    fn run(
        scope: &Scope,
        runner: &Runner,
        workspace: &Workspace,
        checkers: &Checkers,
        arguments: &Arguments,
    ) -> Result<Self, String> {
        let shard = arguments.shard;
        let generated = if scope.generated { programs(runner, arguments) } else { Vec::new() };
        let samples =
            if scope.generated { samples(runner, checkers, arguments) } else { Vec::new() };
        let mutants = scope.mutants.then(|| seeded(workspace, shard)).transpose()?;
        // One shard is enough.
        let check_it = scope.generated && is_first(arguments);
        let checker = check_it.then(|| check(checkers)).transpose()?;
        Ok(Others { generated, samples, mutants, checker })
    }
}

/// Whether this is the run of which one is enough.
fn is_first(arguments: &Arguments) -> bool {
    arguments.shard.is_none_or(|shard| shard.index() == 1)
}

/// Explores one small model alone.
fn speed(runner: &Runner) -> Option<Speed> {
    let trial = Trial::find(figures::MODEL)?;
    let run = || process::run_model(&runner.model, trial, &Purpose::Verdict, runner.limit);
    let measured = busy("Taking the time of one model alone", || Ok(run()));
    Speed::of(&measured.ok()?)
}

/// How long one model may take.
fn limit(arguments: &Arguments) -> Duration {
    match (arguments.limit, arguments.profile) {
        (Some(seconds), _) => Duration::from_secs(seconds),
        (None, Profile::Default) => limits::MODEL,
        (None, Profile::Nightly) => limits::NIGHTLY_MODEL,
    }
}

/// Builds the tests on real threads; those of this shard, each with the queue to run it on.
///
/// What is proved whole runs as it does for who wants nothing else: on `locked`, without features.
fn tests(
    workspace: &Workspace,
    shard: Option<Shard>,
) -> Result<Vec<(&'static str, TestBinary)>, String> {
    let full = busy("Building the tests", || workspace.build_tests(true))?;
    let plain = busy("Building the tests, without features", || workspace.build_tests(false))?;
    let on = |queue, tests: &[TestBinary]| {
        tests.iter().map(|test| (queue, test.clone())).collect::<Vec<_>>()
    };
    let runs = [on("two-lock", &full), on("channel", &full), on("locked", &plain)];
    let all = runs.into_iter().flatten();
    Ok(match shard {
        None => all.collect(),
        Some(shard) => shard.pick(all, |_| 1),
    })
}

/// Writes the files and the terminal's report; whether everything held.
fn publish(audit: &Audit, folder: Option<&Path>) -> Result<bool, String> {
    let folder = match folder {
        Some(folder) => folder.to_owned(),
        None => Workspace::find()?.root().join("target/verification"),
    };
    let files = report::write(audit, &folder)?;
    print!("{}", terminal::render(audit, &trial::subject_names(), width()));
    println!();
    for file in files {
        println!("{}", file.display());
    }
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        print!("{}", report::github::render(audit));
    }
    println!("{}", terminal::verdict(audit));
    Ok(audit.held)
}

fn read(file: &Path) -> Result<Audit, String> {
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Audit::read(&text).map_err(|error| format!("{} {error}", file.display()))
}

/// What is looked at.
fn scope(arguments: &Arguments) -> Scope {
    let filtered = arguments.model.is_some() || arguments.subject.is_some();
    Scope {
        model: arguments.model.clone(),
        subject: arguments.subject.clone(),
        models: !arguments.faults,
        tests: !filtered && !arguments.faults && !arguments.no_tests,
        faults: !filtered || arguments.faults,
        generated: !filtered && !arguments.faults,
        mutants: !filtered && !arguments.faults && arguments.profile == Profile::Nightly,
        nightly: arguments.profile == Profile::Nightly,
        shard: arguments.shard.map(|shard| shard.to_string()),
    }
}

/// Runs the mutants, or those of these names; whether all were convicted.
fn mutate(only: &[String], limit: Duration) -> Result<bool, String> {
    refuse_weakening()?;
    let workspace = Workspace::find()?;
    let mut patches = patches(&workspace)?;
    if let Some(name) = only.iter().find(|name| patches.iter().all(|p| p.name != **name)) {
        return Err(format!("there is no patch `{name}` in {}", patch::FOLDER));
    }
    patches.retain(|patch| only.is_empty() || only.contains(&patch.name));
    let mutants = mutants::run(&workspace, &patches, limit)?;
    print!("{}", mutants.render(width()));
    println!("\n{}", terminal::mutants(&mutants));
    Ok(mutants.is_good())
}

/// Merges two runs of cargo-mutants; whether nothing survives unexplained.
fn survivors(ordinary: &[PathBuf], loom: &[PathBuf]) -> Result<bool, String> {
    let root = Workspace::find()?.root().to_owned();
    let found = |folders: &[PathBuf]| Found::read(folders.iter().map(PathBuf::as_path));
    let explained = Explained::read(&root.join("verification/survivors.toml"))?;
    let source = |file: &str| std::fs::read_to_string(root.join(file)).ok();
    let merged = Merged::new(&found(ordinary)?, &found(loom)?, &explained, source);
    print!("{}", merged.render());
    Ok(merged.is_good())
}

/// Runs the mutants of this shard.
fn seeded(workspace: &Workspace, shard: Option<Shard>) -> Result<Mutants, String> {
    let patches = patches(workspace)?;
    let own = match shard {
        None => patches,
        Some(shard) => shard.pick(patches, |_| 1),
    };
    mutants::run(workspace, &own, limits::MUTANT)
}

fn patches(workspace: &Workspace) -> Result<Vec<Patch>, String> {
    patch::read_all(&workspace.root().join(patch::FOLDER))
}

fn refuse_weakening() -> Result<(), String> {
    match limits::weakening_variable(std::env::vars_os().map(|(name, _)| name)) {
        Some(name) => Err(format!("{name} is set, which would weaken the exploration; unset it")),
        None => Ok(()),
    }
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
    // By its name, one of the nightly profile can be run at any time; it is listed, too.
    let nightly =
        arguments.profile == Profile::Nightly || arguments.model.is_some() || arguments.list;
    let trials: Vec<_> = Trial::all(nightly).filter(subject).filter(model).collect();
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
            let when = if trial.nightly { ", nightly" } else { "" };
            let name = trial.scenario.name;
            println!("  {name:28} {} ({end}{when})", trial.scenario.property);
        }
    }
}

fn toolchain(workspace: &Workspace) -> Result<Toolchain, String> {
    let [cargo, rustc] = workspace.toolchain()?;
    let packages =
        ["loom", "corosensei", "proptest", "crossbeam-channel", "stack_dst", "coarsetime"];
    let packages = workspace.locked_versions(&packages)?;
    Ok(Toolchain { cargo, rustc, packages })
}

fn busy<T>(doing: &str, work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let spinner = ProgressBar::new_spinner().with_message(doing.to_owned());
    spinner.enable_steady_tick(Duration::from_millis(100));
    if spinner.is_hidden() {
        eprintln!("{doing}");
    }
    let result = work();
    spinner.finish_and_clear();
    result
}

/// Runs the pool with a fault at each of its call sites, one at a time.
fn kill_matrix(
    runner: &Runner,
    workspace: &Workspace,
    shard: Option<Shard>,
    surveys: Vec<(&'static Trial, Run)>,
    expected: &Expected,
) -> Result<KillMatrix, String> {
    let equivalents = workspace.root().join("verification/equivalent.toml");
    let equivalents = Equivalents::read(&equivalents)?;
    let source = |file: &str| std::fs::read_to_string(workspace.root().join(file)).ok();
    // What was run for its verdict has left its survey, too.
    let candidates = callsite::candidates();
    let is_known = |trial: &&Trial| surveys.iter().any(|(known, _)| known.name() == trial.name());
    let surveys = if candidates.iter().all(is_known) {
        let is_candidate =
            |(trial, _): &(&Trial, Run)| candidates.iter().any(|one| one.name() == trial.name());
        surveys.into_iter().filter(is_candidate).collect()
    } else {
        runner.surveys(&candidates)
    };
    let runs = runner.slips(&surveys, shard, expected, |slip| equivalents.explain(slip, source));
    Ok(KillMatrix::new(&runs, &equivalents, source))
}

/// Runs the generated programs of this shard, on each queue.
fn programs(runner: &Runner, arguments: &Arguments) -> Vec<Generated> {
    let nightly = arguments.profile == Profile::Nightly;
    let on = |extent: &Extent| runner.generated(extent, nightly, arguments.shard);
    EXTENTS.iter().map(on).collect()
}

/// Draws the samples of this shard.
fn samples(runner: &Runner, checkers: &Checkers, arguments: &Arguments) -> Vec<SampleReport> {
    let trials: Vec<_> = match arguments.shard {
        None => sample::trials().collect(),
        Some(shard) => shard.pick(sample::trials(), |_| 1),
    };
    let schedules = sample::schedules(arguments.profile == Profile::Nightly);
    runner.samples(&checkers.sample, &trials, Draw { schedules, seed: arguments.seed })
}

/// Checks the engines.
fn check(checkers: &Checkers) -> Result<CheckerReport, String> {
    busy("Checking the engines", || checker::run(&checkers.checker))
}

fn record(runs: &[Runs], expected: &mut Expected, file: &Path) -> Result<(), String> {
    for Runs { trial, run, second, .. } in runs {
        let must_hold = !matches!(trial.expect, Expect::Convicted(_));
        if let (true, End::Explored, Some(last)) = (must_hold, &run.end, run.explorations.last()) {
            expected.record(trial.name(), last.executions);
        }
        let ended = second.as_ref().filter(|run| match trial.expect {
            Expect::Convicted(_) => matches!(run.end, End::Failed { .. }),
            _ => run.end == End::Explored,
        });
        let number = ended.and_then(|run| Some(run.explorations.last()?.executions));
        expected.record_second_opinion(trial.name(), number);
    }
    expected.retain(|name| Trial::find(name).is_some());
    expected.write(file)
}

/// Runs the tests one executable at a time: they are about real threads, which need the cores.
fn test(binaries: &[(&str, TestBinary)], workspace: &Workspace) -> Vec<suite::Suite> {
    if binaries.is_empty() {
        return Vec::new();
    }
    let bar = runner::progress("executables of tests on real threads", binaries.len());
    let mut suites = Vec::new();
    for (queue, binary) in binaries {
        bar.set_message(binary.target.clone());
        suites.push(suite::run(queue, binary, workspace.root(), limits::TESTS));
        bar.inc(1);
    }
    bar.finish_and_clear();
    suites
}

fn width() -> usize {
    const WITHOUT_A_TERMINAL: usize = 120;
    const LEAST: usize = 72;
    let size = console::Term::stdout().size_checked();
    size.map_or(WITHOUT_A_TERMINAL, |(_, columns)| usize::from(columns)).max(LEAST)
}
