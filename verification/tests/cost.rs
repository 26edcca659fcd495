//! The programs of the benchmark `cost`: one for each package that stands beside this pool, with no
//! feature that is not used there.

#[cfg(not(loom))]
#[allow(dead_code)] // the benchmark uses the rest
#[path = "../benches/cost/programs.rs"]
mod programs;

#[cfg(not(loom))]
mod ordinary {
    use std::collections::BTreeSet;
    use std::path::Path;

    use toml::{Table, Value};
    use verification::peers;

    use crate::programs::{Source, ALL};

    #[test]
    fn every_package_beside_this_pool_has_a_program() {
        for about in peers::ALL.iter().filter(|about| about.package != "verification") {
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
        let manifest: Table = include_str!("../Cargo.toml").parse().expect("it is a manifest");
        let here = &manifest["target"]["cfg(not(loom))"]["dependencies"];
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
                let version = peers::locked_version(asked.package).expect("it is locked");
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
