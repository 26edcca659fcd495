//! Watches for loom's message "Completed in N iterations", the only sign that an exploration was
//! not cut short.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{set_global_default, Interest};
use tracing::{Event, Level, Metadata, Subscriber};

/// The number of iterations; 0 means that the message has not been seen.
static ITERATIONS: AtomicU64 = AtomicU64::new(0);

/// Starts listening for the whole process.
pub(crate) fn listen() {
    set_global_default(Listener).expect("a model's process has no other subscriber");
}

/// Forgets the message.
pub(crate) fn forget() {
    ITERATIONS.store(0, Ordering::SeqCst);
}

/// Returns the number of iterations that loom reported as completed.
pub(crate) fn seen() -> Option<u64> {
    Some(ITERATIONS.load(Ordering::SeqCst)).filter(|iterations| *iterations > 0)
}

/// Subscribes to this one event. loom's spans and traces would cost more than the model.
struct Listener;

impl Subscriber for Listener {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && *metadata.level() == Level::INFO
            && metadata.target().starts_with("loom::model")
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Reader);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Reader;

impl Visit for Reader {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() != "message" {
            return;
        }
        let text = format!("{value:?}");
        let number =
            text.strip_prefix("Completed in ").and_then(|rest| rest.strip_suffix(" iterations"));
        if let Some(number) = number.and_then(|number| number.parse().ok()) {
            ITERATIONS.store(number, Ordering::SeqCst);
        }
    }
}
