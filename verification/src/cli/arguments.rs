//! The command line of `cargo verify`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use harness::base::shard::Shard;

use crate::base::limits;
use crate::findings::scope::Scope;
use crate::trials::samples;

/// Runs the evidence for last-call and reports what it shows.
///
/// Each model is a small program; every trace of it is explored, in a process of its own. Each seeded
/// defect must be convicted by its model, and each broken subject must be convicted. Then the tests
/// run on real threads, on each queue. The report goes to the terminal and to audit.json. The exit
/// status is 0 if every guarantee holds and every conviction stands, 1 if not, and 2 if the run could
/// not be done.
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

    /// List models and subjects
    #[arg(long)]
    pub(super) list: bool,

    /// Skip the tests on real threads
    #[arg(long)]
    pub(super) no_tests: bool,

    /// Only the faults at call sites
    #[arg(long, conflicts_with_all = ["model", "subject", "record"])]
    pub(super) faults: bool,

    /// Models that run at the same time [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,

    /// What every change must pass, or in addition what takes a night
    #[arg(long, value_enum, default_value_t = Profile::Default)]
    pub(super) profile: Profile,

    /// Only the I-th of N parts; `cargo verify merge` joins the audits of all parts
    #[arg(long, value_name = "I/N", conflicts_with_all = ["model", "subject", "record", "faults"])]
    pub(super) shard: Option<Shard>,

    /// The time limit of one model [default: 300, nightly 7200]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) limit: Option<u64>,

    /// The folder for audit.json and the reports [default: target/verification]
    #[arg(long, value_name = "FOLDER", global = true)]
    pub(super) output: Option<PathBuf>,

    /// The seed of the samples
    #[arg(long, value_name = "NUMBER", default_value_t = samples::SEED)]
    pub(super) seed: u64,

    /// Record the numbers of executions as the expected ones
    #[arg(long)]
    pub(super) record: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Task {
    /// Join the audits of all shards
    Merge {
        /// The audit-shard-I-of-N.json of every shard
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Apply each patch of verification/mutants to a copy of the sources, build it, and run the model
    /// or test that must notice; the nightly profile does so too
    Mutants {
        /// Only the patch with this name, without `.patch`; can be repeated
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,

        /// The time limit of one model or test on the unchanged sources
        #[arg(long, value_name = "SECONDS", default_value_t = limits::MUTANT.as_secs(), value_parser = clap::value_parser!(u64).range(1..=86_400))]
        limit: u64,
    },
    /// Merge the results of cargo-mutants (see ci/mutants.sh) and compare the survivors with
    /// verification/data/survivors.toml
    Survivors {
        /// The folder mutants.out of the ordinary build, or of a part of it; can be repeated
        #[arg(long, required = true, value_name = "FOLDER")]
        ordinary: Vec<PathBuf>,

        /// The same for the build under loom
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
    /// Returns the time limit of one model.
    pub(super) fn limit(&self) -> Duration {
        match (self.limit, self.profile) {
            (Some(seconds), _) => Duration::from_secs(seconds),
            (None, Profile::Default) => limits::MODEL,
            (None, Profile::Nightly) => limits::NIGHTLY_MODEL,
        }
    }

    /// Returns what the run is asked to check.
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
