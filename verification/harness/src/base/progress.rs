//! Progress on standard error: a bar on a terminal, and otherwise a line at least every ten
//! seconds, so that the log of a CI job never falls silent.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// The longest silence of standard error when it is not a terminal.
pub const SILENCE: Duration = Duration::from_secs(10);

/// The progress of one step, from its creation to its drop.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    lines: Option<Lines>,
}

/// The lines of a step when standard error is not a terminal.
#[derive(Debug)]
struct Lines {
    state: Arc<Mutex<State>>,
    /// Dropped to stop the thread that writes the lines.
    stop: Option<Sender<()>>,
    writer: Option<JoinHandle<()>>,
}

struct State {
    write: Box<dyn FnMut(String) + Send>,
    what: String,
    done: u64,
    length: Option<u64>,
    latest: String,
    written: Instant,
}

impl Progress {
    /// Starts a step of `length` tasks.
    pub fn of(what: &str, length: usize) -> Self {
        let style =
            ProgressStyle::with_template("{bar:30} {pos}/{len} {prefix} {elapsed} {wide_msg}");
        let bar = ProgressBar::new(length as u64).with_prefix(what.to_owned());
        let bar = match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        Progress::new(bar, what, Some(length as u64))
    }

    /// Starts a step of unknown length.
    pub fn busy(what: &str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress::new(bar, what, None)
    }

    fn new(bar: ProgressBar, what: &str, length: Option<u64>) -> Self {
        let write = Box::new(|line| eprintln!("{line}"));
        let lines = bar.is_hidden().then(|| Lines::start(what.to_owned(), length, write, SILENCE));
        Progress { bar, lines }
    }

    /// Records one more finished task and its result. The first result and the last
    /// are written at once.
    pub fn done(&self, result: String) {
        match &self.lines {
            None => {
                self.bar.set_message(result);
                self.bar.inc(1);
            }
            Some(lines) => {
                let mut state = lines.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.done += 1;
                state.latest = result;
                let is_edge = state.done == 1 || Some(state.done) == state.length;
                if is_edge || state.written.elapsed() >= SILENCE {
                    state.write();
                }
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        if let Some(lines) = &mut self.lines {
            lines.stop = None;
            if let Some(writer) = lines.writer.take() {
                // The thread can only panic while writing, and that does not fail a step.
                let _ = writer.join();
            }
        }
    }
}

impl Lines {
    /// Starts to write lines, of which two are at most `silence` apart.
    fn start(
        what: String,
        length: Option<u64>,
        write: Box<dyn FnMut(String) + Send>,
        silence: Duration,
    ) -> Self {
        let (latest, written) = (String::new(), Instant::now());
        let state = State { write, what, done: 0, length, latest, written };
        let state = Arc::new(Mutex::new(state));
        let (stop, stopped) = mpsc::channel::<()>();
        state.lock().unwrap_or_else(PoisonError::into_inner).write();
        let shared = Arc::clone(&state);
        let writer = thread::spawn(move || {
            let mut wait = silence;
            while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let silent = state.written.elapsed();
                wait = match silence.checked_sub(silent) {
                    Some(left) if !left.is_zero() => left,
                    _ => {
                        state.write();
                        silence
                    }
                };
            }
        });
        Lines { state, stop: Some(stop), writer: Some(writer) }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("what", &self.what).finish_non_exhaustive()
    }
}

impl State {
    fn write(&mut self) {
        let line = self.line(since_start().as_secs());
        (self.write)(line);
        self.written = Instant::now();
    }

    fn line(&self, seconds: u64) -> String {
        let State { what, done, length, latest, .. } = self;
        let counted = match length {
            Some(length) => format!(": {done} of {length}"),
            None => String::new(),
        };
        let latest = if latest.is_empty() { String::new() } else { format!(", {latest}") };
        format!("[{seconds:>4} s] {what}{counted}{latest}")
    }
}

/// Runs `work` for each task on `jobs` threads and shows the results as they arrive. Returns them
/// in that order.
pub fn each<T: Sync, R: Send>(
    jobs: usize,
    what: &str,
    tasks: &[T],
    work: impl Fn(&T) -> (String, R) + Sync,
) -> Vec<R> {
    let progress = Progress::of(what, tasks.len());
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (shown, result) = work(task);
                    progress.done(shown);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the time since the first call in this process.
pub fn since_start() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use super::{Lines, State};

    #[test]
    fn a_line_says_what_is_done_and_the_latest_result() {
        let mut state = State {
            write: Box::new(drop),
            what: "models".to_owned(),
            done: 3,
            length: Some(188),
            latest: "last-call/drop-idle: PROVED".to_owned(),
            written: Instant::now(),
        };
        assert_eq!(state.line(71), "[  71 s] models: 3 of 188, last-call/drop-idle: PROVED");
        state.length = None;
        state.latest.clear();
        assert_eq!(state.line(1234), "[1234 s] models");
    }

    #[test]
    fn lines_are_written_while_nothing_is_done() {
        let (sender, lines) = mpsc::channel();
        let write = Box::new(move |line| drop(sender.send(line)));
        let written = Lines::start("building".to_owned(), None, write, Duration::from_millis(1));
        for _ in 0..3 {
            let line = lines.recv_timeout(Duration::from_secs(60)).expect("the step is not over");
            assert!(line.ends_with(" s] building"), "{line}");
        }
        drop(written.stop);
    }
}
