//! Everything that was found, as JSON.

use serde::Serialize;

use crate::judge::Case;
use crate::passes;

/// The version of the format. It changes when a field changes its meaning, is removed, or becomes
/// required.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    format: u32,
    /// Whether there is a model, and each is as it must be.
    held: bool,
    models: &'a [Case],
}

/// Renders the report.
///
/// # Errors
///
/// The error of the serializer.
pub(crate) fn render(models: &[Case], must_fail: bool) -> Result<String, String> {
    let held = !models.is_empty() && models.iter().all(|case| passes(case, must_fail));
    let text = serde_json::to_string_pretty(&Report { format: FORMAT, held, models });
    text.map(|text| text + "\n").map_err(|error| error.to_string())
}
