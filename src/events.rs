//! Events of the pool for `tracing` (feature `tracing`).
//!
//! Their levels are WARN, INFO and DEBUG, and their target is `last_call`. Without the feature they
//! compile to nothing.

#[cfg(feature = "tracing")]
macro_rules! event {
    // A subscriber is user code, and may panic.
    ($level:ident, $($rest:tt)*) => {
        crate::panics::ignore_panic(|| {
            tracing::event!(target: "last_call", tracing::Level::$level, $($rest)*)
        })
    };
}
#[cfg(not(feature = "tracing"))]
macro_rules! event {
    ($level:ident, $($field:ident = $(%)? $value:expr,)* $text:literal) => {
        { $(let _ = $value;)* }
    };
}

use crate::job::Mention;
use crate::report::Report;

pub(crate) fn worker_started(worker: usize) {
    event!(DEBUG, worker = worker, "worker started");
}

pub(crate) fn got_a_job(worker: usize, job: u64, name: &'static str) {
    event!(DEBUG, worker = worker, job = job, name = name, "got a job; executing");
}

pub(crate) fn job_panicked(worker: usize, job: u64, mention: Mention, message: &str) {
    let Mention { name, site } = mention;
    event!(
        WARN,
        worker = worker,
        job = job,
        name = name,
        site = %site,
        panic = message,
        "a job panicked"
    );
}

pub(crate) fn job_refused(reason: &'static str) {
    event!(DEBUG, reason = reason, "a job is refused");
}

pub(crate) fn disconnected(worker: usize) {
    event!(DEBUG, worker = worker, "disconnected; shutting down");
}

pub(crate) fn shutdown_begins(mode: &'static str) {
    event!(INFO, mode = mode, "shutdown begins");
}

pub(crate) fn shutting_down(worker: usize) {
    event!(DEBUG, worker = worker, "shutting down worker");
}

pub(crate) fn shutdown_ends(report: &Report) {
    event!(
        INFO,
        accepted = report.accepted,
        completed = report.completed,
        panicked = report.panicked,
        cancelled = report.cancelled,
        unfinished = report.unfinished,
        "shutdown ends"
    );
}
