//! All trials: a row for each scenario, a column for each subject.

use std::sync::LazyLock;

use crate::faults::defect::{
    Defect, CANCEL_WAKES_NOBODY, CANCEL_WAKES_ONE, CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE,
    DEQUE_ACCEPTS_LATE, DEQUE_SPLITS_ITS_PUSH, EXIT_WAKES_NOBODY, FLAG_IS_NOT_RAISED,
    HOOK_END_WAKES_NOBODY, IDLE_WAKES_NOBODY, IDLE_WAKES_ONE, JOB_SPLITS_ITS_END,
    JOB_SPLITS_ITS_OUTCOME, LOCKED_CLOSE_WAKES_NOBODY, LOCKED_WAKES_NOBODY, OUTCOME_WAKES_NOBODY,
    OWNER_TIMES_OUT, PLACE_WAKES_NOBODY, PUSH_WAKES_NOBODY, SCOPE_SLEEPS_UNLOCKED,
    SCOPE_WAKES_NOBODY, SET_SLEEPS_UNLOCKED, SET_WAKES_NOBODY, STARTUP_WAKES_NOBODY,
};
use crate::scenarios::scenario::Scenario;
use crate::scenarios::{
    any, backpressure, batches, cancel, faults, handles, idle, queue, scope, sets, shutdown,
    stealing, trigger, waits,
};
use crate::subjects::subject::Subject;
use crate::subjects::{
    is_this_pool, BookStage1, BookStage2, LOCKED, THIS_POOL, TWO_LOCK, WORK_STEALING,
};
use crate::trials::trial::{Conviction, Expect, Trial};

/// The subjects of [`ROWS`], in their order: this pool on its default queue, this pool on `locked`, and
/// the two stages of the book's pool.
static COLUMNS: [&dyn Subject; 4] = [&TWO_LOCK, &LOCKED, &BookStage1, &BookStage2];

/// A scenario, its seeded defects, and the expected result for each of [`COLUMNS`].
struct Row {
    scenario: &'static Scenario,
    /// Seeded in each subject in which the property holds; each must be convicted.
    defects: &'static [Defect],
    cells: [Cell; COLUMNS.len()],
}

/// The expected result for one subject.
#[derive(Clone, Copy)]
struct Cell {
    /// `None` if the subject does not run under the scenario.
    expect: Option<Expect>,
    /// Whether only the nightly profile runs the trial, because it takes minutes.
    nightly: bool,
}

const fn expect(expect: Expect) -> Cell {
    Cell { expect: Some(expect), nightly: false }
}

const fn row(
    scenario: &'static Scenario,
    defects: &'static [Defect],
    cells: [Cell; COLUMNS.len()],
) -> Row {
    Row { scenario, defects, cells }
}

/// The subject does not run under the scenario: it lacks an operation that the scenario needs, or its
/// hanging drop would hide the result.
const NONE: Cell = Cell { expect: None, nightly: false };
const PROVED: Cell = expect(Expect::Proved);
const AT_NIGHT: Cell = Cell { expect: Some(Expect::Proved), nightly: true };
/// mazurka does not finish: it has more than 6,100,000 traces, even with interchangeable poppers.
const BOUNDED_2: Cell = expect(Expect::Bounded(2));
const HANGS: Cell = expect(Expect::Convicted(Conviction::Deadlock));
const JOIN_UNWRAPS: Cell = panics("called `Result::unwrap()` on an `Err` value");
const JOB_LOST: Cell = panics("neither run nor been reported");
const SUBMIT_PANICS: Cell = panics("a worker receives");

const fn panics(message: &'static str) -> Cell {
    expect(Expect::Convicted(Conviction::Panic(message)))
}

#[rustfmt::skip] // one row per line
const ROWS: &[Row] = &[
    row(&any::DROP_IDLE, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE], [PROVED, PROVED, HANGS, PROVED]),
    row(&any::DROP_BUSY, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE], [PROVED, PROVED, HANGS, PROVED]),
    row(&any::DROP_QUEUED, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, HANGS, PROVED]),
    row(&any::DROP_BOTH, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE], [PROVED, PROVED, HANGS, PROVED]),
    row(&any::PROGRESS_ONE, &[PUSH_WAKES_NOBODY], [PROVED, PROVED, NONE, PROVED]),
    row(&any::PROGRESS_TWO, &[PUSH_WAKES_NOBODY], [PROVED, PROVED, NONE, PROVED]),
    row(&shutdown::PROGRESS_OWNED, &[PUSH_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&any::FIFO, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, PROVED]),
    row(&any::PANIC_WORKER_SURVIVES, &[PUSH_WAKES_NOBODY], [PROVED, PROVED, HANGS, HANGS]),
    row(&any::PANIC_DROP_QUIET, &[CLOSE_WAKES_NOBODY], [NONE, PROVED, JOIN_UNWRAPS, JOIN_UNWRAPS]),
    row(&any::PANIC_NOTHING_LOST, &[CLOSE_WAKES_NOBODY], [NONE, PROVED, JOB_LOST, JOB_LOST]),
    row(&any::PANIC_EXECUTE_ANSWERS, &[CLOSE_WAKES_NOBODY], [NONE, PROVED, SUBMIT_PANICS, SUBMIT_PANICS]),
    row(&any::DROP_ON_WORKER, &[PUSH_WAKES_NOBODY], [PROVED, PROVED, HANGS, HANGS]),
    row(&shutdown::SUBMIT_RACING_DROP, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&shutdown::SUBMIT_RACING_DROP_TWO, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE], [PROVED, PROVED, NONE, NONE]),
    row(&shutdown::JOB_SUBMITS_WHILE_DRAINING, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&shutdown::DISCARD_RACING_JOBS, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&shutdown::DISCARD_TWO_WORKERS, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE], [PROVED, PROVED, NONE, NONE]),
    row(&shutdown::DEADLINE, &[CLOSE_WAKES_NOBODY, OUTCOME_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&shutdown::DEADLINE_TWO_WORKERS, &[OUTCOME_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&shutdown::DEADLINE_IN_TIME, &[EXIT_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&shutdown::DEADLINE_STUCK, &[OUTCOME_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&shutdown::DEADLINE_PANIC, &[JOB_SPLITS_ITS_END], [NONE, PROVED, NONE, NONE]),
    row(&any::MEETING, &[PUSH_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&shutdown::CAPTURES_BEFORE_HANDLE, &[OUTCOME_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&shutdown::DISCARD_ON_WORKER, &[OUTCOME_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&shutdown::STATS_WHILE_SUBMITTING, &[CLOSE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&shutdown::STATS_WHILE_RUNNING, &[OUTCOME_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&handles::JOIN_BEFORE_SHUTDOWN, &[PUSH_WAKES_NOBODY, OUTCOME_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&handles::JOIN_WHILE_DRAINING, &[OUTCOME_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&handles::JOIN_WHILE_DISCARDING, &[OUTCOME_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&handles::JOIN_WITH_DEADLINE, &[OUTCOME_WAKES_NOBODY, PUSH_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&handles::JOIN_IN_TIME, &[OUTCOME_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&handles::JOIN_AS_THE_TIMEOUT_PASSES, &[OUTCOME_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&handles::DETACH, &[CLOSE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&handles::PANIC_REACHES_HANDLE, &[PUSH_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&faults::SECOND_SPAWN_FAILS, &[CLOSE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&faults::THIRD_SPAWN_FAILS, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE], [NONE, PROVED, NONE, NONE]),
    row(&faults::START_HOOK_PANICS, &[STARTUP_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&faults::START_HOOK_PANICS_BESIDE_ANOTHER, &[HOOK_END_WAKES_NOBODY, CLOSE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&faults::NO_START_HOOK_RUNS_EARLY, &[STARTUP_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&faults::STOP_HOOKS_BEFORE_RETURN, &[CLOSE_WAKES_NOBODY, STARTUP_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&backpressure::PLACE_RELEASES, &[PLACE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&backpressure::DRAIN_RELEASES, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&backpressure::DISCARD_RELEASES, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&backpressure::TRY_WHEN_FULL, &[CLOSE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&backpressure::TIMED_WHEN_FULL, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&backpressure::IN_TIME_WHEN_FULL, &[PLACE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&backpressure::OWN_WORKER_WHEN_FULL, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&backpressure::CANCELLED_JOBS_LEAVE, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&backpressure::CANCEL_FREES_PLACE, &[PLACE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&cancel::CANCEL_RACING_START, &[OUTCOME_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&cancel::CANCEL_RACING_START_TWO, &[CLOSE_WAKES_ONE, OUTCOME_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&cancel::CANCEL_RACING_DISCARD, &[CANCEL_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&idle::IDLE_AFTER_CHILD, &[IDLE_WAKES_NOBODY, PUSH_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&idle::IDLE_TWO_WORKERS, &[IDLE_WAKES_NOBODY, PUSH_WAKES_NOBODY], [AT_NIGHT, PROVED, NONE, NONE]),
    row(&idle::IDLE_TWO_WAITERS, &[IDLE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&idle::IDLE_AFTER_CANCEL, &[IDLE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&idle::IDLE_AFTER_PANIC, &[IDLE_WAKES_NOBODY, PUSH_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&idle::IDLE_BEFORE_RESULT, &[IDLE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&idle::IDLE_BEFORE_UNREAD_PAYLOAD, &[IDLE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&idle::IDLE_BEFORE_PAYLOAD, &[IDLE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&idle::IDLE_BEFORE_WAKER, &[IDLE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&idle::IDLE_WITH_DEADLINE, &[CLOSE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&idle::IDLE_IN_TIME, &[IDLE_WAKES_NOBODY, PUSH_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&trigger::DISCARD_DURING_DRAIN, &[CANCEL_WAKES_NOBODY, CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&trigger::DISCARD_DURING_DRAIN_TWO, &[CANCEL_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&trigger::TWO_TRIGGERS, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&trigger::WAIT_FOR_TERMINATION, &[EXIT_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&trigger::WAIT_WHILE_DISCARDING, &[CLOSE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&trigger::STOP_TOKEN, &[CLOSE_WAKES_NOBODY, FLAG_IS_NOT_RAISED], [NONE, PROVED, NONE, NONE]),
    row(&trigger::STOP_TOKEN_DISCARD, &[CLOSE_WAKES_NOBODY, FLAG_IS_NOT_RAISED], [NONE, PROVED, NONE, NONE]),
    row(&trigger::FINAL_REPORT_FROM_WORKER, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&trigger::FINAL_REPORT_AFTER_DEADLINE, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&trigger::FINAL_REPORT_AFTER_DEADLINE_TWO, &[CLOSE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&trigger::FINAL_REPORT_OF_TWO, &[CLOSE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&handles::FUTURE_IS_WOKEN, &[PUSH_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&queue::PUSH_RACING_CLOSE, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&queue::CLOSE_RELEASES_PUSHERS, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE], [PROVED, PROVED, NONE, NONE]),
    row(&queue::PLACES_RELEASE_PUSHERS, &[PLACE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&queue::LATE_PUSH_KEEPS_NO_WAKE_UP, &[PLACE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&queue::POP_BEFORE_CLOSE, &[PUSH_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&queue::SPURIOUS_WAKE_UP, &[PUSH_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&queue::THREE_POP_BEFORE_CLOSE, &[PUSH_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&queue::NONE_ONLY_WHEN_CLOSED, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&queue::POP_IN_ORDER, &[PUSH_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&queue::DRAIN_RACING_POP, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&queue::FOUR_POP_BEFORE_CLOSE, &[PUSH_WAKES_NOBODY], [BOUNDED_2, NONE, NONE, NONE]),
    row(&queue::GIVES_BUFFERS_BACK, &[PUSH_WAKES_NOBODY], [PROVED, NONE, NONE, NONE]),
    row(&backpressure::PLACE_OF_TWO_RELEASES, &[PLACE_WAKES_NOBODY], [PROVED, NONE, NONE, NONE]),
    row(&backpressure::CANCEL_FREES_PLACE_OF_TWO, &[PLACE_WAKES_NOBODY], [PROVED, NONE, NONE, NONE]),
    row(&handles::PANIC_DETACHED, &[JOB_SPLITS_ITS_OUTCOME], [PROVED, PROVED, NONE, NONE]),
    row(&handles::WAKER_REPLACED, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&handles::WAKER_GOES_WITH_HANDLE, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&cancel::CANCEL_INSIDE_CANCEL, &[CANCEL_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&cancel::TWO_CANCELLERS, &[CANCEL_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&idle::IDLE_AFTER_ONE_GAVE_UP, &[IDLE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&shutdown::STATS_WHILE_CANCELLING, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&shutdown::DEADLINE_BESIDE_CANCEL, &[OUTCOME_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&shutdown::DEADLINE_STUCK_BESIDE_CANCEL, &[OUTCOME_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&trigger::LET_GO_BESIDE_CANCEL, &[PUSH_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&trigger::WAIT_FOR_TERMINATION_TWO, &[EXIT_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&trigger::WAIT_WHILE_CANCELLING, &[CANCEL_WAKES_NOBODY, CANCEL_WAKES_ONE], [PROVED, PROVED, NONE, NONE]),
    row(&trigger::FINAL_REPORT_IN_TIME, &[EXIT_WAKES_NOBODY, OWNER_TIMES_OUT], [PROVED, PROVED, NONE, NONE]),
    row(&trigger::FINAL_REPORT_AFTER_CANCELS, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&queue::THREE_PUSHERS_TWO_PLACES, &[PLACE_WAKES_NOBODY, CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&idle::IDLE_TWO_AFTER_CANCEL, &[IDLE_WAKES_NOBODY, IDLE_WAKES_ONE], [AT_NIGHT, AT_NIGHT, NONE, NONE]),
    row(&any::DROP_THREE_ONE, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE], [PROVED, PROVED, NONE, NONE]),
    row(&any::DROP_TWO_THREE, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE], [PROVED, PROVED, NONE, NONE]),
    row(&any::DROP_THREE_TWO, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE], [NONE, PROVED, NONE, NONE]),
    row(&any::DROP_FOUR_TWO, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE], [NONE, PROVED, NONE, NONE]),
    row(&any::PROGRESS_THREE, &[PUSH_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&handles::PANIC_HOOK, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&cancel::CANCEL_ON_DROP, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&scope::SCOPE_ENDS, &[SCOPE_WAKES_NOBODY, PUSH_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&scope::SCOPE_COUNTS, &[SCOPE_WAKES_NOBODY, SCOPE_SLEEPS_UNLOCKED], [PROVED, PROVED, NONE, NONE]),
    row(&scope::SCOPE_DISCARDED, &[SCOPE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&scope::SCOPE_PANICS, &[SCOPE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&scope::SCOPE_ON_WORKER, &[SCOPE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&scope::SCOPE_GROWS, &[SCOPE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&scope::SCOPE_CANCEL, &[OUTCOME_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&scope::SCOPE_CANCELLED_BEHIND, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&sets::SET_JOINS, &[SET_WAKES_NOBODY, SET_SLEEPS_UNLOCKED], [PROVED, PROVED, NONE, NONE]),
    row(&sets::SET_POLLED, &[PUSH_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&sets::SET_FIRST_ERROR, &[SET_WAKES_NOBODY], [AT_NIGHT, PROVED, NONE, NONE]),
    row(&sets::SET_DISCARDED, &[SET_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&sets::MAP_IN_ORDER, &[OUTCOME_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&sets::MAP_UNORDERED, &[SET_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&sets::MAP_DRAINED, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&waits::IDLE_AWAITED, &[PUSH_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&waits::IDLE_AWAITED_CANCEL, &[CLOSE_WAKES_NOBODY], [AT_NIGHT, PROVED, NONE, NONE]),
    row(&waits::IDLE_GIVEN_UP, &[PUSH_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&waits::TERMINATED_AWAITED, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&waits::TERMINATED_WHILE_CANCELLING, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&waits::TERMINATED_GIVEN_UP, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&waits::SUBMIT_AWAITED, &[PUSH_WAKES_NOBODY], [AT_NIGHT, PROVED, NONE, NONE]),
    row(&waits::SUBMIT_AWAITED_SHUTDOWN, &[CLOSE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&waits::SUBMIT_GIVEN_UP, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&waits::QUEUE_TASK_GIVES_UP, &[PUSH_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&waits::QUEUE_SLOT_WAKES_BOTH, &[PLACE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&waits::QUEUE_SLOTS_WAKE_BOTH, &[PLACE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&waits::QUEUE_CLOSE_WAKES_BOTH, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&shutdown::TAKE_QUEUED, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&shutdown::TAKE_QUEUED_RACING_DISCARD, &[CLOSE_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&batches::BATCH_MEETS, &[PUSH_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&batches::BATCH_WAITS, &[PLACE_WAKES_NOBODY], [AT_NIGHT, PROVED, NONE, NONE]),
    row(&batches::BATCH_RACING_DRAIN, &[CLOSE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&batches::QUEUE_BATCH_IN_ONE_STEP, &[PUSH_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&trigger::FINAL_REPORT_FROM_OWNER, &[CLOSE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
    row(&queue::EACH_POPPER_IN_ORDER, &[PUSH_WAKES_NOBODY], [PROVED, PROVED, NONE, NONE]),
    row(&faults::HOOK_OF_A_FAILED_BUILD, &[CLOSE_WAKES_NOBODY], [NONE, PROVED, NONE, NONE]),
];

/// This pool on work stealing, with the seeded defects. Without jobs that submit jobs it acts as on its
/// default queue.
#[rustfmt::skip] // one row per line
const ON_WORK_STEALING: &[(&Scenario, &[Defect], Cell)] = &[
    (&stealing::STOLEN, &[PUSH_WAKES_NOBODY], PROVED),
    (&stealing::CHILD_AND_DRAIN, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE], PROVED),
    (&stealing::CHILD_AND_DISCARD, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE], PROVED),
    (&shutdown::JOB_SUBMITS_WHILE_DRAINING, &[CLOSE_WAKES_NOBODY], PROVED),
    (&idle::IDLE_AFTER_CHILD, &[IDLE_WAKES_NOBODY, PUSH_WAKES_NOBODY], PROVED),
    (&any::DROP_BOTH, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE], AT_NIGHT),
    (&any::PROGRESS_TWO, &[PUSH_WAKES_NOBODY], AT_NIGHT),
    (&stealing::MEET_TWO, &[PUSH_WAKES_NOBODY], PROVED),
    (&stealing::MEET_TWO_ON_LOCKED, &[LOCKED_WAKES_NOBODY], PROVED),
    (&stealing::TWO_OWNERS, &[LOCKED_WAKES_NOBODY], PROVED),
    (&stealing::OWNER_NUDGED, &[PUSH_WAKES_NOBODY], PROVED),
    (&stealing::OWNER_NUDGED_ON_LOCKED, &[LOCKED_WAKES_NOBODY], PROVED),
    (&stealing::IDLE_PUSHES, &[PUSH_WAKES_NOBODY], PROVED),
    (&stealing::CLOSE, &[CLOSE_WAKES_NOBODY], PROVED),
    (&stealing::CLOSE_ON_LOCKED, &[LOCKED_CLOSE_WAKES_NOBODY], PROVED),
    (&stealing::DRAIN, &[CLOSE_WAKES_NOBODY, DEQUE_SPLITS_ITS_PUSH], PROVED),
    (&stealing::DRAIN_ON_LOCKED, &[LOCKED_CLOSE_WAKES_NOBODY, DEQUE_SPLITS_ITS_PUSH], PROVED),
    (&stealing::CLOSE_IN_ONE_STEP, &[DEQUE_ACCEPTS_LATE], PROVED),
    (&stealing::COUNTS, &[DEQUE_SPLITS_ITS_PUSH], PROVED),
];

/// Every trial, row by row, in the order of the report.
pub static TRIALS: LazyLock<Vec<Trial>> = LazyLock::new(|| {
    let by_column = ROWS.iter().flat_map(|row| {
        let cells = row.cells.into_iter().zip(COLUMNS);
        cells.map(|(cell, subject)| (row.scenario, row.defects, subject, cell))
    });
    let on_work_stealing = ON_WORK_STEALING.iter().map(|(scenario, defects, cell)| {
        let subject: &dyn Subject = &WORK_STEALING;
        (*scenario, *defects, subject, *cell)
    });
    let trials =
        by_column.chain(on_work_stealing).filter_map(|(scenario, defects, subject, cell)| {
            let expect = cell.expect?;
            let is_seeded = |defect: &&Defect| {
                !matches!(expect, Expect::Convicted(_)) && defect.can_show(subject)
            };
            let defects = defects.iter().filter(is_seeded).collect();
            Some(Trial { subject, scenario, expect, defects, nightly: cell.nightly })
        });
    trials.collect()
});

impl Trial {
    /// Returns every trial of a profile.
    pub fn all(nightly: bool) -> impl Iterator<Item = &'static Trial> {
        TRIALS.iter().filter(move |trial| nightly || !trial.nightly)
    }

    /// Returns the trial of that name.
    pub fn find(name: &str) -> Option<&'static Trial> {
        TRIALS.iter().find(|trial| trial.name() == name)
    }

    /// Returns the trial of this pool that a hazard names: the name of a scenario means the trial on
    /// the queue `locked`, on which the pool is proved whole; any other name is that of a trial.
    pub fn of_this_pool(name: &str) -> Option<&'static Trial> {
        let named = if name.contains('/') {
            Trial::find(name)
        } else {
            Trial::find(&format!("{THIS_POOL}/{name}"))
        };
        named.filter(|trial| is_this_pool(trial.subject.name()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::{Expect, Trial, TRIALS};
    use crate::contract::hazards::HAZARDS;

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<_> = TRIALS.iter().map(Trial::name).collect();
        assert_eq!(names.len(), TRIALS.len());
    }

    #[test]
    fn every_scenario_declares_outcomes_and_clauses() {
        for trial in &*TRIALS {
            assert!(!trial.scenario.reach.is_empty(), "{}", trial.name());
            assert!(!trial.scenario.clauses.is_empty(), "{}", trial.name());
        }
    }

    #[test]
    fn every_proof_has_a_seeded_defect() {
        for trial in &*TRIALS {
            let convicted = matches!(trial.expect, Expect::Convicted(_));
            assert!(convicted || !trial.defects.is_empty(), "{}", trial.name());
        }
    }

    #[test]
    fn every_hazard_names_existing_evidence() {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests");
        for hazard in HAZARDS {
            assert!(hazard.models.len() + hazard.tests.len() > 0, "{}", hazard.condition);
            for model in hazard.models {
                let holds = Trial::of_this_pool(model)
                    .is_some_and(|trial| !matches!(trial.expect, Expect::Convicted(_)));
                assert!(holds, "no model `{model}` of this pool");
            }
            for test in hazard.tests {
                let (file, name) = test.split_once("::").expect("file::test");
                let paths = [format!("{file}.rs"), format!("{file}/main.rs")];
                let text = paths.iter().find_map(|path| fs::read_to_string(tests.join(path)).ok());
                let text = text.unwrap_or_else(|| panic!("no test file `{file}`"));
                assert!(text.contains(&format!("fn {name}()")), "no test `{test}`");
            }
        }
    }
}
