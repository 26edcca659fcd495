//! Random sequences of all public operations, checked against a small model.
//!
//! Threads race, so the model does not say what happens, but what is allowed. It rests on two
//! clauses: jobs start in the order of their ids (C6), and none waits while a worker is free (C7).
//! So a job is *stuck* while at least as many held jobs come before it as there are workers: it
//! cannot have started. Everything else that is not held ends without further help. On a bounded
//! queue the stuck jobs are those that keep their slots.

#![cfg(not(loom))]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use last_call::{
    CancelReason, Cancellation, JobHandle, Outcome, Report, Shutdown, Stats, StopToken,
    SubmitError, Submitter, ThreadPool, PANICS_KEPT,
};
use proptest::prelude::*;
use support::{
    assert_conserved, cases, evidence, lock, panic_quietly, Bomb, Count, Counted, End, Gate, Pass,
    Progress, LONG,
};

/// The payload with which a capture panics.
const BOMB: &str = "the bomb";

/// A timeout that may well pass.
const SHORT: Duration = Duration::from_micros(50);

/// Returns `true` if a discard takes all jobs at once. The channel gives them up one by one, and a
/// worker may pop one in between: then a job starts although one before it, which would have held
/// the worker, has been cancelled.
fn drain_is_atomic() -> bool {
    // The builder decides on which queue a pool runs, and not the compiled features.
    !format!("{:?}", ThreadPool::builder()).contains("queue: Channel")
}

/// Returns `true` for the id of a job that was submitted by a job on work stealing.
fn is_in_deque(id: u64) -> bool {
    id >= 1 << 48
}

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Returns,
    Panics,
    /// Returns, and then one of its captures panics in its destructor.
    Bursts,
    /// Waits until its gate is opened.
    Held,
    /// Submits so many jobs that return.
    Parent(u64),
    /// Begins a drain of its own pool.
    Drains,
}

impl Kind {
    /// Returns `true` if it panics when it runs.
    fn panics(self) -> bool {
        matches!(self, Kind::Panics | Kind::Bursts)
    }
}

/// How a job is submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It waits for a slot if there will be one; otherwise it does not wait.
    Wait,
    /// Without waiting.
    Try,
    /// It waits for a long time if there will be a slot, and for a short time, in vain, if not.
    Timed,
}

/// Numbers choose among what exists at that moment. If there is nothing, the step does nothing.
#[derive(Clone, Copy, Debug)]
enum Step {
    Submit(Kind, Way),
    Execute(Kind, Way),
    /// Cancels any job that has a handle.
    Cancel(usize),
    /// Waits for idleness; in vain if a job is held.
    WaitIdle,
    /// Begins a drain from elsewhere.
    Drain,
    /// Begins a discard from elsewhere, or turns a drain into one.
    Discard,
    /// Waits for termination; in vain if no shutdown has begun or a job is held.
    WaitTerminated,
    /// Opens one gate, possibly that of a stuck job.
    Open(usize),
    /// Joins a job that will end.
    Join(usize),
    /// Asks any job.
    TryJoin(usize),
    /// Waits for a job that will end; in vain for one that is stuck or held.
    JoinTimeout(usize),
    /// Drops a handle.
    Detach(usize),
    /// Waits until everything that can end has ended.
    Settle,
}

/// When the held jobs are released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Release {
    /// Just before the end, while everything still moves.
    Before,
    /// When the shutdown has begun; after it has returned if its deadline may pass.
    During,
}

#[derive(Clone, Debug)]
struct Case {
    workers: usize,
    capacity: Option<usize>,
    steps: Vec<Step>,
    release: Release,
    end: End,
    /// Returns `true` for a shutdown with a deadline that may pass. Held jobs are then released
    /// after it.
    timeout: Duration,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        3 => Just(Kind::Returns),
        1 => Just(Kind::Panics),
        1 => Just(Kind::Bursts),
        2 => Just(Kind::Held),
        1 => (1..=3_u64).prop_map(Kind::Parent),
        1 => Just(Kind::Drains),
    ]
}

fn way() -> impl Strategy<Value = Way> {
    prop::sample::select(&[Way::Wait, Way::Try, Way::Timed][..])
}

fn step() -> impl Strategy<Value = Step> {
    let choice = || 0..8_usize;
    prop_oneof![
        12 => (kind(), way()).prop_map(|(kind, way)| Step::Submit(kind, way)),
        6 => (kind(), way()).prop_map(|(kind, way)| Step::Execute(kind, way)),
        6 => choice().prop_map(Step::Cancel),
        3 => Just(Step::WaitIdle),
        1 => Just(Step::Drain),
        1 => Just(Step::Discard),
        2 => Just(Step::WaitTerminated),
        6 => choice().prop_map(Step::Open),
        3 => choice().prop_map(Step::Join),
        3 => choice().prop_map(Step::TryJoin),
        3 => choice().prop_map(Step::JoinTimeout),
        3 => choice().prop_map(Step::Detach),
        3 => Just(Step::Settle),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let ends = prop::sample::select(&End::ALL[..]);
    let releases = prop::sample::select(&[Release::During, Release::Before][..]);
    let capacities = prop::option::of(1..=3_usize);
    let timeouts = [Duration::ZERO, Duration::from_nanos(1), SHORT, 10 * SHORT];
    let endings = (releases, ends, prop::sample::select(timeouts.to_vec()));
    (1..=3_usize, capacities, prop::collection::vec(step(), 0..30), endings).prop_map(
        |(workers, capacity, steps, (release, end, timeout))| Case {
            workers,
            capacity,
            steps,
            release,
            end,
            timeout,
        },
    )
}

#[test]
fn every_sequence_of_operations_keeps_the_contract() {
    let ran = cases::run("state machine", 1500, case(), |case, progress| {
        let mut machine = Machine::new(case.workers, case.capacity);
        for step in case.steps {
            progress.note(format_args!("{step:?}"));
            machine.step(step);
            machine.check(progress);
        }
        let Case { end, release, timeout, .. } = case;
        progress.note(format_args!("{end:?} ({timeout:?}), release {release:?}"));
        machine.end(end, release, timeout);
    });
    let clauses = "C1,C2,C3,C4,C5,C6,C7,C8,C9,C11,C12,C13,C15,C16,C17,C18,C19,C21,C24,C25,C26";
    evidence(clauses, ran);
}

/// What the model knows of a job.
struct Known {
    kind: Kind,
    /// The value that it returns or panics with.
    tag: u64,
    runs: Count,
    drops: Count,
    /// Present while the job is held.
    gate: Option<Gate>,
    /// Where a parent reports its children, and a draining job its drain; absent after that.
    children: Option<Receiver<Vec<Child>>>,
    handle: Option<JobHandle<u64>>,
    /// It had a handle, which is gone.
    let_go: bool,
    /// Its outcome has been seen.
    ended: bool,
    /// It was cancelled, and that has been seen.
    cancelled: Option<CancelReason>,
}

/// A job that another job has submitted.
struct Child {
    tag: u64,
    runs: Count,
    drops: Count,
    /// Or the reason why it was refused.
    handle: Result<JobHandle<u64>, Refusal>,
}

/// The predicates of the error of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Full,
    ShutDown,
    Timeout,
    WouldDeadlock,
}

impl Refusal {
    /// Each predicate is true for one of them, and for no other.
    fn of<F>(error: &SubmitError<F>) -> Self {
        let answers = [
            (error.is_full(), Refusal::Full),
            (error.is_shut_down(), Refusal::ShutDown),
            (error.is_timeout(), Refusal::Timeout),
            (error.would_deadlock(), Refusal::WouldDeadlock),
        ];
        let mut yes = answers.iter().filter(|(answer, _)| *answer);
        let (_, refusal) = yes.next().expect("an error is something");
        assert_eq!(yes.count(), 0, "an error is one thing");
        *refusal
    }
}

/// The contents of the closure of a job.
struct Work {
    kind: Kind,
    tag: u64,
    runs: Count,
    pass: Pass,
    submitter: Submitter,
    trigger: Shutdown,
    report: Sender<Vec<Child>>,
    bomb: Option<Bomb>,
    _drop: Counted,
}

impl Work {
    fn run(self) -> u64 {
        self.runs.up();
        match self.kind {
            Kind::Returns => {
                let waited = self.submitter.wait_idle();
                assert!(waited.is_err_and(|error| error.would_deadlock()), "a job cannot wait");
            }
            Kind::Bursts => drop(self.bomb),
            Kind::Panics => panic_quietly(self.tag),
            Kind::Held => self.pass.wait(),
            Kind::Parent(children) => {
                let child = |n| self.child(10 * self.tag + n);
                // No test receives it if the machine has failed.
                let _ = self.report.send((1..=children).map(child).collect());
            }
            Kind::Drains => {
                self.trigger.drain();
                let waited = self.trigger.wait_timeout(LONG);
                assert!(waited.is_err_and(|error| error.would_deadlock()), "a job cannot wait");
                assert!(self.submitter.execute(|| ()).is_err_and(|error| error.is_shut_down()));
                let _ = self.report.send(Vec::new());
            }
        }
        self.tag
    }

    fn child(&self, tag: u64) -> Child {
        let (runs, drops) = (Count::default(), Count::default());
        let capture = (runs.clone(), Counted(drops.clone()));
        let job = move || {
            capture.0.up();
            drop(capture);
            tag
        };
        let result = self.submitter.submit(job);
        let handle = result.map_err(|error| Refusal::of(&error));
        Child { tag, runs, drops, handle }
    }
}

struct Machine {
    /// By id, which is the order of acceptance. This is dropped before the pool, so that a failure
    /// opens the gates.
    jobs: BTreeMap<u64, Known>,
    pool: Option<ThreadPool>,
    submitter: Submitter,
    trigger: Shutdown,
    token: StopToken,
    workers: usize,
    capacity: Option<usize>,
    /// A shutdown has begun.
    stopping: bool,
    stops: Count,
    /// The report that the hook received.
    final_reports: Arc<Mutex<Vec<Report>>>,
    terminated: Count,
    stats: Stats,
    next_tag: u64,
    refused: u64,
}

impl Machine {
    fn new(workers: usize, capacity: Option<usize>) -> Self {
        let (stops, terminated) = (Count::default(), Count::default());
        let final_reports = Arc::new(Mutex::new(Vec::new()));
        let on_stop = stops.clone();
        let on_terminated = {
            let (reports, terminated) = (Arc::clone(&final_reports), terminated.clone());
            move |report: &Report| {
                lock(&reports).push(report.clone());
                terminated.up();
            }
        };
        let mut builder = ThreadPool::builder()
            .workers(workers)
            .on_stop(move |_| on_stop.up())
            .on_terminated(on_terminated);
        if let Some(capacity) = capacity {
            builder = builder.capacity(capacity);
        }
        let pool = builder.build().unwrap();
        Machine {
            submitter: pool.submitter(),
            trigger: pool.shutdown_trigger(),
            token: pool.stop_token(),
            capacity,
            stopping: false,
            final_reports,
            terminated,
            stats: pool.stats(),
            pool: Some(pool),
            workers,
            stops,
            jobs: BTreeMap::new(),
            next_tag: 1,
            refused: 0,
        }
    }

    // The model

    /// Returns `true` if no worker can have reached that job: each is held by an earlier one. In a
    /// deque no job is stuck: its worker takes it before any other.
    fn is_stuck(&self, id: u64) -> bool {
        if self.jobs[&id].cancelled.is_some() || is_in_deque(id) {
            return false;
        }
        let holds = self.jobs.range(..id).filter(|(_, job)| job.gate.is_some()).count();
        holds >= self.workers
    }

    /// Returns `true` if that job will end as things are, or has ended.
    fn will_end(&self, id: u64) -> bool {
        !self.is_stuck(id) && self.jobs[&id].gate.is_none()
    }

    /// Returns `true` if everything will end as things are, or has ended.
    fn all_will_end(&self) -> bool {
        self.jobs.keys().all(|id| self.will_end(*id))
    }

    /// Returns `true` if every slot is taken by a job that keeps it.
    fn is_full(&self) -> bool {
        let stuck = self.count(|id, _| self.is_stuck(id));
        self.capacity.is_some_and(|capacity| stuck >= capacity as u64)
    }

    fn ids(&self, wanted: impl Fn(u64, &Known) -> bool) -> Vec<u64> {
        let wanted = self.jobs.iter().filter(|(id, job)| wanted(**id, job));
        wanted.map(|(id, _)| *id).collect()
    }

    fn count(&self, wanted: impl Fn(u64, &Known) -> bool) -> u64 {
        self.ids(wanted).len() as u64
    }

    // The steps

    fn step(&mut self, step: Step) {
        let chosen = |ids: Vec<u64>, n: usize| (!ids.is_empty()).then(|| ids[n % ids.len()]);
        let with_handle = |machine: &Self| machine.ids(|_, job| job.handle.is_some());
        match step {
            Step::Submit(kind, way) => self.submit(kind, way, true),
            Step::Execute(kind, way) => self.submit(kind, way, false),
            Step::Cancel(n) => {
                if let Some(id) = chosen(with_handle(self), n) {
                    self.cancel(id);
                }
            }
            Step::WaitIdle => self.wait_idle(),
            Step::Drain => {
                self.trigger.drain();
                self.stopping = true;
            }
            Step::Discard => self.discard(),
            Step::WaitTerminated => self.wait_terminated(),
            Step::Open(n) => {
                if let Some(id) = chosen(self.ids(|_, job| job.gate.is_some()), n) {
                    self.job(id).gate = None;
                }
            }
            Step::Join(n) => {
                let ids = self.ids(|id, job| job.handle.is_some() && self.will_end(id));
                if let Some(id) = chosen(ids, n) {
                    let outcome = self.take_handle(id).join();
                    self.ended(id, outcome);
                }
            }
            Step::TryJoin(n) => {
                if let Some(id) = chosen(with_handle(self), n) {
                    let result = self.take_handle(id).try_join();
                    self.asked(id, result);
                }
            }
            Step::JoinTimeout(n) => {
                if let Some(id) = chosen(with_handle(self), n) {
                    let timeout = if self.will_end(id) { LONG } else { SHORT };
                    let result = self.take_handle(id).join_timeout(timeout);
                    assert!(result.is_ok() || !self.will_end(id), "job {id} will end");
                    self.asked(id, result);
                }
            }
            Step::Detach(n) => {
                if let Some(id) = chosen(with_handle(self), n) {
                    drop(self.take_handle(id));
                    self.job(id).let_go = true;
                }
            }
            Step::Settle => self.settle(),
        }
        // The jobs that may have submitted others have done so, and the next id is known again.
        self.meet_children(false);
    }

    fn job(&mut self, id: u64) -> &mut Known {
        self.jobs.get_mut(&id).expect("an id of this machine")
    }

    fn take_handle(&mut self, id: u64) -> JobHandle<u64> {
        self.job(id).handle.take().expect("a job with a handle")
    }

    fn submit(&mut self, kind: Kind, way: Way, with_handle: bool) {
        let (runs, drops) = (Count::default(), Count::default());
        let gate = Gate::new();
        let (report, children) = mpsc::channel();
        let tag = self.next_tag;
        self.next_tag += 1;
        let work = Work {
            kind,
            tag,
            runs: runs.clone(),
            pass: gate.pass(),
            submitter: self.submitter.clone(),
            trigger: self.trigger.clone(),
            report,
            bomb: (kind == Kind::Bursts).then(|| Bomb(Count::default(), BOMB)),
            _drop: Counted(drops.clone()),
        };
        let job = move || work.run();
        let must_wait = self.is_full() && !self.stopping;
        let patience = if must_wait { SHORT } else { LONG };
        let pool = self.pool.as_ref().expect("the end is the last step");
        let result = if with_handle {
            let result = match way {
                Way::Wait if !must_wait => pool.submit(job),
                Way::Wait | Way::Try => pool.try_submit(job),
                Way::Timed => pool.submit_timeout(job, patience),
            };
            result.map(Some).map_err(refused)
        } else {
            let job = move || {
                job();
            };
            let result = match way {
                Way::Wait if !must_wait => pool.execute(job),
                Way::Wait | Way::Try => pool.try_execute(job),
                Way::Timed => pool.execute_timeout(job, patience),
            };
            result.map(|()| None).map_err(refused)
        };
        let handle = match result {
            Ok(handle) => handle,
            Err(refusal) => {
                let expected = match (self.stopping, way) {
                    (true, _) => Refusal::ShutDown,
                    (false, Way::Timed) => Refusal::Timeout,
                    (false, _) => Refusal::Full,
                };
                assert_eq!(refusal, expected);
                let may_be_full = self.capacity.is_some() && way == Way::Try;
                assert!(self.stopping || must_wait || may_be_full, "there was a slot");
                assert_eq!((runs.get(), drops.get()), (0, 1), "refused is not run");
                self.refused += 1;
                return;
            }
        };
        assert!(!self.stopping && !must_wait, "it should have been refused");
        let id = self.count(|id, _| !is_in_deque(id));
        if let Some(handle) = &handle {
            assert_eq!(handle.id().get(), id, "the number of jobs that threads submitted before");
        }
        let held = kind == Kind::Held;
        let parent = matches!(kind, Kind::Parent(_) | Kind::Drains);
        let known = Known {
            kind,
            tag,
            runs,
            drops,
            gate: held.then_some(gate),
            children: parent.then_some(children),
            handle,
            let_go: false,
            ended: false,
            cancelled: None,
        };
        self.jobs.insert(id, known);
    }

    /// Cancels a job. This succeeds if the job has not started.
    fn cancel(&mut self, id: u64) {
        let (stuck, ended) = (self.is_stuck(id), self.jobs[&id].cancelled.is_some());
        let job = self.job(id);
        let found = job.handle.as_ref().expect("a job with a handle").cancel();
        if found == Cancellation::Cancelled {
            assert!(!ended, "job {id} was cancelled before");
            assert_eq!((job.runs.get(), job.drops.get()), (0, 1), "cancelled is dropped, unrun");
            self.was_cancelled(id, CancelReason::Requested);
        } else {
            assert!(!stuck, "job {id} cannot have started: {found:?}");
            assert!(!ended || found == Cancellation::Finished, "job {id}: {found:?}");
            let resolved = job.handle.as_ref().is_some_and(JobHandle::is_finished);
            assert!(resolved || found == Cancellation::Started, "job {id}: {found:?}");
        }
    }

    fn was_cancelled(&mut self, id: u64, reason: CancelReason) {
        let job = self.job(id);
        job.cancelled = Some(reason);
        job.gate = None;
        job.children = None;
    }

    fn wait_idle(&mut self) {
        if self.all_will_end() {
            assert_eq!(self.submitter.wait_idle_timeout(LONG), Ok(()));
            let stats = self.submitter.stats();
            assert_eq!((stats.finished(), stats.running, stats.queued), (stats.accepted, 0, 0));
        } else {
            for timeout in [Duration::ZERO, SHORT] {
                let error = self.submitter.wait_idle_timeout(timeout).unwrap_err();
                assert!(error.is_timeout(), "{error}");
            }
        }
    }

    fn wait_terminated(&mut self) {
        if self.stopping && self.all_will_end() {
            assert_eq!(self.trigger.wait_timeout(LONG), Ok(()));
            assert_eq!(self.stops.get(), self.workers as u64, "every stop hook has run");
        } else {
            let error = self.trigger.wait_timeout(SHORT).unwrap_err();
            assert!(error.is_timeout(), "{error}");
        }
    }

    /// Cancels the jobs in the queue, and determines which they were.
    fn discard(&mut self) {
        let held = self.ids(|_, job| job.gate.is_some());
        let stuck = self.ids(|id, _| self.is_stuck(id));
        self.trigger.discard();
        self.stopping = true;
        let all = self.ids(|_, _| true);
        while !self.all_decided(&all) {
            thread::yield_now();
        }
        self.judge_stuck(&held, &stuck);
        for id in all {
            let job = &self.jobs[&id];
            if job.runs.get() == 0 && job.cancelled.is_none() {
                let resolved = job.handle.as_ref().map_or(true, JobHandle::is_finished);
                assert!(resolved, "a discard has resolved the handles of what it cancelled");
                self.was_cancelled(id, CancelReason::Discarded);
            }
        }
    }

    /// Checks what a handle said that did not have to wait.
    fn asked(&mut self, id: u64, result: Result<Outcome<u64>, JobHandle<u64>>) {
        match result {
            Ok(outcome) => self.ended(id, outcome),
            Err(handle) => self.job(id).handle = Some(handle),
        }
    }

    /// Checks the outcome of a job that must have ended.
    fn ended(&mut self, id: u64, outcome: Outcome<u64>) {
        assert!(self.will_end(id), "job {id} has ended, but cannot have started");
        let job = self.job(id);
        assert_outcome(id, job, outcome);
        job.ended = true;
    }

    /// Waits until everything that can end has ended. It does so without a shutdown.
    fn settle(&mut self) {
        self.meet_children(false);
        let will_end = self.count(|id, _| self.will_end(id));
        let held = self.ids(|id, job| job.gate.is_some() && !self.is_stuck(id));
        for id in held {
            let gate = self.jobs[&id].gate.as_ref();
            gate.expect("just looked").wait_for(1);
        }
        let pool = self.pool.as_ref().expect("the end is the last step");
        while pool.stats().finished() < will_end {
            thread::yield_now();
        }
        let stats = pool.stats();
        assert_eq!(stats.finished(), will_end, "and nothing else");
        let panics = |job: &Known| job.kind.panics() && job.cancelled.is_none();
        let panicked = self.count(|id, job| panics(job) && self.will_end(id));
        let cancelled = self.count(|_, job| job.cancelled.is_some());
        assert_eq!((stats.panicked, stats.cancelled), (panicked, cancelled));
        assert_eq!(stats.queued, self.count(|id, _| self.is_stuck(id)));
    }

    /// Records what parents have submitted: those that will end, or at the end those that ran.
    fn meet_children(&mut self, in_the_end: bool) {
        let is_due = |id, job: &Known| job.children.is_some() && (in_the_end || self.will_end(id));
        let mut due = self.ids(is_due);
        // Draining jobs first: then it is known that the children of the others may be refused.
        due.sort_by_key(|id| self.jobs[id].kind != Kind::Drains);
        for id in due {
            let channel = self.job(id).children.take().expect("just looked");
            let reported = if in_the_end {
                channel.try_recv().ok()
            } else {
                Some(channel.recv().expect("a parent that will end reports"))
            };
            if self.jobs[&id].kind == Kind::Drains && reported.is_some() {
                self.stopping = true;
                // This is its own submission.
                self.refused += 1;
            }
            let children = reported.unwrap_or_default();
            for Child { tag, runs, drops, handle } in children {
                let handle = match handle {
                    Ok(handle) => handle,
                    Err(refusal) => {
                        let full = self.capacity.is_some() && refusal == Refusal::WouldDeadlock;
                        let late = (self.stopping || in_the_end) && refusal == Refusal::ShutDown;
                        assert!(full || late, "a child of {id} refused: {refusal:?}");
                        assert_eq!((runs.get(), drops.get()), (0, 1), "refused is not run");
                        self.refused += 1;
                        continue;
                    }
                };
                let child = handle.id().get();
                let known = Known {
                    kind: Kind::Returns,
                    tag,
                    runs,
                    drops,
                    gate: None,
                    children: None,
                    handle: Some(handle),
                    let_go: false,
                    ended: false,
                    cancelled: None,
                };
                let before = self.jobs.insert(child, known);
                assert!(before.is_none(), "the id of another job");
            }
        }
    }

    /// Checks what must hold between any two steps.
    fn check(&mut self, progress: &Progress) {
        let stats = self.pool.as_ref().expect("the end is the last step").stats();
        progress.note_stats(&stats);
        let last = std::mem::replace(&mut self.stats, stats);
        assert_eq!(stats.workers, self.workers);
        assert_eq!((stats.accepted, stats.rejected), (self.jobs.len() as u64, self.refused));
        assert!(stats.accepted >= stats.finished(), "{stats:?}");
        assert!(stats.completed >= last.completed && stats.panicked >= last.panicked, "{stats:?}");
        assert_eq!(stats.cancelled, self.count(|_, job| job.cancelled.is_some()), "{stats:?}");
        assert_eq!(self.token.is_stopping(), self.stopping);
        assert!(stats.finished() >= self.count(|_, job| job.ended), "{stats:?}");
        assert!(stats.finished() <= self.count(|id, _| self.will_end(id)), "{stats:?}");
        assert!(stats.queued >= self.count(|id, _| self.is_stuck(id)), "{stats:?}");
        for (id, job) in &self.jobs {
            let may_run = !self.is_stuck(*id) && job.cancelled.is_none();
            assert!(job.runs.get() <= u64::from(may_run), "job {id}");
        }
    }

    // The end

    fn end(mut self, end: End, release: Release, timeout: Duration) {
        let end_pool = move |pool: ThreadPool| match end {
            End::Poll => Some(pool.shutdown_timeout(timeout)),
            _ => end.end(pool),
        };
        let pool = self.pool.take().expect("there is one end");
        let joined: BTreeSet<u64> = self.ids(|_, job| job.ended).into_iter().collect();
        let (mut held, mut stuck) = (Vec::new(), Vec::new());
        let (mut probes, probes_ran) = (0, Count::default());
        let report = if release == Release::Before {
            self.release();
            end_pool(pool)
        } else {
            held = self.ids(|_, job| job.gate.is_some());
            stuck = self.ids(|id, _| self.is_stuck(id));
            if end == End::Poll {
                let report = end_pool(pool);
                let held = report.as_ref().map_or(0, |report| report.unfinished);
                let arrived = self.count(|_, job| holds(job));
                assert!(held >= arrived, "{arrived} jobs are held, and {held} unfinished");
                self.release();
                report
            } else {
                let ending = thread::spawn(move || end_pool(pool));
                // The job submits until it is refused, so until the shutdown has begun.
                let probe = || {
                    let ran = probes_ran.clone();
                    self.submitter.execute(move || ran.up())
                };
                while probe().is_ok() {
                    probes += 1;
                    thread::yield_now();
                }
                self.refused += 1;
                while end == End::ShutdownNow && !self.all_decided(&stuck) {
                    // Stuck jobs are cancelled without the help of running ones.
                    thread::yield_now();
                }
                self.release();
                ending.join().unwrap_or_else(|payload| panic::resume_unwind(payload))
            }
        };
        if end != End::Poll {
            assert_eq!(self.stops.get(), self.workers as u64, "no worker is left");
        }
        self.stops.wait_for(self.workers as u64);
        self.meet_children(true);
        if end == End::ShutdownNow || end == End::Poll {
            self.judge_stuck(&held, &stuck);
        } else {
            let ran = |job: &Known| job.runs.get() == u64::from(job.cancelled.is_none());
            assert!(self.jobs.values().all(ran), "a drain runs everything");
            assert_eq!(probes_ran.get(), probes);
        }
        let ran = self.count(|_, job| job.runs.get() == 1);
        if let Some(report) = &report {
            self.judge(report, &joined, (end, release), [ran + probes_ran.get(), probes]);
        }
        self.judge_final_report(report.as_ref());
        let late = self.submitter.submit(|| 5).expect_err("the pool has ended");
        assert!(late.is_shut_down());
        assert_eq!(late.into_job()(), 5);
        self.resolve(end);
    }

    /// The hook is called once, with the report of the owner if that was final.
    fn judge_final_report(&self, report: Option<&Report>) {
        self.terminated.wait_for(1);
        let finals = lock(&self.final_reports);
        assert_eq!(finals.len(), 1, "one final report");
        let last = &finals[0];
        assert_conserved(last);
        assert_eq!(
            (last.unfinished, last.accepted),
            (0, last.completed + last.panicked + last.cancelled)
        );
        if let Some(report) = report {
            assert_eq!(last.accepted, report.accepted);
            assert_eq!(last.cancelled, report.cancelled);
            let ended = |report: &Report| report.completed + report.panicked + report.unfinished;
            assert_eq!(ended(last), ended(report));
        }
    }

    /// Returns `true` if each of these jobs is gone, or is held by its gate.
    fn all_decided(&self, ids: &[u64]) -> bool {
        ids.iter().map(|id| &self.jobs[id]).all(|job| holds(job) || job.drops.get() == 1)
    }

    /// Checks that no job has run that was stuck when the end of the pool came.
    fn judge_stuck(&self, held: &[u64], stuck: &[u64]) {
        let atomic = drain_is_atomic();
        let ran = |id: &&u64| self.jobs[id].runs.get() == 1;
        for id in stuck.iter().filter(ran) {
            let holds = held.iter().filter(|other| *other < id && (atomic || ran(other)));
            assert!(holds.count() < self.workers, "job {id} ran, but every worker was held");
        }
    }

    /// Opens every gate.
    fn release(&mut self) {
        self.jobs.values_mut().for_each(|job| job.gate = None);
    }

    /// Compares the report with what really ran, at the end.
    fn judge(
        &self,
        report: &Report,
        joined: &BTreeSet<u64>,
        (end, release): (End, Release),
        [ran, probes]: [u64; 2],
    ) {
        assert_conserved(report);
        assert_eq!(report.accepted, self.jobs.len() as u64 + probes);
        assert_eq!(report.cancelled, report.accepted - ran, "cancelled is never run");
        let burst = self.count(|_, job| job.kind == Kind::Bursts && job.runs.get() == 0);
        if end == End::Poll {
            assert!(report.other_panics <= burst, "{report:?}");
        } else {
            assert_eq!(report.other_panics, burst, "those of cancelled jobs, which stay cancelled");
        }
        let panicked = |job: &Known| job.kind.panics() && job.runs.get() == 1;
        let unfinished = report.unfinished_jobs.iter().map(|job| job.id.get()).collect::<Vec<_>>();
        assert_eq!(report.unfinished, unfinished.len() as u64);
        assert!(unfinished.windows(2).all(|pair| pair[0] < pair[1]), "{unfinished:?}");
        if end == End::Poll {
            assert!(unfinished.iter().all(|id| self.jobs[id].runs.get() == 1));
            assert!(unfinished.iter().all(|id| !joined.contains(id)));
            assert!(report.rejected <= self.refused);
        } else {
            assert_eq!(report.unfinished, 0);
            assert_eq!(report.panicked, self.count(|_, job| panicked(job)));
            // The probe may have come after the report if no job was held.
            let late = u64::from(release == Release::During);
            assert!((self.refused - late..=self.refused).contains(&report.rejected), "{report:?}");
        }
        // The panics of jobs without a handle. Where that of a detached job goes is left open.
        let kept = report.panics.iter().map(|panic| panic.id.get()).collect::<BTreeSet<_>>();
        let alone = |id, job: &Known| job.handle.is_none() && !joined.contains(&id);
        assert!(kept.iter().all(|id| panicked(&self.jobs[id]) && alone(*id, &self.jobs[id])));
        let missing = self.ids(|id, job| {
            let due = panicked(job) && alone(id, job) && !job.let_go;
            due && !kept.contains(&id) && !unfinished.contains(&id)
        });
        assert!(missing.is_empty() || report.panics.len() == PANICS_KEPT, "{missing:?}");
    }

    /// Checks every handle that is left, and that every closure is gone.
    fn resolve(mut self, end: End) {
        for (id, job) in &mut self.jobs {
            if let Some(handle) = job.handle.take() {
                match handle.try_join().expect("every handle is resolved in the end") {
                    Outcome::Cancelled(reason) => {
                        assert_eq!(job.runs.get(), 0, "job {id}");
                        let expected = match end {
                            End::Poll => CancelReason::DeadlinePassed,
                            _ => CancelReason::Discarded,
                        };
                        assert_eq!(reason, job.cancelled.unwrap_or(expected), "job {id}");
                    }
                    outcome => assert_outcome(*id, job, outcome),
                }
            }
            assert_eq!(job.drops.get(), 1, "the captures of job {id}");
        }
    }
}

/// Returns `true` if that job waits at its gate.
fn holds(job: &Known) -> bool {
    job.gate.as_ref().is_some_and(|gate| gate.arrived() > 0)
}

/// Returns the reason of the error, once its closure is dropped.
fn refused<F>(error: SubmitError<F>) -> Refusal {
    let refusal = Refusal::of(&error);
    let job = error.into_job();
    // A bomb in the closure panics here.
    let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(job)));
    refusal
}

#[track_caller]
fn assert_outcome(id: u64, job: &Known, outcome: Outcome<u64>) {
    let expected = (u64::from(job.cancelled.is_none()), 1);
    assert_eq!((job.runs.get(), job.drops.get()), expected, "runs and drops of job {id}");
    match outcome {
        Outcome::Completed(tag) => {
            assert!(!job.kind.panics(), "job {id}");
            assert_eq!(tag, job.tag, "job {id}");
        }
        Outcome::Panicked(payload) if job.kind == Kind::Bursts => {
            assert_eq!(payload.downcast_ref(), Some(&BOMB), "job {id}");
        }
        Outcome::Panicked(payload) => {
            assert_eq!(job.kind, Kind::Panics, "job {id}");
            assert_eq!(payload.downcast_ref(), Some(&job.tag), "job {id}");
        }
        Outcome::Cancelled(reason) => assert_eq!(Some(reason), job.cancelled, "job {id}"),
    }
}
