//! The lines that the server prints, each as a whole.
//!
//! The pool prints nothing; it emits events through `tracing`. A layer turns the events of its
//! workers into lines.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};

use last_call::Report;
use tracing::field::{Field, Visit};
use tracing::subscriber::SetGlobalDefaultError;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// Prints a line to the standard output. It holds the lock for the whole line, and does not panic
/// if the reader has gone: that must not disturb a shutdown.
pub(crate) fn print(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// Prints a line to the standard error in the same way.
pub(crate) fn complain(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

pub(crate) fn print_report(report: &Report) {
    print(format_args!(
        "Report: accepted {}, completed {}, panicked {}, cancelled {}, unfinished {}, rejected {}",
        report.accepted,
        report.completed,
        report.panicked,
        report.cancelled,
        report.unfinished,
        report.rejected,
    ));
}

/// Prints the events of the pool from now on.
pub(crate) fn install() -> Result<(), SetGlobalDefaultError> {
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Printer))
}

struct Printer;

impl<S: Subscriber> Layer<S> for Printer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != "last_call" {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let Some(worker) = fields.worker else { return };
        match fields.message.as_str() {
            "got a job; executing" => print(format_args!("Worker {worker} got a job; executing.")),
            "disconnected; shutting down" => {
                print(format_args!("Worker {worker} disconnected; shutting down."));
            }
            "shutting down worker" => print(format_args!("Shutting down worker {worker}")),
            _ => {}
        }
    }
}

/// The fields of an event that are printed.
#[derive(Default)]
struct Fields {
    message: String,
    worker: Option<u64>,
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "worker" {
            self.worker = Some(value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // Writing to a string does not fail.
            let _ = write!(self.message, "{value:?}");
        }
    }
}
