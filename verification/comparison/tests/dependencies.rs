//! The pool has no dependencies, unless a feature needs one.

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
    let own = Dependencies::of(&manifest(), &arguments).expect("cargo lists dependencies");
    assert_eq!(own, Dependencies::default());
}

/// Also on other systems and with other cfgs: the lock file of a dependent has the pool alone.
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

    // Dev-dependencies have the kind `dev`.
    let always = dependencies
        .iter()
        .filter(|dependency| dependency["kind"] != "dev" && dependency["optional"] == false);
    let always: Vec<_> = always
        .map(|dependency| (dependency["name"].as_str(), dependency["target"].as_str()))
        .collect();
    assert_eq!(always, []);
}

/// Otherwise the tests above would show nothing.
#[test]
fn a_dependency_of_a_feature_is_found() {
    let arguments = ["--package", "last-call", "--no-default-features", "--features"];
    let own = Dependencies::of(&manifest(), &[&arguments[..], &["coarse-clock"]].concat());
    let own = own.expect("cargo lists dependencies");
    assert!(own.normal.iter().any(|package| package.starts_with("coarsetime ")), "{own:?}");
    assert!(own.normal.iter().all(|package| !package.starts_with("loom ")), "{own:?}");
}
