//! The trials: which subject stands under which scenario, and what is expected of it.

use last_call::sync::fault::{Action, Fault};

use crate::scenario::Scenario;
use crate::scenarios::{
    any, backpressure, cancel, faults, handles, idle, queue, shutdown, trigger,
};
use crate::subject::Subject;
use crate::subjects::{BookStage1, BookStage2, LOCKED, SUBJECTS, TWO_LOCK};

/// A subject under a scenario.
#[derive(Clone, Copy)]
pub struct Trial {
    /// Who.
    pub subject: &'static dyn Subject,
    /// Under what.
    pub scenario: &'static Scenario,
    /// With what end.
    pub expect: Expect,
    /// What this trial must notice: each is run too and must be convicted.
    pub defects: &'static [Defect],
    /// Whether it takes so long that only the nightly profile runs it.
    pub nightly: bool,
}

/// How a trial must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The property holds, explored without a preemption bound.
    Proved,
    /// The property holds with at most that many preemptions.
    Bounded(usize),
    /// The property is broken, in this way. That it no longer is would be a failure of the suite.
    Convicted(Conviction),
}

/// How a property is seen to be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conviction {
    /// No thread can go on.
    Deadlock,
    /// A panic whose message contains this.
    Panic(&'static str),
}

/// A seeded defect: operations of the facade that act wrongly at some call sites.
#[derive(Clone, Copy, Debug)]
pub struct Defect {
    /// Its name in reports: what goes wrong.
    pub name: &'static str,
    /// Where and how.
    pub fault: Fault,
}

pub(crate) const fn defect(name: &'static str, action: Action, file: &'static str) -> Defect {
    Defect { name, fault: Fault { action, file, line: None } }
}

pub(crate) const PUSH_WAKES_NOBODY: Defect =
    defect("push wakes nobody", Action::DropNotifyOne, "src/queue/locked.rs");
pub(crate) const CLOSE_WAKES_NOBODY: Defect =
    defect("close wakes nobody", Action::DropNotifyAll, "src/queue/locked.rs");
pub(crate) const CLOSE_WAKES_ONE: Defect =
    defect("close wakes one worker only", Action::NotifyOneForAll, "src/queue/locked.rs");
pub(crate) const TWO_PUSH_WAKES_NOBODY: Defect =
    defect("a push or a scout wakes nobody", Action::DropNotifyOne, "src/queue/two_lock.rs");
pub(crate) const TWO_CLOSE_WAKES_NOBODY: Defect =
    defect("close wakes nobody", Action::DropNotifyAll, "src/queue/two_lock.rs");
pub(crate) const TWO_CLOSE_WAKES_ONE: Defect =
    defect("close wakes one worker only", Action::NotifyOneForAll, "src/queue/two_lock.rs");
pub(crate) const OUTCOME_WAKES_NOBODY: Defect =
    defect("a resolved handle wakes nobody", Action::DropNotifyOne, "src/job/submission.rs");
pub(crate) const PLACE_WAKES_NOBODY: Defect =
    defect("a free slot wakes nobody", Action::DropNotifyOne, "src/queue/gate.rs");
pub(crate) const IDLE_WAKES_NOBODY: Defect =
    defect("idleness waiters are not woken", Action::DropNotifyAll, "src/shared/idle.rs");
pub(crate) const IDLE_WAKES_ONE: Defect = defect(
    "one idleness waiter of several is woken",
    Action::NotifyOneForAll,
    "src/shared/idle.rs",
);
pub(crate) const CANCEL_WAKES_NOBODY: Defect =
    defect("the end of a cancel wakes nobody", Action::DropNotifyAll, "src/shared/cancel.rs");
const CANCEL_WAKES_ONE: Defect = defect(
    "the end of a cancel wakes one of several",
    Action::NotifyOneForAll,
    "src/shared/cancel.rs",
);
const EXIT_WAKES_NOBODY: Defect =
    defect("the end of a worker wakes nobody", Action::DropNotifyAll, "src/shared/record.rs");
const OWNER_TIMES_OUT: Defect =
    defect("a deadline fires too early", Action::FireDeadline, "src/shared/record.rs");
const START_WAKES_NOBODY: Defect =
    defect("a finished start hook wakes nobody", Action::DropNotifyAll, "src/shared/record.rs");
const FLAG_IS_NOT_RAISED: Defect =
    defect("stop tokens are not told", Action::DropRaise, "src/shared/mod.rs");
/// Between the look at whether there is a handle and the outcome.
const JOB_SPLITS_ITS_OUTCOME: Defect = defect(
    "an outcome is left for a handle that is gone",
    Action::SplitLock(0),
    "src/job/submission.rs",
);
/// Between the count of a panic and its entry in the list.
const JOB_SPLITS_ITS_END: Defect =
    defect("a panic is counted before it is listed", Action::SplitLock(2), "src/shared/record.rs");

use Expect::{Bounded, Convicted, Proved};

/// One subject under a scenario that is written for any.
const fn on(
    subject: &'static dyn Subject,
    scenario: &'static Scenario,
    expect: Expect,
    defects: &'static [Defect],
) -> Trial {
    Trial { subject, scenario, expect, defects, nightly: false }
}

/// A scenario on this pool's own interface.
const fn own(scenario: &'static Scenario, expect: Expect, defects: &'static [Defect]) -> Trial {
    on(&LOCKED, scenario, expect, defects)
}

/// The same on the default queue.
const fn two(scenario: &'static Scenario, expect: Expect, defects: &'static [Defect]) -> Trial {
    on(&TWO_LOCK, scenario, expect, defects)
}

/// One that takes minutes.
const fn nightly(scenario: &'static Scenario, expect: Expect, defects: &'static [Defect]) -> Trial {
    Trial { nightly: true, ..own(scenario, expect, defects) }
}

/// One that takes minutes, on the default queue.
const fn two_nightly(
    scenario: &'static Scenario,
    expect: Expect,
    defects: &'static [Defect],
) -> Trial {
    Trial { nightly: true, ..two(scenario, expect, defects) }
}

const fn book1(scenario: &'static Scenario, conviction: Conviction) -> Trial {
    on(&BookStage1, scenario, Convicted(conviction), &[])
}

const fn book2(scenario: &'static Scenario, expect: Expect, defects: &'static [Defect]) -> Trial {
    on(&BookStage2, scenario, expect, defects)
}

/// The last sender's end is what closes the book's channel.
const BOOK_END_WAKES_NOBODY: Defect =
    defect("the sender's end wakes nobody", Action::DropNotifyAll, "subjects/channel.rs");
const BOOK_SEND_WAKES_NOBODY: Defect =
    defect("send wakes nobody", Action::DropNotifyOne, "subjects/channel.rs");

const DEADLOCK: Conviction = Conviction::Deadlock;
const JOIN_UNWRAPS: Conviction = Conviction::Panic("called `Result::unwrap()` on an `Err` value");

/// Every trial, in the order of the report's rows.
pub const TRIALS: &[Trial] = &[
    own(&any::DROP_IDLE, Proved, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE]),
    book1(&any::DROP_IDLE, DEADLOCK),
    book2(&any::DROP_IDLE, Proved, &[BOOK_END_WAKES_NOBODY]),
    own(&any::DROP_BUSY, Proved, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE]),
    book1(&any::DROP_BUSY, DEADLOCK),
    book2(&any::DROP_BUSY, Proved, &[BOOK_END_WAKES_NOBODY]),
    own(&any::DROP_QUEUED, Proved, &[CLOSE_WAKES_NOBODY]),
    book1(&any::DROP_QUEUED, DEADLOCK),
    book2(&any::DROP_QUEUED, Proved, &[BOOK_END_WAKES_NOBODY]),
    own(&any::DROP_BOTH, Proved, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE]),
    book1(&any::DROP_BOTH, DEADLOCK),
    book2(&any::DROP_BOTH, Proved, &[BOOK_END_WAKES_NOBODY]),
    own(&any::PROGRESS_ONE, Proved, &[PUSH_WAKES_NOBODY]),
    book2(&any::PROGRESS_ONE, Proved, &[BOOK_SEND_WAKES_NOBODY]),
    own(&any::PROGRESS_TWO, Proved, &[PUSH_WAKES_NOBODY]),
    book2(&any::PROGRESS_TWO, Proved, &[BOOK_SEND_WAKES_NOBODY]),
    own(&shutdown::PROGRESS_OWNED, Proved, &[PUSH_WAKES_NOBODY]),
    own(&any::FIFO, Proved, &[CLOSE_WAKES_NOBODY]),
    book2(&any::FIFO, Proved, &[BOOK_END_WAKES_NOBODY]),
    own(&any::PANIC_WORKER_SURVIVES, Proved, &[PUSH_WAKES_NOBODY]),
    book1(&any::PANIC_WORKER_SURVIVES, DEADLOCK),
    book2(&any::PANIC_WORKER_SURVIVES, Convicted(DEADLOCK), &[]),
    own(&any::PANIC_DROP_QUIET, Proved, &[CLOSE_WAKES_NOBODY]),
    book1(&any::PANIC_DROP_QUIET, JOIN_UNWRAPS),
    book2(&any::PANIC_DROP_QUIET, Convicted(JOIN_UNWRAPS), &[]),
    own(&any::PANIC_NOTHING_LOST, Proved, &[CLOSE_WAKES_NOBODY]),
    book1(&any::PANIC_NOTHING_LOST, Conviction::Panic("neither run nor been reported")),
    book2(
        &any::PANIC_NOTHING_LOST,
        Convicted(Conviction::Panic("neither run nor been reported")),
        &[],
    ),
    own(&any::PANIC_EXECUTE_ANSWERS, Proved, &[CLOSE_WAKES_NOBODY]),
    book1(&any::PANIC_EXECUTE_ANSWERS, Conviction::Panic("a worker receives")),
    book2(&any::PANIC_EXECUTE_ANSWERS, Convicted(Conviction::Panic("a worker receives")), &[]),
    own(&any::DROP_ON_WORKER, Proved, &[PUSH_WAKES_NOBODY]),
    book1(&any::DROP_ON_WORKER, DEADLOCK),
    book2(&any::DROP_ON_WORKER, Convicted(DEADLOCK), &[]),
    own(&shutdown::SUBMIT_RACING_DROP, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&shutdown::SUBMIT_RACING_DROP_TWO, Proved, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE]),
    own(&shutdown::JOB_SUBMITS_WHILE_DRAINING, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&shutdown::DISCARD_RACING_JOBS, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&shutdown::DISCARD_TWO_WORKERS, Proved, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE]),
    own(&shutdown::DEADLINE, Proved, &[CLOSE_WAKES_NOBODY, OUTCOME_WAKES_NOBODY]),
    own(&shutdown::DEADLINE_TWO_WORKERS, Proved, &[OUTCOME_WAKES_NOBODY]),
    own(&shutdown::DEADLINE_IN_TIME, Proved, &[EXIT_WAKES_NOBODY]),
    own(&shutdown::DEADLINE_STUCK, Proved, &[OUTCOME_WAKES_NOBODY]),
    own(&shutdown::DEADLINE_PANIC, Proved, &[JOB_SPLITS_ITS_END]),
    own(&any::MEETING, Proved, &[PUSH_WAKES_NOBODY]),
    own(&shutdown::CAPTURES_BEFORE_HANDLE, Proved, &[OUTCOME_WAKES_NOBODY]),
    own(&shutdown::DISCARD_ON_WORKER, Proved, &[OUTCOME_WAKES_NOBODY]),
    own(&shutdown::STATS_WHILE_SUBMITTING, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&shutdown::STATS_WHILE_RUNNING, Proved, &[OUTCOME_WAKES_NOBODY]),
    own(&handles::JOIN_BEFORE_SHUTDOWN, Proved, &[PUSH_WAKES_NOBODY, OUTCOME_WAKES_NOBODY]),
    own(&handles::JOIN_WHILE_DRAINING, Proved, &[OUTCOME_WAKES_NOBODY]),
    own(&handles::JOIN_WHILE_DISCARDING, Proved, &[OUTCOME_WAKES_NOBODY]),
    own(&handles::JOIN_WITH_DEADLINE, Proved, &[OUTCOME_WAKES_NOBODY, PUSH_WAKES_NOBODY]),
    own(&handles::JOIN_IN_TIME, Proved, &[OUTCOME_WAKES_NOBODY]),
    own(&handles::JOIN_AS_THE_TIMEOUT_PASSES, Proved, &[OUTCOME_WAKES_NOBODY]),
    own(&handles::DETACH, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&handles::PANIC_REACHES_HANDLE, Proved, &[PUSH_WAKES_NOBODY]),
    own(&faults::SECOND_SPAWN_FAILS, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&faults::THIRD_SPAWN_FAILS, Proved, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE]),
    own(&faults::START_HOOK_PANICS, Proved, &[CLOSE_WAKES_NOBODY, START_WAKES_NOBODY]),
    own(&faults::STOP_HOOKS_BEFORE_RETURN, Proved, &[CLOSE_WAKES_NOBODY, START_WAKES_NOBODY]),
    own(&backpressure::PLACE_RELEASES, Proved, &[PLACE_WAKES_NOBODY]),
    own(&backpressure::DRAIN_RELEASES, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&backpressure::DISCARD_RELEASES, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&backpressure::TRY_WHEN_FULL, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&backpressure::TIMED_WHEN_FULL, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&backpressure::IN_TIME_WHEN_FULL, Proved, &[PLACE_WAKES_NOBODY]),
    own(&backpressure::OWN_WORKER_WHEN_FULL, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&backpressure::CANCEL_FREES_PLACE, Proved, &[PLACE_WAKES_NOBODY]),
    own(&cancel::CANCEL_RACING_START, Proved, &[OUTCOME_WAKES_NOBODY]),
    own(&cancel::CANCEL_RACING_START_TWO, Proved, &[CLOSE_WAKES_ONE, OUTCOME_WAKES_NOBODY]),
    own(&cancel::CANCEL_RACING_DISCARD, Proved, &[CANCEL_WAKES_NOBODY]),
    own(&idle::IDLE_AFTER_CHILD, Proved, &[IDLE_WAKES_NOBODY, PUSH_WAKES_NOBODY]),
    own(&idle::IDLE_TWO_WORKERS, Proved, &[IDLE_WAKES_NOBODY, PUSH_WAKES_NOBODY]),
    own(&idle::IDLE_TWO_WAITERS, Proved, &[IDLE_WAKES_NOBODY]),
    own(&idle::IDLE_AFTER_CANCEL, Proved, &[IDLE_WAKES_NOBODY]),
    own(&idle::IDLE_AFTER_PANIC, Proved, &[IDLE_WAKES_NOBODY, PUSH_WAKES_NOBODY]),
    own(&idle::IDLE_BEFORE_RESULT, Proved, &[IDLE_WAKES_NOBODY]),
    own(&idle::IDLE_BEFORE_UNREAD_PAYLOAD, Proved, &[IDLE_WAKES_NOBODY]),
    own(&idle::IDLE_BEFORE_PAYLOAD, Proved, &[IDLE_WAKES_NOBODY]),
    own(&idle::IDLE_BEFORE_WAKER, Proved, &[IDLE_WAKES_NOBODY]),
    own(&idle::IDLE_WITH_DEADLINE, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&idle::IDLE_IN_TIME, Proved, &[IDLE_WAKES_NOBODY, PUSH_WAKES_NOBODY]),
    own(&trigger::DISCARD_DURING_DRAIN, Proved, &[CANCEL_WAKES_NOBODY]),
    own(&trigger::DISCARD_DURING_DRAIN_TWO, Proved, &[CANCEL_WAKES_NOBODY]),
    own(&trigger::TWO_TRIGGERS, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&trigger::WAIT_FOR_TERMINATION, Proved, &[EXIT_WAKES_NOBODY]),
    own(&trigger::WAIT_WHILE_DISCARDING, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&trigger::STOP_TOKEN, Proved, &[CLOSE_WAKES_NOBODY, FLAG_IS_NOT_RAISED]),
    own(&trigger::STOP_TOKEN_DISCARD, Proved, &[CLOSE_WAKES_NOBODY, FLAG_IS_NOT_RAISED]),
    own(&trigger::FINAL_REPORT_FROM_WORKER, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&trigger::FINAL_REPORT_AFTER_DEADLINE, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&trigger::FINAL_REPORT_AFTER_DEADLINE_TWO, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&trigger::FINAL_REPORT_OF_TWO, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&handles::FUTURE_IS_WOKEN, Proved, &[PUSH_WAKES_NOBODY]),
    own(&queue::PUSH_RACING_CLOSE, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&queue::CLOSE_RELEASES_PUSHERS, Proved, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE]),
    own(&queue::PLACES_RELEASE_PUSHERS, Proved, &[PLACE_WAKES_NOBODY]),
    own(&queue::LATE_PUSH_KEEPS_NO_WAKE_UP, Proved, &[PLACE_WAKES_NOBODY]),
    own(&queue::POP_BEFORE_CLOSE, Proved, &[PUSH_WAKES_NOBODY]),
    own(&queue::SPURIOUS_WAKE_UP, Proved, &[PUSH_WAKES_NOBODY]),
    own(&queue::THREE_POP_BEFORE_CLOSE, Proved, &[PUSH_WAKES_NOBODY]),
    own(&queue::NONE_ONLY_WHEN_CLOSED, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&queue::POP_IN_ORDER, Proved, &[PUSH_WAKES_NOBODY]),
    own(&queue::DRAIN_RACING_POP, Proved, &[CLOSE_WAKES_NOBODY]),
    two(&queue::PUSH_RACING_CLOSE, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&queue::CLOSE_RELEASES_PUSHERS, Proved, &[TWO_CLOSE_WAKES_NOBODY, TWO_CLOSE_WAKES_ONE]),
    two(&queue::PLACES_RELEASE_PUSHERS, Proved, &[PLACE_WAKES_NOBODY]),
    two(&queue::LATE_PUSH_KEEPS_NO_WAKE_UP, Proved, &[PLACE_WAKES_NOBODY]),
    two(&queue::POP_BEFORE_CLOSE, Proved, &[TWO_PUSH_WAKES_NOBODY]),
    two(&queue::SPURIOUS_WAKE_UP, Proved, &[TWO_PUSH_WAKES_NOBODY]),
    two(&queue::THREE_POP_BEFORE_CLOSE, Proved, &[TWO_PUSH_WAKES_NOBODY]),
    // mazurka: over 6,100,000 traces with the poppers alike, unfinished.
    two(&queue::FOUR_POP_BEFORE_CLOSE, Bounded(2), &[TWO_PUSH_WAKES_NOBODY]),
    two(&queue::GIVES_BUFFERS_BACK, Proved, &[TWO_PUSH_WAKES_NOBODY]),
    two(&queue::NONE_ONLY_WHEN_CLOSED, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&queue::POP_IN_ORDER, Proved, &[TWO_PUSH_WAKES_NOBODY]),
    two(&queue::DRAIN_RACING_POP, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&any::DROP_IDLE, Proved, &[TWO_CLOSE_WAKES_NOBODY, TWO_CLOSE_WAKES_ONE]),
    two(&any::DROP_BUSY, Proved, &[TWO_CLOSE_WAKES_NOBODY, TWO_CLOSE_WAKES_ONE]),
    two(&any::DROP_QUEUED, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&any::DROP_BOTH, Proved, &[TWO_CLOSE_WAKES_NOBODY, TWO_CLOSE_WAKES_ONE]),
    two(&any::PROGRESS_ONE, Proved, &[TWO_PUSH_WAKES_NOBODY]),
    two(&any::PROGRESS_TWO, Proved, &[TWO_PUSH_WAKES_NOBODY]),
    two(&shutdown::PROGRESS_OWNED, Proved, &[TWO_PUSH_WAKES_NOBODY]),
    two(&any::MEETING, Proved, &[TWO_PUSH_WAKES_NOBODY]),
    two(&any::FIFO, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&any::PANIC_WORKER_SURVIVES, Proved, &[TWO_PUSH_WAKES_NOBODY]),
    two(&any::DROP_ON_WORKER, Proved, &[TWO_PUSH_WAKES_NOBODY]),
    two(&shutdown::SUBMIT_RACING_DROP, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&shutdown::SUBMIT_RACING_DROP_TWO, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&shutdown::JOB_SUBMITS_WHILE_DRAINING, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&shutdown::DISCARD_RACING_JOBS, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&shutdown::DISCARD_TWO_WORKERS, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&shutdown::DEADLINE, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&backpressure::PLACE_RELEASES, Proved, &[PLACE_WAKES_NOBODY]),
    two(&backpressure::PLACE_OF_TWO_RELEASES, Proved, &[PLACE_WAKES_NOBODY]),
    two(&backpressure::IN_TIME_WHEN_FULL, Proved, &[PLACE_WAKES_NOBODY]),
    two(&backpressure::DRAIN_RELEASES, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&backpressure::DISCARD_RELEASES, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two_nightly(&idle::IDLE_TWO_WORKERS, Proved, &[TWO_PUSH_WAKES_NOBODY]),
    two(&idle::IDLE_AFTER_CHILD, Proved, &[TWO_PUSH_WAKES_NOBODY]),
    two(&trigger::DISCARD_DURING_DRAIN, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&trigger::TWO_TRIGGERS, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&cancel::CANCEL_RACING_DISCARD, Proved, &[CANCEL_WAKES_NOBODY]),
    two(&shutdown::DISCARD_ON_WORKER, Proved, &[OUTCOME_WAKES_NOBODY]),
    two(&backpressure::CANCEL_FREES_PLACE, Proved, &[PLACE_WAKES_NOBODY]),
    two(&backpressure::CANCEL_FREES_PLACE_OF_TWO, Proved, &[PLACE_WAKES_NOBODY]),
    two(&backpressure::OWN_WORKER_WHEN_FULL, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&backpressure::TIMED_WHEN_FULL, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&shutdown::DEADLINE_STUCK, Proved, &[OUTCOME_WAKES_NOBODY]),
    two(&trigger::FINAL_REPORT_FROM_WORKER, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&trigger::FINAL_REPORT_AFTER_DEADLINE, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    own(&handles::PANIC_DETACHED, Proved, &[JOB_SPLITS_ITS_OUTCOME]),
    own(&handles::WAKER_REPLACED, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&handles::WAKER_GOES_WITH_HANDLE, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&cancel::CANCEL_INSIDE_CANCEL, Proved, &[CANCEL_WAKES_NOBODY]),
    own(&cancel::TWO_CANCELLERS, Proved, &[CANCEL_WAKES_NOBODY]),
    own(&idle::IDLE_AFTER_ONE_GAVE_UP, Proved, &[IDLE_WAKES_NOBODY]),
    own(&shutdown::STATS_WHILE_CANCELLING, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&shutdown::DEADLINE_BESIDE_CANCEL, Proved, &[OUTCOME_WAKES_NOBODY]),
    own(&shutdown::DEADLINE_STUCK_BESIDE_CANCEL, Proved, &[OUTCOME_WAKES_NOBODY]),
    own(&trigger::LET_GO_BESIDE_CANCEL, Proved, &[PUSH_WAKES_NOBODY]),
    own(&trigger::WAIT_FOR_TERMINATION_TWO, Proved, &[EXIT_WAKES_NOBODY]),
    own(&trigger::WAIT_WHILE_CANCELLING, Proved, &[CANCEL_WAKES_NOBODY, CANCEL_WAKES_ONE]),
    own(&trigger::FINAL_REPORT_IN_TIME, Proved, &[EXIT_WAKES_NOBODY, OWNER_TIMES_OUT]),
    own(&trigger::FINAL_REPORT_AFTER_CANCELS, Proved, &[CLOSE_WAKES_NOBODY]),
    own(&queue::THREE_PUSHERS_TWO_PLACES, Proved, &[PLACE_WAKES_NOBODY, CLOSE_WAKES_NOBODY]),
    two(&handles::PANIC_DETACHED, Proved, &[JOB_SPLITS_ITS_OUTCOME]),
    two(&handles::WAKER_REPLACED, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&handles::WAKER_GOES_WITH_HANDLE, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&cancel::CANCEL_INSIDE_CANCEL, Proved, &[CANCEL_WAKES_NOBODY]),
    two(&cancel::TWO_CANCELLERS, Proved, &[CANCEL_WAKES_NOBODY]),
    two(&idle::IDLE_AFTER_ONE_GAVE_UP, Proved, &[IDLE_WAKES_NOBODY]),
    two(&shutdown::STATS_WHILE_CANCELLING, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&shutdown::DEADLINE_BESIDE_CANCEL, Proved, &[OUTCOME_WAKES_NOBODY]),
    two(&shutdown::DEADLINE_STUCK_BESIDE_CANCEL, Proved, &[OUTCOME_WAKES_NOBODY]),
    two(&trigger::LET_GO_BESIDE_CANCEL, Proved, &[TWO_PUSH_WAKES_NOBODY]),
    two(&trigger::WAIT_FOR_TERMINATION_TWO, Proved, &[EXIT_WAKES_NOBODY]),
    two(&trigger::WAIT_WHILE_CANCELLING, Proved, &[CANCEL_WAKES_NOBODY, CANCEL_WAKES_ONE]),
    two(&trigger::FINAL_REPORT_IN_TIME, Proved, &[EXIT_WAKES_NOBODY, OWNER_TIMES_OUT]),
    two(&trigger::FINAL_REPORT_AFTER_CANCELS, Proved, &[TWO_CLOSE_WAKES_NOBODY]),
    two(&queue::THREE_PUSHERS_TWO_PLACES, Proved, &[PLACE_WAKES_NOBODY, TWO_CLOSE_WAKES_NOBODY]),
    nightly(&idle::IDLE_TWO_AFTER_CANCEL, Proved, &[IDLE_WAKES_NOBODY, IDLE_WAKES_ONE]),
    two_nightly(&idle::IDLE_TWO_AFTER_CANCEL, Proved, &[IDLE_WAKES_NOBODY, IDLE_WAKES_ONE]),
    own(&any::DROP_THREE_ONE, Proved, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE]),
    own(&any::DROP_TWO_THREE, Proved, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE]),
    own(&any::DROP_THREE_TWO, Proved, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE]),
    own(&any::DROP_FOUR_TWO, Proved, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE]),
    own(&any::PROGRESS_THREE, Proved, &[PUSH_WAKES_NOBODY]),
    two(&any::DROP_THREE_ONE, Proved, &[TWO_CLOSE_WAKES_NOBODY, TWO_CLOSE_WAKES_ONE]),
    two(&any::DROP_TWO_THREE, Proved, &[TWO_CLOSE_WAKES_NOBODY, TWO_CLOSE_WAKES_ONE]),
];

impl Trial {
    /// Every trial of a profile.
    pub fn all(nightly: bool) -> impl Iterator<Item = &'static Trial> {
        TRIALS.iter().filter(move |trial| nightly || !trial.nightly)
    }

    /// Its name: the subject's and the scenario's.
    pub fn name(&self) -> String {
        format!("{}/{}", self.subject.name(), self.scenario.name)
    }

    /// The trial of that name.
    pub fn find(name: &str) -> Option<&'static Trial> {
        TRIALS.iter().find(|trial| trial.name() == name)
    }

    /// The trial of this pool that evidence names: by its scenario, on the queue on which the pool
    /// is proved whole, or, where the queue matters, by its whole name.
    pub fn of_this_pool(name: &str) -> Option<&'static Trial> {
        let named = if name.contains('/') {
            Trial::find(name)
        } else {
            Trial::find(&format!("{THIS_POOL}/{name}"))
        };
        named.filter(|trial| is_this_pool(trial.subject.name()))
    }

    /// The seeded defect of that name.
    pub fn defect(&self, name: &str) -> Option<&'static Defect> {
        self.defects.iter().find(|defect| defect.name == name)
    }

    /// The preemption bound of the last exploration; `None` is unbounded.
    pub fn bound(&self) -> Option<usize> {
        match self.expect {
            Bounded(bound) => Some(bound),
            Proved | Convicted(_) => None,
        }
    }
}

impl std::fmt::Debug for Trial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Trial").field(&self.name()).field(&self.expect).finish()
    }
}

/// The name of this pool as a subject, on the queue on which it is proved whole.
pub const THIS_POOL: &str = "last-call";

/// The name of this pool as a subject, on its default queue.
pub const ON_DEFAULT_QUEUE: &str = "last-call-two-lock";

/// Whether that subject is this pool, whose clauses are reported.
pub fn is_this_pool(subject: &str) -> bool {
    [THIS_POOL, ON_DEFAULT_QUEUE].contains(&subject)
}

/// Every subject, in the order of the report's columns.
pub fn subjects() -> &'static [&'static dyn Subject] {
    &SUBJECTS
}

/// Their names.
pub fn subject_names() -> Vec<&'static str> {
    SUBJECTS.iter().map(|subject| subject.name()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Expect, TRIALS};

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<_> = TRIALS.iter().map(super::Trial::name).collect();
        assert_eq!(names.len(), TRIALS.len());
    }

    #[test]
    fn every_scenario_declares_outcomes_and_clauses() {
        for trial in TRIALS {
            assert!(!trial.scenario.reach.is_empty(), "{}", trial.name());
            assert!(!trial.scenario.clauses.is_empty(), "{}", trial.name());
        }
    }

    #[test]
    fn every_proof_has_a_defect_that_it_must_notice() {
        for trial in TRIALS {
            let convicted = matches!(trial.expect, Expect::Convicted(_));
            assert!(convicted || !trial.defects.is_empty(), "{}", trial.name());
        }
    }
}
