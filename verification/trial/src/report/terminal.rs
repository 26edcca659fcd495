//! The report on the terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use harness::base::text::thousands;
use harness::kill_matrix::{KillEntry, KillMatrix};

use super::number_of;
use crate::arguments::{quoted, Arguments};
use crate::faults::Faults;
use crate::judge::{Case, Verdict};
use crate::{is_idle, passes};

/// Renders the report.
pub(crate) fn render(
    models: &[Case],
    others: &[Case],
    faults: Option<&Faults>,
    arguments: &Arguments,
) -> String {
    let mut out = String::new();
    let width = models.iter().map(|case| case.name.chars().count()).max().unwrap_or(0);
    let mut remarks: BTreeMap<&str, usize> = BTreeMap::new();
    for case in models {
        let Case { name, verdict, end, seconds, .. } = case;
        let count = thousands(end.executions);
        let executions = if end.executions == 1 { "execution" } else { "executions" };
        let padding = " ".repeat(width - name.chars().count());
        let _ = writeln!(
            out,
            "{:<9}  {name}{padding}  {count:>12} {executions:<10}  {seconds:>8.2} s",
            verdict.word()
        );
        for remark in &end.remarks {
            *remarks.entry(remark).or_default() += 1;
        }
    }
    for case in models {
        out.push_str(&story(case, arguments));
    }
    if let Some(faults) = faults {
        out.push_str(&matrix(faults, arguments));
    }
    if !remarks.is_empty() {
        out.push('\n');
    }
    for (remark, number) in remarks {
        let _ = writeln!(out, "note: {remark} ({})", number_of(number, "model"));
    }
    let failed = others.iter().filter(|case| case.verdict == Verdict::Died).count();
    if !others.is_empty() {
        let _ = writeln!(
            out,
            "note: {} without a model ran too, and were not judged ({failed} of them failed)",
            number_of(others.len(), "test")
        );
    }
    let good = models.iter().filter(|case| passes(case, arguments.must_fail)).count();
    let demand = if arguments.must_fail { "fail, as they must" } else { "hold" };
    let _ = match models.len() {
        0 => writeln!(out, "\nno model was found: no test called one, so nothing was shown"),
        all if is_idle(models, arguments) => writeln!(
            out,
            "\n{good} of {} {demand}, but the fault never acted: no model performs such an operation there",
            number_of(all, "model")
        ),
        all => writeln!(out, "\n{good} of {} {demand}", number_of(all, "model")),
    };
    for case in models.iter().filter(|case| arguments.must_fail && !passes(case, true)) {
        let _ = writeln!(out, "{} does not fail: {}", case.name, case.verdict.word());
    }
    if let Some(faults) = faults {
        let _ = writeln!(out, "{}", sentence(&faults.matrix));
    }
    out
}

/// Lists the faults, and tells what is wrong with those that are failures.
fn matrix(faults: &Faults, arguments: &Arguments) -> String {
    let mut out = String::new();
    let entries = &faults.matrix.entries;
    let width = entries.iter().map(|entry| entry.title().chars().count()).max().unwrap_or(0);
    if !entries.is_empty() {
        out.push('\n');
    }
    for entry in entries {
        let title = entry.title();
        let padding = " ".repeat(width - title.chars().count());
        let why = match (&entry.reason, &*entry.convicted_by) {
            (Some(reason), _) => reason.clone(),
            (None, []) => format!("tolerated by {}", number_of(entry.tried.len(), "model")),
            (None, models) => models.join(", "),
        };
        let _ = writeln!(out, "{:<10}  {title}{padding}  {why}", entry.verdict);
    }
    for entry in entries.iter().filter(|entry| !entry.is_good()) {
        out.push_str(&story_of_fault(entry, faults, arguments));
    }
    out
}

/// Tells why a fault is a failure, and what can be done.
fn story_of_fault(entry: &KillEntry, faults: &Faults, arguments: &Arguments) -> String {
    let reason = entry.reason.as_deref().unwrap_or_default();
    let mut out = format!("\n── {} ──\n{}: {reason}\n", entry.title(), entry.verdict);
    for model in &entry.tried {
        let noticed = if entry.convicted_by.contains(model) { ", which failed" } else { "" };
        let _ = writeln!(out, "tried with {model}{noticed}");
    }
    if let Some(how) = &entry.how {
        let _ = writeln!(out, "{how}");
    }
    let lanes = super::lanes(entry.trace.as_ref());
    if !lanes.is_empty() {
        let _ = writeln!(out, "\n{}", lanes.trim_end());
    }
    let Some(fault) = faults.of(entry) else { return out };
    let model = entry.convicted_by.first().or(entry.tried.first());
    let _ = writeln!(
        out,
        "\nagain: cargo trial --fault '{fault}' --model '{}'{}",
        model.map(String::as_str).unwrap_or_default(),
        arguments.repeated()
    );
    if entry.verdict == "MISSED" && !fault.is_harmless() {
        if let Some(listed) = faults.code.equivalent(fault) {
            let _ = write!(out, "if it changes nothing, say why in trial.toml:\n\n{listed}");
        }
    }
    out
}

/// Says in a sentence what became of the faults.
pub(super) fn sentence(matrix: &KillMatrix) -> String {
    const WORDS: [&str; 8] = [
        "convicted",
        "equivalent",
        "explained",
        "survived",
        "MISSED",
        "KILLED",
        "STALE",
        "UNDECIDED",
    ];
    let counts = WORDS.map(|word| (matrix.count(word), word)).into_iter();
    let counts = counts.filter(|(number, _)| *number > 0);
    let counts: Vec<_> = counts.map(|(number, word)| format!("{number} {word}")).collect();
    let KillMatrix { faults, sites, .. } = matrix;
    match &*counts {
        [] => "no fault was tried".to_owned(),
        counts => format!("{faults} faults at {sites} call sites: {}", counts.join(", ")),
    }
}

/// Tells what a case that does not hold has found, with its interleaving.
fn story(case: &Case, arguments: &Arguments) -> String {
    if matches!(case.verdict, Verdict::Complete | Verdict::Convicted) && !arguments.must_fail {
        return String::new();
    }
    if case.message.is_empty() {
        return String::new();
    }
    let heading = format!("── {} ── {}", case.name, case.site);
    let mut out = format!("\n{}\n", heading.trim_end());
    let _ = writeln!(out, "{}", case.message);
    if let Some(site) = &case.end.failed_at {
        let _ = writeln!(out, "at {site}");
    }
    let lanes = super::lanes(case.trace.as_ref());
    if !lanes.is_empty() {
        let _ = writeln!(out, "\n{}", lanes.trim_end());
    }
    if !case.end.schedule.is_empty() {
        let (test, number) = match case.name.rsplit_once('#') {
            Some((test, number)) => (test, format!("{number}@")),
            None => (&*case.name, String::new()),
        };
        let schedule = &case.end.schedule;
        let fault = arguments.fault.as_ref().map(ToString::to_string);
        let fault = fault.map(|fault| format!(" --fault {}", quoted(&fault))).unwrap_or_default();
        let _ = writeln!(
            out,
            "\nreplay: cargo trial --model '{test}'{}{fault} --replay '{number}{schedule}'",
            arguments.repeated()
        );
    }
    out
}
