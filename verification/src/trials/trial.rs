//! A trial: a subject, a scenario, and the expected result.

use crate::faults::defect::Defect;
use crate::scenarios::scenario::Scenario;
use crate::subjects::subject::Subject;

/// A subject under a scenario.
#[derive(Clone)]
pub struct Trial {
    /// The subject.
    pub subject: &'static dyn Subject,
    /// The scenario.
    pub scenario: &'static Scenario,
    /// The expected result.
    pub expect: Expect,
    /// The seeded defects. The scenario also runs with each of them, and must convict it.
    pub defects: Vec<&'static Defect>,
    /// Whether only the nightly profile runs the trial, because it takes long.
    pub nightly: bool,
}

/// The expected result of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The property holds, explored without a preemption bound.
    Proved,
    /// The property holds in every execution up to a preemption bound.
    Bounded(usize),
    /// The property is violated in this way. If it holds, the suite fails.
    Convicted(Conviction),
}

/// How a property is violated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conviction {
    /// A deadlock.
    Deadlock,
    /// A panic whose message contains this text.
    Panic(&'static str),
}

impl Trial {
    /// Returns the name of the trial, as `subject/scenario`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.subject.name(), self.scenario.name)
    }

    /// Returns the seeded defect of that name.
    pub fn defect(&self, name: &str) -> Option<&'static Defect> {
        self.defects.iter().copied().find(|defect| defect.name == name)
    }

    /// Returns what the trial must show: the expected result, when it runs, and the seeded defects
    /// that it must convict.
    pub fn duties(&self) -> Vec<String> {
        let expected = match self.expect {
            Expect::Proved => "proved".to_owned(),
            Expect::Bounded(bound) => format!("no violation up to {bound} preemptions"),
            Expect::Convicted(Conviction::Deadlock) => "a deadlock".to_owned(),
            Expect::Convicted(Conviction::Panic(text)) => format!("a panic: {text}"),
        };
        let when = if self.nightly { "nightly" } else { "always" };
        let defects = self.defects.iter().map(|defect| defect.name.to_owned());
        [expected, when.to_owned()].into_iter().chain(defects).collect()
    }

    /// Returns the preemption bound of the last exploration, or `None` if it is unbounded.
    pub fn bound(&self) -> Option<usize> {
        match self.expect {
            Expect::Bounded(bound) => Some(bound),
            Expect::Proved | Expect::Convicted(_) => None,
        }
    }
}

impl std::fmt::Debug for Trial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Trial").field(&self.name()).field(&self.expect).finish()
    }
}
