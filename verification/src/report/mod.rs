//! The reports of an audit: `audit.json`, the page, `JUnit` XML for CI systems, SARIF for code
//! scanning, and the terminal.

pub mod figures;
pub mod html;
pub mod junit;
pub mod sarif;
pub mod sentences;
pub mod terminal;

use std::fs;
use std::path::{Path, PathBuf};

use crate::audit::Audit;

/// Writes all files into a folder, which is created if it does not exist. Returns their paths,
/// `audit.json` first. The files of a partial run are called `audit-partial`, those of a shard by its
/// number.
///
/// # Errors
///
/// The file and the error of the operating system.
pub fn write(audit: &Audit, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let stem = match &audit.scope.shard {
        Some(shard) => format!("audit-shard-{}", shard.replace('/', "-of-")),
        None if audit.scope.is_whole() => "audit".to_owned(),
        None => "audit-partial".to_owned(),
    };
    let json = serde_json::to_string_pretty(audit).map_err(|error| error.to_string())?;
    let texts = [
        ("json", json + "\n"),
        ("html", html::render(audit)?),
        ("junit.xml", junit::render(audit)?),
        ("sarif", sarif::render(audit)?),
    ];
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files = Vec::new();
    for (extension, text) in texts {
        let file = folder.join(format!("{stem}.{extension}"));
        fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        files.push(file);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use crate::audit::fixtures::holding;

    #[test]
    fn a_shard_does_not_claim_everything() {
        let mut audit = holding();
        assert!(crate::report::sentences::verdict(&audit).starts_with("Every guarantee holds"));
        audit.scope.shard = Some("1/4".to_owned());
        assert!(!crate::report::sentences::verdict(&audit).contains("Every guarantee"));
    }

    #[test]
    fn the_files_are_named_by_what_was_looked_at() {
        let folder = std::env::temp_dir().join(format!("verify-report-{}", std::process::id()));
        let mut audit = holding();
        let names = |files: Vec<std::path::PathBuf>| {
            files
                .iter()
                .map(|file| file.file_name().unwrap().to_string_lossy().into_owned())
                .collect::<Vec<_>>()
        };
        let whole = names(super::write(&audit, &folder).unwrap());
        assert_eq!(whole, ["audit.json", "audit.html", "audit.junit.xml", "audit.sarif"]);
        audit.scope.tests = false;
        let part = names(super::write(&audit, &folder).unwrap());
        assert!(part.iter().all(|name| name.starts_with("audit-partial.")), "{part:?}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
