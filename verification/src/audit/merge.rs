//! Several shards' audits, made one.

use std::collections::BTreeSet;

use harness::base::shard::Shard;
use harness::findings::part::Part;

use crate::audit::Audit;
use crate::findings::scope::Scope;

/// Merges the audits of all shards of one run, each of which must be there once.
///
/// # Errors
///
/// Why they do not belong together, or what is missing.
pub fn merge(audits: Vec<Audit>) -> Result<Audit, String> {
    complete(&audits)?;
    let mut audits = audits.into_iter();
    let mut merged = audits.next().ok_or("there is nothing to merge")?;
    for audit in audits {
        belongs(&merged, &audit)?;
        merged = Audit {
            held: merged.held && audit.held,
            began: merged.began.min(audit.began),
            seconds: merged.seconds + audit.seconds,
            shards: merged.shards + audit.shards,
            figures: merged.figures.and(audit.figures),
            trials: merged.trials.merge(audit.trials)?,
            protocols: merged.protocols.merge(audit.protocols)?,
            kill_matrix: merged.kill_matrix.merge(audit.kill_matrix)?,
            generated: merged.generated.merge(audit.generated)?,
            samples: merged.samples.merge(audit.samples)?,
            checker: merged.checker.merge(audit.checker)?,
            mutants: merged.mutants.merge(audit.mutants)?,
            suites: merged.suites.merge(audit.suites)?,
            ..merged
        };
    }
    let scope = Scope { shard: None, ..merged.scope };
    let held = merged.held;
    let mut merged = Audit {
        trials: merged.trials.complete(&scope)?,
        protocols: merged.protocols.complete(&scope)?,
        kill_matrix: merged.kill_matrix.complete(&scope)?,
        generated: merged.generated.complete(&scope)?,
        samples: merged.samples.complete(&scope)?,
        checker: merged.checker.complete(&scope)?,
        mutants: merged.mutants.complete(&scope)?,
        suites: merged.suites.complete(&scope)?,
        scope,
        ..merged
    };
    merged.settle();
    merged.held &= held;
    Ok(merged)
}

/// Whether every shard is there once.
fn complete(audits: &[Audit]) -> Result<(), String> {
    let mut shards = Vec::new();
    for audit in audits {
        let shard = audit.scope.shard.as_deref().ok_or("one of them is of no shard")?;
        shards.push(shard.parse::<Shard>()?);
    }
    let of = shards.first().ok_or("there is nothing to merge")?.of();
    if let Some(other) = shards.iter().find(|shard| shard.of() != of) {
        return Err(format!("shards of {of} and of {} do not belong together", other.of()));
    }
    let there: BTreeSet<_> = shards.iter().map(|shard| shard.index()).collect();
    if let Some(missing) = (1..=of).find(|index| !there.contains(index)) {
        return Err(format!("shard {missing}/{of} is missing"));
    }
    if shards.len() > of {
        return Err("a shard is there more than once".to_owned());
    }
    Ok(())
}

/// Checks that two audits are shards of the same run.
fn belongs(one: &Audit, other: &Audit) -> Result<(), String> {
    let mut scope = other.scope.clone();
    scope.shard.clone_from(&one.scope.shard);
    let differs = [
        ("format", one.schema != other.schema),
        ("scope", one.scope != scope),
        ("sources", one.source != other.source),
        ("toolchain", one.toolchain != other.toolchain),
        ("seed of the samples", one.seed != other.seed),
        ("limit of a model", one.model_limit != other.model_limit),
    ];
    match differs.iter().find(|(_, differs)| *differs) {
        None => Ok(()),
        Some((what, _)) => Err(format!("the shards differ in the {what}")),
    }
}

#[cfg(test)]
mod tests {
    use harness::base::shard::Shard;

    use super::merge;
    use crate::audit::fixtures::{holding, sampled};
    use crate::audit::Audit;
    use crate::base::cargo::Source;
    use crate::mutation::seeded::Mutants;
    use crate::trials::report::TrialReport;
    use crate::trials::samples;
    use crate::trials::trial::Trial;

    /// What all shards of a run would have found.
    fn shards(of: usize) -> Vec<Audit> {
        let report = |trial: &Trial| TrialReport {
            name: trial.name(),
            subject: trial.subject.name().to_owned(),
            scenario: trial.scenario.name.to_owned(),
            ..holding().trials.remove(0)
        };
        Shard::all(of)
            .map(|shard| {
                let mut audit = holding();
                audit.scope.shard = Some(shard.to_string());
                audit.samples = shard.pick(samples::trials(), |_| 1).iter().map(sampled).collect();
                audit.checker = audit.checker.filter(|_| shard.index() == 1);
                audit.suites = shard.pick(audit.suites, |_| 1);
                audit.trials =
                    shard.pick(Trial::all(false), |_| 1).into_iter().map(report).collect();
                audit
            })
            .collect()
    }

    #[test]
    fn the_shards_of_a_run_make_a_whole() {
        for of in [1, 2, 5] {
            let merged = merge(shards(of)).unwrap();
            let names: Vec<_> = merged.trials.iter().map(|trial| trial.name.clone()).collect();
            assert_eq!(names, Trial::all(false).map(Trial::name).collect::<Vec<_>>());
            assert!(merged.held && merged.scope.shard.is_none(), "{:?}", merged.missing());
            assert_eq!(merged.shards, of);
        }
    }

    #[test]
    fn a_part_that_one_shard_is_without_is_named() {
        type Spoil = fn(&mut Audit);
        let spoil: [(&str, Spoil); 5] = [
            ("faults at call sites", |audit| audit.kill_matrix = None),
            ("generated programs", |audit| audit.generated.truncate(1)),
            ("mutants", |audit| audit.mutants = Some(Mutants::default())),
            ("sources", |audit| audit.source = None),
            ("seed", |audit| audit.seed += 1),
        ];
        for (named, spoil) in spoil {
            let mut shards = shards(3);
            spoil(&mut shards[1]);
            let error = merge(shards).unwrap_err();
            assert!(error.contains(named), "{named}: {error}");
        }
        let mut shards = shards(2);
        let source = shards[1].source.take().unwrap();
        shards[1].source = Some(Source { dirty: !source.dirty, ..source });
        assert!(merge(shards).unwrap_err().contains("sources"));
    }

    #[test]
    fn one_that_failed_makes_the_whole_fail() {
        let mut shards = shards(3);
        shards[1].held = false;
        assert!(!merge(shards).unwrap().held);
    }

    #[test]
    fn what_is_missing_or_does_not_belong_is_named() {
        let refused = |shards: Vec<Audit>, named: &str| {
            let error = merge(shards).unwrap_err();
            assert!(error.contains(named), "{error}");
        };
        refused(Vec::new(), "nothing");
        refused(shards(3).drain(..2).collect(), "3/3 is missing");
        refused(shards(2).into_iter().chain(shards(2)).collect(), "more than once");
        refused(shards(2).into_iter().take(1).chain(shards(3)).collect(), "2 and of 3");
        refused(vec![holding()], "of no shard");
        let mut changed = shards(2);
        changed[0].checker = None;
        refused(changed, "no shard has the cross-check");
        let mut changed = shards(2);
        let name = changed[0].samples.remove(0).name;
        refused(changed, &name);
        let mut changed = shards(2);
        changed[1].toolchain.rustc = "another".to_owned();
        refused(changed, "toolchain");
        let mut changed = shards(2);
        let name = changed[1].trials.remove(0).name;
        refused(changed, &name);
        let mut changed = shards(2);
        let twice = changed[1].trials[0].clone();
        changed[0].trials.push(twice);
        refused(changed, "two shards");
    }
}
