//! Everything that was found, as JSON.

use harness::kill_matrix::KillMatrix;
use serde::Serialize;

use crate::faults::Faults;
use crate::judge::Case;
use crate::passes;

/// The version of the format. It changes when a field changes its meaning, is removed, or becomes
/// required.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    format: u32,
    /// Whether there is a model, and each is as it must be, and each fault.
    held: bool,
    models: &'a [Case],
    /// With `--faults`: each fault and its fate.
    #[serde(skip_serializing_if = "Option::is_none")]
    faults: Option<&'a KillMatrix>,
}

/// Renders the report.
///
/// # Errors
///
/// The error of the serializer.
pub(crate) fn render(
    models: &[Case],
    faults: Option<&Faults>,
    must_fail: bool,
) -> Result<String, String> {
    let noticed = faults.is_none_or(Faults::hold);
    let held = noticed && !models.is_empty() && models.iter().all(|case| passes(case, must_fail));
    let faults = faults.map(|faults| &faults.matrix);
    let text = serde_json::to_string_pretty(&Report { format: FORMAT, held, models, faults });
    text.map(|text| text + "\n").map_err(|error| error.to_string())
}
