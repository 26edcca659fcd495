//! Versions of packages, from the lock file of this build.

use verification::base::cargo::versions_in;

/// The version of a package. Returns `None` unless the lock file has exactly one.
pub fn locked_version(package: &str) -> Option<String> {
    versions_in(include_str!("../../../../Cargo.lock"), &[package]).ok()?.remove(package)
}
