//! Child processes under a watchdog.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wait_timeout::ChildExt;

/// The extra time that a process has after its own watchdog's limit before it is killed from
/// outside.
pub const GRACE: Duration = Duration::from_secs(15);

/// How a child ended, and its output.
#[derive(Debug)]
pub struct Finished {
    /// Its exit status, or `None` if it was killed at the limit.
    pub status: Option<ExitStatus>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// Runs a command to completion, or kills it at the limit.
///
/// # Errors
///
/// The operating system's error if the child cannot be started or waited for.
pub fn run(command: &mut Command, limit: Duration) -> std::io::Result<Finished> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().map(collect);
    let stderr = child.stderr.take().map(collect);
    let status = wait(&mut child, limit)?;
    let text = |reader: Option<JoinHandle<String>>| {
        reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
    };
    Ok(Finished { status, stdout: text(stdout), stderr: text(stderr) })
}

fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let status = child.wait_timeout(limit)?;
    if status.is_none() {
        child.kill()?;
        child.wait()?;
    }
    Ok(status)
}

fn collect(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A partial output is kept after a read error; the exit status is reported as well.
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Describes how a child ended, with the last lines of its standard error.
pub fn describe(finished: &Finished) -> String {
    let status = match finished.status {
        Some(status) => status.to_string(),
        None => "killed by the watchdog".to_owned(),
    };
    let lines: Vec<_> = finished.stderr.lines().collect();
    let tail = lines[lines.len().saturating_sub(5)..].join(" / ");
    if tail.is_empty() {
        status
    } else {
        format!("{status}: {tail}")
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::run;

    #[test]
    fn a_command_that_hangs_is_killed() {
        let mut hanging = Command::new("sh");
        hanging.args(["-c", "while :; do :; done"]);
        let finished = run(&mut hanging, Duration::from_millis(50)).expect("sh can be started");
        assert!(finished.status.is_none());
    }

    #[test]
    fn output_of_a_command_is_kept() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let finished = run(&mut command, Duration::from_secs(30)).expect("sh can be started");
        assert_eq!(finished.status.and_then(|status| status.code()), Some(3));
        assert_eq!((&*finished.stdout, &*finished.stderr), ("out\n", "err\n"));
    }
}
