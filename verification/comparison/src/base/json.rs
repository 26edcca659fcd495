//! Files of results, each with the version of its format as `schema`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Format {
    schema: u32,
}

/// Reads a file of that format. Returns `None` if there is no file.
///
/// # Errors
///
/// What is wrong with the file, naming it.
pub(crate) fn read<T: DeserializeOwned>(file: &Path, schema: u32) -> Result<Option<T>, String> {
    let name = file.display();
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{name}: {error}")),
    };
    let damaged = |error| format!("{name} is no file of this format: {error}");
    let format: Format = serde_json::from_str(&text).map_err(damaged)?;
    if format.schema != schema {
        return Err(format!("{name} has the format {}, and this reads {schema}", format.schema));
    }
    serde_json::from_str(&text).map(Some).map_err(damaged)
}

/// Writes a file, whose folder is created, and returns where it is.
///
/// # Errors
///
/// What went wrong, naming the file.
pub(crate) fn write(figures: &impl Serialize, file: PathBuf) -> Result<PathBuf, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = serde_json::to_string_pretty(figures).map_err(|error| failed(&error))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    std::fs::write(&file, text + "\n").map_err(|error| failed(&error))?;
    Ok(file)
}
