//! What cargo has built, from its messages.

use std::path::PathBuf;

use serde::Deserialize;

/// Makes cargo write its messages for [`artifacts`] to standard output, and those of the compiler to
/// standard error.
pub const MESSAGES: &str = "--message-format=json-render-diagnostics";

/// An executable that cargo has built, or found up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// The name of its package.
    pub package: String,
    /// The manifest of its package.
    pub manifest: PathBuf,
    /// The name of its target.
    pub target: String,
    /// The kinds of its target, such as `test`.
    pub kinds: Vec<String>,
    /// Whether it contains tests.
    pub is_test: bool,
    /// Its path.
    pub executable: PathBuf,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    package_id: String,
    manifest_path: PathBuf,
    target: Target,
    profile: Profile,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

impl Artifact {
    /// Returns `true` if its target is of this kind.
    pub fn is(&self, kind: &str) -> bool {
        self.kinds.iter().any(|own| own == kind)
    }
}

/// Reads the executables from the standard output of a build.
pub fn artifacts(output: &[u8]) -> Vec<Artifact> {
    let text = String::from_utf8_lossy(output);
    // Other messages have other fields.
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let built = messages.filter(|message| message.reason == "compiler-artifact");
    let artifact = |message: Message| {
        Some(Artifact {
            package: package(&message.package_id).to_owned(),
            manifest: message.manifest_path,
            target: message.target.name,
            kinds: message.target.kind,
            is_test: message.profile.test,
            executable: message.executable?,
        })
    };
    built.filter_map(artifact).collect()
}

/// Returns the name in the id of a package: `a` of `path+file:///src/a#0.1.0`, and of
/// `path+file:///src/b#a@0.1.0`.
fn package(id: &str) -> &str {
    let (source, version) = id.split_once('#').unwrap_or((id, ""));
    let named = version.split_once('@').map(|(name, _)| name);
    named.unwrap_or_else(|| source.rsplit('/').next().unwrap_or(source))
}

#[cfg(test)]
mod tests {
    use super::{artifacts, package};

    #[test]
    fn executables_are_read_from_the_messages_of_a_build() {
        let message = |reason: &str, executable: &str| {
            format!(
                r#"{{"reason":"{reason}","package_id":"path+file:///src/a#0.1.0","manifest_path":"/src/a/Cargo.toml","target":{{"kind":["test"],"name":"models"}},"profile":{{"test":true}},"executable":{executable}}}"#
            )
        };
        let output = [
            message("compiler-artifact", "null"),
            message("compiler-artifact", r#""/target/models-1""#),
            message("something else", r#""/target/models-2""#),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
            "what a build script prints".to_owned(),
        ];
        let found = artifacts(output.join("\n").as_bytes());
        assert_eq!(found.len(), 1);
        assert_eq!((&*found[0].package, &*found[0].target), ("a", "models"));
        assert!(found[0].is_test && found[0].is("test") && !found[0].is("bin"));
        assert_eq!(found[0].executable.to_str(), Some("/target/models-1"));
    }

    #[test]
    fn a_package_has_its_name_in_its_id() {
        assert_eq!(package("path+file:///src/a#0.1.0"), "a");
        assert_eq!(package("path+file:///src/b#a@0.1.0"), "a");
    }
}
