//! The report on the terminal.

use std::fmt::Write as _;

use comfy_table::Cell;
use harness::base::text::{heading, table, thousands, wrap};
use harness::findings::part::Complaint;
use harness::findings::verdict::Verdict;
use harness::kill_matrix::{KillEntry, KillMatrix};
use harness::report::swimlanes;

use crate::audit::clauses::ClauseReport;
use crate::audit::Audit;
use crate::report::{figures, sentences};
use crate::trials::report::TrialReport;
use crate::trials::samples::SampleReport;

/// Writes the report for a terminal with `width` columns.
pub fn render(audit: &Audit, subjects: &[&str], width: usize) -> String {
    let mut out = String::new();
    if !audit.trials.is_empty() {
        heading(&mut out, "Properties × subjects");
        matrix(&mut out, audit, subjects, width);
    }
    if !audit.protocols.is_empty() {
        heading(&mut out, "Protocols, for any number of threads and jobs");
        protocols(&mut out, audit, width);
    }
    if audit.scope.tests {
        heading(&mut out, "The clauses of the contract");
        clauses(&mut out, &audit.clauses, width);
    }
    if let Some(kill_matrix) = &audit.kill_matrix {
        heading(&mut out, "Faults at call sites of the pool");
        faults(&mut out, kill_matrix, width);
    }
    if !audit.generated.is_empty() {
        heading(&mut out, "Generated programs");
    }
    for generated in &audit.generated {
        let _ = writeln!(out, "{}", wrap(&sentences::programs(generated), width, "", ""));
    }
    if !audit.samples.is_empty() {
        heading(&mut out, "Samples of scenarios too large to explore");
        samples(&mut out, &audit.samples, width);
    }
    if let Some(mutants) = &audit.mutants {
        heading(&mut out, "Mutants");
        let _ = writeln!(out, "{}\n{}", mutants.render(width), sentences::mutants(mutants));
    }
    if let Some(checker) = &audit.checker {
        heading(&mut out, "Cross-check of the engines");
        let _ = writeln!(out, "{}", wrap(&sentences::check(checker), width, "", ""));
    }
    convictions(&mut out, audit, subjects, width);
    heading(&mut out, "Figures (machines differ)");
    figures(&mut out, audit, width);
    heading(&mut out, "What is assumed");
    for assumption in &audit.assumptions {
        let _ = writeln!(out, "{}", wrap(assumption, width, "- ", "  "));
    }
    failures(&mut out, audit, width);
    out
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
        "\nThe number is that of executions explored. PROVED: every trace; broken: convicted by an\n\
         interleaving; –: the subject is not put under the scenario, or only at night."
    );
    let asked = audit.trials.iter().filter_map(|trial| trial.second_opinion.as_ref());
    let (mut models, mut executions) = (0, 0);
    for second in asked {
        models += 1;
        executions += second.executions;
    }
    let text = format!(
        "Second opinion: of these {} models, loom explored the {models} that it finishes quickly \
         (executions: {}). A model where it disagrees is marked.",
        audit.trials.len(),
        thousands(executions)
    );
    if models > 0 {
        let _ = writeln!(out, "\n{}", wrap(&text, width, "", ""));
    }
}

/// The protocols, a line each. Their tables are on the page and beside the code.
fn protocols(out: &mut String, audit: &Audit, width: usize) {
    let mut table = table(width);
    table.set_header(["", "verdict", "steps taken", "questions", "mutants refuted"]);
    for protocol in &audit.protocols {
        let seen = protocol.steps.iter().filter(|step| step.is_seen).count();
        let taken = protocol.steps.iter().filter(|step| step.is_seen && step.taken > 0).count();
        table.add_row([
            format!("{} ({}): {}", protocol.name, numbers(&protocol.clauses), protocol.about),
            protocol.verdict(audit.scope.shard.is_none()).to_string(),
            format!("{taken} of {seen}"),
            protocol.questions.to_string(),
            protocol.mutants.len().to_string(),
        ]);
    }
    let _ = writeln!(out, "{table}");
    let _ = writeln!(out, "\n{}", wrap(sentences::PROTOCOLS, width, "", ""));
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
    let text =
        "The numbers count pieces of evidence: models, generated programs, samples, and tests \
                on real threads, once for each queue.";
    let _ = writeln!(out, "\n{}", wrap(text, width, "", ""));
}

/// The cost of the run beside its targets.
fn figures(out: &mut String, audit: &Audit, width: usize) {
    let mut table = table(width);
    table.set_header(["", "measured", "target", ""]);
    for row in figures::rows(audit) {
        table.add_row([&row.what, &row.figure, row.target, row.word()]);
    }
    let _ = writeln!(out, "{table}");
}

/// The kill matrix. The names of the models are in `audit.json`.
fn faults(out: &mut String, kill_matrix: &KillMatrix, width: usize) {
    let mut table = table(width);
    for entry in &kill_matrix.entries {
        let result = match &*entry.verdict {
            "convicted" => format!("convicted by {}", entry.convicted_by.len()),
            "survived" => format!("tolerated by all {}", entry.tried.len()),
            "explained" => format!("undecided in {}, explained", entry.undecided.len()),
            other => other.to_owned(),
        };
        table.add_row([&entry.site, &entry.operation, &entry.fault, &result]);
    }
    let _ = writeln!(out, "{table}");
    let KillMatrix { sites, faults, seconds, .. } = kill_matrix;
    let text = format!(
        "{faults} faults at {sites} call sites in {seconds:.0} s: {} convicted, {} equivalent, {} \
         undecided, {} harmless and tolerated. The reasons are in \
         verification/data/equivalent.toml. After three convictions a fault is run under no more \
         models.",
        kill_matrix.count("convicted"),
        kill_matrix.count("equivalent"),
        kill_matrix.count("explained"),
        kill_matrix.count("survived"),
    );

    let _ = writeln!(out, "\n{}", wrap(&text, width, "", ""));
    let undecided = kill_matrix.entries.iter().filter(|entry| !entry.undecided.is_empty());
    for KillEntry { site, fault, undecided, .. } in undecided {
        let text = format!("undecided: {fault} at {site}, under {}", undecided.join(", "));
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

/// The convictions of each subject: the first with its interleaving, the others in a line.
fn convictions(out: &mut String, audit: &Audit, subjects: &[&str], width: usize) {
    for subject in subjects {
        let convicted: Vec<_> = audit
            .trials
            .iter()
            .filter(|trial| trial.subject == *subject && trial.as_expected)
            .filter_map(|trial| Some((trial, trial.verdict.reason()?)))
            .collect();
        let Some((first, reason)) = convicted.first() else { continue };
        heading(out, &format!("{subject}: convicted, as expected"));
        let _ = writeln!(out, "{}", wrap(&format!("{}: {reason}", first.property), width, "", ""));
        interleaving(out, first, width);
        for (trial, reason) in &convicted[1..] {
            let text = format!("{}: {reason}", trial.property);
            let _ = writeln!(out, "{}", wrap(&text, width, "- ", "  "));
        }
        if convicted.len() > 1 {
            let text =
                "To see one of these interleavings: cargo verify --subject SUBJECT --model MODEL";
            let _ = writeln!(out, "{text}");
        }
    }
}

fn interleaving(out: &mut String, trial: &TrialReport, width: usize) {
    if let Some(trace) = &trial.trace {
        let _ = writeln!(out, "\n{}", swimlanes::draw(trace, width));
    }
}

fn failures(out: &mut String, audit: &Audit, width: usize) {
    let complaints = audit.complaints();
    if complaints.is_empty() {
        return;
    }
    heading(out, "Failures");
    for Complaint { subject, message, trace, .. } in complaints {
        let _ = writeln!(out, "{subject}: {message}");
        if let Some(trace) = trace {
            let _ = writeln!(out, "\n{}", swimlanes::draw(trace, width));
        }
    }
}
