//! The cargo project of a program: created, built and run.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use harness::base::child;

use super::packages::Dependencies;
use super::programs::{Source, SUM};
use super::results::Built;
use crate::base::machine;

/// How long a build may take before it counts as hanging.
const BUILD_LIMIT: Duration = Duration::from_secs(600);

/// How long a program may run before it counts as hanging.
const RUN_LIMIT: Duration = Duration::from_secs(20);

/// A program in a folder of its own.
#[derive(Debug)]
pub(crate) struct Project {
    folder: PathBuf,
    text: &'static str,
}

impl Project {
    /// Writes the project and resolves its dependencies. Builds nothing.
    pub(crate) fn create(
        source: &Source,
        workspace: &Path,
        folder: PathBuf,
    ) -> Result<(Self, Dependencies), String> {
        let project = Project { folder, text: source.text };
        let failed = |error| format!("{}: {error}", project.folder.display());
        fs::create_dir_all(project.folder.join("src")).map_err(failed)?;
        fs::write(project.manifest(), source.manifest(workspace)?).map_err(failed)?;
        // Without the network, cargo can only choose versions that this lock file has.
        let lock = project.folder.join("Cargo.lock");
        fs::copy(workspace.join("Cargo.lock"), lock).map_err(failed)?;
        project.write().map_err(failed)?;
        let dependencies = Dependencies::of(&project.manifest(), &[])?;
        Ok((project, dependencies))
    }

    fn manifest(&self) -> PathBuf {
        self.folder.join("Cargo.toml")
    }

    fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// Writes the program, which marks it as changed.
    fn write(&self) -> std::io::Result<()> {
        fs::write(self.folder.join("src/main.rs"), self.text)
    }

    /// Builds it from scratch, runs it, and builds it again after a change.
    pub(crate) fn measure(&self) -> Result<Built, String> {
        self.clean()?;
        let before = machine::processor_seconds();
        let build = self.build()?;
        let processor = machine::processor_seconds().zip(before).map(|(now, then)| now - then);
        let program = self.target().join("release").join(executable());
        let size = fs::metadata(&program).map_err(|error| error.to_string())?.len();
        run(&program)?;
        self.write().map_err(|error| error.to_string())?;
        let rebuild = self.build()?;
        Ok(Built { build, processor, rebuild, size })
    }

    /// Removes the build.
    pub(crate) fn clean(&self) -> Result<(), String> {
        match fs::remove_dir_all(self.target()) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.to_string()),
            _ => Ok(()),
        }
    }

    /// Builds what is missing and returns the seconds. Ignores settings of the environment for builds,
    /// such as a compiler cache.
    fn build(&self) -> Result<f64, String> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .args(["build", "--release", "--offline", "--quiet", "--manifest-path"])
            .arg(self.manifest())
            .arg("--target-dir")
            .arg(self.target())
            .env("RUSTC_WRAPPER", "");
        for name in
            ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_INCREMENTAL"]
        {
            command.env_remove(name);
        }
        let began = Instant::now();
        let finished = child::run(&mut command, BUILD_LIMIT).map_err(|error| error.to_string())?;
        let seconds = began.elapsed().as_secs_f64();
        match finished.status {
            Some(status) if status.success() => Ok(seconds),
            Some(_) => Err(format!("cannot be built: {}", first_error(&finished.stderr))),
            None => Err(format!("was not built within {} s", BUILD_LIMIT.as_secs())),
        }
    }
}

/// Runs the program, which must print the right sum.
fn run(program: &Path) -> Result<(), String> {
    let finished = child::run(&mut Command::new(program), RUN_LIMIT);
    let finished = finished.map_err(|error| error.to_string())?;
    match finished.status {
        None => Err(format!("did not end within {} s", RUN_LIMIT.as_secs())),
        Some(status) if !status.success() => {
            Err(format!("{status}: {}", first_error(&finished.stderr)))
        }
        Some(_) if finished.stdout.trim() == SUM => Ok(()),
        Some(_) => Err(format!("the sum is {}, not {SUM}", finished.stdout.trim())),
    }
}

fn executable() -> OsString {
    Path::new("program").with_extension(std::env::consts::EXE_EXTENSION).into()
}

/// The first error, or else the first line.
fn first_error(text: &str) -> &str {
    let error = text.lines().find(|line| line.starts_with("error"));
    error.or(text.lines().next()).unwrap_or("no output")
}
