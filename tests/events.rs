//! A subscriber of the pool's events is user code: its panic harms neither worker nor shutdown.
#![cfg(not(any(loom, shuttle)))]

mod support;

use last_call::ThreadPool;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Panics at each event of the pool's.
struct Panics;

impl Subscriber for Panics {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "last_call"
    }
    fn event(&self, _: &Event<'_>) {
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
    tracing::subscriber::set_global_default(Panics).expect("the only test of this process");
    support::watchdog(support::LIMIT, "a subscriber that panics", |_| {
        let pool = ThreadPool::new(1);
        let handles = [(); 3].map(|()| pool.submit(|| 7).expect("the pool is running"));
        for handle in handles {
            assert_eq!(handle.join().completed(), Some(7));
        }
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.completed, report.unfinished), (3, 3, 0));
        drop(ThreadPool::new(2));
    });
    support::evidence("C12,C16", 1);
}
