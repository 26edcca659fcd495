//! The survivors of cargo-mutants: merges its results for the ordinary build and for the loom
//! build.
//!
//! Each build omits code that only the other contains, and catches defects that the other cannot.
//! So a mutation counts as caught if either build caught it. A mutation that neither build caught
//! must be listed in `survivors.toml` with its reason. An unlisted survivor is an error, and so is
//! an entry that no longer survives.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

/// The results of one run of cargo-mutants: the fate of each mutation, by its complete line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found(BTreeMap<String, Fate>);

/// The fate of a mutation in one build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// It does not compile.
    Unviable,
    /// No test failed, or the mutated code is not in this build.
    Missed,
    /// A test failed, or hung.
    Caught,
}

/// The lists that cargo-mutants writes, with one mutation per line.
const LISTS: [(&str, Fate); 4] = [
    ("unviable.txt", Fate::Unviable),
    ("missed.txt", Fate::Missed),
    ("caught.txt", Fate::Caught),
    ("timeout.txt", Fate::Caught),
];

impl Found {
    /// Reads the folders `mutants.out` of one build, which may come from several parts or repeated
    /// runs. A mutation that was caught in one of them counts as caught.
    ///
    /// # Errors
    ///
    /// Names the missing file.
    pub fn read<'a>(folders: impl IntoIterator<Item = &'a Path>) -> Result<Self, String> {
        let mut found = Found::default();
        for folder in folders {
            for (list, fate) in LISTS {
                let file = folder.join(list);
                let text = std::fs::read_to_string(&file)
                    .map_err(|error| format!("{}: {error}", file.display()))?;
                for line in text.lines() {
                    let known = found.0.entry(line.to_owned()).or_insert(fate);
                    *known = fate.max(*known);
                }
            }
        }
        Ok(found)
    }
}

/// The mutations that may survive: `verification/data/survivors.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explained {
    #[serde(default)]
    survivor: Vec<Survivor>,
}

/// An allowed survivor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
struct Survivor {
    /// The changed file.
    file: String,
    /// The changed line without its indentation. Its number would not last.
    code: String,
    /// The change, in the words of cargo-mutants.
    mutation: String,
    /// The reason why no test can notice.
    reason: String,
}

impl Explained {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// Names the file and says what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        toml::from_str(&text).map_err(|error| format!("{} is damaged: {error}", path.display()))
    }
}

/// The merged results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    caught: usize,
    unviable: usize,
    /// Survivors with their reasons.
    explained: Vec<(String, String)>,
    unexplained: Vec<String>,
    /// Mutations that ran in one build only and were not caught there.
    untried: Vec<String>,
    /// Entries that were caught or no longer exist.
    stale: Vec<String>,
}

impl Merged {
    /// Merges the results of both builds. `source` returns the text of a file.
    pub fn new(
        ordinary: &Found,
        loom: &Found,
        explained: &Explained,
        source: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let mut merged = Merged::default();
        let mut used = BTreeSet::new();
        let mutations: BTreeSet<_> = ordinary.0.keys().chain(loom.0.keys()).collect();
        for mutation in mutations {
            let fates = [ordinary, loom].map(|found| found.0.get(mutation).copied());
            match fates.into_iter().flatten().max() {
                Some(Fate::Caught) => merged.caught += 1,
                // If the compiler of one build rejects a mutation, the other build need not run it.
                Some(Fate::Unviable) => merged.unviable += 1,
                _ if fates.contains(&None) => merged.untried.push(mutation.clone()),
                Some(Fate::Missed) | None => match explained.of(mutation, &source) {
                    Some(known) => {
                        merged.explained.push((mutation.clone(), known.reason.clone()));
                        used.insert(known);
                    }
                    None => merged.unexplained.push(mutation.clone()),
                },
            }
        }
        let stale = explained.survivor.iter().filter(|known| !used.contains(known));
        merged.stale = stale
            .map(|known| format!("{}: {}: {}", known.file, known.code, known.mutation))
            .collect();
        merged
    }

    /// Returns `true` if something was caught, every survivor is explained, and no entry is stale.
    pub fn is_good(&self) -> bool {
        self.caught > 0
            && self.unexplained.is_empty()
            && self.untried.is_empty()
            && self.stale.is_empty()
    }

    /// Returns the report as text.
    pub fn render(&self) -> String {
        let mut text = String::new();
        let reasons = self.explained.iter().map(|(line, why)| format!("{line}\n  {why}"));
        let parts = [
            ("Survived, explained", reasons.collect::<Vec<_>>()),
            ("SURVIVED, NOT EXPLAINED", self.unexplained.clone()),
            ("NOT CAUGHT IN ONE BUILD, NOT RUN IN THE OTHER", self.untried.clone()),
            ("LISTED IN survivors.toml, BUT CAUGHT OR GONE", self.stale.clone()),
        ];
        for (title, lines) in parts.into_iter().filter(|(_, lines)| !lines.is_empty()) {
            let _ = writeln!(text, "{title}:\n{}\n", lines.join("\n"));
        }
        let survivors = self.explained.len() + self.unexplained.len();
        let _ = writeln!(
            text,
            "{} mutations caught in either build, {survivors} survived ({} explained), {} \
             do not compile.",
            self.caught,
            self.explained.len(),
            self.unviable
        );
        text
    }
}

impl Explained {
    /// Returns the entry for a mutation such as `src/a.rs:12:5: replace f with ()`.
    fn of(&self, line: &str, source: impl Fn(&str) -> Option<String>) -> Option<&Survivor> {
        let (place, mutation) = line.split_once(": ")?;
        let mut place = place.split(':');
        let (file, number) = (place.next()?, place.next()?.parse::<usize>().ok()?);
        let text = source(file)?;
        let code = text.lines().nth(number.checked_sub(1)?)?.trim();
        self.survivor
            .iter()
            .find(|known| known.file == file && known.code == code && known.mutation == mutation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: &str = "src/a.rs:2:5: replace wait with ()";
    const COUNT: &str = "src/a.rs:3:5: replace + with - in count";

    fn found(fates: &[(&str, Fate)]) -> Found {
        Found(fates.iter().map(|(line, fate)| ((*line).to_owned(), *fate)).collect())
    }

    fn explained(code: &str) -> Explained {
        let survivor = Survivor {
            file: "src/a.rs".to_owned(),
            code: code.to_owned(),
            mutation: "replace wait with ()".to_owned(),
            reason: "it is a hint".to_owned(),
        };
        Explained { survivor: vec![survivor] }
    }

    fn merged(ordinary: &[(&str, Fate)], loom: &[(&str, Fate)], known: &Explained) -> Merged {
        let source = |_: &str| Some("fn main() {\n    wait();\n    a + b\n}\n".to_owned());
        Merged::new(&found(ordinary), &found(loom), known, source)
    }

    #[test]
    fn one_build_is_enough_to_catch_a_mutation() {
        let both = [(WAIT, Fate::Missed), (COUNT, Fate::Caught)];
        let merged =
            merged(&both, &[(WAIT, Fate::Caught), (COUNT, Fate::Missed)], &Explained::default());
        assert_eq!((merged.caught, merged.is_good()), (2, true));
    }

    #[test]
    fn a_survivor_must_be_explained() {
        let fates = [(WAIT, Fate::Missed), (COUNT, Fate::Caught)];
        let unexplained = merged(&fates, &fates, &Explained::default());
        assert_eq!(
            (&*unexplained.unexplained, unexplained.is_good()),
            (&[WAIT.to_owned()][..], false)
        );
        let explained = merged(&fates, &fates, &explained("wait();"));
        assert!(explained.is_good(), "{}", explained.render());
        assert!(explained.render().contains("it is a hint"));
    }

    #[test]
    fn an_entry_that_is_caught_or_gone_is_stale() {
        let caught = [(WAIT, Fate::Caught)];
        assert!(!merged(&caught, &caught, &explained("wait();")).is_good());
        let missed = [(WAIT, Fate::Missed), (COUNT, Fate::Caught)];
        let elsewhere = merged(&missed, &missed, &explained("wait_again();"));
        assert_eq!((elsewhere.stale.len(), elsewhere.unexplained.len()), (1, 1));
    }

    #[test]
    fn a_mutation_that_one_build_never_ran_is_neither_survivor_nor_pass() {
        let caught = (COUNT, Fate::Caught);
        let half = merged(&[(WAIT, Fate::Missed), caught], &[caught], &Explained::default());
        assert_eq!((half.untried.len(), half.unexplained.len(), half.is_good()), (1, 0, false));
        assert!(merged(&[(WAIT, Fate::Caught)], &[], &Explained::default()).is_good());
        assert!(!merged(&[], &[], &Explained::default()).is_good(), "nothing ran");
    }

    #[test]
    fn a_mutation_that_does_not_compile_is_counted_separately() {
        let fates = [(WAIT, Fate::Unviable), (COUNT, Fate::Caught)];
        for loom in [&fates[..], &fates[1..]] {
            let merged = merged(&fates, loom, &Explained::default());
            assert_eq!((merged.unviable, merged.is_good()), (1, true));
        }
    }

    #[test]
    fn the_parts_of_a_run_are_read_together_and_a_missing_list_is_named() {
        let folder = std::env::temp_dir().join(format!("survivors-{}", std::process::id()));
        let parts = ["1", "2"].map(|part| folder.join(part));
        for (part, line) in parts.iter().zip([WAIT, COUNT]) {
            std::fs::create_dir_all(part).unwrap();
            for (list, _) in LISTS {
                let text = if list == "missed.txt" { format!("{line}\n") } else { String::new() };
                std::fs::write(part.join(list), text).unwrap();
            }
        }
        let both = Found::read(parts.iter().map(std::path::PathBuf::as_path));
        assert_eq!(both, Ok(found(&[(WAIT, Fate::Missed), (COUNT, Fate::Missed)])));
        std::fs::write(parts[0].join("caught.txt"), format!("{COUNT}\n")).unwrap();
        let again = Found::read(parts.iter().map(std::path::PathBuf::as_path));
        assert_eq!(again, Ok(found(&[(WAIT, Fate::Missed), (COUNT, Fate::Caught)])));
        std::fs::remove_file(parts[1].join("caught.txt")).unwrap();
        let error = Found::read(parts.iter().map(std::path::PathBuf::as_path)).unwrap_err();
        assert!(error.contains("caught.txt"), "{error}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
