//! The clauses of the contract, as `CONTRACT.md` has them.

use std::sync::LazyLock;

/// The document that the clauses are read from.
const CONTRACT: &str = include_str!("../../CONTRACT.md");

/// A numbered promise of the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Its number: 1 for C1.
    pub number: u8,
    /// The promise, in a sentence or two.
    pub statement: String,
}

/// Every clause, in order.
pub static CLAUSES: LazyLock<Vec<Clause>> = LazyLock::new(|| read(CONTRACT));

/// Reads the clauses of a document: for each heading `### C1`, the paragraph below it.
fn read(document: &str) -> Vec<Clause> {
    let sections = document.split("\n### C").skip(1);
    let clauses = sections.filter_map(|section| {
        let mut paragraphs = section.split("\n\n");
        let number = paragraphs.next()?.trim().parse().ok()?;
        let statement = paragraphs.next()?.split_whitespace().collect::<Vec<_>>().join(" ");
        Some(Clause { number, statement })
    });
    clauses.collect()
}

#[cfg(test)]
mod tests {
    use super::{read, Clause, CLAUSES};

    #[test]
    fn clauses_are_numbered_in_order() {
        let numbers: Vec<_> = CLAUSES.iter().map(|clause| clause.number).collect();
        assert_eq!(numbers, (1..=36).collect::<Vec<_>>());
        let is_sentence = |clause: &Clause| clause.statement.ends_with('.');
        assert!(CLAUSES.iter().all(is_sentence), "{CLAUSES:#?}");
    }

    #[test]
    fn a_statement_is_the_first_paragraph_below_its_heading() {
        let document =
            "# The contract\n\nWords.\n\n### C7\n\nNo job\nwaits.\n\nMore.\n\n## Other\n";
        let clause = Clause { number: 7, statement: "No job waits.".to_owned() };
        assert_eq!(read(document), [clause]);
    }
}
