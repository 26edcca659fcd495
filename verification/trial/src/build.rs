//! Builds the tests of the crate, and finds their executables.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use harness::base::artifacts::{artifacts, Artifact, MESSAGES};
use serde_json::Value;

use crate::arguments::Arguments;

/// A test executable.
#[derive(Clone, Debug)]
pub(crate) struct Executable {
    pub(crate) path: PathBuf,
    /// The name of its target: of an integration test, or of the library.
    pub(crate) target: String,
    /// The name of its package.
    pub(crate) package: String,
    /// The folder of its package.
    pub(crate) folder: PathBuf,
}

/// Builds the tests.
///
/// # Errors
///
/// If cargo cannot be run, or if the build fails.
pub(crate) fn build(arguments: &Arguments) -> Result<Vec<Executable>, String> {
    let target = metadata(arguments, "target_directory")?;
    let mut command = cargo();
    command.args(["test", "--no-run", MESSAGES]);
    command.arg("--target-dir").arg(target.join("trial"));
    let mut patch = String::new();
    if arguments.loom {
        let folder = arguments.loom_path.canonicalize();
        let folder =
            folder.map_err(|error| format!("{}: {error}", arguments.loom_path.display()))?;
        patch = format!("patch.crates-io.loom.path={:?}", folder.display().to_string());
        command.args(["--config", &patch]);
    }
    manifest(&mut command, arguments);
    if let Some(package) = &arguments.package {
        command.args(["--package", package]);
    }
    for test in &arguments.test {
        command.args(["--test", test]);
    }
    for features in &arguments.features {
        command.args(["--features", features]);
    }
    for (is_set, flag) in [
        (arguments.lib, "--lib"),
        (arguments.all_features, "--all-features"),
        (arguments.no_default_features, "--no-default-features"),
        (arguments.release, "--release"),
    ] {
        if is_set {
            command.arg(flag);
        }
    }
    if let Some(profile) = &arguments.profile {
        command.args(["--profile", profile]);
    }
    command.env("RUSTFLAGS", flags(arguments));
    let _lock = if arguments.loom { Some(unlock_loom(arguments, &patch)) } else { None };
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !output.status.success() {
        return Err("the tests do not build".to_owned());
    }
    let tests = artifacts(&output.stdout).into_iter().filter(|artifact| artifact.is_test);
    let executable = |artifact: Artifact| Executable {
        folder: artifact.manifest.parent().map(Path::to_owned).unwrap_or_default(),
        path: artifact.executable,
        target: artifact.target,
        package: artifact.package,
    };
    Ok(tests.map(executable).collect())
}

fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn manifest(command: &mut Command, arguments: &Arguments) {
    if let Some(path) = &arguments.manifest_path {
        command.arg("--manifest-path").arg(path);
    }
}

/// Returns the flags of the environment with the cfgs.
fn flags(arguments: &Arguments) -> String {
    let mut flags = env::var("RUSTFLAGS").unwrap_or_default();
    for cfg in arguments.cfgs() {
        flags = format!("{flags} --cfg {cfg} --check-cfg cfg({cfg})");
    }
    flags.trim_start().to_owned()
}

/// Returns a folder of the workspace. In that of all builds, the models are built in a folder inside
/// it, so that the flags do not make cargo build everything else anew.
fn metadata(arguments: &Arguments, folder: &str) -> Result<PathBuf, String> {
    let mut command = cargo();
    command.args(["metadata", "--no-deps", "--format-version=1"]);
    manifest(&mut command, arguments);
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("cargo cannot be run: {error}"))?;
    let metadata: Option<Value> = serde_json::from_slice(&output.stdout).ok();
    let folder = metadata.as_ref().and_then(|metadata| metadata[folder].as_str());
    folder.map(PathBuf::from).ok_or_else(|| "there is no crate here".to_owned())
}

/// The lock file of the workspace, which is put back when this is dropped.
struct Lock {
    path: PathBuf,
    before: Option<Vec<u8>>,
}

/// Lets the lock file have the stand-in instead of the version of loom that it has. Without a loom
/// in it there is nothing to do, so a failure is left to the build.
fn unlock_loom(arguments: &Arguments, patch: &str) -> Lock {
    let root = metadata(arguments, "workspace_root").unwrap_or_default();
    let file = root.join("Cargo.lock");
    let lock = Lock { before: fs::read(&file).ok(), path: file };
    if lock.before.is_some() {
        let mut command = cargo();
        command.args(["update", "--quiet", "--config", patch, "loom"]);
        manifest(&mut command, arguments);
        let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
    lock
}

impl Drop for Lock {
    fn drop(&mut self) {
        let restored = match &self.before {
            Some(before) => fs::write(&self.path, before),
            None => fs::remove_file(&self.path),
        };
        if let Err(error) = restored {
            eprintln!("cargo trial: {} is not as before: {error}", self.path.display());
        }
    }
}

/// Returns the root of the workspace, from which the compiler names files.
///
/// # Errors
///
/// If cargo cannot be run, or if there is no crate here.
pub(crate) fn root(arguments: &Arguments) -> Result<PathBuf, String> {
    metadata(arguments, "workspace_root")
}

/// Returns the manifest of the crate.
///
/// # Errors
///
/// If cargo cannot be run, or if there is no crate here.
pub(crate) fn nearest_manifest(arguments: &Arguments) -> Result<PathBuf, String> {
    let mut command = cargo();
    command.args(["locate-project", "--message-format=plain"]);
    manifest(&mut command, arguments);
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("cargo cannot be run: {error}"))?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if path.is_empty() {
        return Err("there is no crate here".to_owned());
    }
    Ok(path.into())
}
