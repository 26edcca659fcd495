//! The protocols of the pool, shown for any number of threads, jobs and slots.
//!
//! A model shows what holds for its workers and jobs. But what the threads of the pool agree on is a
//! few counters under locks: how many sleep, how many wake-ups are under way, how many slots are free.
//! Such a *protocol* can be written down as a table of steps, and shown for all numbers at once.
//!
//! # One protocol, from its table to its check
//!
//! 1. **The table.** [`wake_ups`] lists the counters of the queue under two locks, and every step that
//!    a thread can take while it holds a lock: when it is taken, and what it changes. For example, a
//!    push assigns a wake-up `when` a popper sleeps and there are fewer scouts than items. The same
//!    table stands beside the code, in `src/queue/wake_ups.md`.
//! 2. **The invariant.** "If an item is queued and a popper sleeps, there is a scout" is the condition
//!    `closed = 1 or head + tail = 0 or sleeping = 0 or scouts ≥ 1`. It holds in an empty queue. If it
//!    holds before each step and after it, it always holds.
//! 3. **The questions.** [`check::questions`] asks for each step and each part of the invariant: are
//!    there numbers with which the invariant holds, the step is taken, and the part is violated
//!    afterwards? Each counter after the step is a sum of counters before it, so a question is a list of
//!    linear inequalities. There is no bound on the numbers.
//! 4. **The answers.** [`decide`] answers by the elimination of one variable after the other, as taught
//!    at school: from `x ≥ a` and `x ≤ b` follows `a ≤ b`. If `-1 ≥ 0` follows, there are no such
//!    numbers. It is a page of code in exact arithmetic.
//! 5. **The code.** `watched!` in the pool marks its locks. In every exploration, each time a thread
//!    releases its locks, [`watch`] looks for the step of the table that leads from the counters at their
//!    acquisition to the counters now. If there is none, the model fails and shows both.
//!
//! # What shows that this can fail
//!
//! Every protocol has mutants, which are refuted by numbers that anybody can check by hand. Each part of
//! the invariant is needed: without it, some question has an answer. An enumeration that shares no
//! reasoning with the elimination agrees with it on every question (`tests/protocols.rs`). Every step
//! that changes a counter is taken in some exploration.
//!
//! # What it rests on
//!
//! The steps are complete as far as the explorations and samples went. A counter that is not under a
//! lock, such as the number of workers, is not seen: the table says so, and its steps are taken from the
//! code by reading. That a notification wakes a sleeper is shown by the models only. The last line of a
//! protocol, that it comes to its end, is about fair scheduling: a thread that can take a step takes one
//! in the end.

#![forbid(unsafe_code)]

pub mod cancels;
pub mod check;
pub mod decide;
pub mod idle;
pub mod linear;
pub mod protocol;
pub mod search;
pub mod slots;
pub mod stages;
pub mod table;
pub mod termination;
pub mod wake_ups;
pub mod watch;

use protocol::Protocol;

/// Returns every protocol, in the order of the report.
pub fn all() -> Vec<Protocol> {
    vec![
        wake_ups::protocol(),
        slots::protocol(),
        idle::protocol(),
        termination::protocol(),
        cancels::protocol(),
        stages::protocol(),
    ]
}
