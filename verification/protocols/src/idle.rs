//! Idleness: one waiter, any number of jobs, records and other waiters.
//!
//! The waiter reads record after record how many jobs have finished there, then how many were
//! accepted. Since each of several waiters does the same for itself, what holds for one holds for all.
//! A *record* here is that of a worker, or that of the cancelling threads.

use crate::linear::{any, Compare};
use crate::protocol::{Binding, BoundLock, Protocol};

const RECORD: &str = "record";
const EPOCH: &str = "epoch";
const QUEUE: &str = "queue";

/// Returns the protocol.
#[allow(clippy::too_many_lines)] // one table
pub fn protocol() -> Protocol {
    let mut p = Protocol::new(
        "the epoch of idleness waiters",
        "a waiter returns only if the pool is idle, and does not sleep on when it is",
    );
    p.files = &["src/shared/idle.rs", "src/shared/record.rs", "src/shared/cancel.rs"];
    p.beside = "src/shared/idle.md";
    p.clauses = &[26];

    let accepted = p.counter("accepted", QUEUE, "accepted jobs");
    let finished = p.counter("finished", RECORD, "jobs counted as finished");
    let epoch = p.counter("epoch", EPOCH, "notifications");
    let read = p.unseen("read", "finished jobs that the waiter has read");
    let unread = p.unseen("unread", "finished jobs in records that it has yet to read");
    let missed = p.unseen("missed", "jobs that finished in a record after it was read");
    let running = p.unseen("running", "jobs that run in records that were read");
    let owed = p.unseen("owed", "claimants that have counted a job and owe a notification");
    let news = p.unseen("news", "notifications since the waiter read the epoch");
    let asleep = p.unseen_flag("asleep", "the waiter sleeps");
    let here = p.choice("k", "finished jobs of one record");
    let runs = p.choice("r", "its running jobs");
    let under = |lock, role, counter, name| BoundLock {
        lock,
        role,
        counters: vec![(counter, name)],
        applies: None,
    };
    p.bindings = vec![Binding {
        name: "",
        locks: vec![
            under(QUEUE, "the tail of two locks", accepted, "accepted"),
            under(QUEUE, "the one lock", accepted, "accepted"),
            under(RECORD, "a record", finished, "finished"),
            under(RECORD, "the cancels", finished, "cancelled"),
            under(EPOCH, "the epoch", epoch, "epoch"),
        ],
    }];

    for counter in [accepted, finished, epoch, read, unread, missed, running, owed, news, asleep] {
        p.initially(counter.is(0));
    }
    let queued = accepted - finished - running;

    p.step("a job is accepted", &[QUEUE]).set(accepted, accepted + 1).visit();
    p.step("a job begins in a record that was read", &[RECORD])
        .when(queued.at_least(1))
        .set(running, running + 1)
        .visit();
    p.step("a job ends in a record that was read, and its claimant owes a notification", &[RECORD])
        .when(running.at_least(1))
        .set(running, running - 1)
        .set(finished, finished + 1)
        .set(missed, missed + 1)
        .set(owed, owed + 1);
    p.step("a job ends in a record that was read, and its claimant owes one already", &[RECORD])
        .when(running.at_least(1))
        .when(owed.at_least(1))
        .set(running, running - 1)
        .set(finished, finished + 1)
        .set(missed, missed + 1);
    p.step("a job ends in a record that was read, and the next begins", &[RECORD])
        .when(running.at_least(1))
        .when(queued.at_least(1))
        .set(finished, finished + 1)
        .set(missed, missed + 1);
    p.step("a job is cancelled, and its claimant owes a notification", &[RECORD])
        .when(queued.at_least(1))
        .set(finished, finished + 1)
        .set(missed, missed + 1)
        .set(owed, owed + 1);
    p.step("a job ends in a record that is yet to be read", &[RECORD])
        .when(asleep.is(0))
        .when(queued.at_least(1))
        .set(finished, finished + 1)
        .set(unread, unread + 1);
    p.step("the same, and its claimant owes a notification", &[RECORD])
        .when(asleep.is(0))
        .when(queued.at_least(1))
        .set(finished, finished + 1)
        .set(unread, unread + 1)
        .set(owed, owed + 1);
    p.step("a claimant notifies", &[EPOCH])
        .when(owed.at_least(1))
        .set(owed, owed - 1)
        .set(epoch, epoch + 1)
        .set(news, news + 1);
    p.step("the waiter reads the epoch, and begins to read the records", &[EPOCH])
        .when(asleep.is(0))
        .set(news, 0)
        .set(unread, finished)
        .set(read, 0)
        .set(missed, 0)
        .set(running, 0)
        .visit();
    p.step("the waiter reads a record", &[RECORD])
        .when(asleep.is(0))
        .when(here.at_most(unread))
        .when(runs.at_most(queued))
        .set(unread, unread - here)
        .set(read, read + here)
        .set(running, running + runs)
        .visit();
    p.step("the waiter has read less than was accepted, and falls asleep", &[EPOCH])
        .when(asleep.is(0))
        .when(unread.is(0))
        .when(news.is(0))
        .when(read.at_most(accepted - 1))
        .set(asleep, 1)
        .visit();
    p.step("the waiter wakes up, and begins to read the records again", &[EPOCH])
        .when(asleep.is(1))
        .when(news.at_least(1))
        .set(asleep, 0)
        .set(news, 0)
        .set(unread, finished)
        .set(read, 0)
        .set(missed, 0)
        .set(running, 0);

    p.invariant("each finished job is read, unread or missed", finished.is(read + unread + missed));
    p.invariant("jobs are accepted first", queued.at_least(0));
    p.invariant(
        "if a job was missed, a notification is owed or has come, or another job will owe one",
        any([missed.is(0), owed.at_least(1), news.at_least(1), running.at_least(1)]),
    );
    p.invariant(
        "the waiter sleeps when it has read every record",
        any([asleep.is(0), unread.is(0)]),
    );
    p.invariant(
        "the waiter sleeps when it has read less than was accepted",
        any([asleep.is(0), read.at_most(accepted - 1)]),
    );

    p.property(
        "if the waiter has read as many finished jobs as were accepted, the pool is idle",
        any([read.at_most(accepted - 1), finished.is(accepted)]),
    );
    p.property(
        "if the pool is idle and the waiter sleeps, it is being woken",
        any([asleep.is(0), finished.at_most(accepted - 1), owed.at_least(1), news.at_least(1)]),
    );

    let measure = (accepted - finished) * 4 + owed * 3 + news * 2;
    let closed = p.unseen_flag("closed", "no job is accepted any more");
    p.steps[0].guard.push(closed.is(0).into());
    p.ends([closed.is(1).into()], measure, []);

    p.mutant(
        "a claimant counts without a notification",
        "a job ends in a record that was read, and its claimant owes a notification",
    )
    .when(running.at_least(1))
    .set(running, running - 1)
    .set(finished, finished + 1)
    .set(missed, missed + 1);
    p.mutant(
        "a worker that has counted its job takes it that there is a next one",
        "a job ends in a record that was read, and the next begins",
    )
    .when(running.at_least(1))
    .set(running, running - 1)
    .set(finished, finished + 1)
    .set(missed, missed + 1);
    p.mutant(
        "the waiter reads the epoch after the records",
        "the waiter has read less than was accepted, and falls asleep",
    )
    .when(asleep.is(0))
    .when(unread.is(0))
    .when(read.at_most(accepted - 1))
    .set(news, 0)
    .set(asleep, 1)
    .visit();
    p.mutant(
        "the waiter falls asleep before it has read every record",
        "the waiter has read less than was accepted, and falls asleep",
    )
    .when(asleep.is(0))
    .when(news.is(0))
    .when(read.at_most(accepted - 1))
    .set(asleep, 1)
    .visit();
    p.mutant(
        "a job is counted before it is accepted",
        "a job is cancelled, and its claimant owes a notification",
    )
    .set(finished, finished + 1)
    .set(missed, missed + 1)
    .set(owed, owed + 1);
    p
}
