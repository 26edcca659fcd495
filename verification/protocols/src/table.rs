//! Protocols as text, for people.

use std::fmt::Write as _;

use crate::linear::{Atom, Clause, Linear, Relation, Var};
use crate::protocol::{Kind, Named, Protocol, Step};

/// A row of the table of steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The step.
    pub step: &'static str,
    /// The locks that the thread holds.
    pub locks: String,
    /// When it is taken.
    pub when: String,
    /// What it changes.
    pub changes: String,
}

impl Protocol {
    /// Returns the variables with their meanings.
    pub fn meanings(&self) -> Vec<(&'static str, String)> {
        let meaning = |variable: &crate::protocol::Variable| {
            let kind = match variable.kind {
                Kind::Seen(_) | Kind::First(_) => "",
                Kind::Unseen => " (not under a lock)",
                Kind::Choice => " (any number)",
            };
            (variable.name, format!("{}{kind}", variable.about))
        };
        self.variables.iter().map(meaning).collect()
    }

    /// Returns the steps as rows.
    pub fn rows(&self) -> Vec<Row> {
        self.steps.iter().map(|step| self.row(step)).collect()
    }

    fn row(&self, step: &Step) -> Row {
        let when: Vec<_> = step.guard.iter().map(|clause| self.clause(clause)).collect();
        let sets = step.sets.iter().filter(|(var, value)| Linear::from(*var) != *value);
        let changes: Vec<_> = sets.map(|(var, value)| self.change(*var, value)).collect();
        Row {
            step: step.name,
            locks: step.locks.join(", "),
            when: when.join("; "),
            changes: changes.join(", "),
        }
    }

    /// Returns the parts of the invariant, each with its name.
    pub fn invariant_text(&self) -> Vec<(&'static str, String)> {
        self.named(&self.invariant)
    }

    /// Returns the properties, each with its name.
    pub fn properties_text(&self) -> Vec<(&'static str, String)> {
        self.named(&self.properties)
    }

    /// Returns how the protocol comes to its end.
    pub fn ending_text(&self) -> Option<String> {
        let ending = self.ending.as_ref()?;
        let all = |clauses: &[Clause]| {
            let clauses: Vec<_> = clauses.iter().map(|clause| self.clause(clause)).collect();
            clauses.join(" and ")
        };
        let from = match &*ending.from {
            [] => "each step".to_owned(),
            from => format!("once `{}`, each step", all(from)),
        };
        let visits = self.steps.iter().filter(|step| step.is_visit);
        let visits: Vec<_> = visits.map(|step| format!("“{}”", step.name)).collect();
        let but = match &*visits {
            [] => String::new(),
            visits => format!(" but {}", visits.join(", ")),
        };
        let until = match &*ending.done {
            [] => String::new(),
            done => format!("; such a step is possible until `{}`", all(done)),
        };
        let measure = self.linear(&ending.measure);
        Some(format!("{from}{but} lowers `{measure}`, which is never negative{until}"))
    }

    fn named(&self, parts: &[Named]) -> Vec<(&'static str, String)> {
        parts.iter().map(|part| (part.name, self.clause(&part.clause))).collect()
    }

    fn change(&self, var: Var, value: &Linear) -> String {
        let name = self.variables[var.0].name;
        let difference = *value - var;
        let is_step = difference.variables().next().is_none();
        match difference.constant {
            by if is_step && by > 0 => format!("{name} +{by}"),
            by if is_step => format!("{name} −{}", -by),
            _ => format!("{name} = {}", self.linear(value)),
        }
    }

    fn clause(&self, clause: &Clause) -> String {
        let atoms: Vec<_> = clause.0.iter().map(|atom| self.atom(atom)).collect();
        atoms.join(" or ")
    }

    fn atom(&self, atom: &Atom) -> String {
        let relation = match atom.relation {
            Relation::AtLeast => "≥",
            Relation::AtMost => "≤",
            Relation::Is => "=",
        };
        format!("{} {relation} {}", self.linear(&atom.left), self.linear(&atom.right))
    }

    fn linear(&self, linear: &Linear) -> String {
        let mut text = String::new();
        let terms =
            linear.variables().map(|var| (linear.factors[var.0], self.variables[var.0].name));
        let constant = (linear.constant, "");
        let mut terms: Vec<_> =
            terms.chain([constant]).filter(|(factor, _)| *factor != 0).collect();
        // A sum does not begin with a minus if it need not.
        terms.sort_by_key(|(factor, _)| *factor < 0);
        for (factor, name) in terms {
            let sign = match (text.is_empty(), factor < 0) {
                (true, false) => "",
                (true, true) => "−",
                (false, false) => " + ",
                (false, true) => " − ",
            };
            let number = match factor.abs() {
                1 if !name.is_empty() => String::new(),
                number if name.is_empty() => number.to_string(),
                number => format!("{number}·"),
            };
            let _ = write!(text, "{sign}{number}{name}");
        }
        if text.is_empty() {
            text.push('0');
        }
        text
    }

    /// Returns the protocol as a text in Markdown, which stands beside the code.
    pub fn markdown(&self) -> String {
        let mut text = format!("# Protocol: {}\n\n", self.name);
        let mut line = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        line(format!("So that {}.\n", self.about));
        line("| counter | meaning |\n| --- | --- |".to_owned());
        for (name, meaning) in self.meanings() {
            line(format!("| `{name}` | {meaning} |"));
        }
        line("\nWhenever the locks are free:\n".to_owned());
        for (name, condition) in self.invariant_text() {
            line(format!("* {name}: `{condition}`"));
        }
        line(
            "\n| step | under the lock of | when | changes |\n| --- | --- | --- | --- |".to_owned(),
        );
        let code = |text: &str| {
            let parts = text.split("; ").filter(|part| !part.is_empty());
            parts.map(|part| format!("`{part}`")).collect::<Vec<_>>().join(", ")
        };
        for Row { step, locks, when, changes } in self.rows() {
            let changes = changes.replace(", ", "; ");
            line(format!("| {step} | {locks} | {} | {} |", code(&when), code(&changes)));
        }
        line("\nHence:\n".to_owned());
        for (name, condition) in self.properties_text() {
            line(format!("* {name}: `{condition}`"));
        }
        if let Some(ending) = self.ending_text() {
            line(format!("* {ending}"));
        }
        text
    }
}
