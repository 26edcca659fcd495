//! The report on the terminal: the matrix, the clauses, a conviction to look at, what is assumed,
//! then what is not as it must be, and last the verdict.

use std::fmt::Write as _;

use comfy_table::{presets, Cell, ContentArrangement, Table};

use crate::audit::{Audit, ClauseReport, SampleReport, TrialReport};
use crate::callsite::{KillEntry, KillMatrix};
use crate::checker::{CheckerReport, ClassReport};
use crate::figures;
use crate::generated::Generated;
use crate::lanes;
use crate::mutants::{Fate, Mutants};
use crate::verdict::Verdict;

/// Writes the whole report, for a terminal of that many columns.
pub fn render(audit: &Audit, subjects: &[&str], width: usize) -> String {
    let mut out = String::new();
    if !audit.trials.is_empty() {
        heading(&mut out, "Properties × subjects");
        matrix(&mut out, audit, subjects, width);
    }
    if audit.scope.tests {
        heading(&mut out, "The clauses of the contract");
        clauses(&mut out, &audit.clauses, width);
    }
    if let Some(kill_matrix) = &audit.kill_matrix {
        heading(&mut out, "Faults at the pool's call sites");
        faults(&mut out, kill_matrix, width);
    }
    if !audit.generated.is_empty() {
        heading(&mut out, "Generated programs");
    }
    for generated in &audit.generated {
        let _ = writeln!(out, "{}", wrap(&programs(generated), width, "", ""));
    }
    if !audit.samples.is_empty() {
        heading(&mut out, "Samples, of what is too large to be explored");
        samples(&mut out, &audit.samples, width);
    }
    if let Some(mutants) = &audit.mutants {
        heading(&mut out, "Defects seeded in the sources");
        let _ = writeln!(out, "{}\n{}", mutants.render(width), self::mutants(mutants));
    }
    if let Some(checker) = &audit.checker {
        heading(&mut out, "Cross-check of the engines");
        let _ = writeln!(out, "{}", wrap(&check(checker), width, "", ""));
    }
    convictions(&mut out, audit, subjects, width);
    heading(&mut out, "Figures, which differ from machine to machine");
    figures(&mut out, audit, width);
    heading(&mut out, "What is assumed");
    for assumption in &audit.assumptions {
        let _ = writeln!(out, "{}", wrap(assumption, width, "- ", "  "));
    }
    failures(&mut out, audit, width);
    out
}

/// The last lines: the verdict, and what it rests on.
pub fn verdict(audit: &Audit) -> String {
    let models = audit.trials.len();
    let defects = audit.trials.iter().map(|trial| trial.defects.len()).sum::<usize>();
    let executions = audit.trials.iter().flat_map(|trial| &trial.explorations);
    let executions: u64 = executions.map(|exploration| exploration.executions).sum();
    let tests = audit.suites.iter().map(|suite| suite.tests.len()).sum::<usize>();
    let slips = audit.kill_matrix.as_ref().map_or(0, |kill_matrix| kill_matrix.faults);
    let programs = audit.generated.iter().map(|generated| generated.programs).sum();
    let ran = format!(
        "{models} models ({} executions), {defects} seeded defects, {slips} faults at call sites, \
         {} generated programs, {} samples, {tests} tests, {:.0} s",
        thousands(executions),
        thousands(programs),
        audit.samples.len(),
        audit.seconds
    );
    match (audit.held, audit.scope.is_whole()) {
        (true, true) => format!("Every guarantee holds and every conviction stands: {ran}."),
        (true, false) => format!("Everything that was checked holds (partial run): {ran}."),
        (false, _) => format!("NOT EVERYTHING HOLDS; see the failures: {ran}."),
    }
}

pub(crate) fn heading(out: &mut String, text: &str) {
    let _ = writeln!(out, "\n{text}\n{}", "─".repeat(text.chars().count()));
}

pub(crate) fn table(width: usize) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    table
}

fn matrix(out: &mut String, audit: &Audit, subjects: &[&str], width: usize) {
    let subjects: Vec<_> = subjects
        .iter()
        .filter(|subject| audit.trials.iter().any(|trial| trial.subject == **subject))
        .collect();
    let mut table = table(width);
    let names = subjects.iter().map(Cell::new);
    table.set_header([Cell::new("")].into_iter().chain(names));
    let mut done: Vec<&str> = Vec::new();
    for trial in &audit.trials {
        if done.contains(&&*trial.scenario) {
            continue;
        }
        done.push(&trial.scenario);
        let property = format!("{} ({})", trial.property, numbers(&trial.clauses));
        let cells = subjects.iter().map(|subject| {
            let same = |other: &&TrialReport| {
                other.subject == ***subject && other.scenario == trial.scenario
            };
            Cell::new(audit.trials.iter().find(same).map_or("–".to_owned(), cell))
        });
        table.add_row([Cell::new(property)].into_iter().chain(cells));
    }
    let _ = writeln!(out, "{table}");
    let _ = writeln!(
        out,
        "\nA number is of executions explored, each another trace. PROVED: all of them; broken: convicted by\n\
         an interleaving; –: not offered by the subject, or not to be asked of it, since its drop would\n\
         hang first."
    );
    let asked = audit.trials.iter().filter_map(|trial| trial.second_opinion.as_ref());
    let (mut models, mut executions) = (0, 0);
    for second in asked {
        models += 1;
        executions += second.executions;
    }
    let text = format!(
        "loom, an engine by another author, was asked about the {models} models that it finishes soon, and \
         reached the same outcomes in {} executions; where it did not, the model is marked.",
        thousands(executions)
    );
    let _ = writeln!(out, "\n{}", wrap(&text, width, "", ""));
}

fn numbers(clauses: &[u8]) -> String {
    clauses.iter().map(|number| format!("C{number}")).collect::<Vec<_>>().join(" ")
}

fn cell(trial: &TrialReport) -> String {
    let mark = if trial.as_expected { "" } else { "!! " };
    match &trial.verdict {
        Verdict::Failed(reason) => {
            let how = if reason.starts_with("deadlock") { "deadlock" } else { "panic" };
            format!("{mark}broken: {how}")
        }
        verdict => {
            format!("{mark}{verdict} {} in {:.1} s", thousands(trial.executions()), trial.seconds())
        }
    }
}

fn clauses(out: &mut String, clauses: &[ClauseReport], width: usize) {
    let mut table = table(width);
    for clause in clauses {
        let counts = match clause.evidence.len() {
            0 => "no evidence".to_owned(),
            _ => clause.counts(),
        };
        table.add_row([clause.clause.clone(), counts, clause.statement.clone()]);
    }
    let _ = writeln!(out, "{table}");
    let text = "A number is of pieces of evidence: models that are PROVED, samples, and \
                tests on real threads, once for each queue.";
    let _ = writeln!(out, "\n{}", wrap(text, width, "", ""));
}

/// What it cost, beside what is aimed at.
fn figures(out: &mut String, audit: &Audit, width: usize) {
    let mut table = table(width);
    table.set_header(["", "measured", "aimed at", ""]);
    for row in figures::rows(audit) {
        table.add_row([&row.what, &row.figure, row.target, row.word()]);
    }
    let _ = writeln!(out, "{table}");
}

/// The kill matrix, without the trials' names: `audit.json` has them.
fn faults(out: &mut String, kill_matrix: &KillMatrix, width: usize) {
    let mut table = table(width);
    for entry in &kill_matrix.entries {
        let result = match &*entry.verdict {
            "convicted" => format!("convicted by {}", entry.convicted_by.len()),
            "survived" => format!("survived by all {}, as it must be", entry.tried.len()),
            "explained" => format!("came to no end in {}, explained", entry.undecided.len()),
            other => other.to_owned(),
        };
        table.add_row([&entry.site, &entry.operation, &entry.fault, &result]);
    }
    let _ = writeln!(out, "{table}");
    let KillMatrix { sites, faults, seconds, .. } = kill_matrix;
    let text = format!(
        "{faults} faults at {sites} call sites in {seconds:.0} s: {} convicted, {} equivalent (the reasons are in verification/equivalent.toml), {} \
         that end in a limit and are explained there, {} harmless and survived. A harmful fault is \
         taken to no more models after the third that convicts it.",
        kill_matrix.count("convicted"),
        kill_matrix.count("equivalent"),
        kill_matrix.count("explained"),
        kill_matrix.count("survived"),
    );

    let _ = writeln!(out, "\n{}", wrap(&text, width, "", ""));
    let undecided = kill_matrix.entries.iter().filter(|entry| !entry.undecided.is_empty());
    for KillEntry { site, fault, undecided, .. } in undecided {
        let text = format!("came to no end: {fault} at {site}, under {}", undecided.join(", "));
        let _ = writeln!(out, "{}", wrap(&text, width, "- ", "  "));
    }
}

fn samples(out: &mut String, samples: &[SampleReport], width: usize) {
    let mut table = table(width);
    for sample in samples {
        let name = sample.name.rsplit('/').next().unwrap_or_default();
        let text = format!("{} ({})", sample.property, numbers(&sample.clauses));
        let convicted = sample.defects.iter().filter(|defect| defect.convicted).count();
        let defects = format!("{convicted} of {} defects", sample.defects.len());
        table.add_row([text, name.to_owned(), sample.verdict.to_string(), defects]);
    }
    let _ = writeln!(out, "{table}");
}

/// What the cross-check of the engines came to, in a paragraph.
pub(crate) fn check(checker: &CheckerReport) -> String {
    let [programs, outcomes] = checker.compared();
    let sum = |number: fn(&ClassReport) -> usize| checker.audited.iter().map(number).sum::<usize>();
    let (missed, invented) = (sum(|report| report.missed), sum(|report| report.invented));
    let controls = checker.controls.iter().map(|control| {
        let ClassReport { class, programs, programs_missed, .. } = control;
        format!("{class:?} in {programs_missed} of {programs} programs")
    });
    format!(
        "{programs} random programs over the operations that the facade offers, loom's outcomes against \
         those of an enumeration that knows nothing of loom: of {outcomes} outcomes {missed} missed, \
         {invented} made up. Controls, of which some must be missed: {}.",
        controls.collect::<Vec<_>>().join(", ")
    )
}

/// What the mutants came to, in a sentence.
pub fn mutants(mutants: &Mutants) -> String {
    format!(
        "{} of {} defects seeded in the sources are convicted by the model or the test that each \
         names, in {:.0} s.",
        mutants.count(Fate::Convicted),
        mutants.mutants.len(),
        mutants.seconds
    )
}

/// What the generated programs came to, in a paragraph.
pub(crate) fn programs(generated: &Generated) -> String {
    let Generated { subject, workers, length, programs, given_up, most, executions, .. } =
        generated;
    let convicted = generated.defects.iter().filter(|defect| defect.convicted_by.is_some());
    format!(
        "{subject}, workers {workers}: every program of at most {length} actions by two threads (submit, submit what \
         panics, join, cancel, detach, wait for idleness, drain, discard; in the end the owner drops \
         the pool, which is an action, or shuts it down), equal ones once: {} programs, each in every \
         order, {} executions; {given_up} more were given up after {most} executions each, in which \
         nothing failed. \
         {} of {} seeded defects convicted.",
        thousands(*programs),
        thousands(*executions),
        convicted.count(),
        generated.defects.len(),
    )
}

/// For each subject that is convicted: the first interleaving whole, the others in a line.
fn convictions(out: &mut String, audit: &Audit, subjects: &[&str], width: usize) {
    for subject in subjects {
        let convicted: Vec<_> = audit
            .trials
            .iter()
            .filter(|trial| trial.subject == *subject && trial.as_expected)
            .filter_map(|trial| Some((trial, trial.verdict.reason()?)))
            .collect();
        let Some((first, reason)) = convicted.first() else { continue };
        heading(out, &format!("{subject}: convicted, as it must be"));
        let _ = writeln!(out, "{}", wrap(&format!("{}: {reason}", first.property), width, "", ""));
        interleaving(out, first, width);
        for (trial, reason) in &convicted[1..] {
            let text = format!("{}: {reason}", trial.property);
            let _ = writeln!(out, "{}", wrap(&text, width, "- ", "  "));
        }
        if convicted.len() > 1 {
            let text =
                "An interleaving of one of these: cargo verify --subject SUBJECT --model MODEL";
            let _ = writeln!(out, "{text}");
        }
    }
}

fn interleaving(out: &mut String, trial: &TrialReport, width: usize) {
    if let Some(trace) = &trial.trace {
        let _ = writeln!(out, "\n{}", lanes::draw(trace, width));
    }
}

fn failures(out: &mut String, audit: &Audit, width: usize) {
    let trials: Vec<_> = audit.trials.iter().filter(|trial| !trial.as_expected).collect();
    let suites: Vec<_> = audit.suites.iter().filter(|suite| !suite.passed).collect();
    let entries = audit.kill_matrix.iter().flat_map(|kill_matrix| &kill_matrix.entries);
    let slips: Vec<_> = entries.filter(|entry| !entry.is_good()).collect();
    let generated = audit.generated.iter().flat_map(Generated::complaints);
    let samples = audit.samples.iter().filter_map(SampleReport::complaint);
    let checker = audit.checker.iter().filter_map(CheckerReport::complaint);
    let mutants = audit.mutants.iter().filter(|mutants| !mutants.is_good());
    let mutants = mutants.map(|_| "not every mutant is convicted: see above".to_owned());
    let others = generated.chain(samples).chain(checker).chain(mutants);
    let others: Vec<_> = others.chain(audit.missing()).collect();
    if trials.is_empty() && suites.is_empty() && slips.is_empty() && others.is_empty() {
        return;
    }
    heading(out, "NOT AS IT MUST BE");
    for trial in trials {
        let _ = writeln!(out, "{}", trial.complaint().unwrap_or_default());
        interleaving(out, trial, width);
    }
    for slip in slips {
        let reason = slip.reason.as_deref().unwrap_or_default();
        let _ = writeln!(
            out,
            "{} at {}: {} {}: {reason} ({})",
            slip.operation,
            slip.site,
            slip.fault,
            slip.verdict,
            slip.tried.join(", ")
        );
    }
    for complaint in others {
        let _ = writeln!(out, "{complaint}");
    }
    let failures = audit.generated.iter().flat_map(|generated| &generated.failures);
    for trace in failures.filter_map(|failure| failure.trace.as_ref()) {
        let _ = writeln!(out, "\n{}", lanes::draw(trace, width));
    }
    for suite in suites {
        let failure = suite.failure.as_deref().unwrap_or_default();
        let _ = writeln!(out, "{}: {failure}", suite.name);
    }
}

pub(crate) fn wrap(text: &str, width: usize, first: &str, rest: &str) -> String {
    let mut out = first.to_owned();
    let mut column = first.chars().count();
    for (index, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 && column + 1 + length > width {
            out.push('\n');
            out.push_str(rest);
            column = rest.chars().count();
        } else if index > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

/// `110955` as `110,955`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{thousands, wrap};

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(thousands(7), "7");
        assert_eq!(thousands(1_000), "1,000");
        assert_eq!(thousands(110_955), "110,955");
    }

    #[test]
    fn text_keeps_to_the_width() {
        assert_eq!(wrap("one two three", 8, "- ", "  "), "- one\n  two\n  three");
    }
}
