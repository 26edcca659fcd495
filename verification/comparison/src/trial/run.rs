//! All properties of all pools.

use std::thread;
use std::time::Instant;

use verification::runner;

use super::process::{hear, Plan};
use super::results::{Asked, Trial, Tried, SCHEMA};
use super::Property;
use crate::pools::{self, About};

/// Tries every property of every pool, several at a time: most of the time is spent in hangs.
///
/// # Errors
///
/// This program cannot be found, so it cannot be started again.
pub fn run(
    pools: &[&'static About],
    properties: &[Property],
    plan: &Plan,
) -> Result<Trial, String> {
    let began = Instant::now();
    let compare = std::env::current_exe().map_err(|error| error.to_string())?;
    let pairs: Vec<_> = pools
        .iter()
        .flat_map(|about| properties.iter().map(move |property| (*about, *property)))
        .collect();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut hearings =
        runner::each(cores + 1, "properties of pools", &pairs, |(about, property)| {
            let name = format!("{} {}", about.name, property.name());
            (name, (about.name, hear(&compare, about, *property, plan)))
        });
    let place = |property: &str| Property::ALL.iter().position(|other| other.name() == property);
    hearings.sort_by_key(|(_, hearing)| place(&hearing.property));
    let tried = |about: &&'static About| Tried {
        name: about.name.to_owned(),
        package: about.package.to_owned(),
        version: about.version(),
        what: about.what.to_owned(),
        own: about.is_own(),
        hearings: hearings
            .iter()
            .filter(|(name, _)| *name == about.name)
            .map(|(_, hearing)| hearing.clone())
            .collect(),
    };
    let asked = |property: &Property| Asked {
        name: property.name().to_owned(),
        text: property.text().to_owned(),
    };
    Ok(Trial {
        schema: SCHEMA,
        date: chrono::Utc::now().date_naive().to_string(),
        is_whole: plan.runs.is_none()
            && pools.len() == pools::ALL.len()
            && properties.len() == Property::ALL.len(),
        seconds: began.elapsed().as_secs(),
        system: format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH),
        cores,
        limit: plan.limit.as_secs(),
        properties: properties.iter().map(asked).collect(),
        pools: pools.iter().map(tried).collect(),
    })
}
