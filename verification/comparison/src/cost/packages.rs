//! The dependencies of a package, from `cargo tree`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::base::child;
use serde::{Deserialize, Serialize};

/// Reading manifests takes well below a second.
const LIMIT: Duration = Duration::from_secs(60);

/// The packages that an ordinary build of a package compiles, without that package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependencies {
    /// Those of the program, with proc macros: name and version.
    pub normal: BTreeSet<String>,
    /// Those of build scripts only.
    pub build: BTreeSet<String>,
}

impl Dependencies {
    /// Asks cargo for the dependencies on this host, without the network.
    ///
    /// # Errors
    ///
    /// The failure of cargo.
    pub fn of(manifest: &Path, arguments: &[&str]) -> Result<Self, String> {
        let tree = |edges| {
            let text = tree(manifest, edges, arguments)?;
            let mut packages = parse(&text)?;
            let itself = packages.remove(0);
            let others = packages.into_iter().filter(|package| *package != itself);
            Ok::<_, String>(others.collect::<BTreeSet<_>>())
        };
        let normal = tree("normal")?;
        let build = tree("normal,build")?.difference(&normal).cloned().collect();
        Ok(Dependencies { normal, build })
    }

    /// The number of packages.
    pub fn count(&self) -> usize {
        self.normal.len() + self.build.len()
    }
}

/// The output of `cargo tree`. Flags of the environment are removed: the cfg of a checker would add the
/// checker.
fn tree(manifest: &Path, edges: &str, arguments: &[&str]) -> Result<String, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["tree", "--offline", "--prefix", "none", "--edges", edges, "--manifest-path"])
        .arg(manifest)
        .args(arguments)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let finished = child::run(&mut command, LIMIT).map_err(|error| format!("cargo: {error}"))?;
    if finished.status.is_some_and(|status| status.success()) {
        Ok(finished.stdout)
    } else {
        Err(format!("`cargo tree`: {}", child::describe(&finished)))
    }
}

/// The name and version in each line, first that of the package. A repeated line ends with a mark.
fn parse(text: &str) -> Result<Vec<String>, String> {
    let mut packages = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let mut words = line.split_whitespace();
        let version = |word: &&str| {
            let number = word.strip_prefix('v')?;
            number.starts_with(|first: char| first.is_ascii_digit()).then_some(number.to_owned())
        };
        match (words.next(), words.next().as_ref().and_then(version)) {
            (Some(name), Some(version)) => packages.push(format!("{name} {version}")),
            // The heading of build dependencies.
            (Some(heading), _) if heading.starts_with('[') => {}
            _ => return Err(format!("`cargo tree` said `{line}`, which names no package")),
        }
    }
    if packages.is_empty() {
        return Err("`cargo tree` named no package".to_owned());
    }
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{parse, Dependencies};

    #[test]
    fn packages_have_a_name_and_a_version() {
        let text = "pool v0.1.0 (/some/where)\n\
                    log v0.4.27\n\
                    derive v2.0.0-rc.1 (proc-macro)\n\
                    log v0.4.27 (*)\n\n\
                    [build-dependencies]\n\
                    log v0.3.9\n";
        let packages = parse(text).unwrap();
        let expected = ["pool 0.1.0", "log 0.4.27", "derive 2.0.0-rc.1", "log 0.4.27", "log 0.3.9"];
        assert_eq!(packages, expected);
    }

    #[test]
    fn a_line_without_a_package_is_an_error() {
        assert!(parse("").is_err(), "the package is always there");
        assert!(parse("pool v0.1.0\nwarning: something\n").unwrap_err().contains("something"));
        assert!(parse("pool version\n").is_err());
    }

    #[test]
    fn packages_of_build_scripts_are_separate() {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let own = Dependencies::of(&manifest, &["--package", "verification"]).unwrap();
        let named = |name: &str| own.normal.iter().any(|package| package.starts_with(name));
        assert!(named("last-call ") && named("clap ") && !named("verification "), "{own:?}");
        assert!(own.normal.is_disjoint(&own.build), "{own:?}");
        assert_eq!(own.count(), own.normal.len() + own.build.len());
    }
}
