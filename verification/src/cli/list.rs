//! Selects and lists models.

use crate::cli::arguments::{Arguments, Profile};
use crate::subjects;
use crate::trials::trial::{Expect, Trial};

/// Returns the trials that pass the filters.
pub(super) fn select(arguments: &Arguments) -> Result<Vec<&'static Trial>, String> {
    let subjects = subjects::subject_names();
    if let Some(subject) = &arguments.subject {
        if !subjects.contains(&subject.as_str()) {
            return Err(format!(
                "there is no subject `{subject}`; there are {}",
                subjects.join(", ")
            ));
        }
    }
    let subject =
        |trial: &&Trial| arguments.subject.as_ref().is_none_or(|name| name == trial.subject.name());
    let model = |trial: &&Trial| {
        arguments
            .model
            .as_ref()
            .is_none_or(|name| *name == trial.scenario.name || *name == trial.name())
    };
    // A nightly model can be run by its name in any profile, and is listed.
    let nightly =
        arguments.profile == Profile::Nightly || arguments.model.is_some() || arguments.list;
    let trials: Vec<_> = Trial::all(nightly).filter(subject).filter(model).collect();
    match (&arguments.model, trials.is_empty()) {
        (Some(model), true) => {
            let of =
                arguments.subject.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
            Err(format!("there is no model `{model}`{of}; `cargo verify --list` names them all"))
        }
        _ => Ok(trials),
    }
}

/// Prints subjects and models.
pub(super) fn list(trials: &[&Trial]) {
    for subject in subjects::subjects() {
        let own: Vec<_> =
            trials.iter().filter(|trial| trial.subject.name() == subject.name()).collect();
        if own.is_empty() {
            continue;
        }
        println!("{}: {}", subject.name(), subject.description());
        for trial in own {
            let end = match trial.expect {
                Expect::Proved => "PROVED".to_owned(),
                Expect::Bounded(bound) => format!("BOUNDED({bound})"),
                Expect::Convicted(_) => "convicted".to_owned(),
            };
            let when = if trial.nightly { ", nightly" } else { "" };
            let name = trial.scenario.name;
            println!("  {name:28} {} (expected: {end}{when})", trial.scenario.property);
        }
    }
}
