//! The watchdog of these tests: a hang becomes a failure that says where each thread is.

#![cfg(not(loom))]

mod support;

use std::time::Duration;

use last_call::ThreadPool;
use support::{attempt, in_a_process, watchdog, Gate, Progress};

const SHORT: Duration = Duration::from_millis(300);

/// The drop waits for a job that is held until after the drop.
fn hang(progress: &Progress) {
    let gate = Gate::new();
    let builder = ThreadPool::builder().workers(2).thread_name("stuck");
    let pool = builder.build().unwrap();
    progress.note("the step before");
    gate.hold(&pool, 1);
    progress.note_stats(&pool.stats());
    progress.note("the step that hangs");
    assert_eq!(pool.stats().accepted, 1, "one job was submitted");
    drop(pool);
}

/// The same, since a failed assertion drops its locals.
fn fail_and_hang(progress: &Progress) {
    let gate = Gate::new();
    let pool = ThreadPool::builder().workers(1).thread_name("late").build().unwrap();
    gate.hold(&pool, 1);
    progress.note("the step that fails");
    assert_eq!(pool.stats().queued, 7, "what the assertion says");
}

fn assert_says_where_it_stands(text: &str) {
    let words = ["a hang: not finished", "the step before", "running: 1", "the step that hangs"];
    for word in words {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
    if cfg!(target_os = "linux") {
        // By name, and asleep: the waiting thread, and the one worker that is held. The other has
        // ended.
        let asleep = |thread: &str| {
            let lines = text.lines().filter(|line| line.trim_start().starts_with(thread));
            lines.filter(|line| line.contains(" S ")).count()
        };
        assert_eq!((asleep("a hang "), asleep("stuck-")), (1, 1), "{text}");
    }
}

#[test]
fn an_attempt_that_hangs_says_where_it_stands() {
    let text = attempt(SHORT, "a hang", hang).expect_err("it hangs");
    assert_says_where_it_stands(&text);
}

#[test]
fn a_failed_assertion_that_hangs_while_it_unwinds_says_what_failed() {
    let text = attempt(SHORT, "a failure", fail_and_hang).expect_err("it hangs");
    for word in ["the step that fails", "tests/watchdog.rs:", "what the assertion says", "right: 7"]
    {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
}

#[test]
fn a_test_that_hangs_says_where_it_stands_and_aborts() {
    let test = "a_test_that_hangs_says_where_it_stands_and_aborts";
    if let Some(output) = in_a_process(test, &[]) {
        assert!(!output.status.success());
        assert_says_where_it_stands(&String::from_utf8_lossy(&output.stderr));
        return;
    }
    watchdog(SHORT, "a hang", hang);
}
