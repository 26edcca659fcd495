//! Names for what an execution of this pool uses: `queue head lock` for a lock that is created as
//! `head: Mutex::new(…)` in a file of `src/queue`.

use std::path::Path;

use harness::base::naming::{assigned, joined};
use harness::base::sources::Sources;

/// The source files of the workspace. The compiler names files from its root.
pub(crate) fn sources() -> Sources {
    Sources::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
}

/// The name of an object of that kind that is created at that place; `kind` is `lock`, say.
pub(crate) fn name(
    sources: &mut Sources,
    kind: &str,
    file: &str,
    line: u32,
    column: u32,
) -> String {
    let field = assigned(sources, file, line, column).unwrap_or_default();
    joined(&[&owner(file), &field, kind])
}

/// The owner of an object: the folder of its source file in the pool, or the file.
fn owner(file: &str) -> String {
    let mut parts = file.split('/').rev();
    let stem = parts.next().unwrap_or_default().trim_end_matches(".rs");
    let folder = parts.next().unwrap_or_default();
    match (folder, stem) {
        ("scenarios", _) | (_, "scenario") => "scenario".to_owned(),
        ("queue", _) => "queue".to_owned(),
        ("src" | "" | "subjects", stem) => stem.replace('_', " "),
        (folder, "mod") => folder.replace('_', " "),
        (_, stem) => stem.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use harness::base::sources::Sources;

    use super::{name, owner, sources};

    #[test]
    fn an_object_belongs_to_its_file_or_to_its_folder() {
        let cases = [
            ("src/queue/two_lock.rs", "queue"),
            ("src/job.rs", "job"),
            ("src/shared/idle.rs", "idle"),
            ("src/shared/mod.rs", "shared"),
            ("verification/src/subjects/book.rs", "book"),
            ("verification/src/scenarios/any.rs", "scenario"),
            ("verification/src/scenario.rs", "scenario"),
        ];
        for (file, name) in cases {
            assert_eq!(owner(file), name, "{file}");
        }
    }

    /// The place of some code in a file, as the compiler would name it.
    fn place(sources: &mut Sources, file: &str, code: &str) -> (u32, u32) {
        let lines = sources.lines(file);
        let found =
            lines.iter().enumerate().find_map(|(line, text)| Some((line, text.find(code)?)));
        let (line, column) = found.unwrap_or_else(|| panic!("{code} in {file}"));
        (u32::try_from(line + 1).unwrap(), u32::try_from(column + 1).unwrap())
    }

    #[test]
    fn the_locks_of_the_queues_have_names_of_their_own() {
        let mut sources = sources();
        let file = "src/queue/locked.rs";
        let (line, column) = place(&mut sources, file, "watched!");
        assert_eq!(name(&mut sources, "lock", file, line, column), "queue lock");
        let (line, column) = place(&mut sources, file, "Condvar::new");
        assert_eq!(name(&mut sources, "signal", file, line, column), "queue not empty signal");
        assert!(sources.line(file, line).is_some_and(|line| line.contains("Condvar::new")));
        assert_eq!(sources.line("no/such/file.rs", 1), None);
        assert_eq!(name(&mut sources, "lock", "no/such/file.rs", 1, 1), "file lock");
    }
}
