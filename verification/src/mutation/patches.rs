//! The patches under `verification/mutants`. Each contains one plausible defect, and its header
//! names the judge that must notice it.
//!
//! A patch is a unified diff against the repository's root, so `git apply` accepts it too. The
//! header consists of lines `Key: value` before the diff.

use std::path::Path;
use std::{fmt, fs};

/// The folder of the patches, relative to the repository's root.
pub const FOLDER: &str = "verification/mutants";

/// A seeded defect in the pool's sources.
#[derive(Clone, Debug)]
pub struct Patch {
    /// The file's name without `.patch`, which describes the defect.
    pub name: String,
    /// The defect, in a sentence.
    pub defect: String,
    /// The clauses that it breaks.
    pub clauses: Vec<u8>,
    /// The hazards that it causes, each by a part of its condition.
    pub hazards: Vec<String>,
    /// The judge that must notice it.
    pub judge: Judge,
    /// Whether the only sign of it in the model is an outcome that is never reached.
    pub vacuous: bool,
    /// The protocol that must notice it as well, while the model runs.
    pub protocol: Option<String>,
    files: Vec<FileDiff>,
}

/// The model or the tests that must notice a defect.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judge {
    /// A model of this pool; see
    /// [`Trial::of_this_pool`](crate::trials::trial::Trial::of_this_pool).
    Model(String),
    /// Tests on real threads.
    Test {
        /// The name of the pools' queue; `None` is the default.
        queue: Option<String>,
        /// The file in `tests`, without `.rs`.
        file: String,
        /// One test in it; `None` is every test.
        test: Option<String>,
    },
}

impl fmt::Display for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Judge::Model(name) => f.write_str(name),
            Judge::Test { queue, file, test } => {
                let queue = queue.iter().map(|queue| format!("{queue}/"));
                let test = test.iter().map(|test| format!("::{test}"));
                f.write_str(&queue.chain([file.clone()]).chain(test).collect::<String>())
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct FileDiff {
    path: String,
    hunks: Vec<Hunk>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Hunk {
    /// The first line, counted from 1. It is a hint, since other changes move lines.
    line: usize,
    old: Vec<String>,
    new: Vec<String>,
}

/// Reads every patch of a folder and of the folders in it, and sorts the patches by name.
///
/// # Errors
///
/// Names the first malformed patch and says what is wrong with it.
pub fn read_all(folder: &Path) -> Result<Vec<Patch>, String> {
    let in_folder = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut patches = Vec::new();
    for entry in fs::read_dir(folder).map_err(in_folder)? {
        let file = entry.map_err(in_folder)?.path();
        if file.is_dir() {
            patches.extend(read_all(&file)?);
        } else if file.extension().is_some_and(|extension| extension == "patch") {
            let in_file = |error: String| format!("{}: {error}", file.display());
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            let text = fs::read_to_string(&file).map_err(|error| in_file(error.to_string()))?;
            patches.push(Patch::parse(&name, &text).map_err(in_file)?);
        }
    }
    patches.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(patches)
}

impl Patch {
    /// Reads a patch.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the patch.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut lines = text.lines().peekable();
        let (mut defect, mut clauses, mut judge, mut protocol) = (None, None, None, None);
        let (mut hazards, mut vacuous) = (Vec::new(), false);
        while let Some(line) = lines.next_if(|line| !line.starts_with("--- ")) {
            if line.is_empty() {
                continue;
            }
            let wrong = || format!("`{line}` is neither `Key: value` nor the start of the diff");
            let (key, value) = line.split_once(": ").ok_or_else(wrong)?;
            let twice = match key {
                "Defect" => defect.replace(value.to_owned()).is_some(),
                "Clauses" => clauses.replace(numbers(value)?).is_some(),
                "Convicted-by" => judge.replace(Judge::Model(value.to_owned())).is_some(),
                "Convicted-by-test" => judge.replace(tests(value)).is_some(),
                "Convicted-as" if value == "vacuous" => std::mem::replace(&mut vacuous, true),
                "Protocol" => protocol.replace(value.to_owned()).is_some(),
                "Hazard" => {
                    hazards.push(value.to_owned());
                    false
                }
                _ => return Err(wrong()),
            };
            if twice {
                return Err(format!("`{key}` occurs twice"));
            }
        }
        let mut files = Vec::new();
        while lines.peek().is_some() {
            files.push(FileDiff::parse(&mut lines)?);
        }
        if files.is_empty() {
            return Err("there is no diff".to_owned());
        }
        let missing = |key: &str| format!("`{key}` is missing");
        Ok(Patch {
            name: name.to_owned(),
            defect: defect.ok_or_else(|| missing("Defect"))?,
            clauses: clauses.ok_or_else(|| missing("Clauses"))?,
            hazards,
            judge: judge.ok_or_else(|| missing("Convicted-by"))?,
            vacuous,
            protocol,
            files,
        })
    }

    /// Returns the paths of the files that it changes, relative to the repository's root.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| &*file.path)
    }

    /// Applies the patch and returns the changed files. `read` returns the current text of a file.
    ///
    /// # Errors
    ///
    /// Names the hunk that does not apply, or passes on the error of `read`.
    pub fn apply(
        &self,
        read: impl Fn(&str) -> Result<String, String>,
    ) -> Result<Vec<(String, String)>, String> {
        self.files
            .iter()
            .map(|file| Ok((file.path.clone(), file.apply(&read(&file.path)?)?)))
            .collect()
    }
}

fn numbers(text: &str) -> Result<Vec<u8>, String> {
    let numbers = text.split(", ").map(|number| number.parse().map_err(|_| number));
    numbers
        .collect::<Result<_, _>>()
        .map_err(|word| format!("`{word}` is not the number of a clause"))
}

/// Reads `QUEUE/FILE::TEST`. `QUEUE` and `TEST` are optional.
fn tests(judge: &str) -> Judge {
    let (queue, rest) = match judge.split_once('/') {
        Some((queue, rest)) => (Some(queue.to_owned()), rest),
        None => (None, judge),
    };
    let (file, test) = match rest.split_once("::") {
        Some((file, test)) => (file.to_owned(), Some(test.to_owned())),
        None => (rest.to_owned(), None),
    };
    Judge::Test { queue, file, test }
}

type Lines<'a> = std::iter::Peekable<std::str::Lines<'a>>;

impl FileDiff {
    fn parse(lines: &mut Lines<'_>) -> Result<Self, String> {
        let mut header = |prefix: &str| {
            let line = lines.next().unwrap_or_default();
            let path = line.strip_prefix(prefix);
            path.map(str::to_owned).ok_or_else(|| format!("`{line}` is not `{prefix}FILE`"))
        };
        let (path, new) = (header("--- a/")?, header("+++ b/")?);
        if path != new || !path.starts_with("src/") {
            return Err(format!("`{new}` is not an existing file under src/"));
        }
        let mut hunks = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with("@@ ")) {
            hunks.push(Hunk::parse(line, lines)?);
        }
        if hunks.is_empty() {
            return Err(format!("the diff changes nothing in {path}"));
        }
        Ok(FileDiff { path, hunks })
    }

    fn apply(&self, text: &str) -> Result<String, String> {
        let lines: Vec<_> = text.lines().collect();
        let (mut out, mut copied) = (Vec::new(), 0);
        for hunk in &self.hunks {
            let place = hunk.find(&lines, copied);
            let place = place.ok_or_else(|| {
                format!(
                    "{} no longer contains the lines to be changed at line {}",
                    self.path, hunk.line
                )
            })?;
            out.extend_from_slice(&lines[copied..place]);
            out.extend(hunk.new.iter().map(String::as_str));
            copied = place + hunk.old.len();
        }
        out.extend_from_slice(&lines[copied..]);
        Ok(out.join("\n") + "\n")
    }
}

impl Hunk {
    fn parse(header: &str, lines: &mut Lines<'_>) -> Result<Self, String> {
        let damaged = || format!("the hunk `{header}` is malformed");
        let mut ranges = header.split(' ').skip(1);
        let mut range = |sign| {
            let range = ranges.next()?.strip_prefix(sign)?;
            let (line, length) = range.split_once(',').unwrap_or((range, "1"));
            Some((line.parse::<usize>().ok()?, length.parse::<usize>().ok()?))
        };
        let (line, old_length) = range('-').ok_or_else(damaged)?;
        let (_, new_length) = range('+').ok_or_else(damaged)?;
        let (mut old, mut new) = (Vec::new(), Vec::new());
        while old.len() < old_length || new.len() < new_length {
            let line = lines.next().ok_or_else(damaged)?;
            let rest = line.get(1..).unwrap_or_default().to_owned();
            match line.chars().next() {
                None | Some(' ') => {
                    old.push(rest.clone());
                    new.push(rest);
                }
                Some('-') => old.push(rest),
                Some('+') => new.push(rest),
                Some(_) => return Err(damaged()),
            }
        }
        if (old.len(), new.len()) != (old_length, new_length) {
            return Err(damaged());
        }
        Ok(Hunk { line, old, new })
    }

    /// Returns the position of the old lines that is nearest to the original one.
    fn find(&self, lines: &[&str], from: usize) -> Option<usize> {
        let last = lines.len().checked_sub(self.old.len())?;
        let is_here =
            |place: &usize| self.old.iter().zip(&lines[*place..]).all(|(old, line)| old == line);
        let places = (from..=last).filter(is_here);
        places.min_by_key(|place| place.abs_diff(self.line.saturating_sub(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Judge, Patch};

    const HEADER: &str = "Defect: two is three\nClauses: 3, 11\nConvicted-by: some-model\n";
    const DIFF: &str =
        "--- a/src/a.rs\n+++ b/src/a.rs\n@@ -2,2 +2,3 @@ fn a()\n one\n-two\n+three\n+four\n";

    fn parse(header: &str, diff: &str) -> Result<Patch, String> {
        Patch::parse("name", &format!("{header}\n{diff}"))
    }

    fn apply(patch: &Patch, text: &str) -> Result<Vec<(String, String)>, String> {
        patch.apply(|_| Ok(text.to_owned()))
    }

    #[test]
    fn a_patch_is_read_and_applied_where_its_lines_have_moved() {
        let patch = parse(HEADER, DIFF).expect("the patch is valid");
        assert_eq!((&*patch.defect, &patch.clauses[..]), ("two is three", &[3, 11][..]));
        assert_eq!(patch.judge, Judge::Model("some-model".to_owned()));
        let changed = vec![("src/a.rs".to_owned(), "0\n0\n0\none\nthree\nfour\nend\n".to_owned())];
        assert_eq!(apply(&patch, "0\n0\n0\none\ntwo\nend\n"), Ok(changed));
    }

    #[test]
    fn the_nearest_matching_place_is_changed() {
        let patch = parse(HEADER, DIFF).expect("the patch is valid");
        let text = "0\none\ntwo\none\ntwo\none\ntwo\n";
        let changed = apply(&patch, text).expect("it applies");
        assert_eq!(changed[0].1, "0\none\nthree\nfour\none\ntwo\none\ntwo\n");
    }

    #[test]
    fn a_patch_whose_lines_are_gone_does_not_apply() {
        let patch = parse(HEADER, DIFF).expect("the patch is valid");
        for text in ["", "one\n", "one\n two\n", "one\nzero\ntwo\n"] {
            assert!(apply(&patch, text).is_err_and(|error| error.contains("src/a.rs")), "{text}");
        }
    }

    #[test]
    fn tests_are_named_by_file_and_optionally_by_queue_and_test() {
        let header = |judge: &str| format!("Defect: d\nClauses: 1\nConvicted-by-test: {judge}\n");
        for judge in ["submit", "submit::a_test", "channel/submit", "channel/submit::a_test"] {
            let patch = parse(&header(judge), DIFF).expect("the patch is valid");
            let Judge::Test { queue, file, test } = &patch.judge else { panic!("{judge}") };
            assert_eq!(queue.as_deref(), judge.contains('/').then_some("channel"));
            assert_eq!(file, "submit");
            assert_eq!(test.as_deref(), judge.contains("::").then_some("a_test"));
            assert_eq!(patch.judge.to_string(), judge);
        }
    }

    #[test]
    fn a_malformed_patch_is_refused() {
        let headers = [
            "Clauses: 3\nConvicted-by: m\n",
            "Defect: d\nConvicted-by: m\n",
            "Defect: d\nClauses: 3\n",
            "Defect: d\nClauses: C3\nConvicted-by: m\n",
            "Defect: d\nClauses: 3\nConvicted-by: m\nConvicted-by-test: t\n",
            "Defect: d\nClauses: 3\nConvicted-by: m\nOther: o\n",
            "Defect: d\nClauses: 3\nConvicted-by: m\nConvicted-as: a joke\n",
        ];
        for header in headers {
            assert!(parse(header, DIFF).is_err(), "{header}");
        }
        let diffs = [
            String::new(),
            DIFF.replace("src/", "tests/"),
            DIFF.replace("+++ b/src/a.rs", "+++ /dev/null"),
            DIFF.replace("-2,2", "-2,3"),
            DIFF.replace("+2,3", "+2,2"),
            DIFF.replace(" one", "one"),
        ];
        for diff in diffs {
            assert!(parse(HEADER, &diff).is_err(), "{diff}");
        }
    }
}
