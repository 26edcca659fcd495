//! The examples of this crate as programs.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;

/// Returns the example that cargo has built beside this test: `target/…/deps/server-…` is a test,
/// or that of a tool that keeps several builds.
pub(crate) fn executable(name: &str) -> PathBuf {
    let this = env::current_exe().expect("the system tells a process its executable");
    let profile = this.ancestors().nth(
        if this.parent().and_then(|folder| folder.file_name()) == Some(OsStr::new("deps")) {
            2
        } else {
            1
        },
    );
    let examples = env::var_os("LAST_CALL_EXAMPLES").map(PathBuf::from);
    let example = examples
        .unwrap_or_else(|| profile.expect("an executable is in a folder").join("examples"))
        .join(format!("{name}{}", env::consts::EXE_SUFFIX));
    assert!(
        example.is_file(),
        "there is no {}: `cargo test` builds it, or `cargo build --example {name}`",
        example.display()
    );
    example
}
