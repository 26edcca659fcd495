//! Everything that was found, as JSON.

use harness::kill_matrix::KillMatrix;
use serde::Serialize;

use crate::arguments::Arguments;
use crate::faults::Faults;
use crate::held;
use crate::judge::Case;

/// The version of the format. It changes when a field changes its meaning, is removed, or becomes
/// required.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    format: u32,
    /// Whether there is a model, each is as it must be, each fault is noticed, and that of `--fault` acted.
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
    arguments: &Arguments,
) -> Result<String, String> {
    let held = held(models, faults, arguments);
    let faults = faults.map(|faults| &faults.matrix);
    let text = serde_json::to_string_pretty(&Report { format: FORMAT, held, models, faults });
    text.map(|text| text + "\n").map_err(|error| error.to_string())
}
