//! The counts of a pool: [`Stats`] while it runs, a [`Report`] at its end.

use std::panic::Location;
use std::time::Duration;

/// The position of a job in the order of acceptance. The first job that a pool accepts has 0.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// let pool = last_call::ThreadPool::new(2);
/// pool.execute(|| ()).expect("the pool is running");
/// let second = pool.submit(|| ()).expect("the pool is running");
/// assert_eq!((second.id().get(), second.id().to_string()), (1, "1".to_owned()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub(crate) u64);

impl JobId {
    /// Returns the number of jobs that the pool had accepted before.
    ///
    /// On [`QueueKind::WorkStealing`](crate::QueueKind::WorkStealing) it is the number of jobs that the
    /// queue for all had accepted before. For a job that a worker has submitted to its deque, it is the
    /// number of the worker plus one, times 2⁴⁸, plus the number of jobs that the deque had accepted
    /// before. So no two jobs have the same number, but an older job may have a greater one.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl std::fmt::Display for JobId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The largest number of panics of jobs without a handle that a [`Report`] describes. It describes
/// the first ones, and counts all of them.
pub const PANICS_KEPT: usize = 64;

/// What happened to every job.
///
/// Jobs are conserved: [`accepted`](Self::accepted) is always the sum of
/// [`completed`](Self::completed), [`panicked`](Self::panicked), [`cancelled`](Self::cancelled) and
/// [`unfinished`](Self::unfinished). Every count is a number of jobs since the pool was built.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// use last_call::ThreadPool;
///
/// let pool = ThreadPool::new(2);
/// for n in 0..3 {
///     pool.execute(move || println!("job {n}")).expect("the pool is running");
/// }
/// let report = pool.shutdown();
/// assert_eq!((report.accepted, report.completed), (3, 3));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "a report says which jobs did not complete"]
pub struct Report {
    /// Jobs that the pool accepted.
    pub accepted: u64,
    /// Jobs that returned a value.
    pub completed: u64,
    /// Jobs that panicked.
    pub panicked: u64,
    /// Jobs that never ran.
    pub cancelled: u64,
    /// Jobs that had not ended when the report was made. It is 0 after a shutdown without a
    /// deadline, unless the pool [detaches](crate::ThreadPool#shutdown) or this is a [forked
    /// child](crate::ThreadPool#fork), and always 0 in the report that the hook
    /// [`on_terminated`](crate::Builder::on_terminated) receives.
    pub unfinished: u64,
    /// Jobs that were refused. They are not among the accepted ones.
    pub rejected: u64,
    /// The jobs that were running when the report was made, by their ids.
    pub unfinished_jobs: Vec<UnfinishedJob>,
    /// The first panics of jobs without a handle, at most [`PANICS_KEPT`], by the ids of the jobs. A job whose handle was dropped before it had its outcome is one of them. Other
    /// panics go to the handle.
    pub panics: Vec<JobPanic>,
    /// Panics of destructors (captures of cancelled jobs, results, payloads) and of stop hooks.
    /// They change no outcome.
    pub other_panics: u64,
}

/// A job that was still running.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// use std::sync::mpsc;
/// use std::time::Duration;
///
/// let pool = last_call::ThreadPool::new(1);
/// let ((started, has_started), (open, gate)) = (mpsc::channel(), mpsc::channel::<()>());
/// let job = move || {
///     started.send(()).expect("the receiver is there");
///     drop(gate.recv()); // for a long time
/// };
/// pool.execute(job).expect("the pool is running");
/// has_started.recv().expect("the job starts");
///
/// let report = pool.shutdown_timeout(Duration::from_millis(10));
/// let stuck = &report.unfinished_jobs[0];
/// println!("the job submitted at {} has run for {:?}", stuck.site, stuck.elapsed);
/// assert_eq!((report.unfinished, stuck.id.get()), (1, 0));
/// drop(open);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnfinishedJob {
    /// Its id.
    pub id: JobId,
    /// Its [name](crate::JobOptions::name): the type name of its closure, which says in which
    /// function it was written, unless it was given another.
    pub name: &'static str,
    /// Where it was submitted: the call of the program.
    pub site: &'static Location<'static>,
    /// How long it had been running. With the feature `coarse-clock` this is exact to the system
    /// tick, a few ms.
    pub elapsed: Duration,
}

/// The panic of a job without a handle.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// let pool = last_call::ThreadPool::new(1);
/// pool.execute(|| panic!("no more paper")).expect("the pool is running");
/// let report = pool.shutdown();
/// let panic = &report.panics[0];
/// println!("the job submitted at {} panicked: {}", panic.site, panic.message);
/// assert_eq!((panic.id.get(), panic.message.as_str()), (0, "no more paper"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobPanic {
    /// Its id.
    pub id: JobId,
    /// Its [name](crate::JobOptions::name): the type name of its closure, which says in which
    /// function it was written, unless it was given another.
    pub name: &'static str,
    /// Where it was submitted: the call of the program.
    pub site: &'static Location<'static>,
    /// The message of the panic.
    pub message: String,
}

/// The counts of a pool so far.
///
/// Counts of jobs are numbers since the pool was built and never fall, except
/// [`running`](Self::running) and [`queued`](Self::queued), which are current numbers. At most as
/// many jobs have ended as were accepted.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// let pool = last_call::ThreadPool::new(4);
/// let stats = pool.stats();
/// assert_eq!((stats.workers, stats.accepted, stats.finished()), (4, 0, 0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Jobs that the pool accepted.
    pub accepted: u64,
    /// Jobs that returned a value.
    pub completed: u64,
    /// Jobs that panicked.
    pub panicked: u64,
    /// Jobs that never ran.
    pub cancelled: u64,
    /// Jobs that were refused. They are not among the accepted ones.
    pub rejected: u64,
    /// Jobs that are running. This count and the next are of the same instant only while no job
    /// starts or ends.
    pub running: u64,
    /// Jobs that are queued.
    pub queued: u64,
    /// Workers of the pool.
    pub workers: usize,
}

impl Stats {
    /// Returns the number of jobs that have their outcome.
    pub fn finished(&self) -> u64 {
        self.completed + self.panicked + self.cancelled
    }
}

/// Outcomes that one party has counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) completed: u64,
    pub(crate) panicked: u64,
    pub(crate) cancelled: u64,
}

impl Tally {
    pub(crate) fn finished(self) -> u64 {
        self.completed + self.panicked + self.cancelled
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.completed += other.completed;
        self.panicked += other.panicked;
        self.cancelled += other.cancelled;
    }
}
