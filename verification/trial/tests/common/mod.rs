//! What the tests of the command share.

#![allow(dead_code)] // no test file uses all of it

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Two builds at a time would wait for each other.
static BUILD: Mutex<()> = Mutex::new(());

/// Runs the command on the examples. Returns its exit code and its standard output.
pub(crate) fn trial(arguments: &[&str]) -> (Option<i32>, String) {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../mazurka-examples/Cargo.toml");
    trial_of(Path::new(examples), arguments)
}

/// Runs the command on the crate with that manifest.
pub(crate) fn trial_of(manifest: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let (code, text, _) = trial_and_errors(manifest, arguments);
    (code, text)
}

/// Runs the command on the crate with that manifest. Returns its exit code, its standard output and its
/// standard error.
pub(crate) fn trial_and_errors(
    manifest: &Path,
    arguments: &[&str],
) -> (Option<i32>, String, String) {
    let _build = BUILD.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-trial"));
    command.args(["trial", "--manifest-path"]).arg(manifest).args(arguments);
    // The flags of this build are not those of the models.
    let output = command.env_remove("RUSTFLAGS").output().expect("the command can be started");
    let [text, errors] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    println!("{errors}{text}");
    (output.status.code(), text.into_owned(), errors.into_owned())
}

pub(crate) fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Writes a crate of its own, outside of the workspace, with this library and these models. Returns its
/// folder.
pub(crate) fn own_crate(name: &str, library: &str, models: &str) -> PathBuf {
    let folder = scratch(name);
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[workspace]\n\n\
         [features]\nplanted = []\n\n\
         [target.'cfg(mazurka)'.dependencies]\nmazurka = {{ path = {:?} }}\n",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../mazurka")
    );
    for part in ["src", "tests"] {
        fs::create_dir_all(folder.join(part)).expect("the folder can be created");
    }
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    fs::copy(lock, folder.join("Cargo.lock")).expect("the versions can be taken over");
    for (file, text) in
        [("src/lib.rs", library), ("tests/models.rs", models), ("Cargo.toml", &manifest)]
    {
        fs::write(folder.join(file), text).expect("it can be written");
    }
    folder
}
