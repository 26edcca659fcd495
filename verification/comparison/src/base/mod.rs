//! What the parts share.

pub mod files;
pub mod machine;
pub mod numbers;
pub mod statistics;

use std::path::PathBuf;

use verification::cargo::Workspace;

/// The folder of the results: `target/comparison`.
///
/// # Errors
///
/// The workspace is no longer where it was.
pub fn folder() -> Result<PathBuf, String> {
    Ok(Workspace::find()?.root().join("target/comparison"))
}
