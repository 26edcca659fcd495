//! Waiting for the end of the pool, and the final report.

use std::task::Waker;

use super::{Record, Shared};
use crate::events;
use crate::panics::{ignore_panic, CatchDrop};
use crate::report::Report;
use crate::sync::{Arc, Deadline};

/// Called with the final report.
pub(crate) type ReportHook = CatchDrop<Arc<dyn Fn(&Report) + Send + Sync>>;

/// Which thread delivers the final report, if there is a hook for it.
///
/// | workers | owner | the report is delivered by |
/// | --- | --- | --- |
/// | any | waits for the workers | the owner, when it has joined them |
/// | live | detached | the last worker to exit |
/// | gone | detaches | the thread that detaches the owner |
///
/// `live` falls to 0 and `detached` becomes `true`, each once and in either order. The thread that
/// brings about the second of them delivers.
///
#[doc = include_str!("termination.md")]
pub(super) struct Termination {
    /// Workers that have not exited.
    pub(super) live: usize,
    /// The owner does not wait for the workers.
    pub(super) detached: bool,
    /// The hook until it is called.
    pub(super) hook: Option<ReportHook>,
}

/// A task that waits for the end of the pool. It waits for one worker after the other, and then for
/// the cancels.
#[derive(Debug, Default)]
pub(crate) struct TerminationTask {
    /// The number of the worker that it waits for; that of all workers stands for the cancels.
    at: usize,
    /// Its place among the tasks that wait for the same.
    ticket: Option<u64>,
}

impl Termination {
    pub(super) fn new(workers: usize, hook: Option<ReportHook>) -> Self {
        Termination { live: workers, detached: false, hook }
    }
}

impl Shared {
    /// Waits until every worker has exited. Returns `false` if the deadline comes first.
    fn wait_exited(&self, deadline: Deadline) -> bool {
        let mut all = true;
        for (worker, record) in self.records.iter().enumerate() {
            events::shutting_down(worker);
            all &= record.wait_exited(deadline);
        }
        all
    }

    /// Waits until every job has its outcome and every worker has exited. Returns `false` if the
    /// deadline comes first.
    pub(crate) fn wait_terminated(&self, deadline: Deadline) -> bool {
        // In this order: once every worker is gone, nothing is queued that a later cancel could
        // claim.
        self.wait_exited(deadline) && self.wait_cancelled(deadline)
    }

    /// As [`wait_terminated`](Self::wait_terminated), for a task that is polled. Returns `true` once
    /// the pool has terminated.
    pub(crate) fn poll_terminated(&self, task: &mut TerminationTask, waker: Waker) -> bool {
        let mut waker = waker;
        // In the same order.
        while task.at <= self.records.len() {
            let registered = match self.records.get(task.at) {
                Some(record) => record.register_unless_exited(&mut task.ticket, waker),
                None => self.register_unless_cancelled(&mut task.ticket, waker),
            };
            match registered {
                Ok(earlier) => {
                    self.drop_waker(earlier);
                    return false;
                }
                Err(unneeded) => waker = unneeded,
            }
            // The waker that it had left here was taken as this ended.
            *task = TerminationTask { at: task.at + 1, ticket: None };
        }
        self.drop_waker(Some(waker));
        true
    }

    /// Ends the wait of a task.
    pub(crate) fn leave_terminated(&self, task: &mut TerminationTask) {
        if let Some(ticket) = task.ticket.take() {
            self.drop_waker(match self.records.get(task.at) {
                Some(record) => record.unregister(ticket),
                None => self.cancelling.lock().wakers.remove(ticket),
            });
        }
    }

    /// Detaches the owner from the workers: the last one to exit delivers the report. If all of
    /// them have exited, this thread does.
    pub(crate) fn detach(&self) {
        if self.has_report_hook {
            let mut termination = self.termination.lock();
            termination.detached = true;
            let due = termination.live == 0;
            drop(termination);
            if due {
                self.deliver_final_report();
            }
        }
        self.at_end.detach();
    }

    /// Ends a worker, which runs no more user code but the wakers of tasks that wait for its end.
    pub(crate) fn exit(&self, record: &Record) {
        if self.has_report_hook {
            let mut termination = self.termination.lock();
            termination.live -= 1;
            let due = termination.live == 0 && termination.detached;
            drop(termination);
            if due {
                self.deliver_final_report();
            }
        }
        self.at_end.exit();
        record.exit();
    }

    fn deliver_final_report(&self) {
        // No worker is left to retire. Jobs that are being cancelled are counted as cancelled.
        self.deliver(&self.report(true));
    }

    /// Gives the final report to the hook.
    pub(crate) fn deliver(&self, report: &Report) {
        if let Some(hook) = self.take_report_hook() {
            // The report is final, so a panic of the hook can no longer be counted in it.
            ignore_panic(|| hook(report));
        }
    }

    /// Drops the hook of a pool that failed to build.
    pub(crate) fn drop_report_hook(&self) {
        drop(self.take_report_hook());
    }

    fn take_report_hook(&self) -> Option<ReportHook> {
        if self.has_report_hook {
            self.termination.lock().hook.take()
        } else {
            None
        }
    }
}
