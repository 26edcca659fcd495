//! One run of `cargo verify`: builds, explores, tests, and reports.

use std::panic::resume_unwind;
use std::path::Path;
use std::thread;
use std::time::Instant;

use chrono::Timelike;
use harness::base::progress::{since_start, Progress};
use harness::base::shard::Shard;
use harness::findings::recorded::Range;
use harness::findings::run::End;
use harness::findings::sample::Draw;
use harness::kill_matrix::KillMatrix;

use super::list::list;
use super::mutation::patches;
use super::{publish, refuse_weakening};
use crate::any_number::{self, ProtocolReport, Watched};
use crate::audit::figures::{self, Figures, Memory, Speed};
use crate::audit::{self, Audit, Toolchain};
use crate::base::cargo::{Checkers, TestBinary, Workspace};
use crate::base::limits;
use crate::cli::arguments::{Arguments, Profile};
use crate::cli::list::select;
use crate::cross_check::{self, CheckerReport};
use crate::findings::run::Run;
use crate::findings::scope::Scope;
use crate::kill_matrix::{equivalents, plan, TERMS};
use crate::mutation::seeded::{self, Mutants};
use crate::programs::{Generated, ProgramSet, PROGRAM_SETS};
use crate::running::runner::{Runner, Runs};
use crate::running::suites::Suite;
use crate::running::{commands, suites};
use crate::trials::purpose::Purpose;
use crate::trials::recorded::Expected;
use crate::trials::report::TrialReport;
use crate::trials::samples;
use crate::trials::samples::SampleReport;
use crate::trials::trial::{Expect, Trial};

/// Runs what the arguments ask for, and reports it. Returns `true` if everything holds.
pub(super) fn verify(arguments: &Arguments) -> Result<bool, String> {
    let trials = if arguments.faults { Vec::new() } else { select(arguments)? };
    if arguments.list {
        list(&trials);
        return Ok(true);
    }
    let began = now();
    refuse_weakening()?;
    let workspace = Workspace::find()?;
    let ranges = workspace.root().join("verification/data/expected.toml");
    let mut expected = Expected::read(&ranges)?;
    if !arguments.record {
        expected.check_names(|name| Trial::find(name).is_some())?;
    }
    let toolchain = toolchain(&workspace)?;
    let scope = arguments.scope();
    let trials = match arguments.shard {
        None => trials,
        // Runs with defects fail early, so they do not count.
        Some(shard) => {
            shard.pick(trials, |trial| expected.range(&trial.name()).map_or(0, Range::typical))
        }
    };

    let checkers = {
        let _progress = Progress::busy("building the models");
        workspace.build_models()?
    };
    let build_seconds = since_start().as_secs_f64();
    let largest_compiler = figures::largest_child();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let limit = arguments.limit();
    let model = checkers.model.clone();
    let runner = Runner { model, jobs: arguments.jobs.map_or(cores, usize::from), limit };
    thread::scope(|threads| {
        // The tests are built while models run. They run alone, since they need the cores.
        let building = threads.spawn({
            let (is_wanted, workspace) = (scope.tests, &workspace);
            move || if is_wanted { tests(workspace, arguments.shard) } else { Ok(Vec::new()) }
        });
        let exploring = Instant::now();
        let runs = runner.verdicts(&trials, &expected, arguments.record);
        if arguments.record {
            record(&runs, &mut expected, &ranges)?;
        }
        let surveys = runs.iter().map(|runs| (runs.trial, runs.run.clone())).collect();
        let trials: Vec<_> = runs.into_iter().map(|runs| runs.report(&expected)).collect();
        let kill_matrix = scope
            .faults
            .then(|| kill_matrix(&runner, &workspace, arguments.shard, surveys, &expected))
            .transpose()?;
        let exploring_seconds = exploring.elapsed().as_secs_f64();
        let others = Others::run(&scope, &runner, &workspace, &checkers, arguments)?;
        let binaries = {
            let _progress = scope.tests.then(|| Progress::busy("building the tests"));
            building.join().unwrap_or_else(|panic| resume_unwind(panic))?
        };
        let suites = test(&binaries, &workspace);
        // Last, when nothing else runs.
        let alone = scope.models && scope.generated && scope.is_first_shard();
        let speed = alone.then(|| speed(&runner)).flatten();
        let memory = Memory::since(largest_compiler);

        let Others { generated, samples, mutants, checker } = others;
        let protocols =
            if any_number::is_in(&scope) { protocols(&trials, &samples) } else { Vec::new() };
        let mut audit = Audit {
            schema: audit::SCHEMA,
            clauses: Vec::new(),
            scope,
            held: false,
            source: workspace.source(),
            toolchain,
            seed: arguments.seed,
            shards: 1,
            figures: Figures { build_seconds, exploring_seconds, speed, memory },
            model_limit: limit.as_secs(),
            began: began.clone(),
            seconds: since_start().as_secs_f64(),
            assumptions: audit::ASSUMPTIONS.map(str::to_owned).to_vec(),
            protocols,
            trials,
            kill_matrix,
            samples,
            checker,
            mutants,
            generated,
            suites,
        };
        audit.settle();
        publish(&audit, arguments.output.as_deref())
    })
}

/// The results beside those of the models and the tests.
struct Others {
    generated: Vec<Generated>,
    samples: Vec<SampleReport>,
    mutants: Option<Mutants>,
    checker: Option<CheckerReport>,
}

impl Others {
    /// Runs what is in scope.
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
        let check_it = scope.generated && scope.is_first_shard();
        let checker = check_it.then(|| check(checkers)).transpose()?;
        Ok(Others { generated, samples, mutants, checker })
    }
}

/// Decides the protocols, and counts their steps in the models and samples.
fn protocols(trials: &[TrialReport], samples: &[SampleReport]) -> Vec<ProtocolReport> {
    let trials = trials.iter().map(|trial| Watched {
        name: &trial.name,
        steps: &trial.steps,
        failure: trial.verdict.reason(),
    });
    let samples = samples.iter().map(|sample| Watched {
        name: &sample.name,
        steps: &sample.steps,
        failure: sample.verdict.reason(),
    });
    ProtocolReport::all(&trials.chain(samples).collect::<Vec<_>>())
}

/// Times one model alone.
fn speed(runner: &Runner) -> Option<Speed> {
    let trial = Trial::find(figures::MODEL)?;
    let _progress = Progress::busy("timing one model alone");
    Speed::of(&commands::run_model(&runner.model, trial, &Purpose::Verdict, runner.limit))
}

/// The tests whose jobs submit jobs. Others would run on work stealing as on the default queue.
const WHERE_JOBS_SUBMIT: [&str; 6] =
    ["idle", "order", "scope", "shutdown", "state_machine", "stress"];

/// Builds the tests. Returns those of this shard, each with the queue that it runs on.
///
/// `locked` is tested without features, which is the smallest build.
fn tests(
    workspace: &Workspace,
    shard: Option<Shard>,
) -> Result<Vec<(&'static str, TestBinary)>, String> {
    let full = workspace.build_tests(true)?;
    let plain = workspace.build_tests(false)?;
    let on = |queue, tests: &[TestBinary]| {
        tests.iter().map(|test| (queue, test.clone())).collect::<Vec<_>>()
    };
    let submits = |test: &&TestBinary| WHERE_JOBS_SUBMIT.contains(&&*test.target);
    let stealing = full.iter().filter(submits).cloned().collect::<Vec<_>>();
    let runs = [
        on("two-lock", &full),
        on("channel", &full),
        on("work-stealing", &stealing),
        on("locked", &plain),
    ];
    let all = runs.into_iter().flatten();
    Ok(match shard {
        None => all.collect(),
        Some(shard) => shard.pick(all, |_| 1),
    })
}

/// Runs the faults at call sites.
fn kill_matrix(
    runner: &Runner,
    workspace: &Workspace,
    shard: Option<Shard>,
    surveys: Vec<(&'static Trial, Run)>,
    expected: &Expected,
) -> Result<KillMatrix, String> {
    let equivalents = workspace.root().join("verification/data/equivalent.toml");
    let equivalents = equivalents::read(&equivalents)?;
    let source = |file: &str| std::fs::read_to_string(workspace.root().join(file)).ok();
    // A run for a verdict has also surveyed the call sites.
    let candidates = plan::candidates();
    let is_known = |trial: &&Trial| surveys.iter().any(|(known, _)| known.name() == trial.name());
    let surveys = if candidates.iter().all(is_known) {
        let is_candidate =
            |(trial, _): &(&Trial, Run)| candidates.iter().any(|one| one.name() == trial.name());
        surveys.into_iter().filter(is_candidate).collect()
    } else {
        runner.surveys(&candidates)
    };
    let runs = runner.faults(&surveys, shard, expected, |fault| equivalents.explain(fault, source));
    Ok(KillMatrix::new(&runs, &equivalents, &TERMS, source))
}

/// Runs the generated programs of this shard.
fn programs(runner: &Runner, arguments: &Arguments) -> Vec<Generated> {
    let nightly = arguments.profile == Profile::Nightly;
    let on = |set: &ProgramSet| runner.generated(set, nightly, arguments.shard);
    PROGRAM_SETS.iter().map(on).collect()
}

/// Draws the samples of this shard.
fn samples(runner: &Runner, checkers: &Checkers, arguments: &Arguments) -> Vec<SampleReport> {
    let trials: Vec<_> = match arguments.shard {
        None => samples::trials().collect(),
        Some(shard) => shard.pick(samples::trials(), |_| 1),
    };
    let schedules = samples::schedules(arguments.profile == Profile::Nightly);
    runner.samples(&checkers.sample, &trials, Draw { schedules, seed: arguments.seed })
}

/// Runs the cross-check of the engines.
fn check(checkers: &Checkers) -> Result<CheckerReport, String> {
    let _progress = Progress::busy("cross-checking the engines");
    cross_check::run(&checkers.checker)
}

/// Records the numbers of executions.
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
    expected.record_duties(Trial::all(true));
    expected.write(file)
}

/// Runs the tests, one executable at a time.
fn test(binaries: &[(&str, TestBinary)], workspace: &Workspace) -> Vec<Suite> {
    if binaries.is_empty() {
        return Vec::new();
    }
    let progress = Progress::of("test executables", binaries.len());
    let run = |(queue, binary): &(&str, TestBinary)| {
        let suite = suites::run(queue, binary, workspace.root(), limits::TESTS);
        let word = if suite.passed { "passed" } else { "FAILED" };
        progress.done(format!("{}: {word}", suite.name));
        suite
    };
    binaries.iter().map(run).collect()
}

/// Runs the mutants of this shard.
fn seeded(workspace: &Workspace, shard: Option<Shard>) -> Result<Mutants, String> {
    let patches = patches(workspace)?;
    let own = match shard {
        None => patches,
        Some(shard) => shard.pick(patches, |_| 1),
    };
    seeded::run(workspace, &own, limits::MUTANT)
}

fn toolchain(workspace: &Workspace) -> Result<Toolchain, String> {
    let [cargo, rustc] = workspace.toolchain()?;
    let packages =
        ["loom", "corosensei", "proptest", "crossbeam-channel", "stack_dst", "coarsetime"];
    let packages = workspace.locked_versions(&packages)?;
    Ok(Toolchain { cargo, rustc, packages })
}

/// Returns the date and the time, as an audit records them.
fn now() -> String {
    let now = chrono::Utc::now();
    format!("{} {:02}:{:02} UTC", now.date_naive(), now.hour(), now.minute())
}
