//! The recorded numbers of executions: `trial.toml`, beside the manifest of the crate. A model that
//! explores fewer has lost coverage; one that explores more has grown.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use harness::findings::recorded::Range;
use serde::Deserialize;

/// The numbers, by model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recorded {
    executions: BTreeMap<String, Range>,
}

/// Returns the file beside a manifest.
pub(crate) fn file(manifest: &Path) -> PathBuf {
    manifest.with_file_name("trial.toml")
}

impl Recorded {
    /// Reads the file, if there is one.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is damaged.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, String> {
        match fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text)
                .map(Some)
                .map_err(|error| format!("{} is damaged: {error}", path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    /// Returns the recorded number of a model.
    pub(crate) fn range(&self, model: &str) -> Option<Range> {
        self.executions.get(model).copied()
    }

    /// Records the number of a model.
    pub(crate) fn record(&mut self, model: String, executions: u64) {
        self.executions.insert(model, Range::new(executions, executions));
    }

    /// Writes the file.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub(crate) fn write(&self, path: &Path) -> Result<(), String> {
        let mut text = String::from(
            "# Written by `cargo trial --record`; read the difference before you commit it.\n\n\
             # The number of executions that each model explores: [least, most].\n[executions]\n",
        );
        for (model, range) in &self.executions {
            let _ = writeln!(text, "{model:?} = {:?}", range.ends());
        }
        fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::Recorded;

    #[test]
    fn what_is_written_is_read_again_and_a_damaged_file_is_an_error() {
        let path = std::env::temp_dir().join(format!("cargo-trial-{}.toml", std::process::id()));
        assert_eq!(Recorded::read(&path), Ok(None));
        let mut recorded = Recorded::default();
        recorded.record("models::a".to_owned(), 64);
        recorded.write(&path).unwrap();
        let read = Recorded::read(&path).unwrap().unwrap();
        assert_eq!(read, recorded);
        assert!(read.range("models::a").is_some_and(|range| range.contains(64)));
        assert_eq!(read.range("models::b"), None);
        std::fs::write(&path, "[executions]\n\"a\" = [9, 3]\n").unwrap();
        assert!(Recorded::read(&path).unwrap_err().contains("is damaged"));
        std::fs::remove_file(path).unwrap();
    }
}
