//! Every test of the pool in one executable, for ci/mutants.sh, which builds them for each
//! mutation. Linking twenty of them would take most of the time. Left out are `examples`, `readme` and
//! `server`, which test examples, and the tests of the tests.

#![cfg(not(loom))]

use std::collections::BTreeSet;

macro_rules! every {
    ($($file:literal $name:ident)*) => {
        $(#[path = $file] mod $name;)*
        /// The files of those modules.
        const FILES: &[&str] = &[$($file),*];
    };
}

every! {
    "../assertions.rs" assertions
    "../backpressure.rs" backpressure
    "../builder.rs" builder
    "../cancel.rs" cancel
    "../events.rs" events
    "../fork.rs" fork
    "../futures.rs" futures
    "../handles.rs" handles
    "../hooks.rs" hooks
    "../idle.rs" idle
    "../job_set.rs" job_set
    "../large.rs" large
    "../map.rs" map
    "../memory.rs" memory
    "../order.rs" order
    "../panics.rs" panics
    "../poisoned.rs" poisoned
    "../queues.rs" queues
    "../scope.rs" scope
    "../shutdown.rs" shutdown
    "../signal.rs" signal
    "../state_machine.rs" state_machine
    "../stats.rs" stats
    "../stress.rs" stress
    "../submit.rs" submit
    "../submit_all.rs" submit_all
    "../submit_async.rs" submit_async
    "../take_queued.rs" take_queued
    "../trigger.rs" trigger
    "../waits.rs" waits
    "../wakers.rs" wakers
    "../work_stealing.rs" work_stealing
}

const OTHERS: [&str; 4] = ["examples.rs", "readme.rs", "server.rs", "watchdog.rs"];

#[test]
fn no_file_is_left_out() {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests")).unwrap();
    let files = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<_> = files
        .filter(|name| name.ends_with(".rs") && !OTHERS.contains(&&**name))
        .map(|name| format!("../{name}"))
        .collect();
    assert_eq!(files, FILES.iter().map(ToString::to_string).collect());
}
