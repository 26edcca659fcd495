//! Compares loom with an exhaustive enumeration and writes the result to standard output as one
//! line of JSON. Fails if loom missed or invented an outcome, or if it missed none in a control.

#[cfg(loom)]
fn main() -> std::process::ExitCode {
    use std::process::ExitCode;

    use clap::Parser;
    use harness::base::weakening;
    use verification::cross_check;

    /// Compares loom with an exhaustive enumeration and writes the result as one line of JSON.
    #[derive(Parser)]
    struct Arguments {
        /// Seed of the random programs
        #[arg(long, default_value_t = cross_check::SEED)]
        seed: u64,
    }

    let arguments = Arguments::parse();
    if let Some(name) = weakening::weakening_variable(std::env::vars_os().map(|(name, _)| name)) {
        eprintln!("checker: {name} is set, which would weaken the exploration; unset it");
        return ExitCode::from(2);
    }
    let report = cross_check::report(arguments.seed);
    println!("{}", serde_json::to_string(&report).expect("a report can be written as JSON"));
    match report.complaint() {
        None => ExitCode::SUCCESS,
        Some(complaint) => {
            eprint!("{complaint}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(loom))]
fn main() -> std::process::ExitCode {
    eprintln!("checker: this build cannot explore; build it with RUSTFLAGS=\"--cfg loom\"");
    std::process::ExitCode::from(2)
}
