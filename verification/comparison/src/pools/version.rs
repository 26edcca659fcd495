//! Versions of packages, from the lock file that this was built with.

use verification::cargo::versions_in;

/// The version of a package; none if the lock file does not have it exactly once.
pub fn locked_version(package: &str) -> Option<String> {
    versions_in(include_str!("../../../../Cargo.lock"), &[package]).ok()?.remove(package)
}
