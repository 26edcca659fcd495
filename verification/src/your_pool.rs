//! Other people's pools: put on trial under the scenarios that any pool can stand under.

use std::process::ExitCode;

use crate::subjects::subject::Subject;

/// Runs a pool under every scenario for any pool, each in a process of its own, which are further
/// runs of this program; prints what came out, with the interleaving of what failed. To be called by
/// `main`, with nothing before it, in a program that is built with `RUSTFLAGS="--cfg loom"`.
///
/// The pool must take its locks, condition variables and threads from [`last_call::sync`], since
/// the explorer explores what it sees. There is no seeded defect here: that a scenario holds is shown
/// for every trace; that it would have noticed a defect is not.
///
/// Returns success if every scenario holds.
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

    use crate::base::limits;
    use crate::engines;
    use crate::findings::run::{Engine, Run};
    use crate::report::swimlanes;
    use crate::running::commands;
    use crate::scenarios::any;
    use crate::scenarios::scenario::Scenario;
    use crate::subjects::subject::Subject;
    use crate::trials::judge;
    use crate::trials::purpose::Purpose;
    use crate::trials::trial::{Expect, Trial};

    /// Says to a further run of the program which scenario is its.
    const SCENARIO: &str = "VERIFY_SCENARIO";
    const WIDTH: usize = 110;

    pub(super) fn put_on_trial(subject: &'static dyn Subject) -> ExitCode {
        if let Ok(name) = std::env::var(SCENARIO) {
            let scenario = any::FOR_ANY.iter().find(|scenario| scenario.name == name);
            let scenario = scenario.expect("the scenario is named by this program");
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

    /// Lives as long as the process, as trials do.
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
        let program = std::env::current_exe().expect("this program has a name");
        commands::read_run(
            Command::new(program).env(SCENARIO, scenario.name),
            &(trial.name(), None),
            limits::MODEL,
        )
    }
}

#[cfg(test)]
mod tests {
    /// What is promised to who has a pool: all of the example, its pool included.
    #[test]
    fn the_example_has_under_fifty_lines_of_code() {
        let example = include_str!("../examples/your_pool.rs");
        let code = |line: &&str| !line.is_empty() && !line.starts_with("//");
        let lines = example.lines().map(str::trim).filter(code).count();
        assert!((30..50).contains(&lines), "{lines}");
    }
}
