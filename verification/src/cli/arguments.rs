//! The command line of `cargo verify`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use crate::base::limits;
use crate::base::shard::Shard;
use crate::findings::scope::Scope;
use crate::trials::samples;

/// Runs the evidence for last-call and says what it shows.
///
/// Each model is a small program of which every trace is explored, in a process of its own; each seeded defect must be noticed by its model; each broken subject must be convicted.
/// Then the tests on real threads run, on each queue. The report goes to the terminal and to
/// audit.json. The exit status is 0 only if every guarantee holds and every conviction stands.
#[derive(Debug, Parser)]
#[command(name = "cargo verify", bin_name = "cargo verify", args_conflicts_with_subcommands = true)]
#[allow(clippy::struct_excessive_bools)] // the switches of a command line
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) task: Option<Task>,

    /// Only this model (see --list), without the tests on real threads
    #[arg(long, value_name = "MODEL")]
    pub(super) model: Option<String>,

    /// Only this subject, without the tests on real threads
    #[arg(long, value_name = "SUBJECT")]
    pub(super) subject: Option<String>,

    /// List models and subjects, and stop
    #[arg(long)]
    pub(super) list: bool,

    /// Leave out the tests on real threads
    #[arg(long)]
    pub(super) no_tests: bool,

    /// Only the faults at call sites, without the models' verdicts and the tests
    #[arg(long, conflicts_with_all = ["model", "subject", "record"])]
    pub(super) faults: bool,

    /// Models at a time; by default one a core
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,

    /// How deep to go: what a change must pass, or what a night has time for as well
    #[arg(long, value_enum, default_value_t = Profile::Default)]
    pub(super) profile: Profile,

    /// Only the I-th of N parts, for as many machines; `cargo verify merge` makes them one
    #[arg(long, value_name = "I/N", conflicts_with_all = ["model", "subject", "record", "faults"])]
    pub(super) shard: Option<Shard>,

    /// How long one model may take before the watchdog ends it; by default 300, nightly 7200
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) limit: Option<u64>,

    /// Where audit.json and the reports go (audit-partial.json, if not everything is run); by
    /// default target/verification
    #[arg(long, value_name = "FOLDER", global = true)]
    pub(super) output: Option<PathBuf>,

    /// Where the samples' random numbers begin
    #[arg(long, value_name = "NUMBER", default_value_t = samples::SEED)]
    pub(super) seed: u64,

    /// Record the numbers of executions of this run as the expected ones
    #[arg(long)]
    pub(super) record: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Task {
    /// Make one audit of those of all shards
    Merge {
        /// The audit-shard-I-of-N.json of every shard
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Seed each defect of verification/mutants in a copy of the sources, build it, and ask the
    /// model or the test that it names; the nightly profile does so too
    Mutants {
        /// Only the patch of this name, without `.patch`; may be given several times
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,

        /// How long one model or test may take on the sources as they are
        #[arg(long, value_name = "SECONDS", default_value_t = limits::MUTANT.as_secs(), value_parser = clap::value_parser!(u64).range(1..=86_400))]
        limit: u64,
    },
    /// Merge what cargo-mutants found in the ordinary build and in loom's (see ci/mutants.sh), and
    /// hold what survives both against verification/data/survivors.toml
    Survivors {
        /// The folder mutants.out of the ordinary build; may be given several times, for its parts
        #[arg(long, required = true, value_name = "FOLDER")]
        ordinary: Vec<PathBuf>,

        /// The same of loom's build
        #[arg(long, required = true, value_name = "FOLDER")]
        loom: Vec<PathBuf>,
    },
    /// Print the format of audit.json as a JSON schema
    Schema,
    /// Draw the reports of an audit.json again
    Report {
        /// The audit.json
        file: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Profile {
    Default,
    Nightly,
}

impl Arguments {
    /// How long one model may take.
    pub(super) fn limit(&self) -> Duration {
        match (self.limit, self.profile) {
            (Some(seconds), _) => Duration::from_secs(seconds),
            (None, Profile::Default) => limits::MODEL,
            (None, Profile::Nightly) => limits::NIGHTLY_MODEL,
        }
    }

    /// What is looked at.
    pub(super) fn scope(&self) -> Scope {
        let filtered = self.model.is_some() || self.subject.is_some();
        Scope {
            model: self.model.clone(),
            subject: self.subject.clone(),
            models: !self.faults,
            tests: !filtered && !self.faults && !self.no_tests,
            faults: !filtered || self.faults,
            generated: !filtered && !self.faults,
            mutants: !filtered && !self.faults && self.profile == Profile::Nightly,
            nightly: self.profile == Profile::Nightly,
            shard: self.shard.map(|shard| shard.to_string()),
        }
    }
}
