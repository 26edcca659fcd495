//! Names for what an execution uses, read from the source: `queue head lock` for a lock that is
//! created as `head: Mutex::new(…)` in a file of `src/queue`. And the line of source at a call site.
//!
//! A name comes from the place of creation: the field or variable that the object is assigned to. So
//! nothing has to be labelled by hand, and a field that is renamed has its new name in the report.

use std::collections::BTreeMap;
use std::path::Path;

/// The source files of the workspace.
#[derive(Debug)]
pub(crate) struct Sources(harness::base::sources::Sources);

impl Default for Sources {
    fn default() -> Self {
        // The compiler names files from the root of the workspace.
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        Sources(harness::base::sources::Sources::new(root))
    }
}

impl Sources {
    /// The line of source, without its indentation; `None` if the file cannot be read.
    pub(crate) fn line(&mut self, file: &str, line: u32) -> Option<String> {
        self.0.line(file, line)
    }

    /// The name of an object of that kind that is created at that place; `kind` is `lock`, say.
    pub(crate) fn name(&mut self, kind: &str, file: &str, line: u32, column: u32) -> String {
        let field = self.assigned(file, line, column);
        let parts = [owner(file), field.unwrap_or_default().replace('_', " "), kind.to_owned()];
        // `queue state lock` says no more than `queue lock`.
        let says = |part: &&String| !part.is_empty() && *part != "state";
        let mut name: Vec<&str> = Vec::new();
        for part in parts.iter().filter(says) {
            // Nor is a `count counter` more than a counter.
            if name.last().is_some_and(|last| part.starts_with(last)) {
                name.pop();
            }
            name.push(part);
        }
        name.join(" ")
    }

    /// What the expression at that place is assigned to. Looks at the line up to the column, then at
    /// the two lines before, since a long expression is broken.
    fn assigned(&mut self, file: &str, line: u32, column: u32) -> Option<String> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        let column = usize::try_from(column).ok()?.saturating_sub(1);
        let lines = self.0.lines(file);
        let before: String = lines.get(index)?.chars().take(column).collect();
        let earlier = lines[index.saturating_sub(2)..index].iter().rev();
        let goes_on = |text: &&String| text.ends_with(['(', '{', '=']);
        target(&before).or_else(|| earlier.take_while(goes_on).find_map(|text| target(text)))
    }
}

/// The objects by their ids. Objects of one name get numbers, in the order in which they appear.
pub(crate) fn told_apart(named: Vec<(String, String)>) -> BTreeMap<String, String> {
    let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, name) in named {
        let same = ids.entry(name).or_default();
        if !same.contains(&id) {
            same.push(id);
        }
    }
    let numbered = ids.into_iter().flat_map(|(name, same)| {
        let several = same.len() > 1;
        let number = move |(index, id)| {
            let name = if several { format!("{name} {}", index + 1) } else { name.clone() };
            (id, name)
        };
        same.into_iter().enumerate().map(number)
    });
    numbered.collect()
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

/// The field, variable or tuple struct that comes last in a piece of code: `x` of `x: Arc::new(`, of
/// `let x = `, and of `X(Arc::new(`.
fn target(code: &str) -> Option<String> {
    let word = |text: &str| {
        let start = text
            .rfind(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
            .map_or(0, |at| at + 1);
        Some(text[start..].to_owned()).filter(|word| !word.is_empty())
    };
    let code = code.replace("::", "  ") + " ";
    let field = code.rfind(':').and_then(|at| word(&code[..at]));
    let variable = || {
        let (before, _) = code.rsplit_once(" = ")?;
        let before = before.trim_end();
        word(before.strip_prefix("let ").unwrap_or(before))
    };
    let tuple = || {
        let start = code.trim_start();
        let (name, _) = start.split_once('(')?;
        let is_type = name.starts_with(char::is_uppercase);
        let is_word = name.chars().all(char::is_alphanumeric);
        let holds = !["Arc", "Box", "Some", "Ok"].contains(&name);
        (is_type && is_word && holds).then(|| name.to_lowercase())
    };
    field.or_else(variable).or_else(tuple)
}

#[cfg(test)]
mod tests {
    use super::{owner, target, told_apart, Sources};

    #[test]
    fn an_object_is_called_by_what_it_is_assigned_to() {
        let cases = [
            ("            head: OwnLine(", Some("head")),
            ("Locked { state: Mutex::new(state), item: ", Some("item")),
            ("let receiver = Arc::new(", Some("receiver")),
            ("let receiver =", Some("receiver")),
            ("let shared = Arc::new(Shared { state: ", Some("state")),
            ("        Latch(Arc::new((sync::", Some("latch")),
            ("        Arc::new(", None),
            ("", None),
        ];
        for (code, name) in cases {
            assert_eq!(target(code).as_deref(), name, "{code}");
        }
    }

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

    #[test]
    fn objects_of_one_name_are_numbered() {
        let objects =
            [("m1", "queue lock"), ("m4", "job lock"), ("m7", "job lock"), ("m4", "job lock")];
        let objects = objects.map(|(id, name)| (id.to_owned(), name.to_owned())).to_vec();
        let names = told_apart(objects);
        let names: Vec<_> = names.iter().map(|(id, name)| (&**id, &**name)).collect();
        assert_eq!(names, [("m1", "queue lock"), ("m4", "job lock 1"), ("m7", "job lock 2")]);
    }

    /// The place of some code in a file, as the compiler would name it.
    fn place(sources: &mut Sources, file: &str, code: &str) -> (u32, u32) {
        let lines = sources.0.lines(file);
        let found =
            lines.iter().enumerate().find_map(|(line, text)| Some((line, text.find(code)?)));
        let (line, column) = found.unwrap_or_else(|| panic!("{code} in {file}"));
        (u32::try_from(line + 1).unwrap(), u32::try_from(column + 1).unwrap())
    }

    #[test]
    fn the_locks_of_the_queues_have_names_of_their_own() {
        let mut sources = Sources::default();
        let file = "src/queue/locked.rs";
        let (line, column) = place(&mut sources, file, "watched!");
        assert_eq!(sources.name("lock", file, line, column), "queue lock");
        let (line, column) = place(&mut sources, file, "Condvar::new");
        assert_eq!(sources.name("signal", file, line, column), "queue not empty signal");
        assert!(sources.line(file, line).is_some_and(|line| line.contains("Condvar::new")));
        assert_eq!(sources.line("no/such/file.rs", 1), None);
        assert_eq!(sources.name("lock", "no/such/file.rs", 1, 1), "file lock");
    }
}
