//! The report on the terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use harness::base::text::thousands;

use crate::arguments::Arguments;
use crate::judge::{Case, Verdict};
use crate::passes;

/// Renders the report.
pub(crate) fn render(models: &[Case], others: &[Case], arguments: &Arguments) -> String {
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
    if !remarks.is_empty() {
        out.push('\n');
    }
    for (remark, number) in remarks {
        let _ = writeln!(out, "note: {remark} ({})", of_models(number));
    }
    let failed = others.iter().filter(|case| case.verdict == Verdict::Died).count();
    if !others.is_empty() {
        let _ = writeln!(
            out,
            "note: {} without a model ran too, and were not judged ({failed} of them failed)",
            if others.len() == 1 { "1 test".to_owned() } else { format!("{} tests", others.len()) }
        );
    }
    let good = models.iter().filter(|case| passes(case, arguments.must_fail)).count();
    let demand = if arguments.must_fail { "fail, as they must" } else { "hold" };
    let _ = match models.len() {
        0 => writeln!(out, "\nno model was found: no test called one, so nothing was shown"),
        all => writeln!(out, "\n{good} of {} {demand}", of_models(all)),
    };
    out
}

fn of_models(number: usize) -> String {
    if number == 1 {
        "1 model".to_owned()
    } else {
        format!("{number} models")
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
    let mut out = format!("\n── {} ── {}\n", case.name, case.site);
    let _ = writeln!(out, "{}", case.message);
    if let Some(site) = &case.end.failed_at {
        let _ = writeln!(out, "at {site}");
    }
    let lanes = super::lanes(case);
    if !lanes.is_empty() {
        let _ = writeln!(out, "\n{}", lanes.trim_end());
    }
    if !case.end.schedule.is_empty() {
        let (test, number) = match case.name.rsplit_once('#') {
            Some((test, number)) => (test, format!("{number}@")),
            None => (&*case.name, String::new()),
        };
        let schedule = &case.end.schedule;
        let _ =
            writeln!(out, "\nreplay: cargo trial --model '{test}' --replay '{number}{schedule}'");
    }
    out
}
