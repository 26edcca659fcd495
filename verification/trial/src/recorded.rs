//! `trial.toml`, beside the manifest of the crate: the recorded numbers of executions, and the faults that
//! change nothing. A model that explores fewer executions has lost coverage; one that explores more has
//! grown.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use harness::faults::equivalents::{Equivalent, Equivalents};
use harness::findings::recorded::Range;
use serde::Deserialize;

/// The numbers, by model, and the faults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recorded {
    executions: Option<BTreeMap<String, Range>>,
    /// The faults that change nothing; see [`Recorded::equivalents`].
    #[serde(default)]
    equivalent: Vec<Equivalent>,
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
                .map_err(|error| format!("{} is damaged: {error}", path.display()))
                .and_then(|read: Self| read.with_reasons(path))
                .map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    /// Refuses a fault without a reason, such as the printed entry, pasted as it is.
    fn with_reasons(self, path: &Path) -> Result<Self, String> {
        let is_empty = |known: &&Equivalent| !known.reason.contains(char::is_alphanumeric);
        let Some(Equivalent { fault, function, file, .. }) = self.equivalent.iter().find(is_empty)
        else {
            return Ok(self);
        };
        let path = path.display();
        Err(format!(
            "{path}: `{fault}` in `{function}` of {file} has no reason: say why nothing changes"
        ))
    }

    /// Returns `true` if numbers are recorded.
    pub(crate) fn has_numbers(&self) -> bool {
        self.executions.is_some()
    }

    /// Returns the models with a recorded number.
    pub(crate) fn models(&self) -> impl Iterator<Item = &str> {
        self.executions.iter().flat_map(BTreeMap::keys).map(String::as_str)
    }

    /// Returns the recorded number of a model.
    pub(crate) fn range(&self, model: &str) -> Option<Range> {
        self.executions.as_ref()?.get(model).copied()
    }

    /// Returns the faults that change nothing. Their files are named from `folder`, in which the file
    /// is.
    pub(crate) fn equivalents(&self, folder: &Path) -> Equivalents {
        let below = |known: &Equivalent| {
            let file = folder.join(&known.file).to_string_lossy().into_owned();
            Equivalent { file, ..known.clone() }
        };
        Equivalents { equivalent: self.equivalent.iter().map(below).collect() }
    }

    /// Forgets the numbers.
    #[must_use]
    pub(crate) fn without_numbers(self) -> Self {
        Recorded { executions: None, ..self }
    }

    /// Records the number of a model.
    pub(crate) fn record(&mut self, model: String, executions: u64) {
        let numbers = self.executions.get_or_insert_default();
        numbers.insert(model, Range::new(executions, executions));
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
        for (model, range) in self.executions.iter().flatten() {
            let _ = writeln!(text, "{model:?} = {:?}", range.ends());
        }
        if !self.equivalent.is_empty() {
            let faults = Equivalents { equivalent: self.equivalent.clone() };
            let faults = toml::to_string(&faults).map_err(|error| error.to_string())?;
            let _ =
                write!(text, "\n# Faults that change nothing, each with its reason.\n\n{faults}");
        }
        fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

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
        let fault =
            "[[equivalent]]\nfile = \"src/a.rs\"\nfunction = \"f\"\ncode = \"a.b(\\\"c\\\");\"\n\
            fault = \"drop-store\"\nreason = \"none\"\n";
        std::fs::write(&path, fault).unwrap();
        let read = Recorded::read(&path).unwrap().unwrap();
        assert!(!read.has_numbers());
        let mut again = read.clone();
        again.record("models::a".to_owned(), 64);
        again.write(&path).unwrap();
        assert_eq!(Recorded::read(&path).unwrap().unwrap(), again, "a record keeps the faults");
        let known = &again.equivalents(Path::new("below")).equivalent[0];
        assert_eq!((&*known.file, &*known.code), ("below/src/a.rs", "a.b(\"c\");"));
        for reason in ["", " ", "…", "...", "?"] {
            let without = fault.replace("\"none\"", &format!("\"{reason}\""));
            std::fs::write(&path, without).unwrap();
            let refused = Recorded::read(&path).unwrap_err();
            assert!(refused.contains("`drop-store` in `f` of src/a.rs has no reason"), "{refused}");
        }
        std::fs::write(&path, "[executions]\n\"a\" = [9, 3]\n").unwrap();
        assert!(Recorded::read(&path).unwrap_err().contains("is damaged"));
        std::fs::remove_file(path).unwrap();
    }
}
