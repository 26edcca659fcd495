//! The audit, written for its readers: one source, `audit.json`, and from it the page for a reviewer,
//! `JUnit` XML for CI systems, SARIF for code scanning, and annotations for GitHub.

mod cost;
mod drawing;
pub mod github;
pub mod html;
pub mod junit;
mod peers;
mod peers_trial;
pub mod sarif;

use std::fs;
use std::path::{Path, PathBuf};

use crate::audit::Audit;
use crate::callsite::KillEntry;
use crate::checker::CheckerReport;
use crate::comparison::Comparison;
use crate::cost::Cost;
use crate::mutants::{Fate, MutantReport};
use crate::peers_trial::PeersTrial;
use crate::run::Trace;

/// Writes all files into a folder, which it creates; returns them, `audit.json` first. Of a run that
/// did not look at everything, they are called `audit-partial`, and of a shard by its number.
///
/// # Errors
///
/// What went wrong, naming the file.
pub fn write(audit: &Audit, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let stem = match &audit.scope.shard {
        Some(shard) => format!("audit-shard-{}", shard.replace('/', "-of-")),
        None if audit.scope.is_whole() => "audit".to_owned(),
        None => "audit-partial".to_owned(),
    };
    let json = serde_json::to_string_pretty(audit).map_err(|error| error.to_string())?;
    let texts = [
        ("json", json + "\n"),
        ("html", html::render(audit, &Beside::read(folder))?),
        ("junit.xml", junit::render(audit)?),
        ("sarif", sarif::render(audit)?),
    ];
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files = Vec::new();
    for (extension, text) in texts {
        let file = folder.join(format!("{stem}.{extension}"));
        fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        files.push(file);
    }
    Ok(files)
}

/// What lies beside the audit, made by other commands, and becomes sections of its page.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// What `cargo bench --bench peers` measured.
    pub comparison: Option<Comparison>,
    /// What `cargo bench --bench cost` measured.
    pub cost: Option<Cost>,
    /// What `cargo verify peers` saw.
    pub trial: Option<PeersTrial>,
}

impl Beside {
    /// Reads what there is in that folder. The page does without what cannot be read: the audit is
    /// not about it.
    pub fn read(folder: &Path) -> Self {
        fn or_none<T>(read: Result<Option<T>, String>) -> Option<T> {
            read.unwrap_or_else(|error| {
                eprintln!("{error}; the page goes without");
                None
            })
        }
        Beside {
            comparison: or_none(Comparison::read(folder)),
            cost: or_none(Cost::read(folder)),
            trial: or_none(PeersTrial::read(folder)),
        }
    }
}

/// What is not as it must be, as the machine-readable reports have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint<'a> {
    /// What it is about: a trial, a fault at a call site, an executable of tests.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// Where, as `file:line`, if it is known.
    pub site: Option<String>,
    /// The execution that shows it.
    pub trace: Option<&'a Trace>,
}

impl<'a> Complaint<'a> {
    fn new(subject: impl Into<String>, message: String) -> Self {
        Complaint { subject: subject.into(), message, site: None, trace: None }
    }

    /// With an execution; what it is about is where that ended.
    fn with(self, trace: Option<&'a Trace>) -> Self {
        let site = trace.and_then(|trace| Some(trace.steps.last()?.site.clone()));
        Complaint { site, trace, ..self }
    }
}

/// Everything that is not as it must be.
pub fn complaints(audit: &Audit) -> Vec<Complaint<'_>> {
    let missing = audit.missing().into_iter().map(|message| Complaint::new("the audit", message));
    let trials = audit.trials.iter().filter_map(|trial| {
        Some(Complaint::new(&trial.name, trial.complaint()?).with(trial.trace.as_ref()))
    });
    let entries = audit.kill_matrix.iter().flat_map(|matrix| &matrix.entries);
    let faults = entries.filter(|entry| !entry.is_good()).map(|entry| {
        let reason = entry.reason.as_deref().unwrap_or_default();
        let message = format!("{} {}: {reason}", entry.fault, entry.verdict);
        let complaint = Complaint::new(format!("{} at {}", entry.operation, entry.site), message);
        Complaint { site: Some(entry.site.clone()), ..complaint }
    });
    let suites = audit.suites.iter().filter(|suite| !suite.passed);
    let suites =
        suites.map(|suite| Complaint::new(&suite.name, suite.failure.clone().unwrap_or_default()));
    let generated = audit.generated.iter().flat_map(|generated| {
        // The failures come first, each with its execution.
        let traces = generated.failures.iter().map(|failure| failure.trace.as_ref());
        let traces = traces.chain(std::iter::repeat(None));
        let complaints = generated.complaints().into_iter().zip(traces);
        complaints.map(|(text, trace)| Complaint::new("generated programs", text).with(trace))
    });
    let samples = audit.samples.iter();
    let samples = samples.filter_map(|sample| {
        Some(Complaint::new(&sample.name, sample.complaint()?).with(sample.trace.as_ref()))
    });
    let checker = audit.checker.iter().filter_map(CheckerReport::complaint);
    let checker = checker.map(|message| Complaint::new("the cross-check of the engines", message));
    let mutants = audit.mutants.iter().flat_map(|mutants| &mutants.mutants);
    let mutants = mutants.filter_map(|mutant| {
        Some(Complaint::new(format!("mutant {}", mutant.name), not_convicted(mutant)?))
    });
    let others = generated.chain(samples).chain(checker).chain(mutants);
    missing.chain(trials).chain(faults).chain(others).chain(suites).collect()
}

/// Why a mutant is not as it must be; nothing if it is.
fn not_convicted(mutant: &MutantReport) -> Option<String> {
    let MutantReport { fate, judge, message, .. } = mutant;
    (*fate != Fate::Convicted).then(|| format!("{fate} under {judge}: {message}"))
}

/// Something that was convicted, or failed, with the execution that did it.
#[derive(Clone, Debug)]
pub struct Shown<'a> {
    /// What it is.
    pub title: String,
    /// The model.
    pub model: &'a str,
    /// `subject`, `defect`, `fault`, `program`, `sample`, `patch` or `FAILURE`.
    pub kind: &'static str,
    /// How it came about.
    pub how: &'a str,
    /// The execution.
    pub trace: &'a Trace,
}

/// The kind of what is not as it must be.
pub const FAILURE: &str = "FAILURE";

/// What failed, then broken subjects, seeded defects, faults, defects under generated programs and
/// samples, and patches, each with its interleaving.
pub fn shown(audit: &Audit) -> Vec<Shown<'_>> {
    let trials = audit.trials.iter().filter_map(|trial| {
        let kind = if trial.as_expected { "subject" } else { FAILURE };
        let (how, trace) = (trial.verdict.reason()?, trial.trace.as_ref()?);
        Some(Shown { title: trial.property.clone(), model: &trial.name, kind, how, trace })
    });
    let defects = audit.trials.iter().flat_map(|trial| {
        trial.defects.iter().filter_map(|defect| {
            let (title, how) = (defect.name.clone(), &*defect.verdict);
            let trace = defect.trace.as_ref()?;
            Some(Shown { title, model: &trial.name, kind: "defect", how, trace })
        })
    });
    let failures = audit.generated.iter().flat_map(|generated| {
        generated.failures.iter().filter_map(|failure| {
            let (title, how) = (failure.program.clone(), &*failure.how);
            let (model, trace) = (&*generated.subject, failure.trace.as_ref()?);
            Some(Shown { title, model, kind: FAILURE, how, trace })
        })
    });
    let entries = audit.kill_matrix.iter().flat_map(|matrix| &matrix.entries);
    let faults = entries.filter_map(|entry| {
        let title = fault_title(entry);
        let model = entry.convicted_by.first().map(String::as_str).unwrap_or_default();
        let (how, trace) = (entry.how.as_deref().unwrap_or_default(), entry.trace.as_ref()?);
        Some(Shown { title, model, kind: "fault", how, trace })
    });
    let samples = audit.samples.iter().flat_map(|sample| {
        let failed = sample.trace.as_ref().zip(sample.verdict.reason());
        let failed = failed.map(|(trace, how)| {
            let (title, model) = (sample.property.clone(), &*sample.name);
            Shown { title, model, kind: FAILURE, how, trace }
        });
        let defects = sample.defects.iter().filter_map(|defect| {
            let (title, how) = (defect.name.clone(), &*defect.verdict);
            let trace = defect.trace.as_ref()?;
            Some(Shown { title, model: &sample.name, kind: "sample", how, trace })
        });
        failed.into_iter().chain(defects)
    });
    let mutants = audit.mutants.iter().flat_map(|mutants| &mutants.mutants);
    let patches = mutants.filter_map(|mutant| {
        let (title, how) = (mutant.defect.clone(), &*mutant.message);
        let trace = mutant.trace.as_ref()?;
        Some(Shown { title, model: &mutant.judge, kind: "patch", how, trace })
    });
    let programs = audit.generated.iter().flat_map(|generated| {
        generated.defects.iter().filter_map(|defect| {
            let (title, how) = (defect.name.clone(), defect.convicted_by.as_deref()?);
            let (model, trace) = (&*generated.subject, defect.trace.as_ref()?);
            Some(Shown { title, model, kind: "program", how, trace })
        })
    });
    let small = trials.chain(defects).chain(failures).chain(faults).chain(programs);
    small.chain(samples).chain(patches).collect()
}

/// What a fault at a call site is called.
fn fault_title(entry: &KillEntry) -> String {
    format!("{} at {} {}", entry.operation, entry.site, entry.fault)
}

/// Takes `file:line` apart.
fn place(site: &str) -> Option<(&str, u32)> {
    let (file, line) = site.rsplit_once(':')?;
    Some((file, line.parse().ok()?))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use crate::audit::{
        clauses, Audit, DefectReport, SampleReport, Scope, Source, Toolchain, TrialReport,
        ASSUMPTIONS, SCHEMA,
    };
    use crate::callsite::{KillEntry, KillMatrix};
    use crate::checker::{CheckerReport, Class, ClassReport};
    use crate::clause::CLAUSES;
    use crate::figures::Figures;
    use crate::generated::{Extent, Generated, GeneratedDefect, EXTENTS};
    use crate::interleaving::tests::deadlock;
    use crate::mutants::{Fate, MutantReport, Mutants};
    use crate::run::{Engine, Exploration, Options};
    use crate::sample::{self, Draw, SampleTrial};
    use crate::scenario::World;
    use crate::suite::{Suite, Test};
    use crate::verdict::Verdict;

    fn audit(trial: TrialReport) -> Audit {
        let suites = vec![suite()];
        let mut audit = Audit {
            schema: SCHEMA,
            scope: Scope {
                models: true,
                tests: true,
                faults: true,
                generated: true,
                ..Scope::default()
            },
            held: false,
            source: Some(Source { commit: "0123abc".to_owned(), dirty: false }),
            toolchain: Toolchain {
                cargo: "cargo".to_owned(),
                rustc: "rustc".to_owned(),
                packages: BTreeMap::new(),
            },
            seed: 1,
            shards: 1,
            figures: Figures::default(),
            model_limit: 60,
            began: "2026-01-31 17:05 UTC".to_owned(),
            seconds: 1.5,
            assumptions: ASSUMPTIONS.map(str::to_owned).to_vec(),
            clauses: clauses(std::slice::from_ref(&trial), &[], &[], &suites),
            trials: vec![trial],
            kill_matrix: Some(kill_matrix()),
            samples: sample::trials().take(1).map(|trial| sampled(&trial)).collect(),
            checker: Some(checked()),
            mutants: None,
            generated: EXTENTS.iter().map(generated).collect(),
            suites,
        };
        audit.held = audit.is_good();
        audit
    }

    /// A test that shows every clause.
    fn suite() -> Suite {
        let test = Test {
            name: "locked/x/a".to_owned(),
            verdict: Verdict::Stressed(9),
            clauses: CLAUSES.iter().map(|clause| clause.number).collect(),
        };
        Suite {
            name: "locked/x".to_owned(),
            passed: true,
            failure: None,
            seconds: 1.0,
            tests: vec![test],
        }
    }

    /// One fault, convicted.
    fn kill_matrix() -> KillMatrix {
        let entry = KillEntry {
            site: "src/a.rs:17".to_owned(),
            operation: "notify-one".to_owned(),
            fault: "wakes nobody".to_owned(),
            kind: "harmful".to_owned(),
            verdict: "convicted".to_owned(),
            reason: None,
            convicted_by: vec!["last-call/x".to_owned()],
            undecided: Vec::new(),
            tried: vec!["last-call/x".to_owned()],
            how: Some("deadlock: no thread can go on".to_owned()),
            trace: Some(deadlock()),
        };
        KillMatrix { sites: 1, faults: 1, seconds: 0.25, entries: vec![entry] }
    }

    /// A sample that held.
    pub(crate) fn sampled(trial: &SampleTrial) -> SampleReport {
        let draw = Draw { schedules: 9, seed: 1 };
        let died = trial.died(None, draw, "it did not run".to_owned());
        let scheduler = trial.scheduler;
        let verdict = Verdict::Sampled { scheduler, schedules: 9, seed: 1 };
        SampleReport { verdict, ..SampleReport::new(trial, &died, &[]) }
    }

    /// A cross-check of the engines that found nothing wrong.
    fn checked() -> CheckerReport {
        let one = |class: &Class| ClassReport { programs: 1, ..ClassReport::new(*class) };
        let control = |class: &Class| ClassReport { missed: 1, ..one(class) };
        CheckerReport {
            seed: 1,
            seconds: 1.0,
            audited: Class::AUDITED.iter().map(one).collect(),
            controls: Class::CONTROLS.iter().map(control).collect(),
        }
    }

    /// Programs that hold.
    fn generated(extent: &Extent) -> Generated {
        Generated { programs: 1, unreached: Vec::new(), ..Generated::new(extent, false) }
    }

    fn trial() -> TrialReport {
        TrialReport {
            name: "last-call/x".to_owned(),
            subject: "last-call".to_owned(),
            scenario: "x".to_owned(),
            property: "drop <b>returns</b>".to_owned(),
            clauses: vec![16],
            expected: "PROVED".to_owned(),
            verdict: Verdict::Proved,
            as_expected: true,
            options: Options::complete(Engine::Mazurka, &World::PLAIN),
            explorations: vec![Exploration {
                executions: 12,
                completed: Some(12),
                begun: 12,
                seconds: 0.5,
                ..Exploration::default()
            }],
            recorded: Some(12),
            reached: BTreeMap::new(),
            defects: Vec::new(),
            second_opinion: None,
            trace: None,
        }
    }

    /// An audit in which everything is as it must be.
    pub(crate) fn holding() -> Audit {
        audit(trial())
    }

    /// One with a broken promise, its counterexample, and a seeded defect that nobody noticed.
    pub(crate) fn failing() -> Audit {
        let mut trace = deadlock();
        trace.steps[4].site = "src/a.rs:17".to_owned();
        audit(TrialReport {
            verdict: Verdict::Failed("it broke".to_owned()),
            as_expected: false,
            defects: vec![DefectReport {
                name: "push wakes nobody".to_owned(),
                convicted: false,
                verdict: "nothing".to_owned(),
                trace: None,
            }],
            trace: Some(trace),
            ..trial()
        })
    }

    #[test]
    fn what_is_in_scope_must_be_there() {
        assert!(holding().is_good());
        let spoil: [fn(&mut Audit); 7] = [
            |audit| audit.trials.clear(),
            |audit| audit.kill_matrix = None,
            |audit| audit.checker = None,
            |audit| audit.generated.truncate(1),
            |audit| audit.samples.clear(),
            |audit| audit.suites.clear(),
            |audit| audit.scope.mutants = true,
        ];
        for (index, spoil) in spoil.into_iter().enumerate() {
            let mut audit = holding();
            spoil(&mut audit);
            assert!(!audit.is_good(), "spoilt in way {index}");
        }
    }

    #[test]
    fn a_clause_without_evidence_makes_the_whole_audit_fail() {
        let mut audit = holding();
        audit.clauses[6].evidence.clear();
        audit.clauses[6].verdict = None;
        assert!(!audit.is_good());
    }

    #[test]
    fn every_kind_of_conviction_is_shown_with_its_execution() {
        let seeded = |convicted| DefectReport {
            name: "push wakes nobody".to_owned(),
            convicted,
            verdict: "deadlock".to_owned(),
            trace: Some(deadlock()),
        };
        let mut audit = failing();
        audit.trials[0].defects = vec![seeded(true)];
        audit.samples[0].defects = vec![seeded(true)];
        audit.samples.push(SampleReport {
            verdict: Verdict::Failed("deadlock".to_owned()),
            trace: Some(deadlock()),
            ..audit.samples[0].clone()
        });
        audit.generated[0].defects.push(GeneratedDefect {
            name: "push wakes nobody".to_owned(),
            convicted_by: Some("owner: drop; other: ".to_owned()),
            trace: Some(deadlock()),
        });
        let mutant = MutantReport {
            name: "patch".to_owned(),
            defect: "it is wrong".to_owned(),
            clauses: vec![7],
            hazards: Vec::new(),
            kind: "model".to_owned(),
            judge: "x".to_owned(),
            fate: Fate::Convicted,
            message: "deadlock".to_owned(),
            trace: Some(deadlock()),
            seconds: 1.0,
        };
        audit.mutants = Some(Mutants { seconds: 1.0, mutants: vec![mutant] });
        let kinds: Vec<_> = super::shown(&audit).iter().map(|shown| shown.kind).collect();
        let models = [super::FAILURE, "defect", "fault", "program"];
        assert_eq!(kinds, [&models[..], &["sample", super::FAILURE, "sample", "patch"]].concat());
    }

    #[test]
    fn a_shard_does_not_claim_everything() {
        let mut audit = holding();
        assert!(crate::terminal::verdict(&audit).starts_with("Every guarantee holds"));
        audit.scope.shard = Some("1/4".to_owned());
        assert!(!crate::terminal::verdict(&audit).contains("Every guarantee"));
    }

    #[test]
    fn the_files_are_named_by_what_was_looked_at() {
        let folder = std::env::temp_dir().join(format!("verify-report-{}", std::process::id()));
        let mut audit = holding();
        let names = |files: Vec<std::path::PathBuf>| {
            files
                .iter()
                .map(|file| file.file_name().unwrap().to_string_lossy().into_owned())
                .collect::<Vec<_>>()
        };
        let whole = names(super::write(&audit, &folder).unwrap());
        assert_eq!(whole, ["audit.json", "audit.html", "audit.junit.xml", "audit.sarif"]);
        audit.scope.tests = false;
        let part = names(super::write(&audit, &folder).unwrap());
        assert!(part.iter().all(|name| name.starts_with("audit-partial.")), "{part:?}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
