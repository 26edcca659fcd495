//! How long things may take before a watchdog says where they stood, and what may not be set.

use std::ffi::OsString;
use std::time::Duration;

/// One run of one model.
pub const MODEL: Duration = Duration::from_secs(300);

/// One sample of one scenario.
pub const SAMPLE: Duration = Duration::from_secs(900);

/// One run of one model, in a night.
pub const NIGHTLY_MODEL: Duration = Duration::from_secs(7_200);

/// What a process gets on top of its own watchdog's time before it is killed from outside.
pub const GRACE: Duration = Duration::from_secs(15);

/// One executable of tests on real threads.
pub const TESTS: Duration = Duration::from_secs(600);

/// One model or one executable of tests that is to judge mutants, on the sources as they are.
pub const MUTANT: Duration = Duration::from_secs(120);

/// The first of the environment's variables that loom would read to explore less.
pub fn weakening_variable(names: impl Iterator<Item = OsString>) -> Option<String> {
    // LOOM_LOG and LOOM_LOCATION explore no less.
    variable(names, "LOOM_", &["LOOM_LOG", "LOOM_LOCATION"])
}

/// The first of the environment's variables that shuttle would read to draw other schedules.
pub fn deciding_variable(names: impl Iterator<Item = OsString>) -> Option<String> {
    variable(names, "SHUTTLE_", &["SHUTTLE_CAPTURE_BACKTRACE", "SHUTTLE_SILENCE_WARNINGS"])
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
    use super::{deciding_variable, weakening_variable};

    #[test]
    fn a_bound_in_the_environment_is_found() {
        let names = ["PATH", "LOOM_LOG", "LOOM_MAX_PREEMPTIONS"];
        let found = weakening_variable(names.iter().map(Into::into));
        assert_eq!(found.as_deref(), Some("LOOM_MAX_PREEMPTIONS"));
    }

    #[test]
    fn a_seed_in_the_environment_is_found() {
        let names = ["LOOM_MAX_PREEMPTIONS", "SHUTTLE_CAPTURE_BACKTRACE", "SHUTTLE_RANDOM_SEED"];
        let found = deciding_variable(names.iter().map(Into::into));
        assert_eq!(found.as_deref(), Some("SHUTTLE_RANDOM_SEED"));
    }

    #[test]
    fn logging_is_harmless() {
        assert_eq!(weakening_variable(["LOOM_LOG"].iter().map(Into::into)), None);
    }
}
