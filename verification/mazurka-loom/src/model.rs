//! Models, as loom has them.

use std::env;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use mazurka::trial;

use crate::end;

/// Explores a model. See [`Builder::check`].
#[track_caller]
pub fn model<F>(f: F)
where
    F: Fn() + Sync + Send + 'static,
{
    Builder::new().check(f);
}

/// Settings, with loom's names and loom's variables of the environment.
#[derive(Debug)]
#[non_exhaustive]
pub struct Builder {
    /// Ignored: up to [`MAX_THREADS`](crate::MAX_THREADS) threads are explored.
    pub max_threads: usize,
    /// The most steps of an execution, if they are more than 10,000.
    pub max_branches: usize,
    /// The most executions. An exploration that they end has failed.
    pub max_permutations: Option<usize>,
    /// The most time. An exploration that it ends has failed.
    pub max_duration: Option<Duration>,
    /// Ignored: executions with any number of preemptions are explored. The output says so.
    pub preemption_bound: Option<usize>,
    /// Ignored.
    pub checkpoint_file: Option<PathBuf>,
    /// Ignored.
    pub checkpoint_interval: usize,
    /// Ignored: everything is explored.
    pub expect_explicit_explore: bool,
    /// Ignored: locations are always recorded.
    pub location: bool,
    /// Ignored.
    pub log: bool,
}

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let value = env::var(name).ok()?;
    let parsed = value.parse().ok();
    assert!(parsed.is_some(), "invalid value for `{name}`: {value}");
    parsed
}

impl Builder {
    /// Creates a builder with the settings of the environment.
    ///
    /// # Panics
    ///
    /// If a variable has no valid value.
    pub fn new() -> Builder {
        Builder {
            max_threads: crate::MAX_THREADS,
            max_branches: variable("LOOM_MAX_BRANCHES").unwrap_or(1_000),
            max_permutations: variable("LOOM_MAX_PERMUTATIONS"),
            max_duration: variable("LOOM_MAX_DURATION").map(Duration::from_secs),
            preemption_bound: variable("LOOM_MAX_PREEMPTIONS"),
            checkpoint_file: None,
            checkpoint_interval: 20_000,
            expect_explicit_explore: false,
            location: false,
            log: false,
        }
    }

    /// Does nothing.
    pub fn checkpoint_file(&mut self, _: &str) -> &mut Self {
        self
    }

    /// Explores a model completely, and says on standard error how that ended.
    ///
    /// # Panics
    ///
    /// If an execution fails or leaks, or if a limit ends the exploration.
    #[track_caller]
    pub fn check<F>(&self, f: F)
    where
        F: Fn() + Sync + Send + 'static,
    {
        let mut builder = mazurka::Builder::new()
            .max_steps(self.max_branches.clamp(10_000, usize::from(u16::MAX)))
            .max_executions(self.max_permutations.map(|most| most as u64))
            .max_duration(self.max_duration);
        if let Some(spins) = variable("MAZURKA_SPINS") {
            builder = builder.spins(spins);
        }
        let bound = self.preemption_bound;
        let bound = bound.map(|bound| format!("the preemption bound {bound} was not applied"));
        let notes: Vec<_> = bound.into_iter().collect();
        trial::check(&builder, "loom on mazurka", &notes, move || {
            end::begin();
            f();
        });
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}
