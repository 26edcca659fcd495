//! The audit, written for its readers: one source, `audit.json`, and from it the page for a reviewer,
//! `JUnit` XML for CI systems, SARIF for code scanning, and annotations for GitHub.

mod cost;
pub mod github;
pub mod html;
pub mod junit;
mod peers;
mod peers_trial;
pub mod sarif;

use std::fs;
use std::path::{Path, PathBuf};

use crate::audit::Audit;
use crate::checker::CheckerReport;
use crate::comparison::Comparison;
use crate::cost::Cost;
use crate::generated::Generated;
use crate::mutants::Fate;
use crate::peers_trial::PeersTrial;

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
pub struct Complaint {
    /// What it is about: a trial, a fault at a call site, an executable of tests.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// Where, as `file:line`, if it is known.
    pub site: Option<String>,
}

/// Everything that is not as it must be.
pub fn complaints(audit: &Audit) -> Vec<Complaint> {
    let trials = audit.trials.iter().filter_map(|trial| {
        let message = trial.complaint()?;
        let site = trial.trace.as_ref().and_then(|trace| Some(trace.steps.last()?.site.clone()));
        Some(Complaint { subject: trial.name.clone(), message, site })
    });
    let entries = audit.kill_matrix.iter().flat_map(|matrix| &matrix.entries);
    let faults = entries.filter(|entry| !entry.is_good()).map(|entry| Complaint {
        subject: format!("{} at {}", entry.operation, entry.site),
        message: format!(
            "{} {}: {}",
            entry.fault,
            entry.verdict,
            entry.reason.as_deref().unwrap_or_default()
        ),
        site: Some(entry.site.clone()),
    });
    let suites = audit.suites.iter().filter(|suite| !suite.passed).map(|suite| Complaint {
        subject: suite.name.clone(),
        message: suite.failure.clone().unwrap_or_default(),
        site: None,
    });
    let generated = audit
        .generated
        .iter()
        .flat_map(Generated::complaints)
        .map(|message| Complaint { subject: "generated programs".to_owned(), message, site: None });
    let samples = audit.samples.iter().filter_map(|sample| {
        Some(Complaint { subject: sample.name.clone(), message: sample.complaint()?, site: None })
    });
    let checker = audit
        .checker
        .iter()
        .filter_map(CheckerReport::complaint)
        .map(|message| Complaint { subject: "the check of loom".to_owned(), message, site: None });
    let mutants = audit.mutants.iter().flat_map(|mutants| &mutants.mutants);
    let mutants = mutants.filter(|mutant| mutant.fate != Fate::Convicted).map(|mutant| Complaint {
        subject: format!("mutant {}", mutant.name),
        message: format!("{} under {}: {}", mutant.fate, mutant.judge, mutant.message),
        site: None,
    });
    let others = generated.chain(samples).chain(checker).chain(mutants);
    trials.chain(faults).chain(others).chain(suites).collect()
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
        clauses, Audit, DefectReport, Scope, Toolchain, TrialReport, ASSUMPTIONS, SCHEMA,
    };
    use crate::interleaving::tests::deadlock;
    use crate::run::{Exploration, Options};
    use crate::verdict::Verdict;

    fn audit(trial: TrialReport) -> Audit {
        Audit {
            schema: SCHEMA,
            scope: Scope { tests: true, faults: true, generated: true, ..Scope::default() },
            held: trial.as_expected,
            toolchain: Toolchain {
                cargo: "cargo".to_owned(),
                rustc: "rustc".to_owned(),
                packages: BTreeMap::new(),
            },
            options: Options::complete(),
            model_limit: 60,
            seconds: 1.5,
            assumptions: ASSUMPTIONS.map(str::to_owned).to_vec(),
            clauses: clauses(std::slice::from_ref(&trial), &[], &[], &[]),
            trials: vec![trial],
            kill_matrix: None,
            samples: Vec::new(),
            checker: None,
            mutants: None,
            generated: Vec::new(),
            suites: Vec::new(),
        }
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
            explorations: vec![Exploration {
                bound: None,
                executions: 12,
                completed: Some(12),
                seconds: 0.5,
            }],
            reached: BTreeMap::new(),
            defects: Vec::new(),
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
