//! A subscriber of the pool's events is user code: its panic harms neither worker nor shutdown.
#![cfg(not(any(loom, shuttle)))]

mod support;

use last_call::ThreadPool;
use support::Count;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Panics at each event of the pool's, and counts them.
struct Panics(Count);

impl Subscriber for Panics {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "last_call"
    }
    fn event(&self, _: &Event<'_>) {
        self.0.up();
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
    let events = Count::default();
    let subscriber = Panics(events.clone());
    tracing::subscriber::set_global_default(subscriber).expect("the only test of this process");
    support::watchdog(support::LIMIT, "a subscriber that panics", move |_| {
        let pool = ThreadPool::new(1);
        let handles = [(); 3].map(|()| pool.submit(|| 7).expect("the pool is running"));
        for handle in handles {
            assert_eq!(handle.join().completed(), Some(7));
        }
        // Of the worker's start and of each job's.
        let of_worker = events.get();
        assert!(of_worker >= 4, "{of_worker} events");
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.completed, report.unfinished), (3, 3, 0));
        // Of the shutdown's begin and end, and of the worker's end.
        let of_shutdown = events.get() - of_worker;
        assert!(of_shutdown >= 3, "{of_shutdown} events");
        drop(ThreadPool::new(2));
    });
    support::evidence("C12,C16", 1);
}
