//! The purpose of a run of a trial.

use harness::faults::site::SiteFault;
use harness::findings::run::Engine;
use last_call::sync::fault::Fault;

use crate::faults::defect::Defect;
use crate::faults::site;
use crate::trials::trial::Trial;

/// The purpose of a run of a trial.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// Gives the verdict, and lists the faults that can be injected at the call sites reached.
    Verdict,
    /// Gives the verdict without symmetry reduction, to check that the reduction loses nothing.
    WithoutSymmetry,
    /// Gives the verdict of the second engine.
    SecondOpinion,
    /// Checks whether the trial notices one of its seeded defects.
    Defect(&'static Defect),
    /// Checks whether the trial notices a fault at a call site, under the given engine.
    SiteFault(SiteFault, Engine),
    /// Checks whether the trial notices the mutant that it was built from.
    Mutant,
    /// Checks whether a protocol notices the mutant that the trial was built from.
    WatchedMutant,
}

impl Purpose {
    /// Returns the name of the defect or fault.
    pub fn wrong(&self) -> Option<String> {
        match self {
            Purpose::Defect(defect) => Some(defect.name.to_owned()),
            Purpose::SiteFault(fault, _) => Some(fault.to_string()),
            _ => None,
        }
    }

    /// Returns the fault to inject into the facade.
    pub fn fault(&self, trial: &Trial) -> Option<Fault> {
        match self {
            Purpose::Defect(defect) => Some(defect.fault(trial.subject)),
            Purpose::SiteFault(fault, _) => site::in_facade(fault).ok(),
            _ => None,
        }
    }

    /// Returns `true` if the steps of the code are held against the protocols. With a fault they are
    /// not: it must be noticed by the trial's own property.
    pub fn is_watched(&self) -> bool {
        matches!(self, Purpose::Verdict | Purpose::WithoutSymmetry | Purpose::WatchedMutant)
    }

    /// Returns the engine that explores.
    pub fn engine(&self, trial: &Trial) -> Engine {
        match (self, trial.bound()) {
            (Purpose::SecondOpinion, _) | (_, Some(_)) => Engine::Loom,
            (Purpose::SiteFault(_, engine), None) => *engine,
            _ => Engine::Mazurka,
        }
    }

    /// Returns the arguments for the `model` command.
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
            Purpose::WatchedMutant => vec![flag("--mutant"), flag("--watched")],
        }
    }
}
