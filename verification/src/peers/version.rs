//! Versions of packages, from the lock file that this was built with.

use serde::Deserialize;

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
}

/// The version of a package; none if the lock file does not have it exactly once.
pub fn locked_version(package: &str) -> Option<String> {
    let lock: Lock = toml::from_str(include_str!("../../../Cargo.lock")).ok()?;
    let mut versions = lock.package.into_iter().filter(|locked| locked.name == package);
    let version = versions.next()?.version;
    versions.next().is_none().then_some(version)
}
