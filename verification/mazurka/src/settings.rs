//! The settings for running a model, and the check that they are valid.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::broken::Broken;
use crate::clock::MAX_THREADS;
use crate::report::{Failure, Observed, Progress};

/// All settings of a [`Builder`](crate::Builder), with its callbacks.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) execution: ExecutionSettings,
    pub(crate) max_executions: Option<u64>,
    pub(crate) max_duration: Option<Duration>,
    pub(crate) stack_size: usize,
    pub(crate) parts: usize,
    pub(crate) progress: Option<(Duration, ProgressCallback)>,
    pub(crate) on_failure: Option<FailureCallback>,
    pub(crate) observer: Option<Observer>,
}

pub(crate) type FailureCallback = Arc<dyn Fn(&Failure) + Send + Sync>;
pub(crate) type ProgressCallback = Arc<dyn Fn(&Progress) + Send + Sync>;
pub(crate) type Observer = Arc<dyn Fn(&Observed<'_>) + Send + Sync>;

/// The settings that an execution needs.
#[derive(Clone)]
pub(crate) struct ExecutionSettings {
    pub(crate) max_threads: usize,
    pub(crate) max_steps: usize,
    pub(crate) wakes_any: bool,
    pub(crate) spurious_wakeups: usize,
    pub(crate) failing_spawns: usize,
    pub(crate) symmetric: Option<String>,
    pub(crate) broken: Option<Broken>,
    /// Whether threads are unwound after a failure instead of being abandoned.
    pub(crate) unwinds: bool,
    /// The number of repeated rounds of a loop that yields.
    pub(crate) spins: usize,
    pub(crate) names: Arc<Names>,
    pub(crate) sees: Arc<Sees>,
}

/// What costs operations and matters only to models that use it. The first use is noted here, and
/// the exploration starts again.
#[derive(Debug, Default)]
pub(crate) struct Sees(AtomicU8);

impl Sees {
    /// Threads yield, so what they look at is noted.
    pub(crate) const YIELDS: u8 = 1;
    /// Locks are tried, so the release of a lock is an operation.
    pub(crate) const TRIES: u8 = 2;
    /// Reference counts are asked for, so each change of one is an operation.
    pub(crate) const COUNTS: u8 = 4;

    pub(crate) fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, flags: u8) {
        self.0.fetch_or(flags, Ordering::Relaxed);
    }
}

/// The numbers of threads, the same in all executions: by parent, and by index among its children.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<Vec<(u8, u8)>>);

impl Names {
    pub(crate) fn number(&self, parent: u8, child: u8) -> usize {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = names.iter().position(|name| *name == (parent, child));
        1 + known.unwrap_or_else(|| {
            names.push((parent, child));
            names.len() - 1
        })
    }
}

/// An invalid setting. The message names the setting, its value and the accepted values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSetting(String);

impl fmt::Display for InvalidSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidSetting {}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            execution: ExecutionSettings {
                max_threads: MAX_THREADS,
                max_steps: 10_000,
                wakes_any: true,
                spurious_wakeups: 0,
                failing_spawns: 0,
                symmetric: None,
                broken: None,
                unwinds: false,
                spins: 1,
                names: Arc::default(),
                sees: Arc::default(),
            },
            max_executions: None,
            max_duration: None,
            stack_size: 256 * 1024,
            parts: 1,
            progress: None,
            on_failure: None,
            observer: None,
        }
    }
}

impl Settings {
    pub(crate) fn check(&self) -> Result<(), InvalidSetting> {
        let ExecutionSettings { max_threads, max_steps, .. } = self.execution;
        if max_threads == 0 || max_threads > MAX_THREADS {
            return Err(InvalidSetting(format!(
                "`max_threads` is {max_threads}; 1 to {MAX_THREADS} is accepted"
            )));
        }
        at_least("max_steps", max_steps as u64, 1)?;
        at_least("max_executions", self.max_executions.unwrap_or(1), 1)?;
        at_least("stack_size", self.stack_size as u64, 16 * 1024)?;
        at_least("parts", self.parts as u64, 1)?;
        at_least("spins", self.execution.spins as u64, 1)?;
        if self.max_duration == Some(Duration::ZERO) {
            return Err(InvalidSetting("`max_duration` is 0; more is accepted".to_owned()));
        }
        if max_steps > usize::from(u16::MAX) {
            return Err(InvalidSetting(format!(
                "`max_steps` is {max_steps}; 1 to 65535 is accepted"
            )));
        }
        if self.execution.symmetric.as_deref() == Some("") {
            return Err(InvalidSetting(
                "`symmetric` is empty; the beginning of the threads' names is accepted".to_owned(),
            ));
        }
        Ok(())
    }
}

pub(crate) fn at_least(name: &str, value: u64, least: u64) -> Result<(), InvalidSetting> {
    if value >= least {
        return Ok(());
    }
    Err(InvalidSetting(format!("`{name}` is {value}; {least} or more is accepted")))
}
