//! What survives cargo-mutants in the ordinary build and in loom's: its two answers, merged.
//!
//! Each build leaves out code that only the other has, and sees defects that the other cannot: a
//! mutation counts as caught if either caught it. Those that neither caught stand in
//! `survivors.toml`, each with its reason; one that does not, or one that no longer survives, is an
//! error.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

/// What one run of cargo-mutants found: for each mutation, by its whole line, what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found(BTreeMap<String, Fate>);

/// What became of a mutation in one build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// It does not compile.
    Unviable,
    /// Nothing noticed it, or nothing of it is in this build.
    Missed,
    /// A test failed, or hung.
    Caught,
}

/// The lists that cargo-mutants writes, one mutation a line.
const LISTS: [(&str, Fate); 4] = [
    ("unviable.txt", Fate::Unviable),
    ("missed.txt", Fate::Missed),
    ("caught.txt", Fate::Caught),
    ("timeout.txt", Fate::Caught),
];

impl Found {
    /// Reads the folders `mutants.out` of one build, which may have been run in parts, or again.
    /// What was caught once is caught.
    ///
    /// # Errors
    ///
    /// What is missing, naming the file.
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

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
struct Survivor {
    /// The file that is changed.
    file: String,
    /// The line that is changed, without its indentation: its number would not last.
    code: String,
    /// The change, in the words of cargo-mutants.
    mutation: String,
    /// Why nobody can notice.
    reason: String,
}

impl Explained {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// What is wrong with it, naming the file.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        toml::from_str(&text).map_err(|error| format!("{} is damaged: {error}", path.display()))
    }
}

/// The merged answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    caught: usize,
    unviable: usize,
    /// With its reason.
    explained: Vec<(String, String)>,
    unexplained: Vec<String>,
    /// Run in one build only, and not caught there.
    untried: Vec<String>,
    /// Explained, and caught or gone.
    stale: Vec<String>,
}

impl Merged {
    /// Merges what both builds found; `source` gives the text of a file.
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
                // What one build's compiler refuses, the other build is not asked about.
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

    /// Whether there is something, nothing survives unexplained, and nothing is explained in vain.
    pub fn is_good(&self) -> bool {
        self.caught > 0
            && self.unexplained.is_empty()
            && self.untried.is_empty()
            && self.stale.is_empty()
    }

    /// What there is to read.
    pub fn render(&self) -> String {
        let mut text = String::new();
        let reasons = self.explained.iter().map(|(line, why)| format!("{line}\n  {why}"));
        let parts = [
            ("Survive, and are explained", reasons.collect::<Vec<_>>()),
            ("SURVIVE UNEXPLAINED", self.unexplained.clone()),
            ("NOT CAUGHT IN ONE BUILD, AND NOT RUN IN THE OTHER", self.untried.clone()),
            ("EXPLAINED IN survivors.toml, AND CAUGHT OR GONE", self.stale.clone()),
        ];
        for (title, lines) in parts.into_iter().filter(|(_, lines)| !lines.is_empty()) {
            let _ = writeln!(text, "{title}:\n{}\n", lines.join("\n"));
        }
        let survivors = self.explained.len() + self.unexplained.len();
        let _ = writeln!(
            text,
            "{} mutations caught in one build or the other, {survivors} survived ({} explained), {} \
             do not compile.",
            self.caught,
            self.explained.len(),
            self.unviable
        );
        text
    }
}

impl Explained {
    /// The entry for a mutation: `src/a.rs:12:5: replace f with ()`.
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
    fn what_neither_catches_must_be_explained() {
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
    fn an_explanation_of_what_is_caught_or_gone_is_stale() {
        let caught = [(WAIT, Fate::Caught)];
        assert!(!merged(&caught, &caught, &explained("wait();")).is_good());
        let missed = [(WAIT, Fate::Missed), (COUNT, Fate::Caught)];
        let elsewhere = merged(&missed, &missed, &explained("wait_again();"));
        assert_eq!((elsewhere.stale.len(), elsewhere.unexplained.len()), (1, 1));
    }

    #[test]
    fn a_mutation_that_one_build_never_ran_is_no_survivor_and_no_pass() {
        let caught = (COUNT, Fate::Caught);
        let half = merged(&[(WAIT, Fate::Missed), caught], &[caught], &Explained::default());
        assert_eq!((half.untried.len(), half.unexplained.len(), half.is_good()), (1, 0, false));
        assert!(merged(&[(WAIT, Fate::Caught)], &[], &Explained::default()).is_good());
        assert!(!merged(&[], &[], &Explained::default()).is_good(), "nothing was run");
    }

    #[test]
    fn a_mutation_that_compiles_nowhere_counts_apart() {
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
