//! What a trial is run for.

use last_call::sync::fault::Fault;

use crate::callsite::Slip;
use crate::run::Engine;
use crate::trial::{Defect, Trial};

/// What a trial is run for.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// Its verdict, and at which call sites that it reaches something could go wrong.
    Verdict,
    /// Another engine's opinion.
    SecondOpinion,
    /// Whether it notices a seeded defect of its own.
    Defect(&'static Defect),
    /// Whether it notices a fault at a call site.
    Slip(Slip),
    /// Whether it notices what is wrong with the sources that it was built from.
    Mutant,
}

impl Purpose {
    /// The name of what is made to go wrong.
    pub fn wrong(&self) -> Option<String> {
        match self {
            Purpose::Defect(defect) => Some(defect.name.to_owned()),
            Purpose::Slip(slip) => Some(slip.to_string()),
            Purpose::Verdict | Purpose::SecondOpinion | Purpose::Mutant => None,
        }
    }

    /// What the facade is told to do wrongly.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Purpose::Defect(defect) => Some(defect.fault),
            Purpose::Slip(slip) => Some(slip.fault()),
            Purpose::Verdict | Purpose::SecondOpinion | Purpose::Mutant => None,
        }
    }

    /// Who explores.
    pub fn engine(&self, trial: &Trial) -> Engine {
        match (self, trial.bound()) {
            (Purpose::SecondOpinion, _) | (_, Some(_)) => Engine::Loom,
            _ => Engine::Mazurka,
        }
    }

    /// The arguments of the `model` command.
    pub fn arguments(&self) -> Vec<String> {
        let flag = |flag: &str| flag.to_owned();
        match self {
            Purpose::Verdict => Vec::new(),
            Purpose::SecondOpinion => vec![flag("--engine"), flag("loom")],
            Purpose::Defect(defect) => vec![flag("--defect"), defect.name.to_owned()],
            Purpose::Slip(slip) => vec![flag("--slip"), slip.to_string()],
            Purpose::Mutant => vec![flag("--mutant")],
        }
    }
}
