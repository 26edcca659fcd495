//! The command line.

use std::path::{Path, PathBuf};

use clap::Parser;
use harness::base::shard::Shard;
use harness::faults::site::SiteFault;

/// Runs the models of the crate in this folder: the tests that call `mazurka::model`,
/// `mazurka::Builder::check` or, with `--loom`, `loom::model`. Each test runs in a process of its own,
/// under a watchdog. Fails unless each model was explored completely, in more than one execution,
/// and held.
#[derive(Debug, Parser)]
#[command(name = "cargo trial", bin_name = "cargo trial", version)]
#[allow(clippy::struct_excessive_bools)] // each is a flag
pub(crate) struct Arguments {
    /// Runs only the models whose name contains this text; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Vec<String>,
    /// Runs only the second of three parts of the models, say, written as 2/3.
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<Shard>,
    /// Replays a schedule of the one model that `--model` selects. For the second model of a test,
    /// write `2@SCHEDULE`.
    #[arg(long, value_name = "SCHEDULE", requires = "model")]
    pub(crate) replay: Option<String>,
    /// Lists the models and runs none.
    #[arg(long)]
    pub(crate) list: bool,
    /// Passes only if every model fails: for a build with a planted defect.
    #[arg(long)]
    pub(crate) must_fail: bool,
    /// Weakens each call site of `mazurka::sync` in the crate that the models reach, one at a time, and
    /// fails unless a model notices each harmful fault. With `--shard`, the faults are shared, and not
    /// the models.
    #[arg(long, conflicts_with_all = ["must_fail", "replay", "list", "record"])]
    pub(crate) faults: bool,
    /// Injects a fault at a call site, such as `drop-notify-one@src/channel.rs:27`.
    #[arg(long, value_name = "FAULT@FILE:LINE", conflicts_with_all = ["faults", "list", "record"])]
    pub(crate) fault: Option<SiteFault>,
    /// The most seconds for each test.
    #[arg(long, value_name = "SECONDS", default_value_t = LIMIT)]
    pub(crate) limit: u64,
    /// The number of tests that run at a time; as many as there are cores by default.
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Writes a report as `JUnit` XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Writes the failures as SARIF, each with its interleaving.
    #[arg(long, value_name = "FILE")]
    pub(crate) sarif: Option<PathBuf>,
    /// Writes the page: one file with the verdicts, and the interleavings as swim lanes.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Writes everything that was found as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Records the number of executions of each model in `trial.toml`, beside the manifest. Later runs
    /// fail where a number differs.
    #[arg(long, conflicts_with_all = ["must_fail", "replay", "list", "shard"])]
    pub(crate) record: bool,
    /// Runs the loom tests of the crate, with the stand-in for loom in its place. Sets `--cfg loom`.
    #[arg(long)]
    pub(crate) loom: bool,
    /// The folder of the stand-in for loom.
    #[arg(long, value_name = "FOLDER", default_value = STAND_IN)]
    pub(crate) loom_path: PathBuf,
    /// Sets a cfg for the build, in place of `mazurka`; may be given several times.
    #[arg(long, value_name = "CFG")]
    pub(crate) cfg: Vec<String>,
    /// The package.
    #[arg(long, short, value_name = "NAME")]
    pub(crate) package: Option<String>,
    /// Builds only this integration test; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub(crate) test: Vec<String>,
    /// Builds only the unit tests of the library.
    #[arg(long)]
    pub(crate) lib: bool,
    /// Activates features.
    #[arg(long, value_name = "FEATURES")]
    pub(crate) features: Vec<String>,
    /// Activates all features.
    #[arg(long)]
    pub(crate) all_features: bool,
    /// Does not activate the default features.
    #[arg(long)]
    pub(crate) no_default_features: bool,
    /// Builds with optimisation.
    #[arg(long, short)]
    pub(crate) release: bool,
    /// Builds with this profile.
    #[arg(long, value_name = "NAME", conflicts_with = "release")]
    pub(crate) profile: Option<String>,
    /// The manifest of the crate.
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest_path: Option<PathBuf>,
    /// Runs tests with `#[ignore]` too.
    #[arg(long)]
    pub(crate) include_ignored: bool,
}

/// The most seconds for each test, by default.
const LIMIT: u64 = 300;

const STAND_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../mazurka-loom/patch");

impl Arguments {
    /// Reads the command line. Cargo calls a subcommand with its own name first.
    pub(crate) fn read() -> Self {
        let mut words: Vec<_> = std::env::args_os().collect();
        if words.get(1).is_some_and(|word| word == "trial") {
            words.remove(1);
        }
        Arguments::parse_from(words)
    }

    /// Returns `true` if the test with this name is to be run.
    pub(crate) fn selects(&self, name: &str) -> bool {
        self.model.is_empty() || self.model.iter().any(|part| name.contains(part.as_str()))
    }

    /// Returns `true` if every model of the crate is run.
    pub(crate) fn is_whole(&self) -> bool {
        !self.is_partial() && self.shard.is_none() && self.package.is_none()
    }

    /// Returns `true` if not every test of the package is run.
    pub(crate) fn is_partial(&self) -> bool {
        self.lib || !self.test.is_empty() || !self.model.is_empty()
    }

    /// Returns the options that a line to paste repeats, each after a space: those that decide what is
    /// built, and how a test is run. Not the models, the fault and the schedule.
    pub(crate) fn repeated(&self) -> String {
        let mut words = Vec::new();
        let mut option = |name: &str, value: Option<&str>| {
            let Some(value) = value else { return };
            words.push(format!(" {name} {}", quoted(value)));
        };
        let path = |path: &Path| path.to_string_lossy().into_owned();
        for cfg in &self.cfg {
            option("--cfg", Some(cfg));
        }
        option("--package", self.package.as_deref());
        for test in &self.test {
            option("--test", Some(test));
        }
        for features in &self.features {
            option("--features", Some(features));
        }
        option("--profile", self.profile.as_deref());
        option("--manifest-path", self.manifest_path.as_deref().map(path).as_deref());
        let stand_in = Some(&*self.loom_path).filter(|path| *path != Path::new(STAND_IN));
        option("--loom-path", stand_in.map(path).as_deref());
        if self.limit != LIMIT {
            option("--limit", Some(&self.limit.to_string()));
        }
        for (is_set, flag) in [
            (self.loom, " --loom"),
            (self.lib, " --lib"),
            (self.all_features, " --all-features"),
            (self.no_default_features, " --no-default-features"),
            (self.release, " --release"),
            (self.include_ignored, " --include-ignored"),
        ] {
            if is_set {
                words.push(flag.to_owned());
            }
        }
        words.concat()
    }

    /// Returns the cfgs of the build.
    pub(crate) fn cfgs(&self) -> Vec<&str> {
        match (&self.cfg[..], self.loom) {
            ([], true) => vec!["loom"],
            ([], false) => vec!["mazurka"],
            (cfgs, _) => cfgs.iter().map(String::as_str).collect(),
        }
    }
}

/// Returns a word as a shell reads it.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::{quoted, Arguments};

    #[test]
    fn a_line_to_paste_repeats_the_options_of_the_build() {
        let line =
            "--features a,b --features c --release --package p --cfg mazurka --limit 7 --loom";
        let arguments = Arguments::parse_from(format!("trial {line} --jobs 1").split(' '));
        let again = format!("trial{}", arguments.repeated());
        let again = Arguments::parse_from(again.split(' '));
        assert_eq!(format!("{again:?}"), format!("{:?}", Arguments { jobs: None, ..arguments }));
        assert_eq!(Arguments::parse_from(["trial"]).repeated(), "");
    }

    #[test]
    fn a_word_is_quoted_for_a_shell() {
        let words =
            [("a/b-c.toml", "a/b-c.toml"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("", "''")];
        for (word, expected) in words {
            assert_eq!(quoted(word), expected);
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }
}
