//! Progress on standard error: a bar on a terminal, and otherwise a line at least every ten
//! seconds, so that the log of a CI job never falls silent.

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

#[derive(Debug)]
struct State {
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
        let lines = bar.is_hidden().then(|| Lines::start(what.to_owned(), length));
        Progress { bar, lines }
    }

    /// Records one more finished task and its result. The first result is written at once.
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
                if state.done == 1 || state.written.elapsed() >= SILENCE {
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
    fn start(what: String, length: Option<u64>) -> Self {
        let state = State { what, done: 0, length, latest: String::new(), written: Instant::now() };
        let state = Arc::new(Mutex::new(state));
        let (stop, stopped) = mpsc::channel::<()>();
        state.lock().unwrap_or_else(PoisonError::into_inner).write();
        let shared = Arc::clone(&state);
        let writer = thread::spawn(move || {
            let mut wait = SILENCE;
            while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let silent = state.written.elapsed();
                if silent >= SILENCE {
                    state.write();
                    wait = SILENCE;
                } else {
                    wait = SILENCE.saturating_sub(silent);
                }
            }
        });
        Lines { state, stop: Some(stop), writer: Some(writer) }
    }
}

impl State {
    fn write(&mut self) {
        eprintln!("{}", self.line(since_start().as_secs()));
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
    use std::time::Instant;

    use super::State;

    #[test]
    fn a_line_shows_the_count_and_the_latest_result() {
        let mut state = State {
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
}
