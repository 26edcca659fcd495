//! The reports. The harness writes them; here is what a case says in them.

mod json;
pub(crate) mod page;
pub(crate) mod terminal;

use std::fs;
use std::path::Path;

use harness::findings::part::{self, Complaint, FAILURE};
use harness::findings::trace::Trace;
use harness::report::{github, junit, sarif, swimlanes};

use crate::arguments::Arguments;
use crate::faults::{Faults, GROUP};
use crate::judge::{Case, Verdict};
use crate::passes;

const TOOL: sarif::Tool = sarif::Tool {
    name: "cargo trial",
    version: env!("CARGO_PKG_VERSION"),
    rule: "model",
    rule_name: "Model",
    short: "A model does not hold.",
    full: "An execution of the model failed, or the model was not explored completely.",
    help: "Run it alone with `cargo trial --model NAME`.",
    help_markdown: "Run it alone with `cargo trial --model NAME`.",
    elsewhere: "Cargo.toml:1",
};

/// Writes the reports that the arguments ask for.
///
/// # Errors
///
/// The file that cannot be written, or what cannot be expressed in a format.
pub(crate) fn write(
    models: &[Case],
    faults: Option<&Faults>,
    arguments: &Arguments,
) -> Result<(), String> {
    let must_fail = arguments.must_fail;
    if let Some(path) = &arguments.json {
        write_file(path, &json::render(models, faults, arguments)?)?;
    }
    if let Some(path) = &arguments.html {
        write_file(path, &page::render(models, faults, arguments)?)?;
    }
    if let Some(path) = &arguments.junit {
        let of_models = models.iter().map(|case| judged(case, must_fail));
        let of_faults = faults.into_iter().flat_map(|faults| faults.matrix.cases(GROUP));
        let cases = of_models.chain(of_faults.map(with_lanes)).collect();
        let seconds: f64 = models.iter().map(|case| case.seconds).sum();
        let seconds = seconds + faults.map_or(0.0, |faults| faults.matrix.seconds);
        write_file(path, &junit::render("cargo trial", seconds, cases, |_| 0.0)?)?;
    }
    if let Some(path) = &arguments.sarif {
        write_file(path, &sarif::render(&TOOL, None, &complaints(models, faults, must_fail))?)?;
    }
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        print!("{}", github::render(&complaints(models, faults, must_fail)));
    }
    Ok(())
}

fn write_file(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Returns what is wrong with a case, or `None` if it is as it must be.
fn complaint(case: &Case, must_fail: bool) -> Option<Complaint<'_>> {
    if passes(case, must_fail) {
        return None;
    }
    let message = if case.message.is_empty() { "it holds, and must fail" } else { &case.message };
    let message = format!("{}: {message}", case.verdict.word());
    let complaint = Complaint::new(&*case.name, message).with(case.trace.as_ref());
    let site = case.end.failed_at.clone().unwrap_or_else(|| case.site.clone());
    Some(Complaint { site: Some(site), ..complaint })
}

/// Returns what is wrong with the models and the faults.
pub(crate) fn complaints<'a>(
    models: &'a [Case],
    faults: Option<&'a Faults>,
    must_fail: bool,
) -> Vec<Complaint<'a>> {
    let of_models = models.iter().filter_map(|case| complaint(case, must_fail));
    let of_faults = faults.into_iter().flat_map(|faults| faults.matrix.cases(GROUP));
    of_models.chain(of_faults.flat_map(|case| case.complaints)).collect()
}

/// Returns a number of things, in words.
pub(crate) fn number_of(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// Returns an interleaving as text, which is empty if there is none.
fn lanes(trace: Option<&Trace>) -> String {
    const WIDTH: usize = 140;
    trace.map(|trace| swimlanes::draw(trace, WIDTH)).unwrap_or_default()
}

/// Adds the interleavings to the complaints of a case, as text.
fn with_lanes(case: part::Case<'_>) -> part::Case<'_> {
    let complaints = case.complaints.into_iter().map(|complaint| {
        let message = format!("{}\n\n{}", complaint.message, lanes(complaint.trace));
        Complaint { message, ..complaint }
    });
    part::Case { complaints: complaints.collect(), ..case }
}

/// Returns a case with its interleaving as text.
fn judged(case: &Case, must_fail: bool) -> part::Case<'_> {
    let group = case.name.split("::").next().unwrap_or_default();
    let Case { end, verdict, engine, .. } = case;
    let (word, remarks) = (verdict.word(), end.remarks.join("\n"));
    with_lanes(part::Case {
        result: format!("{word}, {} executions, {engine}\n{remarks}", end.executions),
        complaints: complaint(case, must_fail).into_iter().collect(),
        ..part::Case::new(group, &*case.name).in_seconds(case.seconds)
    })
}

/// Returns the executions that failed, as they must or not, and those that convicted a fault.
pub(crate) fn exhibits<'a>(
    models: &'a [Case],
    faults: Option<&'a Faults>,
    must_fail: bool,
) -> Vec<part::Exhibit<'a>> {
    let shown = models.iter().filter_map(|case| {
        let good = case.verdict == Verdict::Convicted || passes(case, must_fail);
        Some(part::Exhibit {
            title: case.message.lines().next().unwrap_or_default().to_owned(),
            model: &case.name,
            kind: if good { "convicted" } else { FAILURE },
            how: &case.message,
            trace: case.trace.as_ref()?,
        })
    });
    let of_faults = faults.into_iter().flat_map(|faults| faults.matrix.exhibits());
    shown.chain(of_faults).collect()
}
