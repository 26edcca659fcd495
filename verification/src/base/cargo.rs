//! Builds executables with cargo and locates them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use harness::base::artifacts::{artifacts, Artifact, MESSAGES};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const LOOM: &str = "loom";

/// The executables that explore, from one build.
#[derive(Clone, Debug)]
pub struct Checkers {
    /// Explores one trial.
    pub model: PathBuf,
    /// Cross-checks the engines.
    pub checker: PathBuf,
    /// Samples one scenario under random schedules.
    pub sample: PathBuf,
}

/// The workspace, as cargo sees it.
#[derive(Clone, Debug)]
pub struct Workspace {
    cargo: OsString,
    root: PathBuf,
    /// The target directory of a copy. The compiler's messages for a copy are captured for the
    /// error.
    target: Option<PathBuf>,
}

/// A test executable of the pool crate.
#[derive(Clone, Debug)]
pub struct TestBinary {
    /// The name of its file in `tests`.
    pub target: String,
    /// The path of the executable.
    pub executable: PathBuf,
    /// The folder with the examples of the same build, if there are any.
    pub examples: Option<PathBuf>,
}

impl Workspace {
    /// Locates cargo and the workspace in which this command was built.
    ///
    /// # Errors
    ///
    /// Names cargo if it cannot be run, or the workspace if it no longer exists.
    pub fn find() -> Result<Self, String> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("/"));
        if !root.join("Cargo.toml").is_file() {
            return Err(format!(
                "the workspace {} is gone; run `cargo verify` from a checkout",
                root.display()
            ));
        }
        let workspace = Workspace { cargo, root: root.to_owned(), target: None };
        workspace.version("cargo", &workspace.cargo)?;
        Ok(workspace)
    }

    /// Returns the folder of the top-level `Cargo.toml`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the same workspace in another folder, built into `target`.
    #[must_use]
    pub fn copied_to(&self, root: PathBuf, target: PathBuf) -> Self {
        Workspace { cargo: self.cargo.clone(), root, target: Some(target) }
    }

    /// Returns the versions that cargo and rustc report.
    ///
    /// # Errors
    ///
    /// Names the one that cannot be run.
    pub fn toolchain(&self) -> Result<[String; 2], String> {
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        Ok([self.version("cargo", &self.cargo)?, self.version("rustc", &rustc)?])
    }

    /// Returns the checked-out commit and whether the sources were modified, or `None` without git
    /// or a repository.
    pub fn source(&self) -> Option<Source> {
        let git = |arguments: &[&str]| {
            let output =
                Command::new("git").args(arguments).current_dir(&self.root).output().ok()?;
            let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            output.status.success().then_some(text)
        };
        let commit = git(&["rev-parse", "HEAD"])?;
        Some(Source { commit, dirty: !git(&["status", "--porcelain"])?.is_empty() })
    }

    /// Returns the versions of the named packages in `Cargo.lock`.
    ///
    /// # Errors
    ///
    /// Names `Cargo.lock` if it cannot be read.
    pub fn locked_versions(&self, names: &[&str]) -> Result<BTreeMap<String, String>, String> {
        let file = self.root.join("Cargo.lock");
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let text = fs::read_to_string(&file).map_err(|error| failed(&error))?;
        versions_in(&text, names).map_err(|error| failed(&error))
    }

    fn version(&self, name: &str, program: &OsString) -> Result<String, String> {
        let output = Command::new(program)
            .arg("--version")
            .current_dir(&self.root)
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| cannot_run(name, program, &error))?;
        if !output.status.success() {
            return Err(format!("`{} --version` failed: {}", program.display(), output.status));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Builds the executables that explore.
    ///
    /// # Errors
    ///
    /// Says which command failed. The compiler's messages have gone to standard error.
    pub fn build_models(&self) -> Result<Checkers, String> {
        let built = self.build_commands(&["model", "checker", "sample"])?;
        let found = |name: &str| {
            built.get(name).cloned().ok_or_else(|| format!("cargo built no `{name}` command"))
        };
        Ok(Checkers {
            model: found("model")?,
            checker: found("checker")?,
            sample: found("sample")?,
        })
    }

    /// Builds the `model` command alone.
    ///
    /// # Errors
    ///
    /// Says which command failed. For a copy, the error includes the compiler's messages.
    pub fn build_model(&self) -> Result<PathBuf, String> {
        let built = self.build_commands(&["model"])?;
        built.into_values().next().ok_or_else(|| "cargo built no `model` command".to_owned())
    }

    /// Builds an example of the verification package under loom.
    ///
    /// # Errors
    ///
    /// Says which command failed. The compiler's messages have gone to standard error.
    pub fn build_example(&self, name: &str) -> Result<PathBuf, String> {
        let arguments = ["build", "--package", "verification", "--example", name];
        let built = self.build(&arguments, Some(LOOM))?;
        let mut executables = built.into_iter().map(|artifact| artifact.executable);
        executables.next_back().ok_or_else(|| format!("cargo built no example `{name}`"))
    }

    fn build_commands(&self, names: &[&str]) -> Result<BTreeMap<String, PathBuf>, String> {
        let mut arguments = vec!["build", "--package", "verification"];
        arguments.extend(names.iter().flat_map(|name| ["--bin", name]));
        let built = self.build(&arguments, Some(LOOM))?.into_iter();
        Ok(built.map(|artifact| (artifact.target, artifact.executable)).collect())
    }

    /// Builds the pool crate's tests for real threads, either with every queue or without features.
    ///
    /// # Errors
    ///
    /// Says which command failed. The compiler's messages have gone to standard error.
    pub fn build_tests(&self, every_queue: bool) -> Result<Vec<TestBinary>, String> {
        let mut arguments = vec!["test", "--package", "last-call", "--no-run"];
        if every_queue {
            arguments.extend(["--features", "crossbeam-channel"]);
        } else {
            arguments.push("--no-default-features");
        }
        let built = self.build(&arguments, None)?.into_iter();
        let (mut binaries, mut examples) = (Vec::new(), Vec::new());
        for artifact in built {
            if artifact.is("test") {
                let Artifact { target, executable, .. } = artifact;
                binaries.push(TestBinary { target, executable, examples: None });
            } else if artifact.is("example") {
                examples.push(artifact.executable);
            }
        }
        // The next build overwrites the examples, so they are copied.
        let folder = if every_queue { "every-queue" } else { "no-features" };
        let kept =
            examples.iter().map(|example| keep(example, folder)).collect::<Result<Vec<_>, _>>()?;
        let kept = kept.into_iter().next();
        for binary in &mut binaries {
            binary.examples.clone_from(&kept);
        }
        Ok(binaries)
    }

    /// Builds the tests of one file for real threads, with every queue.
    ///
    /// # Errors
    ///
    /// Says which command failed. For a copy, the error includes the compiler's messages.
    pub fn build_test(&self, file: &str) -> Result<PathBuf, String> {
        let mut arguments = vec!["test", "--package", "last-call", "--no-run", "--test", file];
        arguments.extend(["--features", "crossbeam-channel"]);
        let built = self.build(&arguments, None)?.into_iter();
        let mut executables = built.filter(|artifact| artifact.target == file);
        let found = executables.next_back().map(|artifact| artifact.executable);
        found.ok_or_else(|| format!("cargo built no tests `{file}`"))
    }

    fn build(&self, arguments: &[&str], cfg: Option<&str>) -> Result<Vec<Artifact>, String> {
        let mut command = Command::new(&self.cargo);
        command
            .args(arguments)
            .arg(MESSAGES)
            .current_dir(&self.root)
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env("RUSTFLAGS", flags(&env::var("RUSTFLAGS").unwrap_or_default(), cfg))
            .stdin(Stdio::null());
        // Users build at opt-level 0 first, and tests then build in a third of the time.
        if arguments.first() == Some(&"test") {
            command.args(["--config", "profile.test.package.last-call.opt-level=0"]);
        }
        // A terminal shows a bar of this command; a log shows what cargo does.
        if self.target.is_some() || io::stderr().is_terminal() {
            command.arg("--quiet");
        }
        if let Some(target) = &self.target {
            command.env("CARGO_TARGET_DIR", target).stderr(Stdio::piped());
            // Copies are built often and run once, so debug information and optimised code do not
            // pay off. loom itself is still optimised.
            command.env("CARGO_PROFILE_DEV_DEBUG", "0");
            if cfg.is_some() {
                command.env("CARGO_PROFILE_DEV_OPT_LEVEL", "0");
            }
        } else {
            command.stderr(Stdio::inherit());
        }
        let output = command.output().map_err(|error| cannot_run("cargo", &self.cargo, &error))?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(format!("`cargo {}` failed\n{stderr}", arguments.join(" "))
                .trim_end()
                .to_owned());
        }
        Ok(artifacts(&output.stdout))
    }
}

/// Returns the versions of the named packages in the text of a `Cargo.lock`. Packages that are
/// locked in two versions are omitted.
///
/// # Errors
///
/// Describes the syntax error in the text.
pub fn versions_in(
    lock: &str,
    names: &[&str],
) -> Result<BTreeMap<String, String>, toml::de::Error> {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
    }
    let lock: Lock = toml::from_str(lock)?;
    let mut versions = BTreeMap::<String, Vec<String>>::new();
    for package in lock.package.into_iter().filter(|package| names.contains(&&*package.name)) {
        versions.entry(package.name).or_default().push(package.version);
    }
    let only = |(name, mut versions): (String, Vec<String>)| {
        let version = versions.pop()?;
        versions.is_empty().then_some((name, version))
    };
    Ok(versions.into_iter().filter_map(only).collect())
}

/// Copies an executable into a sibling folder and returns that folder.
fn keep(executable: &Path, folder: &str) -> Result<PathBuf, String> {
    let folder = executable.with_file_name(folder);
    let copy = folder.join(executable.file_name().unwrap_or_default());
    fs::create_dir_all(&folder)
        .and_then(|()| fs::copy(executable, &copy))
        .map_err(|error| format!("{}: {error}", copy.display()))?;
    Ok(folder)
}

/// Returns the user's flags with the cfg of loom replaced by `cfg`.
fn flags(own: &str, cfg: Option<&str>) -> String {
    let mut flags = Vec::new();
    let mut words = own.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let named = match word.strip_prefix("--cfg") {
            Some("") => words.peek().copied(),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        if named == Some(LOOM) {
            let _ = if word == "--cfg" { words.next() } else { None };
        } else {
            flags.push(word);
        }
    }
    flags.extend(cfg.iter().flat_map(|name| ["--cfg", name]));
    flags.join(" ")
}

fn cannot_run(name: &str, program: &OsString, error: &io::Error) -> String {
    if error.kind() == ErrorKind::NotFound {
        format!("{name} was not found (looked for `{}`); is it on the PATH?", program.display())
    } else {
        format!("`{}` cannot be run: {error}", program.display())
    }
}

/// The state of the sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// The checked-out commit.
    pub commit: String,
    /// Whether the sources were modified since that commit.
    pub dirty: bool,
}

#[cfg(test)]
mod tests {
    use super::{flags, versions_in};

    #[test]
    fn a_package_locked_in_two_versions_is_omitted() {
        let package = |name: &str, version: &str| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n")
        };
        let lock = package("one", "1.0.0") + &package("two", "1.0.0") + &package("two", "2.0.0");
        let versions = versions_in(&lock, &["one", "two", "none"]).unwrap();
        let expected = [("one".to_owned(), "1.0.0".to_owned())];
        assert_eq!(versions.into_iter().collect::<Vec<_>>(), expected);
        assert!(versions_in("package = 1", &[]).is_err());
    }

    #[test]
    fn the_cfg_of_loom_is_passed_once_or_not_at_all() {
        assert_eq!(flags("", Some("loom")), "--cfg loom");
        assert_eq!(flags("--cfg loom", Some("loom")), "--cfg loom");
        assert_eq!(flags("--cfg=loom", Some("loom")), "--cfg loom");
        assert_eq!(flags("-Dwarnings --cfg loom", None), "-Dwarnings");
        assert_eq!(flags("--cfg loom_nightly", None), "--cfg loom_nightly");
    }
}
