//! The main loop of a worker, and how it finishes jobs.

use std::mem;

use crate::events;
use crate::job::{Claimant, Ending, Job, Mention};
use crate::outcome::CancelReason;
use crate::panics::{catch, drop_payload, message, CatchDrop};
use crate::queue::Queue;
use crate::report::{JobId, JobPanic};
use crate::shared::{Record, Shared};
use crate::sync::Arc;
use crate::wakers::Woken;

/// Called with the number of a worker, on its thread.
pub(crate) type Hook = CatchDrop<Arc<dyn Fn(usize) + Send + Sync>>;

/// Called with the panic of a job that has no handle.
pub(crate) type PanicHook = CatchDrop<Arc<dyn Fn(&JobPanic) + Send + Sync>>;

/// The hooks of a worker. Each worker has its own clone, and drops it before it exits.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) start: Option<Hook>,
    pub(crate) stop: Option<Hook>,
    pub(crate) panic: Option<PanicHook>,
}

impl Hooks {
    /// Drops the hooks and returns the number of panics that this caused.
    fn release(self) -> u64 {
        let hooks = [self.start, self.stop];
        let panics: u64 = hooks.into_iter().flatten().map(CatchDrop::release).sum();
        panics + self.panic.map_or(0, CatchDrop::release)
    }
}

/// Runs a worker, from its start hook until it exits.
pub(crate) fn main(shared: &Shared, number: usize, hooks: Hooks) {
    let record = &shared.records[number];
    if start(shared, number, &hooks) {
        events::worker_started(number);
        shared.queue.enter(number);
        let mut worker = Worker {
            shared,
            number,
            record,
            job: 0,
            uncounted: false,
            unnotified: false,
            emptied: Vec::new(),
            panic_hook: hooks.panic.as_ref(),
            panic: None,
        };
        while let Some((id, job)) = shared.queue.pop(|| worker.catch_up()) {
            worker.job = id;
            job.process(&mut worker);
        }
        events::disconnected(number);
        stop(shared, number, &hooks);
    }
    shared.count_panics(hooks.release());
    shared.exit(record);
}

/// Runs the start hook. Returns `false` if it panicked, or if another worker cannot be started.
fn start(shared: &Shared, number: usize, hooks: &Hooks) -> bool {
    let Some(hook) = &hooks.start else { return true };
    if !shared.startup.wait_for_threads() {
        return false;
    }
    match catch(|| hook(number)) {
        Ok(()) => {
            shared.startup.end_hook(number, Ok(()));
            true
        }
        Err(payload) => {
            let text = message(payload.as_ref());
            shared.count_panics(drop_payload(payload));
            shared.startup.end_hook(number, Err(text));
            false
        }
    }
}

/// Runs the stop hook.
fn stop(shared: &Shared, number: usize, hooks: &Hooks) {
    if let Some(hook) = &hooks.stop {
        if let Err(payload) = catch(|| hook(number)) {
            shared.count_panics(1 + drop_payload(payload));
        }
    }
}

/// A claimant that runs the jobs that it claims.
struct Worker<'a> {
    shared: &'a Shared,
    number: usize,
    record: &'a Record,
    /// The id of the claimed job.
    job: u64,
    /// A job has completed and is not counted yet. It is counted when the next job begins, under
    /// the same lock, or before the worker sleeps.
    uncounted: bool,
    /// A job has ended, and idleness waiters are not notified yet. They are notified when the queue
    /// is empty, or before user code that may depend on them: to wake a thread for each job would
    /// cost far more than the job.
    unnotified: bool,
    /// Boxes of jobs that ran. Freeing them together costs less than one by one.
    emptied: Vec<Job>,
    panic_hook: Option<&'a PanicHook>,
    /// The message of the panic that the hook has not been told of. Always `None` without a hook.
    panic: Option<String>,
}

impl Worker<'_> {
    /// Does what was deferred while there were jobs. A lock of the queue may be held.
    fn catch_up(&mut self) -> Woken {
        self.emptied.clear();
        if mem::take(&mut self.uncounted) {
            self.end(Ending::Completed);
        }
        self.notify()
    }

    /// Notifies idleness waiters of the jobs that have ended. Returns the tasks among them.
    fn notify(&mut self) -> Woken {
        if mem::take(&mut self.unnotified) {
            self.shared.idle.notify()
        } else {
            Woken::default()
        }
    }
}

impl Claimant for Worker<'_> {
    #[inline]
    fn begin(&mut self, job: Mention) -> Result<(), CancelReason> {
        self.shared.release_slot();
        let ended = mem::take(&mut self.uncounted);
        if !self.record.begin(ended, JobId(self.job), job) {
            return Err(CancelReason::DeadlinePassed);
        }
        events::got_a_job(self.number, self.job, job.name);
        Ok(())
    }

    fn report_panic(&self, job: Mention, message: &str) {
        events::job_panicked(self.number, self.job, job, message);
    }

    fn end(&mut self, ending: Ending) {
        if let (Ending::Panicked(Some(message)), Some(_)) = (&ending, self.panic_hook) {
            self.panic = Some(message.clone());
        }
        self.unnotified |= self.record.end(ending);
    }

    fn call_panic_hook(&mut self, job: Mention) {
        if let (Some(message), Some(hook)) = (self.panic.take(), self.panic_hook) {
            let Mention { name, site } = job;
            let panic = JobPanic { id: JobId(self.job), name, site, message };
            if let Err(payload) = catch(|| hook(&panic)) {
                self.shared.count_panics(1 + drop_payload(payload));
            }
        }
    }

    fn end_deferred(&mut self) {
        self.uncounted = true;
    }

    fn notify_idle(&mut self) {
        self.notify().wake();
    }

    fn defer_free(&mut self, emptied: Job) {
        self.emptied.push(emptied);
        if self.emptied.len() == 64 {
            self.emptied.clear();
        }
    }

    fn count_panics(&mut self, number: u64) {
        self.shared.count_panics(number);
    }
}

#[cfg(all(test, not(all(loom, feature = "__internals"))))]
mod tests {
    use super::{main, Hooks};
    use crate::job::{InPlace, Label, Submission};
    use crate::queue::{Queue, QueueKind, Wait};
    use crate::shared::{IdleWatch, Shared};

    /// Idleness waiters are woken when the pool may be idle, and not by each job.
    #[test]
    fn a_worker_notifies_once_of_all_the_jobs_that_it_has_ended() {
        for kind in QueueKind::ALL {
            let shared = Shared::new(1, *kind, None, None);
            for number in 0..10 {
                let job = Submission::<_, u64>::new(InPlace(move || number)).job(Label::here());
                assert!(shared.queue.push(job, Wait::No).is_ok());
            }
            shared.queue.close();
            let (watch, _) = IdleWatch::begin(&shared).expect("this is no worker");
            main(&shared, 0, Hooks::default());
            assert_eq!(
                (watch.finished(), shared.idle.epoch.lock().number),
                (10, 1),
                "{}",
                kind.name()
            );
        }
    }
}
