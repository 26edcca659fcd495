//! Time limits of the watchdogs.

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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use harness::base::weakening::partial_exploration;

    use super::{sample, SAMPLE};

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
                    // That file contains the names as text.
                } else if path.extension().is_some_and(|name| name == "rs")
                    && !path.ends_with("weakening.rs")
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
}
