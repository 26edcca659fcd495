//! The programs: one a package, each with what it asks for.

use std::fmt::Write as _;
use std::path::Path;

use crate::pools::locked_version;

/// What each of them prints: the sum of the numbers below a hundred.
pub(crate) const SUM: &str = "4950";

/// The name of the program without a pool.
pub(crate) const WITHOUT: &str = "no pool";

/// A program and what it depends on.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its name in the tables.
    pub(crate) name: &'static str,
    pub(crate) asks_for: &'static [Asked],
    pub(crate) text: &'static str,
}

/// A dependency, with no more features than the program needs.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) package: &'static str,
    pub(crate) default_features: bool,
    pub(crate) features: &'static [&'static str],
}

macro_rules! source {
    ($name:expr, $file:literal $(, $asked:expr)*) => {
        Source {
            name: $name,
            asks_for: &[$($asked),*],
            text: include_str!(concat!("programs/", $file, ".rs")),
        }
    };
}

const fn whole(package: &'static str) -> Asked {
    Asked { package, default_features: true, features: &[] }
}

const fn only(package: &'static str, features: &'static [&'static str]) -> Asked {
    Asked { package, default_features: false, features }
}

/// Every program: this pool's first, then those without a dependency.
pub(crate) static ALL: &[Source] = &[
    source!("last-call", "last_call", whole("last-call")),
    source!("last-call, no features", "last_call", only("last-call", &[])),
    source!(WITHOUT, "none"),
    source!("book", "book"),
    source!("rayon", "rayon", whole("rayon")),
    source!("threadpool", "threadpool", whole("threadpool")),
    source!(
        "threadpool-crossbeam-channel",
        "threadpool_crossbeam_channel",
        whole("threadpool-crossbeam-channel")
    ),
    source!("rusty_pool", "rusty_pool", only("rusty_pool", &[])),
    source!("workerpool", "workerpool", whole("workerpool")),
    source!("executors", "executors", only("executors", &["cb-channel-exec"])),
    source!("affinitypool", "affinitypool", only("affinitypool", &[])),
    source!("uvth", "uvth", whole("uvth")),
    source!("tokio", "tokio", only("tokio", &["rt", "rt-multi-thread"])),
    source!(
        "futures-executor",
        "futures_executor",
        only("futures-executor", &["std", "thread-pool"])
    ),
    source!("scheduled-thread-pool", "scheduled_thread_pool", whole("scheduled-thread-pool")),
    source!(
        "async-executor",
        "async_executor",
        only("async-executor", &[]),
        only("futures-lite", &["std"])
    ),
];

impl Source {
    /// Whether it uses this pool.
    pub(crate) fn is_own(&self) -> bool {
        self.asks_for.iter().any(Asked::is_own)
    }

    /// The name of its project's folder.
    pub(crate) fn folder(&self) -> String {
        self.name.replace(", ", "-").replace(' ', "-")
    }

    /// What it asks for, in words.
    pub(crate) fn words(&self) -> String {
        self.asks_for.iter().map(Asked::words).collect::<Vec<_>>().join(", ")
    }

    /// The manifest of its project, with this pool in that folder.
    ///
    /// # Errors
    ///
    /// The package whose version the lock file does not tell.
    pub(crate) fn manifest(&self, pool: &Path) -> Result<String, String> {
        let mut text = "[package]\nname = \"program\"\nedition = \"2021\"\n\n\
                        [profile.release]\nstrip = true\n\n[workspace]\n"
            .to_owned();
        for asked in self.asks_for {
            let Asked { package, default_features, features } = asked;
            let from = if asked.is_own() {
                format!("path = '{}'", pool.display())
            } else {
                let version = asked.version().ok_or(format!("no one version of {package}"))?;
                format!("version = \"={version}\"")
            };
            let _ = write!(
                text,
                "\n[dependencies.{package}]\n{from}\ndefault-features = {default_features}\n\
                 features = {features:?}\n"
            );
        }
        Ok(text)
    }
}

impl Asked {
    fn is_own(&self) -> bool {
        self.package == "last-call"
    }

    fn version(&self) -> Option<String> {
        locked_version(self.package)
    }

    fn words(&self) -> String {
        let version = self.version().unwrap_or_default();
        let features = match (self.default_features, self.features) {
            (true, []) => String::new(),
            (true, more) => format!(" with {}", more.join(", ")),
            (false, []) => " without features".to_owned(),
            (false, only) => format!(" with {} alone", only.join(", ")),
        };
        format!("{} {version}{features}", self.package)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use toml::{Table, Value};

    use super::{Source, ALL};
    use crate::pools;

    #[test]
    fn every_package_beside_this_pool_has_a_program() {
        for about in pools::ALL.iter().filter(|about| about.package != "comparison") {
            let asks = |source: &Source| source.words().starts_with(&format!("{} ", about.package));
            assert!(ALL.iter().any(asks), "there is no program with {}", about.package);
        }
    }

    #[test]
    fn no_two_programs_share_a_folder() {
        let folders: BTreeSet<_> = ALL.iter().map(Source::folder).collect();
        assert_eq!(folders.len(), ALL.len(), "{folders:?}");
        assert!(folders.iter().all(|folder| !folder.contains([' ', ','])), "{folders:?}");
    }

    /// What the adaptors ask for is what is resolved in the lock file.
    #[test]
    fn a_program_asks_for_nothing_that_the_adaptors_do_not() {
        let manifest: Table = include_str!("../../Cargo.toml").parse().expect("it is a manifest");
        let here = &manifest["dependencies"];
        for asked in ALL.iter().flat_map(|source| source.asks_for) {
            if asked.package == "last-call" {
                continue;
            }
            let entry = here.get(asked.package).expect("the adaptors depend on it");
            let default =
                entry.get("default-features").is_none_or(|on| *on == Value::Boolean(true));
            assert!(default || !asked.default_features, "{asked:?}");
            for feature in asked.features {
                let features = entry["features"].as_array().expect("they are listed");
                assert!(features.iter().any(|there| there.as_str() == Some(*feature)), "{asked:?}");
            }
        }
    }

    #[test]
    fn a_manifest_has_the_versions_of_the_lock_file() {
        for source in ALL {
            let text = source.manifest(Path::new("/pool")).expect("versions are known");
            let manifest: Table = text.parse().expect("it is TOML");
            assert_eq!(manifest["profile"]["release"]["strip"], Value::Boolean(true));
            for asked in source.asks_for {
                let entry = &manifest["dependencies"][asked.package];
                let version = pools::locked_version(asked.package).expect("it is locked");
                let from = match entry.get("version") {
                    Some(exact) => exact == &Value::String(format!("={version}")),
                    None => entry["path"].as_str() == Some("/pool"),
                };
                assert!(from, "{text}");
                assert_eq!(entry["default-features"], Value::Boolean(asked.default_features));
            }
        }
    }
}
