//! What the pools run. Everything is generic over the pool: the same code, compiled for each.

use std::collections::VecDeque;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Condvar, Mutex};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::pools::{self, Awaited, Handle as _, Pool, Scoped, Submit, Visit, VisitScoped};
use clap::{Args, Parser, ValueEnum};
use serde::{Deserialize, Serialize};

use super::latency::{self, apart, begin, beside_a_busy_thread, percentile, Trips};
use crate::base::machine;

/// A workload, and how much of it.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    /// What the jobs are
    #[arg(long, value_enum)]
    pub(crate) kind: Kind,

    /// How many workers the pool has
    #[arg(long, default_value_t = 2)]
    pub(crate) workers: usize,

    /// How many threads submit jobs
    #[arg(long, default_value_t = 1)]
    pub(crate) producers: usize,

    /// How many jobs, bursts, trips, scopes, items or pools
    #[arg(long)]
    pub(crate) jobs: usize,

    /// How many jobs a scope has
    #[arg(long, default_value_t = 0)]
    pub(crate) parts: usize,

    /// What a job captures, in bytes
    #[arg(long, default_value_t = 8)]
    pub(crate) bytes: usize,

    /// How long a job works, in steps of arithmetic
    #[arg(long, default_value_t = 0)]
    pub(crate) steps: u64,

    /// How many jobs may be queued, or in flight in a map; 0 means no bound
    #[arg(long, default_value_t = 0)]
    pub(crate) slots: usize,

    /// How long a caller does something else before it submits a job, in microseconds
    #[arg(long, default_value_t = 0)]
    pub(crate) gap: u64,

    /// Whether a thread outside the pool computes all the time
    #[arg(long)]
    pub(crate) beside: bool,

    /// Whether everything stays on one core
    #[arg(long)]
    pub(crate) pinned: bool,
}

/// Runs one workload on one pool in this process, and writes the measurement as one line of JSON.
#[derive(Parser)]
pub(crate) struct SingleRun {
    /// The pool
    #[arg(long, value_name = "NAME")]
    run: String,

    #[command(flatten)]
    load: Load,

    /// What cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// The command that runs one workload on one pool. `live` returns the allocated bytes, if this process
/// counts them.
pub fn run_one(live: Option<fn() -> usize>) -> ExitCode {
    SingleRun::parse().run(live)
}

impl SingleRun {
    /// Returns `true` if the first argument is `--run`.
    pub(crate) fn is_requested(mut arguments: impl Iterator<Item = String>) -> bool {
        arguments.nth(1).is_some_and(|first| first == "--run")
    }

    /// Runs the workload and writes the measurement.
    pub(crate) fn run(&self, live: Option<fn() -> usize>) -> ExitCode {
        let run = Run { load: self.load, live };
        let measured = match self.load.kind {
            Kind::Scopes => pools::visit_scoped(&self.run, run),
            _ => pools::visit(&self.run, run),
        };
        let Some(measured) = measured else {
            eprintln!("there is no pool `{}`", self.run);
            return ExitCode::from(2);
        };
        let json = serde_json::to_string(&measured).expect("figures can be written as JSON");
        println!("{json}");
        ExitCode::SUCCESS
    }
}

/// What the jobs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Jobs submitted as fast as possible, then the wait for all
    Stream,
    /// Jobs that submit two jobs each
    Tree,
    /// One job at a time, from submission to completion
    PingPong,
    /// One job now and then, beside a thread outside the pool that never rests
    Beside,
    /// One job at a time for each caller, from submission to its result
    Trips,
    /// No job, then one job every millisecond
    Rest,
    /// Jobs queued while every worker is held, then the end of the pool
    Queued,
    /// Pools without a job
    Idle,
    /// The memory of queued jobs
    Memory,
    /// Jobs with handles, then the wait for each
    Handles,
    /// As many jobs as workers, which wait for each other
    Burst,
    /// Scopes, one after the other, whose jobs borrow from the caller
    Scopes,
    /// A function applied to each item, with a bound on the jobs in flight
    Map,
}

/// The result of one run of a workload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measurement {
    /// The figures, in the order of the workload.
    pub(crate) figures: Vec<Option<f64>>,
    /// Voluntary and involuntary context switches, if the system counts them.
    pub(crate) switches: Option<u64>,
    /// Whether the run was pinned to one core.
    pub(crate) pinned: bool,
}

impl Load {
    /// A load of this kind with two workers and one producer, and nothing else that is special.
    pub(crate) fn of(kind: Kind, jobs: usize) -> Self {
        Load {
            kind,
            workers: 2,
            producers: 1,
            jobs,
            parts: 0,
            bytes: 8,
            steps: 0,
            slots: 0,
            gap: 0,
            beside: false,
            pinned: false,
        }
    }

    /// The arguments that describe this load.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let kind = self.kind.to_possible_value().expect("no kind is hidden");
        let values = [
            ("--kind", kind.get_name().to_owned()),
            ("--workers", self.workers.to_string()),
            ("--producers", self.producers.to_string()),
            ("--jobs", self.jobs.to_string()),
            ("--parts", self.parts.to_string()),
            ("--bytes", self.bytes.to_string()),
            ("--steps", self.steps.to_string()),
            ("--slots", self.slots.to_string()),
            ("--gap", self.gap.to_string()),
        ];
        let words = values.into_iter().flat_map(|(name, value)| [name.to_owned(), value]);
        let switches = [("--pinned", self.pinned), ("--beside", self.beside)];
        let switches = switches.into_iter().filter(|(_, is_on)| *is_on);
        words.chain(switches.map(|(name, _)| name.to_owned())).collect()
    }
}

impl Load {
    fn trips(&self) -> Trips {
        Trips {
            workers: self.workers,
            callers: self.producers,
            jobs: self.jobs,
            gap: Duration::from_micros(self.gap),
            beside: self.beside,
        }
    }
}

/// Runs a load on a pool, after a warm-up of a tenth of it.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) load: Load,
    /// Returns the allocated bytes, if this process counts them.
    pub(crate) live: Option<fn() -> usize>,
}

impl Visit for Run {
    type Output = Measurement;

    fn visit<P: Pool>(self) -> Measurement {
        let live = self.live;
        self.measured(|load| match load.kind {
            Kind::Stream => vec![Some(stream_of::<P>(load))],
            Kind::Tree => vec![Some(tree::<P>(load))],
            Kind::PingPong => ping_pong::<P>(load, |_| ()),
            Kind::Beside => beside::<P>(load),
            Kind::Trips => latency::trips::<P>(load.trips()),
            Kind::Rest => latency::rest::<P>(load.workers, load.jobs),
            Kind::Queued => queued::<P>(load),
            Kind::Idle => vec![Some(idle::<P>(load))],
            Kind::Memory => memory::<P>(load, live.expect("bytes are counted in `footprint`")),
            Kind::Handles => vec![Some(handles::<P>(load))],
            Kind::Burst => burst::<P>(load),
            Kind::Map => map::<P>(load),
            Kind::Scopes => unreachable!("`visit_scoped` runs scopes"),
        })
    }
}

impl VisitScoped for Run {
    type Output = Measurement;

    fn visit_scoped<S: Scoped>(self) -> Measurement {
        self.measured(scopes::<S>)
    }
}

impl Run {
    /// Measures the load, after the warm-up.
    fn measured(&self, figures: impl Fn(&Load) -> Vec<Option<f64>>) -> Measurement {
        let load = self.load;
        let pinned = load.pinned && machine::pin();
        if load.kind != Kind::Memory {
            figures(&Load { jobs: (load.jobs / 10).max(1), ..load });
        }
        let before = machine::switches();
        let figures = figures(&load);
        let switches = machine::switches().zip(before).map(|(after, before)| after - before);
        Measurement { figures, switches, pinned }
    }
}

/// Nanoseconds per job.
#[allow(clippy::cast_precision_loss)] // of a measurement
fn each(time: Duration, jobs: usize) -> f64 {
    time.as_nanos() as f64 / jobs as f64
}

/// Computes for so many steps, none of which the compiler can remove. It is one function for every pool,
/// since the alignment of the loop changes its speed by a few percent.
#[inline(never)]
pub(crate) fn work(steps: u64) {
    let mut number = 1_u64;
    for step in 0..steps {
        number = black_box(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(step));
    }
}

/// Makes a job use what it captures.
fn look_at<T>(capture: T) {
    let _ = black_box(capture);
}

/// [`stream`] with closures of the requested size.
fn stream_of<P: Pool>(load: &Load) -> f64 {
    match load.bytes {
        0 => stream::<P, 0>(load),
        8 => stream::<P, 1>(load),
        16 => stream::<P, 2>(load),
        32 => stream::<P, 4>(load),
        40 => stream::<P, 5>(load),
        48 => stream::<P, 6>(load),
        72 => stream::<P, 9>(load),
        128 => stream::<P, 16>(load),
        512 => stream::<P, 64>(load),
        other => panic!("no closure of {other} bytes is compiled in"),
    }
}

/// Nanoseconds per job, from the first submission until every job has run.
fn stream<P: Pool, const WORDS: usize>(load: &Load) -> f64 {
    let Load { workers, producers, jobs, steps, slots, .. } = *load;
    let pool = match slots {
        0 => P::start(workers),
        _ => P::start_bounded(workers, slots).expect("it has a bound"),
    };
    let pool = Awaited::of(pool);
    let submit = |jobs: usize| {
        for number in 0..jobs {
            let capture = [number; WORDS];
            // Two closures: one that may work would be larger.
            let accepted = if steps == 0 {
                pool.execute(move || look_at(capture))
            } else {
                pool.execute(move || work(steps))
            };
            accepted.expect("the pool runs");
        }
    };
    let began = if producers == 1 {
        let began = Instant::now();
        submit(jobs);
        began
    } else {
        let ready = Barrier::new(producers + 1);
        thread::scope(|scope| {
            for _ in 0..producers {
                scope.spawn(|| {
                    ready.wait();
                    submit(jobs / producers);
                });
            }
            ready.wait();
            Instant::now()
        })
    };
    pool.finish();
    each(began.elapsed(), jobs)
}

/// Nanoseconds per job, from the first until the last job of a binary tree has run. On every pool each
/// job counts itself.
fn tree<P: Pool>(load: &Load) -> f64 {
    let depth = load.jobs.max(2).ilog2() - 1;
    let jobs = (2 << depth) - 1;
    let pool = P::start(load.workers);
    let left = Countdown::start(jobs);
    let submitter = pool.submitter();
    let began = Instant::now();
    pool.execute(move || grow(&submitter, depth, left)).expect("the pool runs");
    left.wait();
    let time = began.elapsed();
    pool.finish();
    each(time, jobs)
}

fn grow<S: Submit>(submitter: &S, depth: u32, left: &'static Countdown) {
    if depth > 0 {
        for _ in 0..2 {
            let own = submitter.clone();
            submitter.execute(move || grow(&own, depth - 1, left)).expect("the pool runs");
        }
    }
    left.one_less();
}

/// Nanoseconds from submission until the submitter is woken by the end of the job: median and 99th
/// percentile.
fn ping_pong<P: Pool>(load: &Load, before_each: impl Fn(usize)) -> Vec<Option<f64>> {
    let pool = Awaited::of(P::start(load.workers));
    let left = Countdown::start(0);
    let trip = |number| {
        before_each(number);
        left.restart(1);
        let began = Instant::now();
        pool.execute(|| left.one_less()).expect("the pool runs");
        left.wait();
        each(began.elapsed(), 1)
    };
    let times: Vec<_> = (0..load.jobs).map(trip).collect();
    pool.finish();
    [500, 990].map(|thousandths| Some(percentile(times.clone(), thousandths))).to_vec()
}

/// [`ping_pong`] beside a thread that always computes, with 100 to 500 µs before each job. The sleep only
/// spaces the jobs.
fn beside<P: Pool>(load: &Load) -> Vec<Option<f64>> {
    let pause = |number: usize| {
        thread::sleep(Duration::from_micros(100 + number as u64 * 37 % 400));
    };
    beside_a_busy_thread(|| ping_pong::<P>(load, pause)).0
}

/// Milliseconds from the release of held workers until the pool has ended; nanoseconds per job that
/// queueing took.
fn queued<P: Pool>(load: &Load) -> Vec<Option<f64>> {
    let Load { workers, jobs, .. } = *load;
    let pool = Awaited::of(P::start(workers));
    let gate = hold(workers, |job| pool.execute(job).expect("the pool runs"));
    let began = Instant::now();
    for number in 0..jobs {
        pool.execute(move || look_at(number)).expect("the pool runs");
    }
    let queueing = each(began.elapsed(), jobs);
    let began = Instant::now();
    gate.open();
    pool.finish();
    vec![Some(each(began.elapsed(), 1) / 1e6), Some(queueing)]
}

/// The median of the microseconds from the start of a pool to its end.
fn idle<P: Pool>(load: &Load) -> f64 {
    let life = |_| {
        let began = Instant::now();
        P::start(load.workers).finish();
        each(began.elapsed(), 1) / 1e3
    };
    percentile((0..load.jobs).map(life).collect(), 500)
}

/// For each queued job, the resident bytes of the process and the allocated bytes; after all jobs have
/// run, the allocated and the resident megabytes that remain.
#[allow(clippy::cast_precision_loss)] // of a measurement
fn memory<P: Pool>(load: &Load, live: fn() -> usize) -> Vec<Option<f64>> {
    let pool = P::start(load.workers);
    let left = Countdown::start(load.jobs);
    let gate = hold(load.workers, |job| pool.execute(job).expect("the pool runs"));
    let look = || (live(), machine::resident());
    let empty = look();
    for _ in 0..load.jobs {
        pool.execute(|| left.one_less()).expect("the pool runs");
    }
    let full = look();
    gate.open();
    left.wait();
    // Workers clear up after the last job, and freeing a large buffer takes a few ms.
    machine::wait_until_others_sleep();
    let drained = look();
    pool.finish();

    let bytes = |after: usize, before: usize| after.saturating_sub(before) as f64;
    let resident = |(_, after): (usize, Option<usize>)| {
        let (_, before) = empty;
        Some(bytes(after?, before?))
    };
    let asked = |(after, _): (usize, Option<usize>)| bytes(after, empty.0);
    let jobs = load.jobs as f64;
    vec![
        resident(full).map(|all| all / jobs),
        Some(asked(full) / jobs),
        Some(asked(drained) / 1e6),
        resident(drained).map(|all| all / 1e6),
    ]
}

/// Nanoseconds per job, from the first submission until every handle has returned its value.
fn handles<P: Pool>(load: &Load) -> f64 {
    let pool = P::start(load.workers);
    let began = Instant::now();
    let submit =
        |number| pool.submit_borrowing(move || black_box(number)).expect("there are handles");
    let handles: Vec<_> = (0..load.jobs).map(submit).collect();
    for handle in handles {
        handle.wait().expect("no job panics");
    }
    let time = began.elapsed();
    pool.finish();
    each(time, load.jobs)
}

/// The median of the microseconds from the first submission until all jobs of a burst have met, and the
/// processor microseconds of a burst.
fn burst<P: Pool>(load: &Load) -> Vec<Option<f64>> {
    let pool = Awaited::of(P::start(load.workers));
    let left = Countdown::start(0);
    let mut waited = 0.0;
    let mut burst = |_| {
        waited += apart(machine::wait_until_others_sleep);
        let meeting: &'static Barrier = Box::leak(Box::new(Barrier::new(load.workers)));
        left.restart(load.workers);
        let began = Instant::now();
        for _ in 0..load.workers {
            let job = move || {
                meeting.wait();
                left.one_less();
            };
            pool.execute(job).expect("the pool runs");
        }
        left.wait();
        each(began.elapsed(), 1) / 1e3
    };
    let before = machine::processor_seconds();
    let times = (0..load.jobs).map(&mut burst).collect();
    let after = machine::processor_seconds();
    pool.finish();
    let busy = after.zip(before).map(|(after, before)| (after - before - waited).max(0.0));
    #[allow(clippy::cast_precision_loss)] // of a measurement
    let busy = busy.map(|busy| busy * 1e6 / load.jobs as f64);
    vec![Some(percentile(times, 500)), busy]
}

/// How many numbers a job of a scope adds.
const NUMBERS: usize = 16;

/// The median of the microseconds of a scope, and the processor microseconds of a scope. Each of its jobs
/// works, adds a part of the numbers that it borrows, and writes the sum where it borrows mutably.
fn scopes<S: Scoped>(load: &Load) -> Vec<Option<f64>> {
    let numbers: Vec<u64> = black_box(1..).take(NUMBERS * load.parts).collect();
    let expected: u64 = numbers.iter().sum();
    let mut sums = vec![0; load.parts];
    let pool = S::start(load.workers);
    let scope = |_| {
        sums.fill(0);
        let parts = numbers.chunks(NUMBERS).zip(&mut sums);
        let began = Instant::now();
        pool.scope(parts.map(|(part, sum)| {
            let steps = load.steps;
            move || {
                work(steps);
                *sum = part.iter().sum();
            }
        }));
        let time = each(began.elapsed(), 1) / 1e3;
        assert_eq!(sums.iter().sum::<u64>(), expected, "every job has run");
        time
    };
    let before = machine::processor_seconds();
    let times = (0..load.jobs).map(scope).collect();
    vec![Some(percentile(times, 500)), busy_since(before, load.jobs).map(|busy| busy / 1e3)]
}

/// Nanoseconds per item, from the first item taken until the last result returned, and the processor
/// nanoseconds per item. Where a pool has no map, the caller waits for the oldest job when so many are in
/// flight.
fn map<P: Pool>(load: &Load) -> Vec<Option<f64>> {
    let Load { jobs, steps, slots: in_flight, .. } = *load;
    let function = move |number| {
        work(steps);
        number + 1
    };
    let mut results = 0;
    let mut check = |result| {
        results += 1;
        assert_eq!(result, results, "results are in the order of the items");
    };
    let pool = P::start(load.workers);
    let before = machine::processor_seconds();
    let began = Instant::now();
    if let Some(results) = pool.map(0..jobs, in_flight, function) {
        results.for_each(check);
    } else {
        let mut items = (0..jobs).map(|item| begin(&pool, move || function(item)));
        let mut flight: VecDeque<_> = items.by_ref().take(in_flight).collect();
        while let Some(wait) = flight.pop_front() {
            check(wait());
            flight.extend(items.next());
        }
    }
    let time = began.elapsed();
    assert_eq!(results, jobs, "every item has a result");
    let busy = busy_since(before, jobs);
    pool.finish();
    vec![Some(each(time, jobs)), busy]
}

/// The processor nanoseconds of this process since a reading, divided by so many.
fn busy_since(before: Option<f64>, jobs: usize) -> Option<f64> {
    let busy = machine::processor_seconds()? - before?;
    #[allow(clippy::cast_precision_loss)] // of a measurement
    Some(busy * 1e9 / jobs as f64)
}

/// Holds every worker with a job. Returns when all are held.
fn hold(workers: usize, execute: impl Fn(Box<dyn FnOnce() + Send>)) -> &'static Gate {
    let gate: &'static Gate = Box::leak(Box::default());
    let held = Countdown::start(workers);
    for _ in 0..workers {
        execute(Box::new(|| {
            held.one_less();
            gate.pass();
        }));
    }
    held.wait();
    gate
}

/// Holds jobs until it is opened.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.is_open.lock().expect("no panic happens here") = true;
        self.opened.notify_all();
    }

    fn pass(&self) {
        let is_open = self.is_open.lock().expect("no panic happens here");
        drop(self.opened.wait_while(is_open, |is_open| !*is_open));
    }
}

/// A counter that jobs count down, and the thread that waits for zero. It is leaked, since a process
/// runs one workload.
struct Countdown {
    left: AtomicUsize,
    owner: Thread,
}

impl Countdown {
    fn start(number: usize) -> &'static Self {
        let left = AtomicUsize::new(number);
        Box::leak(Box::new(Countdown { left, owner: thread::current() }))
    }

    fn restart(&self, number: usize) {
        self.left.store(number, Ordering::Relaxed);
    }

    fn one_less(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.owner.unpark();
        }
    }

    fn wait(&self) {
        while self.left.load(Ordering::Acquire) > 0 {
            thread::park();
        }
    }
}
