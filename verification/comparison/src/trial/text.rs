//! The results of the trial in the terminal.

use std::fmt::Write as _;

use comfy_table::{Cell, ColumnConstraint};
use harness::base::text;

use super::results::{Finding, PoolReport, TrialResults, Verdict, Violation};

impl Verdict {
    /// The verdict in a word or two.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Kept => "kept",
            Verdict::Broken => "broken",
            Verdict::NotOffered => "not offered",
            Verdict::NotTried => "not tried",
        }
    }
}

impl Finding {
    /// The violations, each with the number of runs that showed it; or why it was not tried.
    pub fn violations_text(&self) -> String {
        let text = |violation: &Violation| {
            let (times, runs) = (violation.times, self.runs);
            let runs = format!("{times} of {runs} run{}", if runs == 1 { "" } else { "s" });
            format!("{runs}: {}", violation.what)
        };
        let texts: Vec<_> = self.violations.iter().map(text).collect();
        match &self.untried {
            Some(why) if self.verdict == Verdict::NotTried => why.clone(),
            _ => texts.join("; "),
        }
    }
}

impl PoolReport {
    /// The finding of that property.
    pub fn finding(&self, property: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.property == property)
    }

    /// The name and version.
    pub fn title(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.name),
            None => self.name.clone(),
        }
    }

    /// The findings with a violation.
    pub fn broken(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.verdict == Verdict::Broken)
    }
}

impl TrialResults {
    /// Renders the table, the properties and the violations for a terminal of that many columns.
    pub fn render(&self, width: usize) -> String {
        let mut out = String::new();
        let mut table = text::table(width);
        // With spaces, so that a name can be wrapped.
        let names = self.properties.iter().map(|info| Cell::new(info.name.replace('-', " ")));
        table.set_header([Cell::new("")].into_iter().chain(names));
        for pool in &self.pools {
            let cells = self.properties.iter().map(|property| {
                let finding = pool.finding(&property.name);
                Cell::new(finding.map_or("–", |finding| match finding.verdict {
                    Verdict::NotOffered => "–",
                    verdict => verdict.word(),
                }))
            });
            table.add_row([Cell::new(&pool.name)].into_iter().chain(cells));
        }
        if let Some(names) = table.column_mut(0) {
            names.set_constraint(ColumnConstraint::ContentWidth);
        }
        let _ =
            writeln!(out, "{table}\n\n–: the documentation does not offer it, so it is not tried.");
        text::heading(&mut out, "Properties");
        for property in &self.properties {
            let line = format!("{}: {}", property.name, property.text);
            let _ = writeln!(out, "{}", text::wrap(&line, width, "- ", "  "));
        }
        text::heading(&mut out, "Violations");
        for pool in &self.pools {
            for finding in pool.broken() {
                let (title, text) = (pool.title(), finding.violations_text());
                let line = format!("{title}, {}: {text}", finding.property);
                let documented = text::wrap(&finding.documented, width, "  (", "   ");
                let _ = writeln!(out, "{}", text::wrap(&line, width, "- ", "  "));
                let _ = writeln!(out, "{documented})");
            }
        }
        out
    }

    /// The last line: whether this pool keeps every property and the control is convicted.
    pub fn verdict(&self) -> String {
        let complaints = self.complaints();
        let runs: u64 =
            self.pools.iter().flat_map(|pool| &pool.findings).map(|finding| finding.runs).sum();
        let ran = format!(
            "{} pools, {} properties, {} runs, {} s",
            self.pools.len(),
            self.properties.len(),
            text::thousands(runs),
            self.seconds
        );
        if !complaints.is_empty() {
            return format!("Failures: {}: {ran}.", complaints.join("; "));
        }
        let is_tried = |tried: fn(&PoolReport) -> bool| self.pools.iter().any(tried);
        let own = if is_tried(|pool| pool.own) {
            "This pool keeps every property that was tried"
        } else {
            "This pool was not tried"
        };
        let has_control = |pool: &PoolReport| pool.findings.iter().any(|finding| finding.control);
        let control = if is_tried(has_control) {
            "the control is convicted"
        } else {
            "the control was not tried"
        };
        format!("{own}, and {control}: {ran}.")
    }
}
