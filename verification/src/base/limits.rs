//! Time limits of the watchdogs, and environment variables that must not be set.

use std::ffi::OsString;
use std::time::Duration;

/// Limit for one run of one model.
pub const MODEL: Duration = Duration::from_secs(300);

/// Limit for one run of the second engine. Only models that it finishes in a fraction of this time
/// are recorded.
pub const SECOND_OPINION: Duration = Duration::from_secs(60);

/// The longest run of the second engine for which a model is recorded.
pub const SECOND_OPINION_RECORDED: Duration = Duration::from_secs(1);

/// Limit for one sample of one scenario in an ordinary audit.
pub const SAMPLE: Duration = Duration::from_secs(900);

/// Returns the limit for one sample of `schedules` schedules. A nightly sample has fifty times as
/// many.
pub fn sample(schedules: usize) -> Duration {
    const SCHEDULE: Duration = Duration::from_millis(50);
    SAMPLE.max(SCHEDULE.saturating_mul(u32::try_from(schedules).unwrap_or(u32::MAX)))
}

/// Limit for one run of one model in the nightly profile.
pub const NIGHTLY_MODEL: Duration = Duration::from_secs(7_200);

/// Limit for one executable of tests on real threads.
pub const TESTS: Duration = Duration::from_secs(600);

/// Limit for one model or one test executable that judges mutants, on the unchanged sources.
pub const MUTANT: Duration = Duration::from_secs(120);

/// Returns the first environment variable that makes loom explore less.
pub fn weakening_variable(names: impl Iterator<Item = OsString>) -> Option<String> {
    // LOOM_LOG and LOOM_LOCATION do not reduce the exploration.
    variable(names, "LOOM_", &["LOOM_LOG", "LOOM_LOCATION"])
}

/// Returns the first call in a source by which a model would skip a part of its executions, however
/// it is spelled. loom's report does not reveal such a call.
pub fn partial_exploration(source: &str) -> Option<&'static str> {
    const CALLS: [&str; 3] = ["stop_exploring", "skip_branch", "explore"];
    let code = source.lines().map(|line| line.split("//").next().unwrap_or_default());
    let code: String = code.flat_map(|line| [line, "\n"]).collect();
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned).collect()
    };
    // What is imported from loom: up to the end of the path, or of the list in braces.
    let taken = code.match_indices("loom::").map(|(at, path)| {
        let rest = &code[at + path.len()..];
        let list = rest.starts_with('{');
        let end = rest.find(|c: char| if list { c == ';' } else { "(;, \n".contains(c) });
        words(&rest[..end.unwrap_or(rest.len())])
    });
    let named: Vec<String> = taken.flatten().collect();
    // These two names belong to loom wherever they occur.
    let all = words(&code);
    let stands = |call: &&str| named.iter().any(|word| word == call);
    let anywhere = |call: &&str| all.iter().any(|word| word == call);
    CALLS[..2]
        .iter()
        .find(|call| anywhere(call))
        .or(CALLS.iter().find(|call| stands(call)))
        .copied()
}

fn variable(
    names: impl Iterator<Item = OsString>,
    prefix: &str,
    harmless: &[&str],
) -> Option<String> {
    names
        .filter_map(|name| name.into_string().ok())
        .find(|name| name.starts_with(prefix) && !harmless.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{partial_exploration, sample, weakening_variable, SAMPLE};

    #[test]
    fn a_bound_in_the_environment_is_found() {
        let names = ["PATH", "LOOM_LOG", "LOOM_MAX_PREEMPTIONS"];
        let found = weakening_variable(names.iter().map(Into::into));
        assert_eq!(found.as_deref(), Some("LOOM_MAX_PREEMPTIONS"));
    }

    #[test]
    fn a_partial_exploration_is_found_however_it_is_spelled() {
        for (source, call) in [
            ("fn body() { loom::stop_exploring(); }", "stop_exploring"),
            ("use loom::{model, skip_branch as skip};", "skip_branch"),
            ("use loom::{\n    explore,\n    thread,\n};", "explore"),
            ("::loom::explore()", "explore"),
            ("use loom as l; fn body() { l::skip_branch(); }", "skip_branch"),
        ] {
            assert_eq!(partial_exploration(source), Some(call), "{source}");
        }
        for source in ["loom::model(|| explore(trial));", "// loom::stop_exploring();", ""] {
            assert_eq!(partial_exploration(source), None, "{source}");
        }
    }

    #[test]
    fn no_source_skips_a_part_of_its_executions() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut folders = vec![here.to_owned(), here.join("../src")];
        let mut seen = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let path = entry.path();
                if entry.file_type().unwrap().is_dir() {
                    // The stand-in for loom tests that it has these functions.
                    if !path.ends_with("mazurka-loom") {
                        folders.push(path);
                    }
                    // This file contains the names as text.
                } else if path.extension().is_some_and(|name| name == "rs")
                    && !path.ends_with("limits.rs")
                {
                    let found = partial_exploration(&fs::read_to_string(&path).unwrap());
                    assert_eq!(found, None, "{}", path.display());
                    seen += 1;
                }
            }
        }
        assert!(seen > 80, "{seen} sources");
    }

    #[test]
    fn the_limit_of_a_sample_grows_with_its_schedules() {
        assert_eq!(sample(10_000), SAMPLE);
        let night = sample(100_000);
        assert!(night > 5 * SAMPLE && sample(usize::MAX) > night);
    }

    #[test]
    fn logging_is_harmless() {
        assert_eq!(weakening_variable(["LOOM_LOG"].iter().map(Into::into)), None);
    }
}
