//! What running a model reports: the result, the progress, and failures.

use std::fmt;
use std::time::Duration;

use crate::schedule::Schedule;

/// The result of running a model.
#[derive(Clone, Debug)]
pub struct Report {
    /// How it ended.
    pub end: End,
    /// The number of completed executions, each with a different trace. For a sample, all
    /// executions.
    pub executions: u64,
    /// The number of executions that were abandoned because they would have repeated a trace. It
    /// may depend on the number of [`parts`](crate::Builder::parts).
    pub redundant: u64,
    /// The number of executions in which a sleeper with a timeout remained until nothing else could
    /// continue. The consequences of its timeout are explored from its wait on and counted there.
    pub expired: u64,
    /// The number of different schedules of a sample.
    pub distinct: u64,
    /// The number of steps of the longest execution.
    pub longest: usize,
    /// The number of steps of all executions.
    pub steps: u64,
    /// The number of executions in which a loop that yields saw nothing new, and went on since no
    /// other thread could. If it counts its rounds, what others do after a later round is not
    /// explored; see [`spins`](crate::Builder::spins).
    pub released: u64,
    /// Whether an atomic or a fence had an ordering weaker than sequential consistency. What such
    /// an ordering allows beyond that is not explored.
    pub weak_orderings: bool,
    /// Whether data in a [`cell`](crate::cell) was accessed, whose races are failures.
    pub accessed_data: bool,
    /// Wall time.
    pub elapsed: Duration,
}

/// How running a model ended.
#[derive(Clone, Debug)]
pub enum End {
    /// Everything that was requested ran, and nothing failed.
    Complete,
    /// An execution failed.
    Failed(Box<Failure>),
    /// [`max_executions`](crate::Builder::max_executions) or
    /// [`max_duration`](crate::Builder::max_duration) ended it. Nothing is known about the rest.
    Limited,
}

/// An execution that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The kind of failure.
    pub kind: FailureKind,
    /// What happened, in a sentence: for example the message of the panic.
    pub message: String,
    /// The schedule, for [`Builder::replay`](crate::Builder::replay).
    pub schedule: Schedule,
    /// Where each thread stood that had not ended.
    pub stands: Vec<Stand>,
    /// The visible operations in order. Empty for a sample, whose schedule can be replayed.
    pub interleaving: Vec<String>,
    /// The names of the threads, by the numbers that the rows use.
    pub threads: Vec<String>,
    /// The visible operations in order, for [`lanes`](Self::lanes).
    pub rows: Vec<Row>,
    /// For each thread that waits for a lock, or for the end of a thread, what it waits for.
    pub pending: Vec<Row>,
    /// The threads that have ended.
    pub ended: Vec<usize>,
    /// The panics that ended a thread, which its [`JoinHandle`](crate::thread::JoinHandle) returns.
    pub panicked: Vec<Panicked>,
    /// The locks that were released without a visible operation, each with the number of operations
    /// before, the thread and the name of the lock. Only after a replay.
    pub released: Vec<(usize, usize, String)>,
    /// The operations that a fault has changed, each with the number of operations before. Only after a
    /// replay.
    pub faults: Vec<(usize, Row)>,
    /// The objects that the rows name, each with the place where it was created.
    pub objects: Vec<(String, String)>,
}

/// A panic that ended a thread of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panicked {
    /// The thread, as an index.
    pub thread: usize,
    /// The message of the panic.
    pub message: String,
    /// Its place, as `file:line`, if a [`check`](crate::trial::check) explores the model.
    pub site: Option<String>,
}

/// One visible operation of a failed execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The thread, as an index.
    pub thread: usize,
    /// What it does, in a few words. After a replay, with the values of atomics.
    pub what: String,
    /// Its place, as `file:line`.
    pub site: String,
    /// The operation, in a word or two, without its object.
    pub operation: &'static str,
    /// The name of the object; of a join, that of the thread. Empty if there is none.
    pub object: String,
    /// The thread that it wakes, if it is the only one.
    pub wakes: Option<usize>,
}

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// A panic left a thread of the model.
    Panic,
    /// No thread could continue.
    Deadlock,
    /// An execution was longer or had more threads than allowed.
    Limit,
    /// The same decisions led to other operations. Either the model depends on something invisible
    /// to the explorer, or the schedule belongs to another model.
    Diverged,
}

/// Where a thread stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stand {
    /// The thread's name.
    pub thread: String,
    /// What it waits for.
    pub stuck: Stuck,
    /// The current call into mazurka, as `file:line:column`.
    pub site: Option<String>,
}

/// What a thread waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// It was started but has not run.
    NotBegun,
    /// It can continue.
    Running,
    /// A lock, with its owner.
    Lock(Option<String>),
    /// A notification.
    Asleep,
    /// The end of another thread.
    Join(String),
}

impl fmt::Display for Stand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.thread)?;
        match &self.stuck {
            Stuck::NotBegun => write!(f, "has not begun")?,
            Stuck::Running => write!(f, "can go on")?,
            Stuck::Lock(Some(owner)) => write!(f, "waits for a lock that {owner} holds")?,
            Stuck::Lock(None) => write!(f, "is about to lock")?,
            Stuck::Asleep => write!(f, "sleeps on a condition variable")?,
            Stuck::Join(thread) => write!(f, "waits for the end of {thread}")?,
        }
        self.site.as_ref().map_or(Ok(()), |site| write!(f, " at {site}"))
    }
}

impl Failure {
    /// Takes over what a replay has recorded of the same execution.
    pub(crate) fn take_record(&mut self, again: Failure) {
        self.interleaving = again.interleaving;
        self.threads = again.threads;
        self.rows = again.rows;
        self.pending = again.pending;
        self.ended = again.ended;
        self.panicked = again.panicked;
        self.released = again.released;
        self.faults = again.faults;
        self.objects = again.objects;
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.message)?;
        for stand in &self.stands {
            writeln!(f, "  {stand}")?;
        }
        for line in &self.interleaving {
            writeln!(f, "    {line}")?;
        }
        write!(f, "replay with the schedule {}", self.schedule)
    }
}

/// One execution, as an observer in the explorer's tests sees it; see
/// [`Builder::observe`](crate::Builder::observe).
#[doc(hidden)]
#[derive(Debug)]
pub struct Observed<'a> {
    /// The thread and the choice of each step. Threads are numbered by their start.
    pub steps: Vec<(usize, u8)>,
    /// Whether it was abandoned because it would have repeated a trace.
    pub redundant: bool,
    /// Whether time had to pass.
    pub expired: bool,
    /// The failure, if it failed.
    pub failure: Option<&'a Failure>,
}

/// The progress of an exploration.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The number of executions so far, including redundant ones.
    pub executions: u64,
    /// The time since the exploration began.
    pub elapsed: Duration,
    /// The estimated number of all executions, if one is known. On several
    /// [`parts`](crate::Builder::parts) it is not known. The estimate assumes that each known branch
    /// is as large as its siblings (Knuth's estimator over the tree explored so far).
    pub estimate: Option<u64>,
}

/// Why an execution failed, before it is described in a [`Failure`].
#[derive(Debug)]
pub(crate) struct Cause {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
}

impl Cause {
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Cause { kind, message: message.into() }
    }
}
