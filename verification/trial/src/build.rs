//! Builds the tests of the crate, and finds their executables.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

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
    command.args(["test", "--no-run", "--message-format=json-render-diagnostics"]);
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
    let lines = String::from_utf8_lossy(&output.stdout);
    let messages = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(messages.filter_map(|message| executable(&message)).collect())
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

/// Returns the name in the id of a package: `a` of `path+file:///src/a#0.1.0`, and of
/// `path+file:///src/b#a@0.1.0`.
fn package(id: &str) -> &str {
    let (source, version) = id.split_once('#').unwrap_or((id, ""));
    let named = version.split_once('@').map(|(name, _)| name);
    named.unwrap_or_else(|| source.rsplit('/').next().unwrap_or(source))
}

fn executable(message: &Value) -> Option<Executable> {
    let is_test = message["reason"] == "compiler-artifact" && message["profile"]["test"] == true;
    let path = message["executable"].as_str().filter(|_| is_test)?;
    Some(Executable {
        path: path.into(),
        target: message["target"]["name"].as_str()?.to_owned(),
        package: package(message["package_id"].as_str()?).to_owned(),
        folder: Path::new(message["manifest_path"].as_str()?).parent()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::package;

    #[test]
    fn a_package_has_its_name_in_its_id() {
        assert_eq!(package("path+file:///src/a#0.1.0"), "a");
        assert_eq!(package("path+file:///src/b#a@0.1.0"), "a");
    }
}
