//! The trials: which subject stands under which scenario, and what is expected of it.

use crate::faults::defect::Defect;

use crate::scenarios::scenario::Scenario;
use crate::subjects::subject::Subject;

/// A subject under a scenario.
#[derive(Clone)]
pub struct Trial {
    /// Who.
    pub subject: &'static dyn Subject,
    /// Under what.
    pub scenario: &'static Scenario,
    /// With what end.
    pub expect: Expect,
    /// What this trial must notice: each is run too and must be convicted.
    pub defects: Vec<&'static Defect>,
    /// Whether it takes so long that only the nightly profile runs it.
    pub nightly: bool,
}

/// How a trial must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The property holds, explored without a preemption bound.
    Proved,
    /// The property holds with at most that many preemptions.
    Bounded(usize),
    /// The property is broken, in this way. That it no longer is would be a failure of the suite.
    Convicted(Conviction),
}

/// How a property is seen to be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conviction {
    /// No thread can go on.
    Deadlock,
    /// A panic whose message contains this.
    Panic(&'static str),
}

impl Trial {
    /// Its name: the subject's and the scenario's.
    pub fn name(&self) -> String {
        format!("{}/{}", self.subject.name(), self.scenario.name)
    }

    /// The seeded defect of that name.
    pub fn defect(&self, name: &str) -> Option<&'static Defect> {
        self.defects.iter().copied().find(|defect| defect.name == name)
    }

    /// The preemption bound of the last exploration; `None` is unbounded.
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
