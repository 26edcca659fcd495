//! What a trial is run for.

use last_call::sync::fault::Fault;

use crate::faults::defect::Defect;
use crate::faults::site::SiteFault;
use crate::findings::run::Engine;
use crate::trials::trial::Trial;

/// What a trial is run for.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// Its verdict, and at which call sites that it reaches something could go wrong.
    Verdict,
    /// The same with every thread told from every other, to check that symmetry loses nothing.
    WithoutSymmetry,
    /// Another engine's opinion.
    SecondOpinion,
    /// Whether it notices a seeded defect of its own.
    Defect(&'static Defect),
    /// Whether it notices a fault at a call site, under that engine.
    SiteFault(SiteFault, Engine),
    /// Whether it notices what is wrong with the sources that it was built from.
    Mutant,
}

impl Purpose {
    /// The name of what is made to go wrong.
    pub fn wrong(&self) -> Option<String> {
        match self {
            Purpose::Defect(defect) => Some(defect.name.to_owned()),
            Purpose::SiteFault(fault, _) => Some(fault.to_string()),
            _ => None,
        }
    }

    /// What the facade is told to do wrongly.
    pub fn fault(&self, trial: &Trial) -> Option<Fault> {
        match self {
            Purpose::Defect(defect) => Some(defect.fault(trial.subject)),
            Purpose::SiteFault(fault, _) => Some(fault.fault()),
            _ => None,
        }
    }

    /// Who explores.
    pub fn engine(&self, trial: &Trial) -> Engine {
        match (self, trial.bound()) {
            (Purpose::SecondOpinion, _) | (_, Some(_)) => Engine::Loom,
            (Purpose::SiteFault(_, engine), None) => *engine,
            _ => Engine::Mazurka,
        }
    }

    /// The arguments of the `model` command.
    pub fn arguments(&self) -> Vec<String> {
        let flag = |flag: &str| flag.to_owned();
        match self {
            Purpose::Verdict => Vec::new(),
            Purpose::WithoutSymmetry => vec![flag("--without-symmetry")],
            Purpose::SecondOpinion => vec![flag("--engine"), flag("loom")],
            Purpose::Defect(defect) => vec![flag("--defect"), defect.name.to_owned()],
            Purpose::SiteFault(fault, engine) => {
                let loom = *engine == Engine::Loom;
                let engine = loom.then(|| [flag("--engine"), flag("loom")]);
                let fault = [flag("--fault"), fault.to_string()];
                fault.into_iter().chain(engine.into_iter().flatten()).collect()
            }
            Purpose::Mutant => vec![flag("--mutant")],
        }
    }
}
