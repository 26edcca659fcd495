//! The section of the page on the trial of the peers: one table, and what was seen beside it.

use askama::Template;

use crate::trial::results::{Finding, TrialResults, Verdict};

/// Writes the section.
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
    /// How a verdict looks; it is always written out as well.
    fn class(finding: &Finding) -> &'static str {
        match finding.verdict {
            Verdict::Kept => "word",
            Verdict::Broken => "word wrong",
            Verdict::NotOffered | Verdict::NotTried => "word convicted",
        }
    }
}
