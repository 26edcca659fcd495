//! One job at a time: how long a caller waits for it, and how much processor time that takes.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{mpsc, Arc, Barrier, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::base::machine;
use crate::pools::{Awaited, Handle as _, Pool};

/// A gap that is at most so long is spent computing. A thread that sleeps so briefly sleeps much longer.
const COMPUTED: Duration = Duration::from_micros(200);

/// What callers do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trips {
    pub(super) workers: usize,
    pub(super) callers: usize,
    /// The number of jobs of all callers.
    pub(super) jobs: usize,
    /// How long a caller does something else before it submits the next job.
    pub(super) gap: Duration,
    /// Whether a thread outside the pool computes all the time.
    pub(super) beside: bool,
}

/// Each caller submits a job, waits for its result, and begins again. Returns microseconds: the mean of
/// the times from submission to result, their median, 99th and 99.9th percentile, and the processor time
/// per job, without that of gaps and of the thread outside the pool.
pub(super) fn trips<P: Pool>(trips: Trips) -> Vec<Option<f64>> {
    let each = (trips.jobs / trips.callers).max(1);
    let pool = P::start(trips.workers);
    let phases = Barrier::new(trips.callers + 1);
    let call = || {
        let mut times = Vec::with_capacity(each);
        let mut paused = 0.0;
        phases.wait();
        phases.wait();
        for number in 0..each {
            paused += pause(trips.gap);
            let began = Instant::now();
            let result = trip(&pool, number);
            times.push(micros(began.elapsed()));
            assert_eq!(result, number, "a result belongs to its job");
        }
        phases.wait();
        (times, paused)
    };
    let (times, busy, paused) = thread::scope(|scope| {
        let callers: Vec<_> = (0..trips.callers).map(|_| scope.spawn(call)).collect();
        phases.wait();
        let before = machine::processor_seconds();
        let run = || {
            phases.wait();
            phases.wait();
        };
        let busy_thread = if trips.beside { beside_a_busy_thread(run).1 } else { run_alone(run) };
        let after = machine::processor_seconds();
        let ended = callers.into_iter().map(|caller| caller.join().expect("no caller panics"));
        let (times, paused): (Vec<_>, Vec<_>) = ended.unzip();
        let all = after.zip(before).map(|(after, before)| after - before);
        (times.concat(), all.map(|all| all - busy_thread), paused.iter().sum::<f64>())
    });
    pool.finish();
    let mut figures = vec![Some(mean(&times))];
    figures.extend([500, 990, 999].map(|thousandths| Some(percentile(times.clone(), thousandths))));
    figures.push(busy.map(|busy| (busy - paused).max(0.0) * 1e6 / whole(times.len())));
    figures
}

/// Submits a job and waits for its result.
fn trip<P: Pool>(pool: &P, number: usize) -> usize {
    begin(pool, move || black_box(number))()
}

/// Submits a job, and returns what waits for its result. Where a pool has no handles, the caller makes one
/// from a lock and a condition variable.
pub(super) fn begin<P, F, T>(pool: &P, job: F) -> impl FnOnce() -> T + use<'_, P, F, T>
where
    P: Pool,
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    enum Waits<H, T> {
        For(H),
        At(Arc<(Mutex<Option<T>>, Condvar)>),
    }
    let waits = if P::ABOUT.handles {
        Waits::For(pool.submit_borrowing(job).expect("there are handles"))
    } else {
        let place = Arc::new((Mutex::new(None), Condvar::new()));
        let other = Arc::clone(&place);
        let job = move || {
            *other.0.lock().expect("no panic happens here") = Some(job());
            other.1.notify_one();
        };
        pool.execute(job).expect("the pool runs");
        Waits::At(place)
    };
    move || match waits {
        Waits::For(handle) => handle.wait().expect("no job panics"),
        Waits::At(place) => {
            let result = place.0.lock().expect("no panic happens here");
            let mut result = place.1.wait_while(result, |result| result.is_none());
            result.as_mut().expect("no panic happens here").take().expect("it was awaited")
        }
    }
}

/// The processor time of a pool without a job, in milliseconds a second, and of a pool that gets a job
/// every millisecond, in microseconds a job. `jobs` is the length of either part, in milliseconds.
pub(super) fn rest<P: Pool>(workers: usize, jobs: usize) -> Vec<Option<f64>> {
    let pool = Awaited::of(P::start(workers));
    let millisecond = Duration::from_millis(1);
    // The first jobs start threads on some pools. What workers do between the last of them and their
    // sleep counts as rest.
    let (ended, ends) = mpsc::channel();
    for _ in 0..4 * workers {
        let ended = ended.clone();
        pool.execute(move || ended.send(()).expect("the caller waits")).expect("the pool runs");
    }
    drop(ended);
    ends.iter().for_each(drop);
    let measured = |run: &dyn Fn() -> f64| {
        let before = machine::processor_seconds()?;
        let paused = run();
        Some((machine::processor_seconds()? - before - paused).max(0.0))
    };
    let length = millisecond * u32::try_from(jobs).expect("a few thousand");
    let idle = measured(&|| pause(length)).map(|busy| busy * 1e3 / length.as_secs_f64());
    let fed = measured(&|| {
        let one = |_| {
            let paused = pause(millisecond);
            pool.execute(|| ()).expect("the pool runs");
            paused
        };
        (0..jobs).map(one).sum()
    });
    pool.finish();
    vec![idle, fed.map(|busy| busy * 1e6 / whole(jobs))]
}

/// Lets the time pass, and returns the processor seconds that this took. A short gap is computed: a
/// caller does something else meanwhile.
fn pause(gap: Duration) -> f64 {
    if gap.is_zero() {
        return 0.0;
    }
    apart(|| {
        if gap > COMPUTED {
            thread::sleep(gap);
        } else {
            let began = Instant::now();
            while began.elapsed() < gap {
                black_box(());
            }
        }
    })
}

/// Runs something on this thread, and returns the processor seconds that it took, or 0 where the system
/// does not tell.
pub(super) fn apart(run: impl FnOnce()) -> f64 {
    let before = machine::thread_seconds();
    run();
    machine::thread_seconds().zip(before).map_or(0.0, |(after, before)| after - before)
}

fn run_alone(run: impl FnOnce()) -> f64 {
    run();
    0.0
}

/// Runs something beside a thread that always computes. Returns what it returned, and the processor
/// seconds of that thread.
pub(super) fn beside_a_busy_thread<R>(run: impl FnOnce() -> R) -> (R, f64) {
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        let busy = scope.spawn(|| {
            apart(|| {
                while !ends.load(Ordering::Relaxed) {
                    black_box(());
                }
            })
        });
        let end = End(&ends);
        let result = run();
        drop(end);
        (result, busy.join().expect("it does not panic"))
    })
}

/// Raises a flag when dropped, also after a panic.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[allow(clippy::cast_precision_loss)] // of a measurement
fn micros(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e3
}

#[allow(clippy::cast_precision_loss)] // a few million
fn whole(number: usize) -> f64 {
    number as f64
}

fn mean(figures: &[f64]) -> f64 {
    figures.iter().sum::<f64>() / whole(figures.len())
}

/// The figure below which so many thousandths of the figures lie.
pub(super) fn percentile(mut figures: Vec<f64>, thousandths: usize) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[(figures.len() - 1) * thousandths / 1000]
}
