//! The price of the contract: this pool beside an earlier commit of itself.
//!
//! ```text
//! cargo bench -p comparison --bench price
//! cargo bench -p comparison --bench price -- --against COMMIT --rounds 20
//! ```
//!
//! The same program is built with both. The two run alternately, each run in a process of its own.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clap::Parser;
use comparison::base::statistics::Paired;
use harness::base::child;
use verification::base::cargo::Workspace;

/// The pool before the whole contract: without capacity, cancel, triggers and idleness.
const BEFORE_THE_WHOLE_CONTRACT: &str = "d1db854";

/// Name, workers, jobs.
const WORKLOADS: [(&str, usize, usize); 7] = [
    ("execute", 1, 1_000_000),
    ("execute", 2, 1_000_000),
    ("execute", 4, 1_000_000),
    ("producers", 2, 1_000_000),
    ("handles", 2, 300_000),
    ("round-trips", 1, 20_000),
    ("round-trips", 2, 20_000),
];

/// How long one run may take before it counts as hanging.
const LIMIT: Duration = Duration::from_secs(60);

/// Times this pool and an earlier commit of it, alternately.
#[derive(Parser)]
struct Arguments {
    /// The commit to compare with
    #[arg(long, value_name = "COMMIT", default_value = BEFORE_THE_WHOLE_CONTRACT)]
    against: String,

    /// How often each workload runs, on each side
    #[arg(long, value_name = "NUMBER", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// What cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let workspace = Workspace::find()?;
    let root = workspace.root();
    let folder = root.join("target/price");
    let earlier = check_out(root, &arguments.against, &folder)?;

    println!("time of this pool / time at {}; below 1 this pool is faster", arguments.against);
    println!(
        "{:14} {:>7} {:>9}  {:>19}  {:>19}",
        "workload", "workers", "jobs", "default features", "no features"
    );
    let mut programs = Vec::new();
    for features in ["default", "none"] {
        let now = build(&folder, "now", root, features)?;
        let then = build(&folder, "then", &earlier, features)?;
        programs.push((now, then));
    }
    for (workload, workers, jobs) in WORKLOADS {
        print!("{workload:14} {workers:>7} {jobs:>9}");
        for (now, then) in &programs {
            let ratio = compare(now, then, &arguments, workload, workers, jobs)?.ratio();
            print!("  {:.3} ({:.3}–{:.3})", ratio.median, ratio.lower, ratio.upper);
        }
        println!();
    }
    println!("median of the rounds (and quartiles)");
    Ok(())
}

/// A clone of the workspace at that commit.
fn check_out(root: &Path, commit: &str, folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let clone = folder.join("then");
    if !clone.exists() {
        fs::create_dir_all(folder)?;
        let command = &mut Command::new("git");
        run(command.args(["clone", "--quiet", "--shared", "--no-checkout"]).arg(root).arg(&clone))?;
    }
    let command = &mut Command::new("git");
    run(command.arg("-C").arg(&clone).args(["checkout", "--quiet", "--force", "--detach", commit]))
        .map_err(|error| format!("no commit `{commit}` to compare with: {error}"))?;
    Ok(clone)
}

/// Builds the program with the pool in that folder, and returns its path.
fn build(
    folder: &Path,
    name: &str,
    pool: &Path,
    features: &str,
) -> Result<PathBuf, Box<dyn Error>> {
    let package = folder.join(format!("{name}-{features}"));
    fs::create_dir_all(&package)?;
    let default = features == "default";
    let subject = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/price/subject.rs");
    let manifest = format!(
        "[package]\nname = \"price-{name}-{features}\"\nedition = \"2021\"\n\n\
         [[bin]]\nname = \"price-{name}-{features}\"\npath = '{}'\n\n\
         [dependencies.last-call]\npath = '{}'\ndefault-features = {default}\n\n\
         [workspace]\n",
        subject.display(),
        pool.display(),
    );
    fs::write(package.join("Cargo.toml"), manifest)?;
    // The same versions of everything else, on both sides.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    fs::copy(lock, package.join("Cargo.lock"))?;
    let target = folder.join("build");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let command = &mut Command::new(cargo);
    run(command
        .args(["build", "--quiet", "--release", "--manifest-path"])
        .arg(package.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .env_remove("CARGO_ENCODED_RUSTFLAGS"))?;
    Ok(target.join(format!("release/price-{name}-{features}")))
}

fn compare(
    now: &Path,
    then: &Path,
    arguments: &Arguments,
    workload: &str,
    workers: usize,
    jobs: usize,
) -> Result<Paired, Box<dyn Error>> {
    let time = |program: &Path| -> Result<Duration, Box<dyn Error>> {
        let words = [workload.to_owned(), workers.to_string(), jobs.to_string()];
        let finished = child::run(Command::new(program).args(words), LIMIT)?;
        let failed = || format!("{}: {workload}: {}", program.display(), finished.stderr);
        Ok(Duration::from_nanos(finished.stdout.trim().parse().map_err(|_| failed())?))
    };
    let mut paired = Paired::default();
    for round in 0..arguments.rounds {
        // The first program changes from round to round: the second may find a warmer machine.
        if round % 2 == 0 {
            let own = time(now)?;
            paired.push(own, time(then)?);
        } else {
            let other = time(then)?;
            paired.push(time(now)?, other);
        }
    }
    Ok(paired)
}

fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned().into())
    }
}
