//! Explores one trial and writes the result to standard output as one line of JSON.
//!
//! `verify` and the tests run each trial in a process of its own, so that a model that hangs or
//! dies does not affect the others.

#[cfg(loom)]
fn main() -> std::process::ExitCode {
    explored::main()
}

#[cfg(loom)]
mod explored {
    use std::io::Write;
    use std::path::Path;
    use std::process::ExitCode;
    use std::time::Duration;

    use clap::Parser;
    use harness::base::shard::Shard;
    use harness::base::weakening;
    use harness::faults::site::SiteFault;
    use harness::findings::run::{End, Engine};
    use harness::findings::trace::Trace;
    use harness::report::swimlanes;
    use verification::base::limits;
    use verification::engines;
    use verification::faults::site;
    use verification::findings::run::Run;
    use verification::mutation::seeded;
    use verification::programs::{self, ProgramSet};
    use verification::trials::purpose::Purpose;
    use verification::trials::recorded::Expected;
    use verification::trials::trial::Trial;

    /// Explores one trial and writes the result as one line of JSON.
    #[derive(Parser)]
    #[allow(clippy::struct_excessive_bools)] // each is a flag
    struct Arguments {
        /// The trial, as SUBJECT/SCENARIO
        #[arg(required_unless_present_any = ["generated", "every"], conflicts_with = "generated")]
        trial: Option<String>,
        /// Explore the generated programs of at most this many actions instead of a trial
        #[arg(long, value_name = "LENGTH", requires_all = ["shard", "subject"])]
        generated: Option<usize>,
        /// The pool that runs the generated programs
        #[arg(long, value_name = "NAME", requires = "generated")]
        subject: Option<String>,
        /// Its number of workers
        #[arg(long, value_name = "N", requires = "generated", default_value_t = 1)]
        workers: usize,
        /// Give up a generated program after this many executions
        #[arg(long, value_name = "N", requires = "generated", default_value_t = u64::MAX, value_parser = clap::value_parser!(u64).range(1..))]
        most: u64,
        /// Explore only the I-th of N parts of the generated programs
        #[arg(long, value_name = "I/N", requires = "generated")]
        shard: Option<Shard>,
        /// Inject this seeded defect
        #[arg(long)]
        defect: Option<String>,
        /// Inject this fault at a call site
        #[arg(long, value_name = "FAULT@FILE:LINE", conflicts_with = "defect", value_parser = site::parse)]
        fault: Option<SiteFault>,
        /// The engine; loom gives a second opinion on models that hold
        #[arg(long, value_enum, default_value_t, conflicts_with_all = ["defect", "mutant", "replay"])]
        engine: Engine,
        /// Replay the schedule of a failure
        #[arg(long, value_name = "SCHEDULE", requires = "trial")]
        replay: Option<String>,
        /// Explore threads separately that the scenario declares interchangeable
        #[arg(long, conflicts_with_all = ["defect", "fault", "mutant", "engine"])]
        without_symmetry: bool,
        /// Explore a build of changed sources
        #[arg(long, conflicts_with_all = ["defect", "fault"])]
        mutant: bool,
        /// Hold the steps of the changed sources against the protocols
        #[arg(long, requires = "mutant")]
        watched: bool,
        /// Explore every model of this pool, each in a process of its own, until one does not hold;
        /// the exit status is the answer
        #[arg(long, requires = "mutant", conflicts_with_all = ["trial", "generated"])]
        every: bool,
        /// The time limit
        #[arg(long, value_name = "SECONDS", default_value_t = limits::MODEL.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
        limit: u64,
    }

    pub(crate) fn main() -> ExitCode {
        let arguments = Arguments::parse();
        let result = match weakening::weakening_variable(std::env::vars_os().map(|(name, _)| name))
        {
            Some(name) => {
                Err(format!("{name} is set, which would weaken the exploration; unset it"))
            }
            None if arguments.every => return ask_every_model(arguments.limit()),
            None if arguments.generated.is_some() => arguments.explore_generated(),
            None => arguments.explore_trial(),
        };
        result.unwrap_or_else(|message| {
            eprintln!("model: {message}");
            ExitCode::from(2)
        })
    }

    impl Arguments {
        fn limit(&self) -> Duration {
            Duration::from_secs(self.limit)
        }

        fn explore_generated(&self) -> Result<ExitCode, String> {
            let subject = self.subject.as_deref().unwrap_or_default();
            let workers = self.workers;
            let set = ProgramSet::find(subject, workers).ok_or_else(|| {
                format!("generated programs do not run on `{subject}` with {workers} workers")
            })?;
            let named = |name: &String| {
                set.defect(name).ok_or(format!("generated programs have no defect `{name}`"))
            };
            let defect = self.defect.as_ref().map(named).transpose()?;
            let length = self.generated.unwrap_or_default();
            let programs = programs::part(length, self.shard.unwrap_or(Shard::WHOLE));
            engines::run_programs(set, self.most, programs, defect, self.limit(), emit)
        }

        fn explore_trial(self) -> Result<ExitCode, String> {
            let limit = self.limit();
            let name = self.trial.unwrap_or_default();
            let trial = Trial::find(&name).ok_or_else(|| format!("there is no trial `{name}`"))?;
            let purpose = match (&self.defect, self.fault) {
                (Some(name), _) => {
                    let defect = trial.defect(name);
                    let none = || format!("{} has no defect `{name}`", trial.name());
                    Purpose::Defect(defect.ok_or_else(none)?)
                }
                (None, Some(fault)) => Purpose::SiteFault(fault, self.engine),
                (None, None) if self.watched => Purpose::WatchedMutant,
                (None, None) if self.mutant => Purpose::Mutant,
                (None, None) if self.without_symmetry => Purpose::WithoutSymmetry,
                (None, None) => match self.engine {
                    Engine::Mazurka => Purpose::Verdict,
                    Engine::Loom => Purpose::SecondOpinion,
                },
            };
            match &self.replay {
                Some(schedule) => engines::replay(trial, &purpose, schedule)
                    .map(|(end, trace)| print_replay(&end, trace.as_ref())),
                None => engines::run(trial, &purpose, limit, emit),
            }
        }
    }

    fn ask_every_model(limit: Duration) -> ExitCode {
        let ask = || {
            let this = std::env::current_exe().map_err(|error| error.to_string())?;
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/expected.toml");
            seeded::ask_every_model(&this, &Expected::read(&file)?, limit)
        };
        match ask() {
            Ok(number) => {
                println!("{number} models hold");
                ExitCode::SUCCESS
            }
            Err(complaint) => {
                eprintln!("model: {complaint}");
                ExitCode::FAILURE
            }
        }
    }

    /// Draws the interleaving and reports how it ended.
    fn print_replay(end: &End, trace: Option<&Trace>) -> ExitCode {
        const WIDTH: usize = 160;
        if let Some(trace) = trace {
            println!("{}", swimlanes::draw(trace, WIDTH));
        }
        match end {
            End::Failed { message, site, .. } => {
                println!("FAILED: {message} ({site})");
                ExitCode::FAILURE
            }
            End::GaveUp { message } => {
                eprintln!("model: {message}");
                ExitCode::from(2)
            }
            _ => {
                println!("the schedule does not fail");
                ExitCode::SUCCESS
            }
        }
    }

    fn emit(run: &Run) {
        let line = serde_json::to_string(run).expect("a run can be written as JSON");
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    eprintln!("model: this build cannot explore; build it with RUSTFLAGS=\"--cfg loom\"");
    std::process::ExitCode::from(2)
}
