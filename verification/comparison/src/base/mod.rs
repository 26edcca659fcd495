//! What every part shares.
//!
//! | file | |
//! | --- | --- |
//! | `json.rs` | files of results, each with the version of its format |
//! | `machine.rs` | the computer, and what else it did during a measurement |
//! | `statistics.rs` | medians of alternating runs, and their ratios |
//! | `numbers.rs` | figures as reports write them |
//! | `table.rs` | tables of the terminal and of Markdown |
//! | `versions.rs` | versions of packages, from the lock file |

pub mod json;
pub mod machine;
pub mod numbers;
pub mod statistics;
pub mod table;
pub mod versions;

use std::path::PathBuf;

use verification::base::cargo::Workspace;

/// The folder of the results: `target/comparison`.
///
/// # Errors
///
/// The workspace is no longer where it was.
pub fn folder() -> Result<PathBuf, String> {
    Ok(Workspace::find()?.root().join("target/comparison"))
}

/// The day, in UTC: `2025-01-31`.
pub fn today() -> String {
    chrono::Utc::now().date_naive().to_string()
}
