//! The faults that change nothing, each with its reason: `verification/data/equivalent.toml`.

use std::path::Path;

use harness::faults::equivalents::Equivalents;

/// Reads the file.
///
/// # Errors
///
/// Names the file and says what is wrong with it.
pub fn read(path: &Path) -> Result<Equivalents, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    toml::from_str(&text).map_err(|error| format!("{} is damaged: {error}", path.display()))
}
