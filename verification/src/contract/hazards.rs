//! Defects that real pools have had, and the evidence that would show each of them here.
//!
//! Each is an interleaving or a condition under which a well-known pool lost a job, hung, miscounted
//! or aborted.

use std::fmt::Write as _;

/// A defect that a pool has had.
#[derive(Clone, Copy, Debug)]
pub struct Hazard {
    /// The topic.
    pub group: &'static str,
    /// The condition or interleaving.
    pub condition: &'static str,
    /// The models that would show it. Each is the name of a scenario, on the queue `locked`, on which
    /// this pool is proved whole; or, if the queue matters, the name of a trial.
    pub models: &'static [&'static str],
    /// The tests on real threads that would show it, as `file::test`.
    pub tests: &'static [&'static str],
    /// The reason why the design excludes it; empty if it does not.
    pub excluded: &'static str,
}

const fn hazard(
    group: &'static str,
    condition: &'static str,
    models: &'static [&'static str],
    tests: &'static [&'static str],
) -> Hazard {
    Hazard { group, condition, models, tests, excluded: "" }
}

const fn excluded(hazard: Hazard, excluded: &'static str) -> Hazard {
    Hazard { excluded, ..hazard }
}

const LOST: &str = "Jobs lost between submit and shutdown";
const COUNTING: &str = "Counting";
const PANICS: &str = "Panics and destructors";
const SELF_WAIT: &str = "A pool that waits for itself";
const STARTING: &str = "Starting threads";
const CANCELLING: &str = "Cancelling";
const PROCESS: &str = "Memory, stacks and the process";

/// All hazards, by group.
pub const HAZARDS: &[Hazard] = &[
    hazard(
        LOST,
        "submit reads \"running\", shutdown queues its stop messages, and the job is queued behind them",
        &["submit-racing-drop", "submit-racing-drop-2", "queue-push-racing-close"],
        &["stress::ends_against_submissions"],
    ),
    hazard(
        LOST,
        "a push succeeds while a shutdown that has seen an empty queue terminates the pool",
        &["submit-racing-drop", "submit-racing-drop-2", "job-submits-while-draining"],
        &["stress::ends_against_submissions"],
    ),
    excluded(
        hazard(
            LOST,
            "the wait of an idle worker times out while a submitter relies on that worker",
            &["progress-2x1", "progress-owned-2x2", "queue-pop-before-close"],
            &["order::no_job_is_left_behind_when_the_only_worker_goes_to_sleep"],
        ),
        "workers wait without a timeout and leave only when the queue is closed and empty",
    ),
    hazard(
        LOST,
        "a count of idle workers that an exit or a wake-up leaves wrong",
        &[
            "last-call-two-lock/progress-2x2",
            "last-call-two-lock/progress-owned-2x2",
            "last-call-two-lock/jobs-meet",
            "last-call-two-lock/queue-three-pop-before-close",
            "last-call-two-lock/queue-none-only-when-closed",
        ],
        &["order::jobs_that_wait_for_each_other_all_get_a_worker"],
    ),
    hazard(
        LOST,
        "the only worker goes from busy to idle while a job is pushed",
        &["panic-worker-survives", "full-released-by-place", "idle-after-child"],
        &["order::no_job_is_left_behind_when_the_only_worker_goes_to_sleep", "stress::handles_are_joined_while_the_pool_ends"],
    ),
    hazard(
        LOST,
        "the stop flag is set and everyone notified between the check of a worker and its sleep",
        &["drop-idle", "drop-busy", "drop-queued", "drop-2x2"],
        &["stress::thousands_of_small_pools"],
    ),
    hazard(
        LOST,
        "the check before sleeping looks at one of two queues only",
        &[
            "last-call-two-lock/queue-pop-before-close",
            "last-call-two-lock/queue-gives-buffers-back",
            "last-call-two-lock/progress-2x2",
            "last-call-two-lock/jobs-meet",
        ],
        &["order::a_free_worker_runs_everything_while_the_others_are_held"],
    ),
    hazard(
        LOST,
        "a thief goes to sleep between its look at a queue of another worker and a push there",
        &[
            "last-call-work-stealing/stealing-before-end",
            "last-call-work-stealing/queue-stealing-two",
            "last-call-work-stealing/queue-stealing-own-nudge",
        ],
        &["work_stealing::a_job_that_waits_for_its_child_gets_it_done"],
    ),
    hazard(
        LOST,
        "a worker accepts a job into a queue of its own after the pool has refused one",
        &[
            "last-call-work-stealing/queue-stealing-closes-in-one-step",
            "last-call-work-stealing/queue-stealing-close",
            "last-call-work-stealing/stealing-while-draining",
        ],
        &["work_stealing::a_tree_that_is_cut_off_by_a_drop_is_accounted_for"],
    ),
    hazard(
        LOST,
        "a job that submits itself again keeps its worker from every other job",
        &[],
        &["work_stealing::jobs_behind_one_that_submits_itself_again_run"],
    ),
    hazard(
        LOST,
        "queued jobs are dropped, not resolved, so their handles hang",
        &["discard-racing-jobs", "deadline-stuck-job", "join-while-discarding", "discard-on-worker"],
        &["shutdown::shutdown_now_has_resolved_every_handle_when_it_returns"],
    ),
    hazard(
        LOST,
        "discard cancels jobs but wakes nobody, so their joiners hang",
        &["join-while-discarding", "discard-on-worker", "captures-before-handle"],
        &["handles::a_join_that_waits_is_woken_by_each_outcome", "cancel::a_task_that_awaits_a_cancelled_job_is_woken"],
    ),
    hazard(
        LOST,
        "a submission after shutdown is dropped in silence, or accepted",
        &["submit-racing-drop", "job-submits-while-draining", "stop-token"],
        &[
            "submit::a_refused_job_comes_back_unrun_and_can_still_be_run",
            "submit::a_running_job_is_refused_once_the_drain_has_begun",
        ],
    ),
    hazard(
        LOST,
        "submitters that wait for a slot are not released when the pool closes",
        &["full-released-by-drain", "full-released-by-discard"],
        &["backpressure::the_end_of_the_pool_returns_the_closures_of_blocked_submitters", "stress::discards_against_blocked_submitters", "queues::close_and_drain_release_every_waiter"],
    ),
    hazard(
        LOST,
        "the second caller of shutdown returns before termination",
        &["wait-for-termination", "discard-during-drain"],
        &["trigger::a_wait_for_the_end_returns_after_every_stop_hook", "trigger::a_discard_takes_over_from_the_drain_that_an_owner_waits_for"],
    ),
    hazard(
        LOST,
        "one clone's end kills the pool, or the pool is never dropped because its workers own it too",
        &["drop-on-worker", "progress-owned-2x2", "job-submits-while-draining"],
        &["submit::dropping_a_clone_ends_nothing", "submit::submitters_do_not_keep_the_pool", "trigger::triggers_and_tokens_outlive_the_pool_and_do_not_keep_it"],
    ),
    hazard(
        COUNTING,
        "idleness judged by two reads, between which a job submits a child",
        &["idle-after-child", "idle-2-workers"],
        &["stress::an_endless_chain_of_jobs_is_never_idle", "idle::jobs_that_submit_jobs_are_not_idle_in_between"],
    ),
    hazard(
        COUNTING,
        "a worker has taken a job and is not marked busy yet",
        &["idle-2-workers", "idle-with-deadline", "deadline"],
        &["shutdown::a_job_that_was_taken_but_not_claimed_at_the_deadline_does_not_start"],
    ),
    hazard(
        COUNTING,
        "a job no longer counts as running before its panic is counted",
        &["idle-after-panic", "stats-while-running"],
        &["stats::the_stats_include_a_job_once_its_handle_has_resolved", "stats::stats_never_fall_and_never_contradict_each_other"],
    ),
    hazard(
        COUNTING,
        "a way out of the job skips the count, so waiters hang",
        &["idle-after-panic", "idle-after-cancel"],
        &["state_machine::every_sequence_of_operations_keeps_the_contract"],
    ),
    hazard(
        COUNTING,
        "completion is signalled before the result or payload is dropped, or by a thread that touches shared state afterwards",
        &["captures-before-handle", "join-before-shutdown", "stop-hooks-before-return"],
        &[
            "handles::captures_are_dropped_and_the_outcome_is_counted_before_the_handle_resolves",
            "shutdown::when_a_shutdown_returns_every_worker_thread_has_ended",
        ],
    ),
    hazard(
        COUNTING,
        "a receiver that holds a clone of its own sender never sees the disconnect",
        &["job-submits-while-draining", "full-released-by-drain"],
        &["submit::submitters_do_not_keep_the_pool", "submit::an_endless_chain_of_jobs_is_cut_by_the_drain"],
    ),
    hazard(
        PANICS,
        "a payload whose drop panics kills the worker or the process",
        &[],
        &[
            "panics::a_payload_whose_drop_panics_is_counted_and_the_worker_goes_on",
            "panics::a_payload_whose_drops_never_end_is_leaked",
        ],
    ),
    hazard(
        PANICS,
        "two queued jobs whose captures panic in drop abort when the queue is dropped",
        &[],
        &["panics::captures_of_cancelled_jobs_whose_drop_panics_are_all_dropped_and_stay_cancelled"],
    ),
    hazard(
        PANICS,
        "an unread result whose drop panics unwinds the worker outside its `catch_unwind`",
        &[],
        &[
            "panics::an_unread_result_whose_drop_panics_stays_completed",
            "panics::a_handle_dropped_with_a_result_whose_drop_panics_does_not_panic",
        ],
    ),
    excluded(
        hazard(
            PANICS,
            "a worker is replaced by a destructor during unwinding, or by a guard that recurses",
            &["panic-worker-survives"],
            &[
                "panics::a_worker_survives_with_its_thread_and_its_name",
                "order::jobs_run_on_the_threads_started_by_build_and_on_no_others",
            ],
        ),
        "workers are not replaced: they survive",
    ),
    hazard(
        PANICS,
        "a pool that does not catch loses a worker with each panic, and finally hangs",
        &["panic-worker-survives", "panic-nothing-lost", "panic-execute-answers"],
        &["panics::a_worker_survives_with_its_thread_and_its_name"],
    ),
    hazard(
        PANICS,
        "join().unwrap() in drop, while already unwinding",
        &["panic-drop-quiet"],
        &["panics::a_pool_dropped_while_unwinding_drains_and_does_not_panic"],
    ),
    hazard(
        PANICS,
        "user code runs under the pool's lock: a capture whose drop submits a job deadlocks",
        &["captures-before-handle", "detach", "cancel-racing-discard"],
        &["panics::destructors_may_submit_jobs_and_ask_for_stats"],
    ),
    hazard(
        PANICS,
        "two closures of the user's are dropped under one guard: two destructors that panic abort",
        &[],
        &["hooks::hooks_whose_captures_all_panic_in_drop_abort_nothing"],
    ),
    hazard(
        SELF_WAIT,
        "the last owner is dropped by a job on its own worker",
        &["drop-on-worker", "discard-on-worker", "progress-owned-2x2", "final-report-from-worker"],
        &[
            "shutdown::a_pool_that_ends_on_its_own_worker_detaches",
            "stress::pools_that_are_dropped_by_their_own_jobs",
        ],
    ),
    hazard(
        SELF_WAIT,
        "a job waits for idleness, or for a slot in the full queue of its own pool",
        &["full-own-worker"],
        &["idle::a_job_that_waits_for_its_own_pool_gets_an_error", "trigger::a_job_that_waits_for_the_end_of_its_own_pool_gets_an_error", "backpressure::a_worker_waits_for_a_slot_of_another_pool_but_not_of_its_own"],
    ),
    hazard(
        SELF_WAIT,
        "a job waits for the handle of a job queued behind it on the only worker",
        &["jobs-meet"],
        &["shutdown::shutdown_now_releases_a_job_that_waits_for_a_queued_one", "handles::a_job_that_waits_for_the_one_behind_it_can_get_out"],
    ),
    excluded(
        hazard(
            STARTING,
            "a job is pushed, its thread cannot be started, submit fails, and the job still runs later",
            &["build-fails-at-worker-1", "build-fails-at-worker-2"],
            &["order::jobs_run_on_the_threads_started_by_build_and_on_no_others"],
        ),
        "`build` starts every thread before the first job can be submitted",
    ),
    excluded(
        hazard(
            STARTING,
            "a job that was moved into the closure of a new thread is dropped with it",
            &["build-fails-at-worker-1", "build-fails-at-worker-2"],
            &["order::jobs_run_on_the_threads_started_by_build_and_on_no_others"],
        ),
        "`build` starts every thread before the first job can be submitted",
    ),
    hazard(
        STARTING,
        "workers that had started leak when a later one cannot be started",
        &["build-fails-at-worker-1", "build-fails-at-worker-2"],
        &["builder::workers_that_had_started_are_joined_when_one_cannot_be_started"],
    ),
    hazard(
        STARTING,
        "start hooks wait for each other while one worker cannot be started or its hook panics: `build` hangs",
        &["start-hook-panics", "no-start-hook-before-every-thread"],
        &["builder::a_build_fails_whatever_start_hooks_wait_for", "builder::start_hooks_may_wait_for_each_other"],
    ),
    hazard(
        CANCELLING,
        "cancelled and started are two flags: cancel succeeds, and the job still runs",
        &["cancel-racing-start", "cancel-racing-discard"],
        &["stress::cancels_against_starts", "cancel::of_many_cancels_one_wins"],
    ),
    hazard(
        CANCELLING,
        "a cancelled job keeps its slot and its captures until it is dequeued",
        &["full-cancel-frees-place", "captures-before-handle"],
        &["cancel::the_slot_of_a_cancelled_job_is_free_at_once", "cancel::a_cancelled_job_never_runs_and_its_captures_are_gone_when_cancel_returns"],
    ),
    hazard(
        PROCESS,
        "a large closure or result is moved through the stack of a worker, or of a caller, which overflows",
        &[],
        &["large::a_worker_runs_a_closure_that_is_larger_than_its_stack", "large::a_small_stack_cancels_and_waits_for_large_closures", "large::a_refused_large_closure_comes_back_in_a_small_error", "large::a_large_result_is_moved_a_few_times"],
    ),
    hazard(
        PROCESS,
        "ending the pool needs memory in proportion to what is queued, when there is none left",
        &[],
        &["memory::a_discard_needs_no_memory_that_grows_with_the_queue"],
    ),
    hazard(
        PROCESS,
        "cancelled jobs behind a stuck one keep their memory: a bounded queue whose memory is not bounded",
        &["cancelled-jobs-leave-a-full-queue"],
        &["memory::cancelled_jobs_take_memory_in_proportion_to_the_capacity", "memory::a_cancelled_job_gives_its_large_closure_back_at_once"],
    ),
    hazard(
        PROCESS,
        "the handle of a job that has ended keeps a block of the size of its closure",
        &[],
        &["memory::a_handle_keeps_the_outcome_and_not_the_memory_of_the_closure"],
    ),
    hazard(
        PROCESS,
        "the pool in a forked child has no workers: drop panics in join",
        &[],
        &[
            "fork::in_a_forked_child_ending_the_pool_returns_and_does_not_panic",
            "fork::a_child_that_is_forked_while_threads_hold_the_locks_can_end_the_pool",
        ],
    ),
    hazard(
        PROCESS,
        "a waker is kept after its handle is gone, and woken for nothing",
        &[],
        &["futures::the_waker_of_a_dropped_handle_goes_with_it"],
    ),
    hazard(
        PROCESS,
        "signals stay caught after the end of the pool, a third one does nothing, and each pool leaves a thread and descriptors behind",
        &[],
        &[
            "signal::after_the_end_of_the_pool_a_signal_ends_the_process",
            "signal::a_third_signal_ends_the_process_while_a_step_is_stuck",
            "signal::four_hundred_pools_leave_no_thread_and_no_descriptor",
            "readme::ctrl_c_ends_the_server_of_the_readme_while_a_job_is_stuck",
        ],
    ),
];

/// Returns the table of `verification/HAZARDS.md`.
pub fn table() -> String {
    let mut out =
        String::from("| hazard | models | tests on real threads |\n| --- | --- | --- |\n");
    for hazard in HAZARDS {
        let names = |names: &[&str]| {
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        let mut condition = hazard.condition.to_owned();
        if !hazard.excluded.is_empty() {
            let _ = write!(condition, " (not here: {})", hazard.excluded);
        }
        let (models, tests) = (names(hazard.models), names(hazard.tests));
        let _ = writeln!(out, "| {condition} | {models} | {tests} |");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn the_document_has_the_table() {
        let document = include_str!("../../HAZARDS.md");
        let table = table();
        assert!(document.contains(&table), "verification/HAZARDS.md must contain\n\n{table}");
    }
}
