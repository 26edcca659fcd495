//! Explores one trial, and writes what it found to standard output as one line of JSON.
//!
//! `verify` and the tests call this, each trial in a process of its own: what hangs or dies hides no
//! other model.

#[cfg(loom)]
fn main() -> std::process::ExitCode {
    use std::process::ExitCode;
    use std::time::Duration;

    use clap::Parser;
    use verification::callsite::Slip;
    use verification::generated::{self, Extent};
    use verification::purpose::Purpose;
    use verification::run::Engine;
    use verification::shard::Shard;
    use verification::trial::Trial;
    use verification::{engines, limits};

    /// Explores one trial and writes what it found as one line of JSON.
    #[derive(Parser)]
    struct Arguments {
        /// The trial, as SUBJECT/SCENARIO
        #[arg(required_unless_present_any = ["generated", "every"], conflicts_with = "generated")]
        trial: Option<String>,
        /// Instead of a trial, the generated programs of at most that many actions
        #[arg(long, value_name = "LENGTH", requires_all = ["shard", "subject"])]
        generated: Option<usize>,
        /// The pool that runs the generated programs
        #[arg(long, value_name = "NAME", requires = "generated")]
        subject: Option<String>,
        /// Its workers
        #[arg(long, value_name = "N", requires = "generated", default_value_t = 1)]
        workers: usize,
        /// Executions after which a generated program is given up
        #[arg(long, value_name = "N", requires = "generated", default_value_t = u64::MAX, value_parser = clap::value_parser!(u64).range(1..))]
        most: u64,
        /// Only the I-th of N parts of the generated programs
        #[arg(long, value_name = "I/N", requires = "generated")]
        shard: Option<Shard>,
        /// The seeded defect to run it with
        #[arg(long)]
        defect: Option<String>,
        /// The fault at a call site to run it with
        #[arg(long, value_name = "FAULT@FILE:LINE", conflicts_with = "defect")]
        slip: Option<Slip>,
        /// Who explores: loom gives a second opinion on what holds
        #[arg(long, value_enum, default_value_t, conflicts_with_all = ["defect", "slip"])]
        engine: Engine,
        /// Run one schedule again instead, as a failure told it
        #[arg(long, value_name = "SCHEDULE", requires = "trial")]
        replay: Option<String>,
        /// Explore what was built from changed sources
        #[arg(long, conflicts_with_all = ["defect", "slip"])]
        mutant: bool,
        /// Explore so every model of this pool, each in a process of its own, until one does not hold;
        /// the answer is the exit status
        #[arg(long, requires = "mutant", conflicts_with_all = ["trial", "generated"])]
        every: bool,
        /// How long it may take
        #[arg(long, value_name = "SECONDS", default_value_t = limits::MODEL.as_secs())]
        limit: u64,
    }

    let fail = |message: String| {
        eprintln!("model: {message}");
        ExitCode::from(2)
    };
    let arguments = Arguments::parse();
    if let Some(name) = limits::weakening_variable(std::env::vars_os().map(|(name, _)| name)) {
        return fail(format!("{name} is set, which would weaken the exploration; unset it"));
    }
    let limit = Duration::from_secs(arguments.limit);
    if arguments.every {
        return match ask_every_model(limit) {
            Ok(number) => {
                println!("{number} models hold");
                ExitCode::SUCCESS
            }
            Err(complaint) => {
                eprintln!("model: {complaint}");
                ExitCode::FAILURE
            }
        };
    }
    if let (Some(length), Some(shard)) = (arguments.generated, arguments.shard) {
        let subject = arguments.subject.unwrap_or_default();
        let workers = arguments.workers;
        let Some(extent) = Extent::find(&subject, workers) else {
            return fail(format!("generated programs do not run on `{subject}` with {workers} workers"));
        };
        let named = |name: &String| {
            extent.defect(name).ok_or(format!("generated programs have no defect `{name}`"))
        };
        return match arguments.defect.as_ref().map(named).transpose() {
            Ok(defect) => {
                let programs = generated::part(length, shard);
                engines::run_programs(extent, arguments.most, programs, defect, limit, tell)
            }
            Err(message) => fail(message),
        };
    }
    let name = arguments.trial.unwrap_or_default();
    let Some(trial) = Trial::find(&name) else {
        return fail(format!("there is no trial `{name}`"));
    };
    let purpose = match (&arguments.defect, arguments.slip) {
        (Some(name), _) => match trial.defect(name) {
            Some(defect) => Purpose::Defect(defect),
            None => return fail(format!("{} has no defect `{name}`", trial.name())),
        },
        (None, Some(slip)) => Purpose::Slip(slip),
        (None, None) if arguments.mutant => Purpose::Mutant,
        (None, None) => match arguments.engine {
            Engine::Mazurka => Purpose::Verdict,
            Engine::Loom => Purpose::SecondOpinion,
        },
    };
    if let Some(schedule) = &arguments.replay {
        return match engines::replay(trial, &purpose, schedule) {
            Ok((end, trace)) => tell_replay(&end, trace.as_ref()),
            Err(message) => fail(message),
        };
    }
    engines::run(trial, &purpose, limit, tell)
}

#[cfg(loom)]
fn ask_every_model(limit: std::time::Duration) -> Result<usize, String> {
    use std::path::Path;

    use verification::expected::Expected;
    use verification::mutants;

    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let expected = Expected::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("expected.toml"))?;
    mutants::ask_every_model(&this, &expected, limit)
}

/// Draws the interleaving, and says how it ended.
#[cfg(loom)]
fn tell_replay(
    end: &verification::run::End,
    trace: Option<&verification::run::Trace>,
) -> std::process::ExitCode {
    use std::process::ExitCode;

    use verification::lanes;
    use verification::run::End;

    const WIDTH: usize = 160;
    if let Some(trace) = trace {
        println!("{}", lanes::draw(trace, WIDTH));
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

#[cfg(loom)]
fn tell(run: &verification::run::Run) {
    use std::io::Write;

    let line = serde_json::to_string(run).expect("a run can be written as JSON");
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    eprintln!("model: this build cannot explore; build it with RUSTFLAGS=\"--cfg loom\"");
    std::process::ExitCode::from(2)
}
