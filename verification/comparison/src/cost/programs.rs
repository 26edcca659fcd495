//! The programs: one for each package, with its dependencies.

use std::fmt::Write as _;
use std::path::Path;

use crate::base::versions::locked_version;

/// The output of every program: the sum of the numbers below 100.
pub(crate) const SUM: &str = "4950";

/// The name of the program without a pool.
pub(crate) const WITHOUT: &str = "no pool";

/// A program and its dependencies.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its name in the tables.
    pub(crate) name: &'static str,
    /// Its dependencies.
    pub(crate) requires: &'static [Requirement],
    /// Its source.
    pub(crate) text: &'static str,
}

/// A dependency, with no more features than the program needs.
#[derive(Debug)]
pub(crate) struct Requirement {
    pub(crate) package: &'static str,
    pub(crate) default_features: bool,
    pub(crate) features: &'static [&'static str],
}

macro_rules! source {
    ($name:expr, $file:literal $(, $requirement:expr)*) => {
        Source {
            name: $name,
            requires: &[$($requirement),*],
            text: include_str!(concat!("programs/", $file, ".rs")),
        }
    };
}

const fn whole(package: &'static str) -> Requirement {
    Requirement { package, default_features: true, features: &[] }
}

const fn only(package: &'static str, features: &'static [&'static str]) -> Requirement {
    Requirement { package, default_features: false, features }
}

/// Every program: first those with this pool, then those without a dependency.
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
    /// Returns `true` if it uses this pool.
    pub(crate) fn is_own(&self) -> bool {
        self.requires.iter().any(Requirement::is_own)
    }

    /// The name of the folder of its project.
    pub(crate) fn folder(&self) -> String {
        self.name.replace(", ", "-").replace(' ', "-")
    }

    /// Its dependencies, with versions and features.
    pub(crate) fn requirements(&self) -> String {
        self.requires.iter().map(Requirement::text).collect::<Vec<_>>().join(", ")
    }

    /// The manifest of its project. `pool` is the folder of this pool.
    ///
    /// # Errors
    ///
    /// The package without one version in the lock file.
    pub(crate) fn manifest(&self, pool: &Path) -> Result<String, String> {
        let mut text = "[package]\nname = \"program\"\nedition = \"2021\"\n\n\
                        [profile.release]\nstrip = true\n\n[workspace]\n"
            .to_owned();
        for requirement in self.requires {
            let Requirement { package, default_features, features } = requirement;
            let from = if requirement.is_own() {
                format!("path = '{}'", pool.display())
            } else {
                let version =
                    requirement.version().ok_or(format!("no unique version of {package}"))?;
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

impl Requirement {
    fn is_own(&self) -> bool {
        self.package == "last-call"
    }

    fn version(&self) -> Option<String> {
        locked_version(self.package)
    }

    fn text(&self) -> String {
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

    use super::{locked_version, Source, ALL};
    use crate::pools;

    #[test]
    fn every_package_beside_this_pool_has_a_program() {
        for about in pools::ALL.iter().filter(|about| about.package != "comparison") {
            let has_it =
                |source: &Source| source.requirements().starts_with(&format!("{} ", about.package));
            assert!(ALL.iter().any(has_it), "there is no program with {}", about.package);
        }
    }

    #[test]
    fn no_two_programs_share_a_folder() {
        let folders: BTreeSet<_> = ALL.iter().map(Source::folder).collect();
        assert_eq!(folders.len(), ALL.len(), "{folders:?}");
        assert!(folders.iter().all(|folder| !folder.contains([' ', ','])), "{folders:?}");
    }

    /// The lock file has what the adaptors depend on, and no more.
    #[test]
    fn a_program_requires_nothing_that_the_adaptors_do_not() {
        let manifest: Table = include_str!("../../Cargo.toml").parse().expect("it is a manifest");
        let here = &manifest["dependencies"];
        for requirement in ALL.iter().flat_map(|source| source.requires) {
            if requirement.package == "last-call" {
                continue;
            }
            let entry = here.get(requirement.package).expect("the adaptors depend on it");
            let default =
                entry.get("default-features").is_none_or(|on| *on == Value::Boolean(true));
            assert!(default || !requirement.default_features, "{requirement:?}");
            for feature in requirement.features {
                let features = entry["features"].as_array().expect("they are listed");
                assert!(
                    features.iter().any(|there| there.as_str() == Some(*feature)),
                    "{requirement:?}"
                );
            }
        }
    }

    #[test]
    fn a_manifest_has_the_versions_of_the_lock_file() {
        for source in ALL {
            let text = source.manifest(Path::new("/pool")).expect("versions are known");
            let manifest: Table = text.parse().expect("it is TOML");
            assert_eq!(manifest["profile"]["release"]["strip"], Value::Boolean(true));
            for requirement in source.requires {
                let entry = &manifest["dependencies"][requirement.package];
                let version = locked_version(requirement.package).expect("it is locked");
                let from = match entry.get("version") {
                    Some(exact) => exact == &Value::String(format!("={version}")),
                    None => entry["path"].as_str() == Some("/pool"),
                };
                assert!(from, "{text}");
                assert_eq!(entry["default-features"], Value::Boolean(requirement.default_features));
            }
        }
    }
}
