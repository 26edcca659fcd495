//! Random sequences of everything that the public interface offers, held against a small model.
//!
//! Threads race, so the model does not say what happens but what is allowed. It rests on two clauses:
//! jobs start in the order of their ids (C6), and none waits while a worker is free (C7). So a job is
//! *stuck* while as many held jobs come before it as there are workers: it cannot have started, and
//! everything else that is not held itself will end without further help.

#![cfg(not(loom))]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use last_call::{
    CancelReason, JobHandle, Outcome, Report, Stats, Submitter, ThreadPool, PANICS_KEPT,
};
use proptest::prelude::*;
use support::{
    assert_conserved, cases, evidence, panic_quietly, Count, Counted, End, Gate, Pass, Progress,
    LONG,
};

/// Whether a discard takes everything at once. The channel gives its jobs up one by one, and a worker
/// may get one in between: then a job starts although one before it, which would have held the
/// worker, has been cancelled.
const DRAIN_IS_ATOMIC: bool = cfg!(not(feature = "crossbeam-channel"));

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Returns,
    Panics,
    /// Waits until its gate is opened.
    Held,
    /// Hands in that many jobs that return.
    Parent(u64),
}

/// Numbers choose among what there is at that moment; if there is nothing, the step does nothing.
#[derive(Clone, Copy, Debug)]
enum Step {
    Submit(Kind),
    Execute(Kind),
    /// Opens one gate, that of a stuck job perhaps.
    Open(usize),
    /// Joins a job that will end.
    Join(usize),
    /// Asks any job.
    TryJoin(usize),
    /// Waits for a job that will end, or in vain for one that is stuck or held.
    JoinTimeout(usize),
    /// Drops a handle.
    Detach(usize),
    /// Waits until everything has ended that can.
    Settle,
}

/// When the held jobs are let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Release {
    /// Just before the end, so that everything still moves.
    Before,
    /// When the shutdown has begun; after it has returned, if its deadline is zero.
    During,
}

#[derive(Clone, Debug)]
struct Case {
    workers: usize,
    steps: Vec<Step>,
    release: Release,
    end: End,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        3 => Just(Kind::Returns),
        2 => Just(Kind::Panics),
        2 => Just(Kind::Held),
        1 => (1..=3_u64).prop_map(Kind::Parent),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let choice = || 0..8_usize;
    prop_oneof![
        4 => kind().prop_map(Step::Submit),
        2 => kind().prop_map(Step::Execute),
        2 => choice().prop_map(Step::Open),
        1 => choice().prop_map(Step::Join),
        1 => choice().prop_map(Step::TryJoin),
        1 => choice().prop_map(Step::JoinTimeout),
        1 => choice().prop_map(Step::Detach),
        1 => Just(Step::Settle),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let ends = prop::sample::select(&End::ALL[..]);
    let releases = prop::sample::select(&[Release::During, Release::Before][..]);
    (1..=3_usize, prop::collection::vec(step(), 0..30), releases, ends)
        .prop_map(|(workers, steps, release, end)| Case { workers, steps, release, end })
}

#[test]
fn every_sequence_of_operations_keeps_the_contract() {
    let ran = cases::run("state machine", 768, case(), |case, progress| {
        let mut machine = Machine::new(case.workers);
        for step in case.steps {
            progress.note(format_args!("{step:?}"));
            machine.step(step);
            machine.check(progress);
        }
        progress.note(format_args!("{:?}, release {:?}", case.end, case.release));
        machine.end(case.end, case.release);
    });
    evidence("C1,C2,C3,C4,C5,C6,C7,C11,C12,C15,C16,C17,C24", ran);
}

/// What the model knows of a job.
struct Known {
    kind: Kind,
    /// What it returns or panics with.
    tag: u64,
    runs: Count,
    drops: Count,
    /// There while the job is held.
    gate: Option<Gate>,
    /// Where a parent tells of its children; gone when it has.
    children: Option<Receiver<Vec<Child>>>,
    handle: Option<JobHandle<u64>>,
    /// It had a handle, but no longer.
    let_go: bool,
    /// Its outcome has been seen.
    ended: bool,
}

/// A job that a job has handed in.
struct Child {
    tag: u64,
    runs: Count,
    drops: Count,
    /// None if it was refused.
    handle: Option<JobHandle<u64>>,
}

/// What is in the closure of a job.
struct Work {
    kind: Kind,
    tag: u64,
    runs: Count,
    pass: Pass,
    submitter: Submitter,
    tell: Sender<Vec<Child>>,
    _drop: Counted,
}

impl Work {
    fn run(self) -> u64 {
        self.runs.up();
        match self.kind {
            Kind::Returns => {}
            Kind::Panics => panic_quietly(self.tag),
            Kind::Held => self.pass.wait(),
            Kind::Parent(children) => {
                let child = |n| self.child(10 * self.tag + n);
                // Nobody listens if the machine has failed.
                let _ = self.tell.send((1..=children).map(child).collect());
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
        Child { tag, runs, drops, handle: self.submitter.submit(job).ok() }
    }
}

struct Machine {
    /// By id, which is the order of acceptance. Dropped before the pool, so that a failure opens the
    /// gates.
    jobs: BTreeMap<u64, Known>,
    pool: Option<ThreadPool>,
    submitter: Submitter,
    workers: usize,
    stops: Count,
    stats: Stats,
    next_tag: u64,
    refused: u64,
}

impl Machine {
    fn new(workers: usize) -> Self {
        let stops = Count::default();
        let on_stop = stops.clone();
        let builder = ThreadPool::builder().workers(workers).on_stop(move |_| on_stop.up());
        let pool = builder.build().unwrap();
        Machine {
            submitter: pool.submitter(),
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

    /// Whether no worker can have come to that job: each is held by an earlier one.
    fn is_stuck(&self, id: u64) -> bool {
        let holds = self.jobs.range(..id).filter(|(_, job)| job.gate.is_some()).count();
        holds >= self.workers
    }

    /// Whether that job will end as things are.
    fn will_end(&self, id: u64) -> bool {
        !self.is_stuck(id) && self.jobs[&id].gate.is_none()
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
            Step::Submit(kind) => self.submit(kind, true),
            Step::Execute(kind) => self.submit(kind, false),
            Step::Open(n) => {
                if let Some(id) = chosen(self.ids(|_, job| job.gate.is_some()), n) {
                    self.job(id).gate = None;
                }
            }
            Step::Join(n) => {
                let ids = self.ids(|id, job| job.handle.is_some() && self.will_end(id));
                if let Some(id) = chosen(ids, n) {
                    let outcome = self.take_handle(id).join();
                    self.ran(id, outcome);
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
                    let timeout = if self.will_end(id) { LONG } else { Duration::from_micros(50) };
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
        // Who may have handed in something has done so, and the next id is known again.
        self.meet_children(true);
    }

    fn job(&mut self, id: u64) -> &mut Known {
        self.jobs.get_mut(&id).expect("an id of this machine")
    }

    fn take_handle(&mut self, id: u64) -> JobHandle<u64> {
        self.job(id).handle.take().expect("a job with a handle")
    }

    fn submit(&mut self, kind: Kind, with_handle: bool) {
        let (runs, drops) = (Count::default(), Count::default());
        let gate = Gate::new();
        let (tell, children) = mpsc::channel();
        let tag = self.next_tag;
        self.next_tag += 1;
        let work = Work {
            kind,
            tag,
            runs: runs.clone(),
            pass: gate.pass(),
            submitter: self.submitter.clone(),
            tell,
            _drop: Counted(drops.clone()),
        };
        let job = move || work.run();
        let id = self.jobs.len() as u64;
        let pool = self.pool.as_ref().expect("the end is the last step");
        let handle = if with_handle {
            Some(pool.submit(job).expect("the pool is running"))
        } else {
            let job = move || {
                job();
            };
            pool.execute(job).expect("the pool is running");
            None
        };
        if let Some(handle) = &handle {
            assert_eq!(handle.id().get(), id, "the number of jobs accepted before");
        }
        let held = kind == Kind::Held;
        let parent = matches!(kind, Kind::Parent(_));
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
        };
        self.jobs.insert(id, known);
    }

    /// Judges what a handle said that did not have to wait.
    fn asked(&mut self, id: u64, result: Result<Outcome<u64>, JobHandle<u64>>) {
        match result {
            Ok(outcome) => self.ran(id, outcome),
            Err(handle) => self.job(id).handle = Some(handle),
        }
    }

    /// Judges the outcome of a job that must have run.
    fn ran(&mut self, id: u64, outcome: Outcome<u64>) {
        assert!(self.will_end(id), "job {id} has ended, but cannot have started");
        let job = self.job(id);
        assert_ran(id, job, outcome);
        job.ended = true;
    }

    /// Waits until everything has ended that can: it does so without any shutdown.
    fn settle(&mut self) {
        self.meet_children(true);
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
        let panicked = self.count(|id, job| job.kind == Kind::Panics && self.will_end(id));
        assert_eq!((stats.panicked, stats.cancelled), (panicked, 0));
        assert_eq!(stats.queued, self.count(|id, _| self.is_stuck(id)));
    }

    /// Takes note of what parents have handed in. While the pool runs, every parent that will end
    /// gets everything in; afterwards, those that have run tell what became of it.
    fn meet_children(&mut self, running: bool) {
        let is_due = |id, job: &Known| job.children.is_some() && (!running || self.will_end(id));
        for id in self.ids(is_due) {
            let channel = self.job(id).children.take().expect("just looked");
            let children = if running {
                channel.recv().expect("a parent that will end tells")
            } else {
                channel.try_recv().unwrap_or_default()
            };
            for Child { tag, runs, drops, handle } in children {
                assert!(handle.is_some() || !running, "a child of {id} refused too early");
                let Some(handle) = handle else {
                    assert_eq!((runs.get(), drops.get()), (0, 1), "refused is not run");
                    self.refused += 1;
                    continue;
                };
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
                };
                let child = known.handle.as_ref().map(|handle| handle.id().get());
                let before = self.jobs.insert(child.expect("just put there"), known);
                assert!(before.is_none(), "the id of another job");
            }
        }
    }

    /// What must hold between any two steps.
    fn check(&mut self, progress: &Progress) {
        let stats = self.pool.as_ref().expect("the end is the last step").stats();
        progress.note_stats(&stats);
        let last = std::mem::replace(&mut self.stats, stats);
        assert_eq!(stats.workers, self.workers);
        assert_eq!((stats.accepted, stats.rejected), (self.jobs.len() as u64, 0));
        assert!(stats.accepted >= stats.finished(), "{stats:?}");
        assert!(stats.completed >= last.completed && stats.panicked >= last.panicked, "{stats:?}");
        assert_eq!(stats.cancelled, 0, "{stats:?}");
        assert!(stats.finished() >= self.count(|_, job| job.ended), "{stats:?}");
        assert!(stats.finished() <= self.count(|id, _| self.will_end(id)), "{stats:?}");
        assert!(stats.queued >= self.count(|id, _| self.is_stuck(id)), "{stats:?}");
        for (id, job) in &self.jobs {
            assert!(job.runs.get() <= u64::from(!self.is_stuck(*id)), "job {id}");
        }
    }

    // The end

    fn end(mut self, end: End, release: Release) {
        let pool = self.pool.take().expect("there is one end");
        let joined: BTreeSet<u64> = self.ids(|_, job| job.ended).into_iter().collect();
        let (mut held, mut stuck) = (Vec::new(), Vec::new());
        let (mut probes, probes_ran) = (0, Count::default());
        let report = if release == Release::Before {
            self.release();
            end.end(pool)
        } else {
            held = self.ids(|_, job| job.gate.is_some());
            stuck = self.ids(|id, _| self.is_stuck(id));
            if end == End::Poll {
                let report = end.end(pool);
                self.release();
                report
            } else {
                let ending = thread::spawn(move || end.end(pool));
                // Handed in until one is refused, so until the shutdown has begun.
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
                    // What is stuck is cancelled without the help of what runs.
                    thread::yield_now();
                }
                self.release();
                ending.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload))
            }
        };
        if end != End::Poll {
            assert_eq!(self.stops.get(), self.workers as u64, "no worker is left");
        }
        self.stops.wait_for(self.workers as u64);
        self.meet_children(false);
        if end == End::ShutdownNow || end == End::Poll {
            self.judge_stuck(&held, &stuck);
        } else {
            assert!(self.jobs.values().all(|job| job.runs.get() == 1), "a drain runs everything");
            assert_eq!(probes_ran.get(), probes);
        }
        let ran = self.count(|_, job| job.runs.get() == 1);
        if let Some(report) = report {
            self.judge(&report, &joined, (end, release), [ran + probes_ran.get(), probes]);
        }
        let late = self.submitter.submit(|| 5).expect_err("the pool has ended");
        assert!(late.is_shut_down());
        assert_eq!(late.into_job()(), 5);
        self.resolve(end);
    }

    /// Whether each of these jobs is gone, or is held by its gate after all.
    fn all_decided(&self, ids: &[u64]) -> bool {
        ids.iter().map(|id| &self.jobs[id]).all(|job| {
            let arrived = job.gate.as_ref().is_some_and(|gate| gate.arrived() > 0);
            arrived || job.drops.get() == 1
        })
    }

    /// Looks that no job has run that was stuck when the pool's end came.
    fn judge_stuck(&self, held: &[u64], stuck: &[u64]) {
        let ran = |id: &&u64| self.jobs[id].runs.get() == 1;
        for id in stuck.iter().filter(ran) {
            let holds = held.iter().filter(|other| *other < id && (DRAIN_IS_ATOMIC || ran(other)));
            assert!(holds.count() < self.workers, "job {id} ran, but every worker was held");
        }
    }

    /// Opens every gate.
    fn release(&mut self) {
        self.jobs.values_mut().for_each(|job| job.gate = None);
    }

    /// Holds the report against what really ran, in the end.
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
        assert_eq!(report.other_panics, 0);
        let panicked = |job: &Known| job.kind == Kind::Panics && job.runs.get() == 1;
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
            // The probe may have come after the report, if nothing was held.
            let late = u64::from(release == Release::During);
            assert!((self.refused - late..=self.refused).contains(&report.rejected), "{report:?}");
        }
        // Those of jobs without a handle. Of one that was let go, this leaves open where it goes.
        let kept = report.panics.iter().map(|panic| panic.id.get()).collect::<BTreeSet<_>>();
        let alone = |id, job: &Known| job.handle.is_none() && !joined.contains(&id);
        assert!(kept.iter().all(|id| panicked(&self.jobs[id]) && alone(*id, &self.jobs[id])));
        let missing = self.ids(|id, job| {
            let due = panicked(job) && alone(id, job) && !job.let_go;
            due && !kept.contains(&id) && !unfinished.contains(&id)
        });
        assert!(missing.is_empty() || report.panics.len() == PANICS_KEPT, "{missing:?}");
    }

    /// Asks every handle that is left, and looks that every closure is gone.
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
                        assert_eq!(reason, expected, "job {id}");
                    }
                    outcome => assert_ran(*id, job, outcome),
                }
            }
            assert_eq!(job.drops.get(), 1, "the captures of job {id}");
        }
    }
}

#[track_caller]
fn assert_ran(id: u64, job: &Known, outcome: Outcome<u64>) {
    assert_eq!((job.runs.get(), job.drops.get()), (1, 1), "runs and drops of job {id}");
    match outcome {
        Outcome::Completed(tag) => {
            assert!(job.kind != Kind::Panics, "job {id}");
            assert_eq!(tag, job.tag, "job {id}");
        }
        Outcome::Panicked(payload) => {
            assert_eq!(job.kind, Kind::Panics, "job {id}");
            assert_eq!(payload.downcast_ref(), Some(&job.tag), "job {id}");
        }
        Outcome::Cancelled(reason) => panic!("job {id} was cancelled: {reason}"),
    }
}
