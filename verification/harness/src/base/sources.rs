//! Lines of source, for reports that show what was executed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// The source files that have been read, by the path that the compiler knows them by.
#[derive(Debug)]
pub struct Sources {
    root: PathBuf,
    files: BTreeMap<String, Vec<String>>,
}

impl Sources {
    /// Reads files whose paths are relative to the root of a workspace, as the compiler names them.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Sources { root: root.into(), files: BTreeMap::new() }
    }

    /// Returns the lines of a file; none if it cannot be read.
    pub fn lines(&mut self, file: &str) -> &[String] {
        let root = &self.root;
        self.files.entry(file.to_owned()).or_insert_with(|| {
            let text = fs::read_to_string(root.join(file)).unwrap_or_default();
            text.lines().map(str::to_owned).collect()
        })
    }

    /// Returns the line of source, without its indentation, or `None` if the file cannot be read.
    pub fn line(&mut self, file: &str, line: u32) -> Option<String> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        self.lines(file).get(index).map(|line| line.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Sources;

    #[test]
    fn a_line_is_found_and_a_missing_file_has_none() {
        let mut sources = Sources::new(env!("CARGO_MANIFEST_DIR"));
        let line = sources.line("src/base/sources.rs", 1).expect("this file can be read");
        assert!(line.starts_with("//! Lines of source"), "{line}");
        assert_eq!(sources.line("src/base/sources.rs", 0), None);
        assert_eq!(sources.line("no/such/file.rs", 1), None);
    }
}
