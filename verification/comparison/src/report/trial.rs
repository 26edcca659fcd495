//! The section of the page on the trial: one table, and the findings on each pool.

use askama::Template;

use crate::trial::results::{Finding, TrialResults, Verdict};

/// Renders the section.
///
/// # Errors
///
/// What the template could not be filled with.
pub(super) fn render(trial: &TrialResults) -> Result<String, String> {
    Section { trial }.render().map_err(|error| error.to_string())
}

#[derive(Template)]
#[template(path = "trial.html")]
struct Section<'a> {
    trial: &'a TrialResults,
}

impl Section<'_> {
    /// The class of a verdict. Its word is always written out, too.
    fn class(finding: &Finding) -> &'static str {
        match finding.verdict {
            Verdict::Kept => "word kept",
            Verdict::Broken => "word broken",
            Verdict::NotOffered | Verdict::NotTried => "word",
        }
    }

    /// A short word for a cell of the table.
    fn cell(finding: &Finding) -> &'static str {
        match finding.verdict {
            Verdict::NotOffered => "–",
            verdict => verdict.word(),
        }
    }
}
