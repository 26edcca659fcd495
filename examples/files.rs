//! Counts the lines of files: at most eight files are in memory at a time, and Ctrl-C ends it early.
//!
//! ```text
//! cargo run --example files --features signal -- src/*.rs
//! ```
//!
//! At Ctrl-C no more files are taken, and the lines of those that were are printed. A second Ctrl-C
//! also cancels those that are queued.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs, io};

use last_call::ThreadPool;

/// Counts the lines of a file.
fn lines(path: PathBuf) -> (PathBuf, io::Result<usize>) {
    let lines = fs::read_to_string(&path).map(|text| text.lines().count());
    (path, lines)
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let pool = ThreadPool::default();
    let trigger = pool.shutdown_trigger();
    pool.shutdown_trigger().on_signals_with(move |_step| {
        trigger.drain();
        eprintln!("no more files are taken");
    })?;
    let paths = env::args_os().skip(1).map(PathBuf::from);
    let mut total = 0;
    for outcome in pool.map(paths, 8, lines) {
        let Ok(outcome) = outcome else { break }; // Ctrl-C
        match outcome.into_result() {
            Ok((path, Ok(lines))) => {
                println!("{lines:8} {}", path.display());
                total += lines;
            }
            Ok((path, Err(error))) => eprintln!("{}: {error}", path.display()),
            Err(error) => eprintln!("{error}"),
        }
    }
    println!("{total:8} in all; {} paths", pool.shutdown().completed);
    Ok(())
}
