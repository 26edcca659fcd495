//! Events for a subscriber, which is user code: its panic harms neither workers nor shutdown.

#![cfg(not(loom))]

mod support;

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use last_call::{Shutdown, ThreadPool};
use support::lock;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// The recorded events: their fields, including the message.
type Recorded = Arc<Mutex<Vec<String>>>;

/// Records each event of the pool, and panics.
struct Panics(Recorded);

/// The text of one event.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?};").expect("a string takes everything");
    }
}

impl Subscriber for Panics {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "last_call"
    }
    fn event(&self, event: &Event<'_>) {
        let mut text = Text(event.metadata().level().to_string() + " ");
        event.record(&mut text);
        lock(&self.0).push(text.0);
        std::panic::resume_unwind(Box::new("the subscriber's panic"));
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn a_subscriber_that_panics_at_each_event_changes_nothing() {
    let recorded = Recorded::default();
    let subscriber = Panics(Arc::clone(&recorded));
    tracing::subscriber::set_global_default(subscriber).expect("the only test of this process");
    support::watchdog(support::LIMIT, "a subscriber that panics", move |_| {
        let take = || std::mem::take(&mut *lock(&recorded));
        let pool = ThreadPool::new(1);
        for id in 0..2 {
            assert_eq!(pool.submit(|| 7).expect("the pool is running").join().completed(), Some(7));
            let job = format!("DEBUG message=got a job; executing;worker=0;job={id};name=\"");
            let events = take();
            let events = events.iter().filter(|event| !event.contains("started"));
            let events: Vec<_> = events.collect();
            assert!(matches!(&*events, [event] if event.starts_with(&job)), "{events:?}");
        }
        drop(pool);
        let mut ends = take();
        ends.sort();
        let expected = [
            "DEBUG message=disconnected; shutting down;worker=0;",
            "DEBUG message=shutting down worker;worker=0;",
            "INFO message=shutdown begins;mode=\"drain\";",
            "INFO message=shutdown ends;accepted=2;completed=2;panicked=0;cancelled=0;unfinished=0;",
        ];
        assert_eq!(ends, expected);
        let report = ThreadPool::new(2).shutdown_now();
        assert_eq!((report.accepted, report.unfinished), (0, 0));
        let events = take();
        for event in [
            "DEBUG message=worker started;worker=0;",
            "DEBUG message=worker started;worker=1;",
            "INFO message=shutdown begins;mode=\"discard\";",
        ] {
            assert!(events.iter().any(|recorded| recorded == event), "no {event} in {events:?}");
        }
        let pool = ThreadPool::new(1);
        let trigger = pool.shutdown_trigger();
        let begins = |mode: &str| format!("INFO message=shutdown begins;mode={mode:?};");
        for (step, mode) in [(Shutdown::drain as fn(&_), "drain"), (Shutdown::discard, "discard")] {
            take();
            step(&trigger);
            let events = take();
            assert!(events.contains(&begins(mode)), "no {mode} in {events:?}");
        }

        // Each with its worker, the job, the place of its submission and the message, whether or
        // not there is a handle.
        let pool = ThreadPool::builder().workers(1).capacity(1).build().unwrap();
        take();
        let line = line!() + 1;
        assert!(pool.submit(|| support::panic_quietly("first")).unwrap().join().is_panicked());
        pool.execute(|| support::panic_quietly("second")).unwrap();
        pool.wait_idle().unwrap();
        let events = take();
        for (job, (message, line)) in [("first", line), ("second", line + 1)].iter().enumerate() {
            let begins = format!("WARN message=a job panicked;worker=0;job={job};name=\"");
            let site = format!(";site={}:{line}:", file!());
            let ends = format!("panic={message:?};");
            let is_told = |event: &&String| {
                event.starts_with(&begins) && event.contains(&site) && event.ends_with(&ends)
            };
            assert_eq!(events.iter().filter(is_told).count(), 1, "{job}: {events:?}");
        }
        // Each refusal, with its reason.
        let gate = support::Gate::new();
        gate.hold(&pool, 1);
        pool.execute(|| ()).unwrap();
        take();
        assert!(pool.try_execute(|| ()).unwrap_err().is_full());
        assert!(pool.execute_timeout(|| (), Duration::ZERO).unwrap_err().is_timeout());
        pool.shutdown_trigger().drain();
        assert!(pool.execute(|| ()).unwrap_err().is_shut_down());
        let events = take();
        for reason in [" is full", " was full until the timeout", " is shutting down"] {
            let is_told = |event: &&String| {
                event.starts_with("DEBUG message=a job is refused;reason=\"the ")
                    && event.ends_with(&format!("{reason}\";"))
            };
            assert_eq!(events.iter().filter(is_told).count(), 1, "{reason}: {events:?}");
        }
    });
    support::evidence("C12,C16", 1);
}
