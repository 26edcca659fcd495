//! What `cargo trial` and a model tell each other. [`model`] and
//! [`Builder::check`] speak it; a facade with an entry point of its own calls
//! [`check`].
//!
//! The command runs a test in a process of its own and sets these variables:
//!
//! - [`RECORD`]: the file to which the model appends what it does, a JSON object a line.
//! - [`LIST`]: the model says that it is there, and does nothing else.
//! - [`REPLAY`]: a schedule to replay in place of an exploration, as `1@SCHEDULE` for the first model
//!   of the test.
//! - [`SURVEY`]: the model notes the faults that can be injected at the call sites that it reaches.
//! - [`FAULT`]: a fault to inject, such as `drop-notify-one@src/channel.rs:27`.
//! - [`LIMIT`]: the most seconds of an exploration that has no limit of its own.

use std::env;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::panic::{self, Location};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use crate::builder::Builder;
use crate::fault;
use crate::raw;
use crate::report::{End, Failure, FailureKind, Report, Row, Stand, Stuck};
use crate::run;

/// The variable with the file to append to.
pub const RECORD: &str = "MAZURKA_TRIAL";
/// The variable that asks for models to be listed and not run.
pub const LIST: &str = "MAZURKA_TRIAL_LIST";
/// The variable with a schedule to replay.
pub const REPLAY: &str = "MAZURKA_TRIAL_REPLAY";
/// The variable with the most seconds of an exploration.
pub const LIMIT: &str = "MAZURKA_TRIAL_LIMIT";

/// The variable that asks for the faults at the call sites reached.
pub const SURVEY: &str = "MAZURKA_TRIAL_SURVEY";
/// The variable with a fault to inject.
pub const FAULT: &str = "MAZURKA_TRIAL_FAULT";

/// The width of the swim lanes.
const WIDTH: usize = 120;

/// The number of models that this process has begun.
static BEGUN: AtomicUsize = AtomicUsize::new(0);

/// Explores a model, says on standard error how that ended, and writes the record if there is to be
/// one. `engine` names the entry point and `notes` says what is not as the model asked.
///
/// # Panics
///
/// If a setting is invalid, if an execution fails, with its interleaving and its schedule, or if a
/// limit ends the exploration.
#[track_caller]
pub fn check(
    builder: &Builder,
    engine: &str,
    notes: &[String],
    model: impl Fn() + Send + Sync + 'static,
) {
    let model: Arc<dyn Fn() + Send + Sync> = Arc::new(model);
    let index = BEGUN.fetch_add(1, Ordering::Relaxed) + 1;
    let site = Location::caller();
    let mut begin = Line::new("begin", index);
    begin.text("engine", engine);
    begin.text("site", &format!("{}:{}", site.file(), site.line()));
    begin.append();
    if env::var_os(LIST).is_some() {
        return;
    }
    let injected = env::var(FAULT).ok();
    if let Err(error) = fault::install(injected.as_deref(), env::var_os(SURVEY).is_some()) {
        panic!("{error}");
    }
    if let Ok(wanted) = env::var(REPLAY) {
        if let Some(schedule) = wanted.strip_prefix(&format!("{index}@")) {
            repeat(builder, index, schedule, model);
        }
        return;
    }
    let has_limit = builder.has_limit();
    let limit = env::var(LIMIT).ok().and_then(|seconds| seconds.parse().ok());
    let limit = limit.filter(|_| !has_limit).map(Duration::from_secs);
    let builder = match limit {
        Some(limit) => builder.clone().max_duration(Some(limit)),
        None => builder.clone(),
    };
    let explored = builder.clone().progress(Duration::from_secs(1), move |progress| {
        let mut line = Line::new("progress", index);
        line.number("executions", progress.executions);
        line.append();
    });
    let (explored, site) = with_site(explored);
    let asked = Arc::clone(&model);
    let mut report = match explored.explore(move || asked()) {
        Ok(report) => report,
        Err(invalid) => panic!("{invalid}"),
    };
    let site = site.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let End::Failed(failure) = &mut report.end {
        add_values(failure, &builder, model);
    }
    end(index, &report, site, notes).append();
    say(&summary(engine, &report, notes));
    match &report.end {
        End::Failed(failure) => panic!("{}", tell(failure)),
        End::Limited => {
            panic!("a limit ended the exploration after {} executions", report.executions)
        }
        End::Complete => {}
    }
}

/// Explores a model with the settings of [`Builder::new`], and says on standard error how that
/// ended. `cargo trial` finds the tests that call it; see [`trial`](self).
///
/// # Panics
///
/// If an execution fails, with its interleaving and its schedule.
///
/// ```should_panic
/// use mazurka::sync::{Arc, Mutex};
///
/// mazurka::model(|| {
///     let (a, b) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
///     let (c, d) = (Arc::clone(&a), Arc::clone(&b));
///     let other = mazurka::thread::spawn(move || {
///         let _d = d.lock().unwrap();
///         let _c = c.lock().unwrap();
///     });
///     {
///         let _a = a.lock().unwrap();
///         let _b = b.lock().unwrap();
///     }
///     other.join().unwrap();
/// });
/// ```
#[track_caller]
pub fn model(model: impl Fn() + Send + Sync + 'static) {
    check(&Builder::new(), "mazurka", &[], model);
}

impl Builder {
    /// Explores a model, and says on standard error how that ended.
    ///
    /// # Panics
    ///
    /// If a setting is invalid, if an execution fails, with its interleaving and its schedule, or if
    /// a limit ends the exploration.
    #[track_caller]
    pub fn check(&self, model: impl Fn() + Send + Sync + 'static) {
        check(self, "mazurka", &[], model);
    }
}

/// Replays a schedule.
fn repeat(builder: &Builder, index: usize, schedule: &str, model: Arc<dyn Fn() + Send + Sync>) {
    let schedule = match schedule.parse() {
        Ok(schedule) => schedule,
        Err(error) => panic!("`{schedule}` is not a schedule: {error}"),
    };
    let (builder, site) = with_site(builder.clone());
    let report = match builder.replay(&schedule, move || model()) {
        Ok(report) => report,
        Err(invalid) => panic!("{invalid}"),
    };
    let site = site.lock().unwrap_or_else(PoisonError::into_inner).take();
    end(index, &report, site, &[]).append();
    match report.end {
        End::Failed(failure) => panic!("{}", tell(&failure)),
        _ => say(&format!("the schedule {schedule} was replayed, and nothing failed")),
    }
}

/// Lets a builder note where a panic ends an execution.
fn with_site(builder: Builder) -> (Builder, Arc<Mutex<Option<String>>>) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if raw::is_running() {
                let site = info.location().map(|site| format!("{}:{}", site.file(), site.line()));
                run::set_panic_site(site);
            }
            // A replay repeats what was printed.
            if !raw::wants_notes() {
                others(info);
            }
        }));
    });
    let site = Arc::new(Mutex::new(None));
    let place = Arc::clone(&site);
    let builder = builder.before_failure(move |_| {
        *place.lock().unwrap_or_else(PoisonError::into_inner) = run::take_panic_site();
    });
    (builder, site)
}

/// Replays a failure, so that its rows have the values of atomics.
fn add_values(failure: &mut Failure, builder: &Builder, model: Arc<dyn Fn() + Send + Sync>) {
    let again = builder.replay(&failure.schedule, move || model());
    if let Ok(Report { end: End::Failed(again), .. }) = again {
        if again.kind == failure.kind {
            failure.take_record(*again);
        }
    }
}

fn tell(failure: &Failure) -> String {
    let lanes = failure.lanes(WIDTH);
    format!("{}\n\n{lanes}\nreplay with the schedule {}", failure.message, failure.schedule)
}

/// Writes to standard error, past the capture of the test harness: what is not explored is always
/// said.
fn say(text: &str) {
    let name = std::thread::current().name().unwrap_or("a model").to_owned();
    // Nothing is lost but the message.
    let _ = io::stderr().write_all(format!("{name}: {text}\n").as_bytes());
}

/// What must be known about a report before anybody relies on it.
fn remarks(report: &Report, notes: &[String]) -> Vec<String> {
    let mut remarks = notes.to_vec();
    if report.weak_orderings {
        remarks.push(
            "orderings weaker than SeqCst were used: of atomics, only the values of sequentially \
             consistent executions were explored"
                .to_owned(),
        );
    }
    if report.released > 0 {
        remarks.push(format!(
            "in {} executions a loop went on without news, since no other thread could; if it counts \
             its rounds, its later rounds were not explored beside other threads (`spins`)",
            report.released
        ));
    }
    match fault::acted() {
        Some(0) => remarks.push("the fault never acted".to_owned()),
        Some(_) => remarks.push("a fault acted, on purpose".to_owned()),
        None => {}
    }
    if report.executions <= 1 && matches!(report.end, End::Complete) {
        remarks.push("one execution shows nothing about interleavings".to_owned());
    }
    remarks
}

fn summary(engine: &str, report: &Report, notes: &[String]) -> String {
    let end = match &report.end {
        End::Complete => "complete",
        End::Failed(_) => "failed",
        End::Limited => "NOT COMPLETE, a limit ended it",
    };
    let mut text = format!(
        "{engine}: {} execution{} in {:.2} s, {end}",
        report.executions,
        if report.executions == 1 { "" } else { "s" },
        report.elapsed.as_secs_f64()
    );
    for remark in remarks(report, notes) {
        let _ = write!(text, "; {remark}");
    }
    text
}

fn end(index: usize, report: &Report, site: Option<String>, notes: &[String]) -> Line {
    let mut line = Line::new("end", index);
    let (end, failure) = match &report.end {
        End::Complete => ("complete", None),
        End::Limited => ("limited", None),
        End::Failed(failure) => ("failed", Some(failure)),
    };
    line.text("end", end);
    line.number("executions", report.executions);
    line.number("redundant", report.redundant + report.expired);
    line.number("steps", report.steps);
    line.number("longest", report.longest as u64);
    line.raw("seconds", &format!("{:.6}", report.elapsed.as_secs_f64()));
    let remarks = remarks(report, notes);
    line.array("remarks", remarks.iter().map(|remark| quoted(remark)));
    if let Some(faults) = fault::survey(report.accessed_data) {
        line.array("survey", faults.iter().map(|fault| quoted(fault)));
    }
    if let Some(acted) = fault::acted() {
        line.number("acted", acted);
    }
    if let Some(failure) = failure {
        let kind = match failure.kind {
            FailureKind::Panic => "panic",
            FailureKind::Deadlock => "deadlock",
            FailureKind::Limit => "limit",
            FailureKind::Diverged => "diverged",
        };
        line.text("kind", kind);
        line.text("message", &failure.message);
        let site = match failure.kind {
            FailureKind::Panic => site,
            FailureKind::Deadlock => stuck_at(failure),
            _ => None,
        };
        let last = || failure.rows.last().map(|row| row.site.clone());
        if let Some(site) = site.or_else(last) {
            line.text("failed_at", &site);
        }
        line.text("schedule", &failure.schedule.to_string());
        line.array("threads", failure.threads.iter().map(|name| quoted(name)));
        line.array("rows", failure.rows.iter().map(row));
        line.array("pending", failure.pending.iter().map(row));
        let released = failure.released.iter().map(|(before, thread, lock)| {
            format!("{{\"before\":{before},\"thread\":{thread},\"object\":{}}}", quoted(lock))
        });
        line.array("released", released);
        let faults = failure
            .faults
            .iter()
            .map(|(before, changed)| format!("{{\"before\":{before},\"row\":{}}}", row(changed)));
        line.array("faults", faults);
        let objects = failure
            .objects
            .iter()
            .map(|(name, site)| format!("{{\"name\":{},\"site\":{}}}", quoted(name), quoted(site)));
        line.array("objects", objects);
        line.array("ended", failure.ended.iter().map(usize::to_string));
        let panicked = failure.panicked.iter().map(|panicked| {
            let site = panicked.site.as_deref().unwrap_or_default();
            format!(
                "{{\"thread\":{},\"message\":{},\"site\":{}}}",
                panicked.thread,
                quoted(&panicked.message),
                quoted(site)
            )
        });
        line.array("panicked", panicked);
    }
    line
}

/// Returns the place of a deadlock: where a thread sleeps, or else where one waits for a lock or for
/// another thread.
fn stuck_at(failure: &Failure) -> Option<String> {
    let rank = |stand: &&Stand| match stand.stuck {
        Stuck::Asleep => 0,
        Stuck::Lock(_) => 1,
        _ => 2,
    };
    let stand = failure.stands.iter().filter(|stand| stand.site.is_some()).min_by_key(rank)?;
    let (site, _column) = stand.site.as_ref()?.rsplit_once(':')?;
    Some(site.to_owned())
}

/// Returns a row as a JSON object.
fn row(row: &Row) -> String {
    let [what, site, object] = [&row.what, &row.site, &row.object].map(|text| quoted(text));
    let operation = quoted(row.operation);
    let wakes = row.wakes.map_or("null".to_owned(), |thread| thread.to_string());
    format!(
        "{{\"thread\":{},\"what\":{what},\"site\":{site},\"operation\":{operation},\
         \"object\":{object},\"wakes\":{wakes}}}",
        row.thread
    )
}

/// A JSON object on a line.
struct Line(String);

impl Line {
    fn new(event: &str, index: usize) -> Self {
        Line(format!("{{\"event\":{},\"index\":{index}", quoted(event)))
    }

    fn raw(&mut self, name: &str, value: &str) {
        let _ = write!(self.0, ",{}:{value}", quoted(name));
    }

    fn text(&mut self, name: &str, value: &str) {
        self.raw(name, &quoted(value));
    }

    fn number(&mut self, name: &str, value: u64) {
        self.raw(name, &value.to_string());
    }

    fn array(&mut self, name: &str, values: impl Iterator<Item = String>) {
        self.raw(name, &format!("[{}]", values.collect::<Vec<_>>().join(",")));
    }

    /// Appends the line to the record, if there is one.
    fn append(self) {
        let Some(path) = env::var_os(RECORD) else { return };
        let file = OpenOptions::new().append(true).create(true).open(&path);
        let written =
            file.and_then(|mut file| file.write_all(format!("{}}}\n", self.0).as_bytes()));
        if let Err(error) = written {
            panic!("the record {} cannot be written: {error}", path.to_string_lossy());
        }
    }
}

/// Returns a text as a JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_text_is_quoted() {
        assert_eq!(quoted("a\"b\\c\nd\te"), "\"a\\\"b\\\\c\\nd\\u0009e\"");
    }
}
