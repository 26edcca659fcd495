//! What a trial is run for.

use last_call::sync::fault::Fault;

use crate::callsite::{self, Slip};
use crate::trial::{Defect, Trial};

/// What a trial is run for.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// Its verdict.
    Verdict,
    /// Whether it notices a seeded defect of its own.
    Defect(&'static Defect),
    /// Whether it notices a fault at a call site, with at most so many preemptions.
    Slip(Slip, usize),
    /// At which call sites that it reaches something could go wrong.
    Survey,
    /// Whether it notices what is wrong with the sources that it was built from, with at most so many
    /// preemptions.
    Mutant(usize),
}

impl Purpose {
    /// The name of what is made to go wrong.
    pub fn wrong(&self) -> Option<String> {
        match self {
            Purpose::Defect(defect) => Some(defect.name.to_owned()),
            Purpose::Slip(slip, _) => Some(slip.to_string()),
            Purpose::Verdict | Purpose::Survey | Purpose::Mutant(_) => None,
        }
    }

    /// What the facade is told to do wrongly.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Purpose::Defect(defect) => Some(defect.fault),
            Purpose::Slip(slip, _) => Some(slip.fault()),
            Purpose::Verdict | Purpose::Survey | Purpose::Mutant(_) => None,
        }
    }

    /// The preemption bound of the last exploration; `None` is unbounded.
    pub fn bound(&self, trial: &Trial) -> Option<usize> {
        // A model that is explored with fewer preemptions would take too long with more.
        let at_most = |bound: usize| Some(trial.bound().map_or(bound, |own| own.min(bound)));
        match self {
            Purpose::Verdict | Purpose::Defect(_) => trial.bound(),
            Purpose::Slip(_, bound) | Purpose::Mutant(bound) => at_most(*bound),
            Purpose::Survey => at_most(callsite::BOUND),
        }
    }

    /// The arguments of the `model` command.
    pub fn arguments(&self) -> Vec<String> {
        let flag = |flag: &str| flag.to_owned();
        match self {
            Purpose::Verdict => Vec::new(),
            Purpose::Defect(defect) => vec![flag("--defect"), defect.name.to_owned()],
            Purpose::Slip(slip, bound) => {
                vec![flag("--slip"), slip.to_string(), flag("--bound"), bound.to_string()]
            }
            Purpose::Survey => vec![flag("--survey")],
            Purpose::Mutant(bound) => vec![flag("--mutant"), bound.to_string()],
        }
    }
}
