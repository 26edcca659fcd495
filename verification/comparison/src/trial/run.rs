//! All properties of all pools.

use std::thread;
use std::time::Instant;

use harness::base::progress;

use super::results::{PoolReport, PropertyInfo, TrialResults, SCHEMA};
use super::supervise::{supervise, Plan};
use super::Property;
use crate::base;
use crate::pools::{self, About};

/// Tries every property of every pool, several at a time because hanging runs take most of the time.
///
/// # Errors
///
/// The path of this executable is unknown, so it cannot be started again.
pub fn run(
    pools: &[&'static About],
    properties: &[Property],
    plan: &Plan,
) -> Result<TrialResults, String> {
    let began = Instant::now();
    let compare = std::env::current_exe().map_err(|error| error.to_string())?;
    let pairs: Vec<_> = pools
        .iter()
        .flat_map(|about| properties.iter().map(move |property| (*about, *property)))
        .collect();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut findings =
        progress::each(cores + 1, "properties of pools", &pairs, |(about, property)| {
            let name = format!("{} {}", about.name, property.name());
            (name, (about.name, supervise(&compare, about, *property, plan)))
        });
    let place = |property: &str| Property::ALL.iter().position(|other| other.name() == property);
    findings.sort_by_key(|(_, finding)| place(&finding.property));
    let report = |about: &&'static About| PoolReport {
        name: about.name.to_owned(),
        package: about.package.to_owned(),
        version: about.version(),
        what: about.what.to_owned(),
        own: about.is_own(),
        findings: findings
            .iter()
            .filter(|(name, _)| *name == about.name)
            .map(|(_, finding)| finding.clone())
            .collect(),
    };
    let info = |property: &Property| PropertyInfo {
        name: property.name().to_owned(),
        text: property.text().to_owned(),
    };
    Ok(TrialResults {
        schema: SCHEMA,
        date: base::today(),
        is_whole: plan.runs.is_none()
            && pools.len() == pools::ALL.len()
            && properties.len() == Property::ALL.len(),
        seconds: began.elapsed().as_secs(),
        system: format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH),
        cores,
        limit: plan.limit.as_secs(),
        properties: properties.iter().map(info).collect(),
        pools: pools.iter().map(report).collect(),
    })
}
