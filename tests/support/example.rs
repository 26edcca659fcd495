//! The examples of this crate as programs, and a watched process.
//!
//! A test waits for lines of the process and for its end. Only the watchdog has a time limit: it
//! kills the process, which ends every wait.

#![allow(dead_code)] // each test binary uses its own part

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{env, fmt, thread};

#[cfg(unix)]
use nix::sys::signal::Signal;
#[cfg(unix)]
use shared_child::unix::SharedChildExt as _;
use shared_child::SharedChild;

/// How long a process may run before the watchdog kills it.
const LIMIT: Duration = Duration::from_secs(60);

/// Returns the example that cargo has built beside this test: `target/…/deps/server-…` is a test,
/// or that of a tool that keeps several builds.
pub(crate) fn executable(name: &str) -> PathBuf {
    let this = env::current_exe().expect("the system tells a process its executable");
    let profile = this.ancestors().nth(
        if this.parent().and_then(|folder| folder.file_name()) == Some(OsStr::new("deps")) {
            2
        } else {
            1
        },
    );
    let examples = env::var_os("LAST_CALL_EXAMPLES").map(PathBuf::from);
    let example = examples
        .unwrap_or_else(|| profile.expect("an executable is in a folder").join("examples"))
        .join(format!("{name}{}", env::consts::EXE_SUFFIX));
    assert!(
        example.is_file(),
        "there is no {}: `cargo test` builds it, or `cargo build --example {name}`",
        example.display()
    );
    example
}

/// A process under a watchdog. It is killed if it is dropped before its end; then, if the test has
/// failed, its output so far is printed.
pub(crate) struct Process {
    child: Arc<SharedChild>,
    watched: Arc<Watched>,
}

impl Process {
    /// Starts the process, without input, and reads its output.
    pub(crate) fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = Arc::new(SharedChild::spawn(command).expect("the process can be started"));
        let watched = Arc::new(Watched::default());
        let out = child.take_stdout().expect("it is piped");
        let err = child.take_stderr().expect("it is piped");
        Watched::read(&watched, out, |seen| &mut seen.out);
        Watched::read(&watched, err, |seen| &mut seen.err);
        Watched::wait_for_exit(&watched, &child);
        Watched::watch(&watched, &child);
        Process { child, watched }
    }

    /// Returns its output so far. It cannot go on while the guard lives.
    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.watched.lock()
    }

    /// Waits until `find` finds something in the output.
    ///
    /// # Panics
    ///
    /// If the process ends before.
    pub(crate) fn wait<T>(&self, what: &str, find: impl Fn(&Seen) -> Option<T>) -> T {
        let mut seen = self.seen();
        loop {
            if let Some(found) = find(&seen) {
                return found;
            }
            assert!(!seen.is_all(), "the process ended without {what}");
            seen = self.watched.changed.wait(seen).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for this line on the standard output.
    pub(crate) fn wait_for_line(&self, line: &str) {
        self.wait(line, |seen| seen.out.iter().any(|seen| seen == line).then_some(()));
    }

    /// Waits for a line on the standard error.
    pub(crate) fn wait_for_error(&self, is_it: impl Fn(&str) -> bool) {
        let find = |seen: &Seen| seen.err.iter().any(|line| is_it(line)).then_some(());
        self.wait("the awaited line on the standard error", find);
    }

    /// Waits for the first line on the standard output, and returns what follows `prefix`.
    ///
    /// # Panics
    ///
    /// If the line does not start with `prefix`, or the process ends before.
    pub(crate) fn wait_for_first(&self, prefix: &str) -> String {
        let line = self.wait("a line", |seen| seen.out.first().cloned());
        line.strip_prefix(prefix).unwrap_or_else(|| panic!("the first line: {line}")).to_owned()
    }

    /// Waits until the process has ended by itself.
    pub(crate) fn end(self) -> Seen {
        let end = self.wait("its end", |seen| seen.is_all().then(|| seen.clone()));
        assert!(!end.killed, "the process did not end within {LIMIT:?}");
        end
    }

    /// Sends the signal, unless the process has ended.
    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: Signal) {
        self.child.send_signal(signal as i32).expect("the process is ours");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended, or the watchdog may have killed it.
        let _ = self.child.kill();
        if thread::panicking() {
            eprintln!("{}", *self.seen());
        }
    }
}

/// The output of a process so far, which tests wait for.
#[derive(Default)]
struct Watched {
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Clone, Default)]
pub(crate) struct Seen {
    /// The lines on the standard output.
    pub(crate) out: Vec<String>,
    /// The lines on the standard error.
    pub(crate) err: Vec<String>,
    /// How many of the two outputs have been read to their end.
    ended: u8,
    /// The exit status: success until there is another. It is valid once the process has exited.
    pub(crate) status: ExitStatus,
    exited: bool,
    killed: bool,
}

impl Watched {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    fn read(
        watched: &Arc<Self>,
        pipe: impl Read + Send + 'static,
        to: fn(&mut Seen) -> &mut Vec<String>,
    ) {
        let watched = Arc::clone(watched);
        thread::spawn(move || {
            for line in BufReader::new(pipe).lines() {
                let line = line.unwrap_or_else(|error| format!("unreadable: {error}"));
                watched.change(|seen| to(seen).push(line));
            }
            watched.change(|seen| seen.ended += 1);
        });
    }

    fn wait_for_exit(watched: &Arc<Self>, child: &Arc<SharedChild>) {
        let (watched, child) = (Arc::clone(watched), Arc::clone(child));
        thread::spawn(move || {
            let status = child.wait().expect("a child can be waited for");
            watched.change(|seen| (seen.status, seen.exited) = (status, true));
        });
    }

    /// Kills the process if it has not exited in time.
    fn watch(watched: &Arc<Self>, child: &Arc<SharedChild>) {
        let (watched, child) = (Arc::clone(watched), Arc::clone(child));
        let deadline = Instant::now() + LIMIT;
        thread::spawn(move || {
            let mut seen = watched.lock();
            while !seen.exited {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    seen.killed = true;
                    child.kill().expect("a child can be killed");
                    break;
                }
                let waited = watched.changed.wait_timeout(seen, left);
                seen = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        });
    }
}

impl Seen {
    /// Returns `true` if no more output will come.
    pub(crate) fn is_all(&self) -> bool {
        self.exited && self.ended == 2
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.exited, self.killed) {
            (false, _) => writeln!(f, "the process, still running:")?,
            (true, true) => writeln!(f, "the process, killed after {LIMIT:?}:")?,
            (true, false) => writeln!(f, "the process, {}:", self.status)?,
        }
        self.out.iter().try_for_each(|line| writeln!(f, "  out: {line}"))?;
        self.err.iter().try_for_each(|line| writeln!(f, "  err: {line}"))
    }
}
