//! The pool has no dependencies, unless a feature needs one.

use std::fs;
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

/// What a user sees first. Nothing is downloaded: cargo looks up no dependency that is not needed.
#[test]
fn the_lock_of_a_fresh_dependent_has_the_pool_and_nothing_else() {
    assert_eq!(locked("alone", ""), ["dependent", "last-call"]);
}

/// Otherwise the test above would show nothing.
#[test]
fn the_lock_of_a_dependent_has_what_else_it_depends_on() {
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mazurka");
    let packages = locked("beside", &format!("mazurka = {{ path = '{}' }}", other.display()));
    assert!(packages.contains(&"corosensei".to_owned()), "{packages:?}");
}

/// The packages in the lock file of a new package that depends on the pool without its features.
fn locked(folder: &str, other: &str) -> Vec<String> {
    let pool = manifest().parent().expect("it is in a folder").canonicalize().unwrap();
    let manifest = format!(
        "[package]\nname = \"dependent\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\
         [workspace]\n[dependencies]\n\
         last-call = {{ path = '{}', default-features = false }}\n{other}\n",
        pool.display()
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let _ = fs::remove_dir_all(&folder); // of the last run
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("src/lib.rs"), "").unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();

    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["generate-lockfile", "--offline"]).current_dir(&folder);
    let output = command.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lock = fs::read_to_string(folder.join("Cargo.lock")).unwrap();
    lock.lines()
        .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
        .map(str::to_owned)
        .collect()
}

/// Otherwise the first tests would show nothing.
#[test]
fn a_dependency_of_a_feature_is_found() {
    let arguments = ["--package", "last-call", "--no-default-features", "--features"];
    let own = Dependencies::of(&manifest(), &[&arguments[..], &["coarse-clock"]].concat());
    let own = own.expect("cargo lists dependencies");
    assert!(own.normal.iter().any(|package| package.starts_with("coarsetime ")), "{own:?}");
    assert!(own.normal.iter().all(|package| !package.starts_with("loom ")), "{own:?}");
}
