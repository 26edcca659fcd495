//! The exit status of `cargo verify`. Bad input is named, ends with status 2, and runs no model. A
//! failed audit ends with status 1; under loom, the tests follow it from the process that explores
//! to the exit status.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use verification::audit::figures::Figures;
use verification::audit::{self, Audit, Toolchain};
use verification::findings::scope::Scope;

fn verify(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_verify"));
    command.args(arguments).envs(environment.iter().copied());
    command.output().expect("the command was built with this test")
}

#[track_caller]
fn refused(output: &Output, named: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains(named), "`{named}` is not named in: {stderr}");
}

#[test]
fn an_unknown_model_is_named() {
    refused(&verify(&["--model", "no-such-model"], &[]), "no-such-model");
    // It exists, but not for this subject.
    let output = verify(&["--model", "deadline", "--subject", "book-stage-1"], &[]);
    refused(&output, "there is no model `deadline` of book-stage-1");
}

#[test]
fn an_unknown_subject_is_named_beside_those_that_exist() {
    let output = verify(&["--subject", "no-such-subject"], &[]);
    refused(&output, "no-such-subject");
    refused(&output, "book-stage-2");
}

#[test]
fn numbers_out_of_range_are_named() {
    refused(&verify(&["--jobs", "0"], &[]), "--jobs");
    refused(&verify(&["--limit", "0"], &[]), "--limit");
    refused(&verify(&["--limit", "18446744073709551615"], &[]), "--limit");
}

#[test]
fn a_missing_cargo_is_named() {
    let output = verify(&["--model", "drop-idle"], &[("CARGO", "no-such-cargo")]);
    refused(&output, "cargo was not found (looked for `no-such-cargo`)");
}

#[test]
fn a_variable_that_would_weaken_loom_is_named() {
    let output = verify(&["--model", "drop-idle"], &[("LOOM_MAX_PREEMPTIONS", "1")]);
    refused(&output, "LOOM_MAX_PREEMPTIONS");
}

#[test]
fn models_and_subjects_are_listed() {
    let output = verify(&["--list"], &[]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success());
    for name in ["last-call:", "book-stage-1:", "book-stage-2:", "drop-2x2", "queue-in-order"] {
        assert!(stdout.contains(name), "{name} is not listed in: {stdout}");
    }
}

/// An empty audit, which a test fills.
fn audit() -> Audit {
    Audit {
        schema: audit::SCHEMA,
        scope: Scope::default(),
        held: false,
        source: None,
        toolchain: Toolchain {
            cargo: String::new(),
            rustc: String::new(),
            packages: BTreeMap::new(),
        },
        seed: 1,
        shards: 1,
        figures: Figures::default(),
        model_limit: 60,
        began: String::new(),
        seconds: 1.0,
        assumptions: Vec::new(),
        clauses: Vec::new(),
        trials: Vec::new(),
        protocols: Vec::new(),
        kill_matrix: None,
        samples: Vec::new(),
        checker: None,
        mutants: None,
        generated: Vec::new(),
        suites: Vec::new(),
    }
}

/// Returns the exit status of the command that publishes an audit.
fn published(name: &str, mut audit: Audit) -> Option<i32> {
    audit.held = audit.is_good();
    let folder = std::env::temp_dir().join(format!("verify-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("input.json");
    std::fs::write(&file, serde_json::to_string(&audit).unwrap()).unwrap();
    let [file, output] = [&file, &folder].map(|path| path.to_str().unwrap());
    let status = verify(&["report", file, "--output", output], &[]).status;
    std::fs::remove_dir_all(folder).unwrap();
    status.code()
}

#[test]
fn an_audit_that_lacks_a_part_of_its_scope_ends_with_1() {
    assert_eq!(published("nothing-asked", audit()), Some(0));
    let scope = Scope { models: true, ..Scope::default() };
    assert_eq!(published("no-models", Audit { scope, ..audit() }), Some(1));
    let scope = Scope { faults: true, ..Scope::default() };
    assert_eq!(published("no-faults", Audit { scope, ..audit() }), Some(1));
}

#[test]
fn an_audit_of_another_format_is_refused_with_its_number() {
    let file = std::env::temp_dir().join(format!("verify-old-{}.json", std::process::id()));
    std::fs::write(&file, r#"{ "schema": 1 }"#).unwrap();
    refused(&verify(&["report", file.to_str().unwrap()], &[]), "has the format 1");
    std::fs::remove_file(file).unwrap();
}

/// Each way to fail, from the process that explores to the exit status.
#[cfg(loom)]
mod explored {
    use std::path::Path;
    use std::process::Command;
    use std::time::Duration;

    use verification::audit::Audit;
    use verification::base::limits;
    use verification::findings::run::Run;
    use verification::findings::scope::Scope;
    use verification::running::commands;
    use verification::trials::purpose::Purpose;
    use verification::trials::recorded::Expected;
    use verification::trials::report::TrialReport;
    use verification::trials::trial::Trial;

    const MODEL: &str = env!("CARGO_BIN_EXE_model");

    fn run(trial: &Trial, purpose: &Purpose, limit: Duration) -> Run {
        commands::run_model(Path::new(MODEL), trial, purpose, limit)
    }

    /// Returns the verdict of a trial that ran with the given limit, and the exit status of an
    /// audit of it. `tamper` edits the recorded numbers.
    fn audited(
        name: &str,
        limit: Duration,
        tamper: fn(&mut Expected, u64),
    ) -> (String, Option<i32>) {
        let trial = Trial::find(name).unwrap();
        let defects = trial.defects.iter();
        let defects: Vec<_> =
            defects.map(|own| run(trial, &Purpose::Defect(own), limits::MODEL)).collect();
        let verdict = run(trial, &Purpose::Verdict, limit);
        let ranges = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/expected.toml");
        let mut expected = Expected::read(&ranges).unwrap();
        tamper(&mut expected, verdict.explorations.last().unwrap().executions);
        let report = TrialReport::new(trial, verdict, None, &defects, &expected);
        let word = report.verdict.to_string();
        let scope = Scope { models: true, model: Some(name.to_owned()), ..Scope::default() };
        let audit = Audit { scope, trials: vec![report], ..super::audit() };
        (word, super::published(&name.replace('/', "-"), audit))
    }

    #[test]
    fn a_model_that_exceeds_its_limit_ends_with_1() {
        // A trial of the nightly profile, which takes minutes.
        let second = Duration::from_secs(1);
        let (word, status) = audited("last-call-two-lock/idle-2-workers", second, |_, _| {});
        assert_eq!((&*word, status), ("TRUNCATED", Some(1)));
    }

    #[test]
    fn a_range_that_is_out_of_date_ends_with_1() {
        const NAME: &str = "last-call/drop-idle";
        let stale = |expected: &mut Expected, number| expected.record(NAME.to_owned(), number + 1);
        assert_eq!(audited(NAME, limits::MODEL, stale), ("UNRECORDED".to_owned(), Some(1)));
        let whole = audited(NAME, limits::MODEL, |_, _| {});
        assert_eq!(whole, ("PROVED".to_owned(), Some(0)));
    }

    #[test]
    fn the_processes_that_explore_name_a_variable_that_would_weaken_loom() {
        let mut model = Command::new(MODEL);
        let checker = Command::new(env!("CARGO_BIN_EXE_checker"));
        model.arg("last-call/drop-idle");
        for mut command in [model, checker] {
            let output = command.env("LOOM_MAX_PREEMPTIONS", "1").output().unwrap();
            super::refused(&output, "LOOM_MAX_PREEMPTIONS");
            assert!(output.stdout.is_empty(), "nothing was explored");
        }
    }
}

/// Invalid arguments are named, and nothing is explored.
#[cfg(loom)]
#[test]
fn an_invalid_engine_schedule_or_limit_is_named() {
    let model = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_model"));
        command.args(["last-call/drop-idle"]).args(arguments).output().unwrap()
    };
    refused(&model(&["--engine", "spin"]), "spin");
    refused(&model(&["--replay", "a?"]), "a?");
    refused(&model(&["--replay", "(9)z"]), "step 1");
    refused(&model(&["--limit", "0"]), "0");
}

#[test]
fn the_workflow_runs_every_step_of_the_gate() {
    let text = |path: &str| {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let (gate, workflow) = (text("ci/gate.sh"), text(".github/workflows/ci.yml"));
    let steps: Vec<_> = gate.lines().filter(|line| line.starts_with("ci/")).collect();
    assert!(steps.len() > 5, "{steps:?}");
    for step in steps {
        assert!(workflow.contains(step), "{step} is not in the workflow");
    }
}
