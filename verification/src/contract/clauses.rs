//! The clauses of the contract. Every piece of evidence names the clauses that it supports.

/// A numbered promise of the pool.
#[derive(Clone, Copy, Debug)]
pub struct Clause {
    /// The number: 1 for C1.
    pub number: u8,
    /// The promise, in one sentence.
    pub statement: &'static str,
}

/// Every clause, in order.
pub const CLAUSES: [Clause; 28] = [
    clause(1, "The pool goes from running to draining or discarding to terminated, never back."),
    clause(2, "One owner; submitters, queued jobs and workers do not keep the pool alive."),
    clause(3, "A job is accepted before shutdown begins, or refused and handed back unrun."),
    clause(4, "Each accepted job has exactly one outcome, decided by one atomic claim."),
    clause(5, "accepted = completed + panicked + cancelled + unfinished in every report; accepted ≥ finished, each count monotone, in every snapshot."),
    clause(6, "Jobs start in the order of acceptance; their end happens before anyone learns of it."),
    clause(7, "No job waits in the queue while a worker is idle."),
    clause(8, "Full, shut down, timed out and would-deadlock are told apart; the closure comes back."),
    clause(9, "A worker that would have to wait on its own full queue is told so at once."),
    clause(10, "A submitter blocked on a full queue is always released."),
    clause(11, "While draining, submissions are refused, those of running jobs too."),
    clause(12, "A panic in a job is caught; the worker survives; the panic reaches handle or report."),
    clause(13, "Panicking destructors change no outcome and are counted; what must abort is documented."),
    clause(14, "No user code runs while an internal lock is held; poisoned locks are taken over."),
    clause(15, "Captures are dropped, then counters updated, then the outcome is published."),
    clause(16, "Dropping the pool drains and joins, and never panics."),
    clause(17, "shutdown drains, shutdown_now cancels what has not started, shutdown_timeout returns at its deadline and names what is unfinished."),
    clause(18, "A shutdown trigger works from any thread, any number of times; the stronger mode wins."),
    clause(19, "A running job can ask whether the pool is shutting down."),
    clause(20, "After a shutdown without a deadline every worker thread has been joined."),
    clause(21, "On its own worker, the pool neither joins itself nor blocks: it begins draining and lets go."),
    clause(22, "The first signal drains, the second discards."),
    clause(23, "The end of the process does not wait for the pool."),
    clause(24, "A handle always resolves: value, panic payload, or cancelled with its reason."),
    clause(25, "cancel tells cancelled, started and finished apart; a cancelled job never runs."),
    clause(26, "wait_idle returns only if at one instant nothing was queued or running."),
    clause(27, "A builder that cannot build returns an error, and leaves no thread behind."),
    clause(28, "A job never travels inside the closure of a thread being started."),
];

const fn clause(number: u8, statement: &'static str) -> Clause {
    Clause { number, statement }
}

#[cfg(test)]
mod tests {
    use super::CLAUSES;

    #[test]
    fn clauses_are_numbered_from_one() {
        for (index, clause) in CLAUSES.iter().enumerate() {
            assert_eq!(usize::from(clause.number), index + 1);
        }
    }
}
