//! Who depends on this pool takes no other package along, unless a feature asks for one.

use std::path::Path;
use std::process::Command;

use comparison::cost::packages::Dependencies;
use serde_json::Value;

fn manifest() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml")
}

#[test]
fn without_features_the_pool_depends_on_nothing() {
    let arguments = ["--package", "last-call", "--no-default-features"];
    let own = Dependencies::of(&manifest(), &arguments).expect("cargo tells");
    assert_eq!(own, Dependencies::default());
}

/// Also where this does not run, and with whatever cfg: a dependent's lock file has the pool alone.
#[test]
fn on_every_system_every_dependency_is_optional() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--offline", "--no-deps", "--format-version", "1"]);
    let output = command.arg("--manifest-path").arg(manifest()).output().expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let packages = metadata["packages"].as_array().expect("packages are listed");
    let pool = packages.iter().find(|package| package["name"] == "last-call").expect("the pool");
    let dependencies = pool["dependencies"].as_array().expect("dependencies are listed");

    // Of kind `null` are those that are neither for tests nor for build scripts.
    let always = dependencies
        .iter()
        .filter(|dependency| dependency["kind"] != "dev" && dependency["optional"] == false);
    let always: Vec<_> = always
        .map(|dependency| (dependency["name"].as_str(), dependency["target"].as_str()))
        .collect();
    assert_eq!(always, []);
}

/// Nothing would be found above if nothing could be.
#[test]
fn what_a_feature_brings_is_seen() {
    let arguments = ["--package", "last-call", "--no-default-features", "--features"];
    let own = Dependencies::of(&manifest(), &[&arguments[..], &["coarse-clock"]].concat());
    let own = own.expect("cargo tells");
    assert!(own.normal.iter().any(|package| package.starts_with("coarsetime ")), "{own:?}");
    assert!(own.normal.iter().all(|package| !package.starts_with("loom ")), "{own:?}");
}
