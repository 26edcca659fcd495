//! The cargo project of a program: made, built, run.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::dependencies::Dependencies;
use super::results::Built;
use verification::process;

use super::programs::{Source, SUM};
use crate::base::machine;

/// How long a build may take before it counts as hanging.
const OF_A_BUILD: Duration = Duration::from_secs(600);

/// How long a program may run before it counts as hanging.
const OF_A_RUN: Duration = Duration::from_secs(20);

/// A program in a folder of its own.
#[derive(Debug)]
pub(crate) struct Project {
    folder: PathBuf,
    text: &'static str,
}

impl Project {
    /// Writes it, and has cargo choose the versions; nothing is built yet.
    pub(crate) fn create(
        source: &Source,
        workspace: &Path,
        folder: PathBuf,
    ) -> Result<(Self, Dependencies), String> {
        let project = Project { folder, text: source.text };
        let failed = |error| format!("{}: {error}", project.folder.display());
        fs::create_dir_all(project.folder.join("src")).map_err(failed)?;
        fs::write(project.manifest(), source.manifest(workspace)?).map_err(failed)?;
        // What it does not have is not resolved anew: it cannot be, without the network.
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

    /// Writes the program; to cargo it has changed.
    fn write(&self) -> std::io::Result<()> {
        fs::write(self.folder.join("src/main.rs"), self.text)
    }

    /// Builds it from nothing, runs it, and builds it again after a change.
    pub(crate) fn measure(&self) -> Result<Built, String> {
        self.clean()?;
        let worked = machine::own();
        let build = self.build()?;
        let processor = machine::own().zip(worked).map(|(now, then)| now - then);
        let program = self.target().join("release").join(executable());
        let size = fs::metadata(&program).map_err(|error| error.to_string())?.len();
        run(&program)?;
        self.write().map_err(|error| error.to_string())?;
        let rebuild = self.build()?;
        Ok(Built { build, processor, rebuild, size })
    }

    /// Removes what was built.
    pub(crate) fn clean(&self) -> Result<(), String> {
        match fs::remove_dir_all(self.target()) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.to_string()),
            _ => Ok(()),
        }
    }

    /// Builds what is not there, and returns the seconds that it took. What the caller's environment
    /// says about builds is left out, and with it a cache of what has been compiled before.
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
        let finished = process::run(&mut command, OF_A_BUILD).map_err(|error| error.to_string())?;
        let seconds = began.elapsed().as_secs_f64();
        match finished.status {
            Some(status) if status.success() => Ok(seconds),
            Some(_) => Err(format!("cannot be built: {}", first_error(&finished.stderr))),
            None => Err(format!("was not built within {} s", OF_A_BUILD.as_secs())),
        }
    }
}

/// Runs the program, which must come to the right sum.
fn run(program: &Path) -> Result<(), String> {
    let finished = process::run(&mut Command::new(program), OF_A_RUN);
    let finished = finished.map_err(|error| error.to_string())?;
    match finished.status {
        None => Err(format!("did not end within {} s", OF_A_RUN.as_secs())),
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

/// The line that says most.
fn first_error(text: &str) -> &str {
    let error = text.lines().find(|line| line.starts_with("error"));
    error.or(text.lines().next()).unwrap_or("it says nothing")
}
