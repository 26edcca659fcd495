//! Several shards' audits, made one.

use std::collections::BTreeSet;

use crate::audit::{self, Audit, SampleReport, TrialReport};
use crate::callsite::KillMatrix;
use crate::generated::Generated;
use crate::mutants::Mutants;
use crate::sample;
use crate::shard::Shard;
use crate::suite::Suite;
use crate::trial::Trial;

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
        merged.held &= audit.held;
        merged.began = merged.began.min(audit.began);
        merged.seconds += audit.seconds;
        merged.shards += audit.shards;
        merged.figures = merged.figures.and(audit.figures);
        merged.trials.extend(audit.trials);
        merged.samples.extend(audit.samples);
        merged.mutants = both("mutants", merged.mutants, audit.mutants, Mutants::and)?;
        merged.checker = merged.checker.or(audit.checker);
        merged.suites.extend(audit.suites);
        let (one, other) = (merged.kill_matrix, audit.kill_matrix);
        merged.kill_matrix = both("faults at call sites", one, other, KillMatrix::and)?;
        merged.generated = on_each_queue(merged.generated, audit.generated)?;
    }
    merged.scope.shard = None;
    merged.trials = in_order(merged.trials, merged.scope.nightly)?;
    merged.samples.sort_by(|one, other| one.name.cmp(&other.name));
    if merged.scope.generated {
        drawn(&merged.samples)?;
        merged.checker.as_ref().ok_or("no shard checked loom")?;
    }
    merged.suites.sort_by(|one, other| one.name.cmp(&other.name));
    let twice = |pair: &[Suite]| pair[0].name == pair[1].name;
    if let Some(pair) = merged.suites.windows(2).find(|pair| twice(pair)) {
        return Err(format!("two shards ran the tests of {}", pair[0].name));
    }
    merged.clauses = {
        let Audit { trials, generated, samples, suites, .. } = &merged;
        audit::clauses(trials, generated, samples, suites)
    };
    merged.held &= merged.is_good();
    Ok(merged)
}

/// The parts of the generated programs that two shards ran, on each queue.
fn on_each_queue(ours: Vec<Generated>, others: Vec<Generated>) -> Result<Vec<Generated>, String> {
    if ours.len() != others.len() {
        return Err(
            "one shard has generated programs on a queue on which another has none".to_owned()
        );
    }
    Ok(ours.into_iter().zip(others).map(|(one, other)| one.and(other)).collect())
}

/// A part of the audit that every shard has, or none.
fn both<T>(
    what: &str,
    one: Option<T>,
    other: Option<T>,
    and: impl FnOnce(T, T) -> T,
) -> Result<Option<T>, String> {
    match (one, other) {
        (Some(one), Some(other)) => Ok(Some(and(one, other))),
        (None, None) => Ok(None),
        _ => Err(format!("a shard is without its {what}")),
    }
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

/// Whether two shards looked at the same with the same.
fn belongs(one: &Audit, other: &Audit) -> Result<(), String> {
    let mut scope = other.scope.clone();
    scope.shard.clone_from(&one.scope.shard);
    let differs = [
        ("format", one.schema != other.schema),
        ("what was looked at", one.scope != scope),
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

/// The trials in the order of the report; each must be there once.
fn in_order(trials: Vec<TrialReport>, nightly: bool) -> Result<Vec<TrialReport>, String> {
    let mut trials: Vec<_> = trials.into_iter().map(Some).collect();
    let mut ordered = Vec::new();
    for name in Trial::all(nightly).map(Trial::name) {
        let mut own = trials
            .iter_mut()
            .filter(|trial| trial.as_ref().is_some_and(|trial| trial.name == name));
        let trial = own.next().and_then(Option::take);
        ordered.push(trial.ok_or(format!("no shard ran the model {name}"))?);
        if own.next().is_some() {
            return Err(format!("two shards ran the model {name}"));
        }
    }
    match trials.into_iter().flatten().next() {
        None => Ok(ordered),
        Some(unknown) => Err(format!("there is no model {} (any more)", unknown.name)),
    }
}

/// Whether each sample is there once.
fn drawn(samples: &[SampleReport]) -> Result<(), String> {
    for name in sample::trials().map(|trial| trial.name()) {
        match samples.iter().filter(|sample| sample.name == name).count() {
            1 => {}
            0 => return Err(format!("no shard drew the sample {name}")),
            _ => return Err(format!("two shards drew the sample {name}")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{merge, Mutants};
    use crate::audit::{Audit, Source, TrialReport};
    use crate::report::tests::{holding, sampled};
    use crate::sample;
    use crate::shard::Shard;
    use crate::trial::Trial;

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
                audit.samples = shard.pick(sample::trials(), |_| 1).iter().map(sampled).collect();
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
        refused(changed, "no shard checked loom");
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
