//! What the pools are made to do. Everything is generic over the pool: the same code, compiled for
//! each.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, Condvar, Mutex};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::pools::{self, Awaited, Handle as _, Peer, Submit, Visit};
use clap::{Args, Parser, ValueEnum};
use serde::{Deserialize, Serialize};

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

    /// How many threads hand in jobs
    #[arg(long, default_value_t = 1)]
    pub(crate) producers: usize,

    /// How many jobs, bursts, trips or pools
    #[arg(long)]
    pub(crate) jobs: usize,

    /// What a job captures, in bytes
    #[arg(long, default_value_t = 8)]
    pub(crate) bytes: usize,

    /// How long a job works, in steps of arithmetic
    #[arg(long, default_value_t = 0)]
    pub(crate) steps: u64,

    /// How many jobs may wait; 0 is any number
    #[arg(long, default_value_t = 0)]
    pub(crate) places: usize,

    /// Whether everything stays on one core
    #[arg(long)]
    pub(crate) pinned: bool,
}

/// Runs one workload on one pool, here, and writes what it measured as one line of JSON.
#[derive(Parser)]
pub(crate) struct Single {
    /// The pool
    #[arg(long, value_name = "NAME")]
    run: String,

    #[command(flatten)]
    load: Load,

    /// What cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// The command that runs one workload on one pool; `live` says how many bytes are allocated, where they
/// are counted.
pub fn run_one(live: Option<fn() -> usize>) -> ExitCode {
    Single::parse().run(live)
}

impl Single {
    /// Whether these are its arguments: the first is `--run`.
    pub(crate) fn is_meant(mut arguments: impl Iterator<Item = String>) -> bool {
        arguments.nth(1).is_some_and(|first| first == "--run")
    }

    /// Runs it, with the number of bytes that are allocated where they are counted.
    pub(crate) fn run(&self, live: Option<fn() -> usize>) -> ExitCode {
        let Some(measured) = pools::visit(&self.run, Run { load: self.load, live }) else {
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
    /// Jobs handed in as fast as possible, then the wait for all
    Stream,
    /// Jobs that submit two jobs each
    Tree,
    /// One job at a time, from submission to completion
    PingPong,
    /// One job now and then, while a thread that is not the pool's never rests
    Beside,
    /// Jobs queued while every worker is held up, then the pool's end
    Queued,
    /// Pools without a job
    Idle,
    /// The memory of queued jobs
    Memory,
    /// Jobs with handles, then the wait for each
    Handles,
    /// As many jobs as workers, all of which wait for each other
    Burst,
}

/// What one run of a workload gave.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// The figures of the workload, in its order.
    pub(crate) figures: Vec<Option<f64>>,
    /// Context switches, by choice and not, if the system counts them.
    pub(crate) switches: Option<u64>,
    /// Whether the run was confined to one core.
    pub(crate) pinned: bool,
}

impl Load {
    /// The words that make the same load again.
    pub(crate) fn words(&self) -> Vec<String> {
        let kind = self.kind.to_possible_value().expect("no kind is hidden");
        let values = [
            ("--kind", kind.get_name().to_owned()),
            ("--workers", self.workers.to_string()),
            ("--producers", self.producers.to_string()),
            ("--jobs", self.jobs.to_string()),
            ("--bytes", self.bytes.to_string()),
            ("--steps", self.steps.to_string()),
            ("--places", self.places.to_string()),
        ];
        let words = values.into_iter().flat_map(|(name, value)| [name.to_owned(), value]);
        words.chain(self.pinned.then(|| "--pinned".to_owned())).collect()
    }
}

/// Runs a load on a pool, after a warm-up of a tenth.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) load: Load,
    /// Says how many bytes are allocated, where they are counted.
    pub(crate) live: Option<fn() -> usize>,
}

impl Visit for Run {
    type Output = Measured;

    fn visit<P: Peer>(self) -> Measured {
        let Run { load, live } = self;
        let pinned = load.pinned && machine::pin();
        let figures = |load: &Load| match load.kind {
            Kind::Stream => vec![Some(stream_of::<P>(load))],
            Kind::Tree => vec![Some(tree::<P>(load))],
            Kind::PingPong => ping_pong::<P>(load, |_| ()),
            Kind::Beside => beside::<P>(load),
            Kind::Queued => queued::<P>(load),
            Kind::Idle => vec![Some(idle::<P>(load))],
            Kind::Memory => memory::<P>(load, live.expect("bytes are counted in `footprint`")),
            Kind::Handles => vec![Some(handles::<P>(load))],
            Kind::Burst => vec![Some(burst::<P>(load))],
        };
        if load.kind != Kind::Memory {
            figures(&Load { jobs: (load.jobs / 10).max(1), ..load });
        }
        let before = machine::switches();
        let figures = figures(&load);
        let switches = machine::switches().zip(before).map(|(after, before)| after - before);
        Measured { figures, switches, pinned }
    }
}

/// Nanoseconds a job.
#[allow(clippy::cast_precision_loss)] // of a measurement
fn each(time: Duration, jobs: usize) -> f64 {
    time.as_nanos() as f64 / jobs as f64
}

/// The figure that so many hundredths of them are not above.
fn percentile(mut figures: Vec<f64>, hundredths: usize) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[(figures.len() - 1) * hundredths / 100]
}

/// So many steps of arithmetic, none of which can be left out. The same machine code for every pool:
/// where the loop lies in memory is worth a few hundredths.
#[inline(never)]
pub(crate) fn work(steps: u64) {
    let mut number = 1_u64;
    for step in 0..steps {
        number = black_box(number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(step));
    }
}

/// Makes a job need what it captures.
fn look_at<T>(capture: T) {
    let _ = black_box(capture);
}

/// [`stream`], with closures of the size asked for.
fn stream_of<P: Peer>(load: &Load) -> f64 {
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

/// Nanoseconds a job, from the first submission until every job has run.
fn stream<P: Peer, const WORDS: usize>(load: &Load) -> f64 {
    let Load { workers, producers, jobs, steps, places, .. } = *load;
    let pool = match places {
        0 => P::start(workers),
        _ => P::start_bounded(workers, places).expect("it has a bound"),
    };
    let pool = Awaited::of(pool);
    let hand_in = |jobs: usize| {
        for number in 0..jobs {
            let capture = [number; WORDS];
            // A closure for each: one that may work is larger.
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
        hand_in(jobs);
        began
    } else {
        let ready = Barrier::new(producers + 1);
        thread::scope(|scope| {
            for _ in 0..producers {
                scope.spawn(|| {
                    ready.wait();
                    hand_in(jobs / producers);
                });
            }
            ready.wait();
            Instant::now()
        })
    };
    pool.finish();
    each(began.elapsed(), jobs)
}

/// Nanoseconds a job, from the first until the last of a binary tree of them has run. Each counts
/// itself, on every pool.
fn tree<P: Peer>(load: &Load) -> f64 {
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

/// Nanoseconds from submission until the submitter knows of the end: median, 99th percentile.
fn ping_pong<P: Peer>(load: &Load, before_each: impl Fn(usize)) -> Vec<Option<f64>> {
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
    [50, 99].map(|hundredths| Some(percentile(times.clone(), hundredths))).to_vec()
}

/// [`ping_pong`] beside a thread that computes all the time, with 100 to 500 µs before each job; the
/// sleep spaces the jobs, and nothing is awaited by it.
fn beside<P: Peer>(load: &Load) -> Vec<Option<f64>> {
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !ends.load(Ordering::Relaxed) {
                work(1000);
            }
        });
        let pause = |number: usize| {
            thread::sleep(Duration::from_micros(100 + number as u64 * 37 % 400));
        };
        let _end = End(&ends);
        ping_pong::<P>(load, pause)
    })
}

/// Raises a flag in the end, after a panic too.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Milliseconds from the moment when held workers may go on until the pool has ended; nanoseconds a
/// job that queueing took.
fn queued<P: Peer>(load: &Load) -> Vec<Option<f64>> {
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

/// Microseconds from the start of a pool to its end, the median.
fn idle<P: Peer>(load: &Load) -> f64 {
    let life = |_| {
        let began = Instant::now();
        P::start(load.workers).finish();
        each(began.elapsed(), 1) / 1e3
    };
    percentile((0..load.jobs).map(life).collect(), 50)
}

/// Bytes a queued job that the process has from the system, and those that the allocator was asked
/// for; megabytes of all jobs together that are still allocated once they have run, and that the
/// process has not given back.
#[allow(clippy::cast_precision_loss)] // of a measurement
fn memory<P: Peer>(load: &Load, live: fn() -> usize) -> Vec<Option<f64>> {
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
    // Workers clear up after the last job, and a large buffer takes the system some milliseconds.
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

/// Nanoseconds a job, from the first submission until every handle has given its value.
fn handles<P: Peer>(load: &Load) -> f64 {
    let pool = P::start(load.workers);
    let began = Instant::now();
    let submit = |number| pool.submit_here(move || black_box(number)).expect("there are handles");
    let handles: Vec<_> = (0..load.jobs).map(submit).collect();
    for handle in handles {
        handle.wait().expect("no job panics");
    }
    let time = began.elapsed();
    pool.finish();
    each(time, load.jobs)
}

/// Microseconds from the first submission until all jobs of a burst have met, the median.
fn burst<P: Peer>(load: &Load) -> f64 {
    let pool = Awaited::of(P::start(load.workers));
    let left = Countdown::start(0);
    let burst = |_| {
        machine::wait_until_others_sleep();
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
    let times = (0..load.jobs).map(burst).collect();
    pool.finish();
    percentile(times, 50)
}

/// Holds up every worker with a job; returns when all are held.
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
        *self.is_open.lock().expect("nobody panics here") = true;
        self.opened.notify_all();
    }

    fn pass(&self) {
        let is_open = self.is_open.lock().expect("nobody panics here");
        drop(self.opened.wait_while(is_open, |is_open| !*is_open));
    }
}

/// A number that jobs count down, and the thread that waits for zero. It is leaked: a process runs
/// one workload.
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
