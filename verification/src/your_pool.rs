//! Runs the pools of other authors under the scenarios that apply to any pool.

use std::process::ExitCode;

use crate::subjects::subject::Subject;

/// Runs a pool under every scenario for any pool and prints the results, with the interleaving of
/// each failure. Returns success if every scenario holds.
///
/// Call it first thing in `main`, in a program that is built with `RUSTFLAGS="--cfg loom"`: each
/// scenario runs in a process of its own, which is another run of the same program.
///
/// The pool must take its locks, condition variables and threads from [`last_call::sync`], since
/// the explorer sees nothing else. No defects are seeded here. A result shows that a scenario holds
/// for every trace, not that the scenario would have noticed a defect.
pub fn put_on_trial(subject: &'static dyn Subject) -> ExitCode {
    #[cfg(loom)]
    return explored::put_on_trial(subject);
    #[cfg(not(loom))]
    {
        let name = subject.name();
        eprintln!("{name}: this build cannot explore; build it with RUSTFLAGS=\"--cfg loom\"");
        ExitCode::from(2)
    }
}

#[cfg(loom)]
mod explored {
    use std::process::{Command, ExitCode};

    use harness::findings::run::Engine;
    use harness::report::swimlanes;

    use crate::base::limits;
    use crate::engines;
    use crate::findings::run::Run;
    use crate::running::commands;
    use crate::scenarios::any;
    use crate::scenarios::scenario::Scenario;
    use crate::subjects::subject::Subject;
    use crate::trials::judge;
    use crate::trials::purpose::Purpose;
    use crate::trials::trial::{Expect, Trial};

    /// Selects the scenario in a child process.
    const SCENARIO: &str = "VERIFY_SCENARIO";
    const WIDTH: usize = 110;

    pub(super) fn put_on_trial(subject: &'static dyn Subject) -> ExitCode {
        if let Ok(name) = std::env::var(SCENARIO) {
            let scenario = any::FOR_ANY.iter().find(|scenario| scenario.name == name);
            let scenario = scenario.expect("the parent process names a scenario");
            engines::run(trial(subject, scenario), &Purpose::Verdict, limits::MODEL, |run| {
                println!("{}", serde_json::to_string(run).expect("a run can be written as JSON"));
            });
        }
        println!("{}: {}", subject.name(), subject.description());
        let mut held = true;
        for scenario in any::FOR_ANY {
            let trial = trial(subject, scenario);
            let run = run(trial, scenario);
            let executions = run.explorations.last().map_or(0, |last| last.executions);
            match judge::shown(trial, &run, Engine::Mazurka) {
                Ok(()) => println!("  holds   {} ({executions} executions)", scenario.property),
                Err(verdict) => {
                    held = false;
                    let reason = verdict.reason().unwrap_or_default();
                    println!("  {verdict:7} {}: {reason}", scenario.property);
                    if let Some(trace) = &run.trace {
                        println!("\n{}", swimlanes::draw(trace, WIDTH));
                    }
                }
            }
        }
        ExitCode::from(u8::from(!held))
    }

    /// Leaks the trial, since trials live as long as the process.
    fn trial(subject: &'static dyn Subject, scenario: &'static Scenario) -> &'static Trial {
        let expect = Expect::Proved;
        Box::leak(Box::new(Trial {
            subject,
            scenario,
            expect,
            defects: Vec::new(),
            nightly: false,
        }))
    }

    fn run(trial: &Trial, scenario: &Scenario) -> Run {
        let program = std::env::current_exe().expect("the path of this program is known");
        commands::read_run(
            Command::new(program).env(SCENARIO, scenario.name),
            &(trial.name(), None),
            limits::MODEL,
        )
    }
}

#[cfg(test)]
mod tests {
    /// The promise to authors of pools: the whole example fits, including its pool.
    #[test]
    fn the_example_has_under_fifty_lines_of_code() {
        let example = include_str!("../examples/your_pool.rs");
        let code = |line: &&str| !line.is_empty() && !line.starts_with("//");
        let lines = example.lines().map(str::trim).filter(code).count();
        assert!((30..50).contains(&lines), "{lines}");
    }
}
