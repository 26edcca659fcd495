//! Faults that change nothing, each with its reason.

use serde::{Deserialize, Serialize};

use crate::faults::site::SiteFault;

/// The faults that change nothing, as a list in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Equivalents {
    /// The faults.
    #[serde(default)]
    pub equivalent: Vec<Equivalent>,
}

/// A fault that changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Equivalent {
    /// The file of the call site.
    pub file: String,
    /// The function around the call site. Line numbers would not last.
    pub function: String,
    /// The line at the call site, without its indentation.
    pub code: String,
    /// The fault, for example `drop-notify-all`.
    pub fault: String,
    /// The reason why nothing changes.
    pub reason: String,
}

impl Equivalents {
    /// Returns `true` if the fault is listed. `source` returns the text of a file.
    pub fn explain(&self, fault: &SiteFault, source: impl Fn(&str) -> Option<String>) -> bool {
        source(&fault.file).is_some_and(|source| self.position(fault, &source).is_some())
    }

    /// Returns the index of the fault in the list.
    pub fn position(&self, fault: &SiteFault, source: &str) -> Option<usize> {
        let (function, code) = place(source, fault.line);
        self.equivalent.iter().position(|known| {
            known.file == fault.file
                && known.function == function
                && known.code == code
                && known.fault == fault.action.name()
        })
    }
}

/// Returns the name of the function around a line, and the line.
pub fn place(source: &str, line: u32) -> (&str, &str) {
    let lines: Vec<_> = source.lines().take(line as usize).collect();
    let function = lines.iter().rev().find_map(|line| line.split_once("fn "));
    let end = |rest: &str| rest.find(|c: char| !c.is_alphanumeric() && c != '_');
    let function = function.map_or("", |(_, rest)| &rest[..end(rest).unwrap_or(rest.len())]);
    (function, lines.last().map_or("", |line| line.trim()))
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn the_function_around_a_line_is_found() {
        let source = "fn first() {\n}\n\npub(crate) fn second<T>(t: T) {\n    t.lock();\n}\n";
        assert_eq!(place(source, 5), ("second", "t.lock();"));
        assert_eq!(place(source, 1), ("first", "fn first() {"));
        assert_eq!(place("", 7), ("", ""));
    }
}
