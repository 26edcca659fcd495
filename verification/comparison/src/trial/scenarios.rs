//! A scenario for each property, for any pool.

use std::panic::panic_any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{mpsc, Arc};
use std::thread;
use std::time::{Duration, Instant};

use super::tools::{
    arrive, broken, caught, meet, memory, panic_on_purpose, step, unexpected_panic, Failure, Gate,
    PanicOnDrop, Run, PATIENCE,
};
use super::Property;
use crate::pools::{Handle, OnDrop, Pool, Submit, Threads};

const WORKERS: usize = 2;

/// Tries a property once.
pub(super) fn run<P: Pool>(property: Property, round: u64) -> Run {
    unexpected_panic();
    match property {
        Property::EndWaits => end_waits::<P>(round),
        Property::RefusedReturns => refused_returns::<P>(round),
        Property::PanicSurvived => panic_survived::<P>(),
        Property::PanicReported => panic_reported::<P>(),
        Property::OwnJob => own_job::<P>(),
        Property::Idle => idle::<P>(round),
        Property::Destructors => destructors::<P>(round),
        Property::ThreadFails => match P::ABOUT.threads {
            Threads::AtOnce => thread_fails::<P>(),
            Threads::WhenNeeded => later_thread_fails::<P>(),
        },
        Property::HandleResolves => handle_resolves::<P>(round),
    }
}

/// Starts a pool, with a panic handler if the pool has one.
fn start<P: Pool>(workers: usize) -> P {
    P::start_with_panic_handler(workers, || ()).unwrap_or_else(|| P::start(workers))
}

fn yields(times: u64) {
    for _ in 0..times {
        thread::yield_now();
    }
}

fn end_waits<P: Pool>(round: u64) -> Run {
    step("starting the pool");
    let pool = P::start(WORKERS);
    // Half of the runs end a pool that still starts, half a pool whose workers sleep.
    let (is_warm, jobs) =
        (round.is_multiple_of(2), 1 + usize::try_from(round / 2 % 8).unwrap_or(0));
    if is_warm {
        meet::<P>(&pool.submitter(), WORKERS)?;
        yields(round % 7);
    }
    let ran = Arc::new(AtomicUsize::new(0));
    for _ in 0..jobs {
        let ran = Arc::clone(&ran);
        let job = move || {
            yields(round % 3);
            ran.fetch_add(1, Ordering::SeqCst);
        };
        pool.execute(job).map_err(|_| Failure::Broken("a job was refused".to_owned()))?;
    }
    step("ending the pool");
    if let Err(message) = caught(|| pool.finish()) {
        return broken(format!("ending the pool panicked: {message}"));
    }
    if ran.load(Ordering::SeqCst) == jobs {
        Ok(())
    } else {
        broken("it returned before every accepted job had run")
    }
}

fn refused_returns<P: Pool>(round: u64) -> Run {
    const RACING: usize = 16;
    step("submitting while the pool ends");
    let pool = P::start(WORKERS);
    let submitter = pool.submitter();
    let ran = Arc::new(AtomicUsize::new(0));
    let submit = |submitter: &P::Submitter| {
        let ran = Arc::clone(&ran);
        let job = move || {
            ran.fetch_add(1, Ordering::SeqCst);
        };
        P::try_submit(submitter, job)
    };
    let back = thread::scope(|scope| {
        let (racer, submit) = (submitter.clone(), &submit);
        let race = move || (0..RACING).filter_map(|_| submit(&racer)).count();
        let racing = scope.spawn(race);
        yields(round % 8);
        pool.finish();
        racing.join().expect("submitting does not panic")
    });
    if back + ran.load(Ordering::SeqCst) != RACING {
        return broken("a job submitted while the pool ended neither ran nor returned");
    }
    let before = ran.load(Ordering::SeqCst);
    let Some(job) = submit(&submitter) else {
        return broken("a job submitted after the end did not return");
    };
    if ran.load(Ordering::SeqCst) != before {
        return broken("a refused job ran");
    }
    job();
    if ran.load(Ordering::SeqCst) == before + 1 {
        Ok(())
    } else {
        broken("what returned is not the job")
    }
}

/// Submits a job that panics, and waits until it has begun.
fn provoke(submitter: &impl Submit, panics: impl FnOnce() + Send + 'static) -> Run {
    let (arrives, arrivals) = mpsc::channel();
    let job = move || {
        let _ = arrives.send(());
        panics();
    };
    match caught(|| submitter.execute(job)) {
        Ok(Ok(())) => {}
        Ok(Err(_)) => return broken("after a panic, a job was refused"),
        Err(message) => {
            return broken(format!("after panics, submitting a job panicked: {message}"))
        }
    }
    arrive(&arrivals, 1).or_else(|_| broken("after panics, an accepted job did not run"))
}

fn panic_survived<P: Pool>() -> Run {
    let pool: P = start(WORKERS);
    let submitter = pool.submitter();
    step("running jobs that panic");
    for _ in 0..3 * WORKERS {
        if let Err(failure) = provoke(&submitter, panic_on_purpose) {
            // The pool may panic when it is dropped; that is another property.
            std::mem::forget((pool, submitter));
            return Err(failure);
        }
    }
    step("running jobs that need each other, after panics");
    let met = meet::<P>(&submitter, WORKERS);
    if met.is_err() {
        std::mem::forget((pool, submitter));
        return met;
    }
    drop(submitter);
    step("ending the pool, after panics");
    pool.finish();
    Ok(())
}

fn panic_reported<P: Pool>() -> Run {
    const PANICS: usize = 4;
    let (sender, panics) = mpsc::channel();
    if let Some(pool) = P::start_with_panic_handler(WORKERS, move || sender.send(()).unwrap_or(()))
    {
        for _ in 0..PANICS {
            pool.execute(panic_on_purpose).map_err(|_| Failure::Broken("refused".to_owned()))?;
        }
        step("waiting for the handler");
        let all = arrive(&panics, PANICS);
        return all.or_else(|_| broken("the handler was not called for every panic"));
    }
    let pool = P::start(WORKERS);
    if P::ABOUT.handles {
        step("waiting for the handles of jobs that panic");
        let handles: Vec<_> = (0..PANICS).filter_map(|_| pool.submit(panic_on_purpose)).collect();
        let panicked =
            handles.into_iter().filter_map(|handle| handle.wait().is_none().then_some(()));
        if panicked.count() != PANICS {
            return broken("the handle of a job that panicked did not say so");
        }
    }
    if let Some(before) = pool.panic_count() {
        for _ in 0..PANICS {
            pool.execute(panic_on_purpose).map_err(|_| Failure::Broken("refused".to_owned()))?;
        }
        step("waiting for idleness, to read the count of panics");
        pool.wait_idle();
        if pool.panic_count() != Some(before + PANICS) {
            return broken("after waiting for every job, the count of panics was short");
        }
    }
    // How it ends after panics is another property.
    let _ = caught(|| pool.finish());
    Ok(())
}

fn own_job<P: Pool>() -> Run {
    const QUEUED: usize = 8;
    const STALL: Duration = Duration::from_secs(4);
    let pool = P::start(WORKERS);
    let submitter = pool.submitter();
    step("waiting for every worker to have begun");
    meet::<P>(&submitter, WORKERS)?;
    let mut gate = Gate::new();
    let refused = |_| Failure::Broken("a job was refused".to_owned());
    let (done, dropped) = mpsc::channel();
    let held = gate.held();
    let drop_pool = move || {
        held();
        let began = Instant::now();
        pool.drop_in_job();
        let _ = done.send(began.elapsed());
    };
    submitter.execute(drop_pool).map_err(refused)?;
    submitter.execute(gate.held()).map_err(refused)?;
    let (arrives, arrivals) = mpsc::channel();
    for _ in 0..QUEUED {
        let arrives = arrives.clone();
        submitter.execute(move || arrives.send(()).unwrap_or(())).map_err(refused)?;
    }
    drop((arrives, submitter));
    step("dropping the pool in its own job");
    gate.open();
    let Ok(took) = dropped.recv() else {
        let message = unexpected_panic().unwrap_or_default();
        return broken(format!("the drop panicked: {message}"));
    };
    if took > STALL {
        return broken(format!("the drop stalled for {} s", took.as_secs()));
    }
    let runs_queued = !matches!(P::ABOUT.drop, OnDrop::DiscardsAndJoins | OnDrop::DiscardsUnwaited);
    if runs_queued && arrive(&arrivals, QUEUED).is_err() {
        return broken("the drop returned, and queued jobs never ran");
    }
    match unexpected_panic() {
        Some(message) => broken(format!("a worker panicked: {message}")),
        None => Ok(()),
    }
}

/// A chain of jobs, each submitted by the one before.
struct Chain {
    /// The number of links that have run.
    links: AtomicUsize,
    /// The number of links.
    length: usize,
    end: mpsc::Sender<()>,
}

/// Runs a link. It submits the next one, unless it is the last.
fn link<S: Submit>(submitter: S, chain: Arc<Chain>) {
    if chain.links.fetch_add(1, Ordering::SeqCst) + 1 == chain.length {
        drop(submitter);
        let _ = chain.end.send(());
        return;
    }
    let next = submitter.clone();
    let _ = submitter.execute(move || link(next, chain));
}

fn idle<P: Pool>(round: u64) -> Run {
    const LENGTH: usize = 40;
    let pool = P::start(WORKERS);
    for number in 0..20 {
        let (end, ends) = mpsc::channel();
        let chain = Arc::new(Chain { links: AtomicUsize::new(0), length: LENGTH, end });
        let (submitter, first) = (pool.submitter(), Arc::clone(&chain));
        let first = move || link(submitter, first);
        pool.execute(first).map_err(|_| Failure::Broken("a job was refused".to_owned()))?;
        // Idleness is awaited before the chain has begun, or in its midst.
        let midst = usize::try_from(round).unwrap_or(0) % 20;
        let begun = if number % 2 == 0 { 0 } else { midst };
        while chain.links.load(Ordering::SeqCst) < begun {
            std::hint::spin_loop();
        }
        step("waiting for idleness, while jobs submit jobs");
        if !pool.wait_idle() {
            return broken("it could not wait");
        }
        let was_over = chain.links.load(Ordering::SeqCst) == LENGTH;
        if ends.recv_timeout(PATIENCE).is_err() {
            return broken("a job that was submitted by a job never ran");
        }
        if !was_over {
            return broken("it reported idleness while jobs submitted jobs");
        }
    }
    step("ending the pool");
    pool.finish();
    Ok(())
}

fn destructors<P: Pool>(round: u64) -> Run {
    let pool: P = start(WORKERS);
    let submitter = pool.submitter();
    match round % 3 {
        0 => {
            step("running jobs that panic with a payload whose destructor panics");
            for _ in 0..WORKERS {
                provoke(&submitter, || panic_any(PanicOnDrop))?;
            }
            // The payload, and so its panic, now belongs to the caller.
            let handle = pool.submit(|| -> bool { panic_any(PanicOnDrop) });
            let _ = caught(|| handle.map(Handle::wait));
        }
        1 => {
            step("running jobs with a capture whose destructor panics");
            for _ in 0..WORKERS {
                let bomb = PanicOnDrop;
                provoke(&submitter, move || drop(bomb))?;
            }
        }
        _ => {
            step("running jobs with an unread result whose destructor panics");
            for _ in 0..WORKERS {
                let mut gate = Gate::new();
                let held = gate.held();
                let job = move || {
                    held();
                    PanicOnDrop
                };
                drop(pool.submit(job));
                gate.open();
            }
        }
    }
    step("running jobs that need each other, after panicking destructors");
    let met = meet::<P>(&submitter, WORKERS);
    if met.is_err() {
        std::mem::forget((pool, submitter));
        return met;
    }
    drop(submitter);
    step("ending the pool, after panicking destructors");
    pool.finish();
    Ok(())
}

/// The number of workers that are requested, and the number that memory allows.
const REQUESTED: usize = 4;
const ROOM: u64 = 2;

fn no_limit<T>() -> Result<T, Failure> {
    Err(Failure::Untried("a thread is kept from starting on Linux only".to_owned()))
}

fn thread_fails<P: Pool>() -> Run {
    let before = memory::threads();
    step("starting a pool of 4 workers with room for 2");
    let Some(built) = memory::with_room_for(ROOM, || caught(|| P::try_start(REQUESTED))) else {
        return no_limit();
    };
    if let Ok(Ok(pool)) = built {
        step("running jobs that need each other, on a pool with a thread less");
        let submitter = pool.submitter();
        let met = meet::<P>(&submitter, REQUESTED);
        std::mem::forget((pool, submitter));
        return met.or_else(|_| {
            broken("it returned with fewer workers than requested, without an error")
        });
    }
    threads_are_gone(before)
}

fn later_thread_fails<P: Pool>() -> Run {
    let before = memory::threads();
    let pool = P::start(REQUESTED);
    let submitter = pool.submitter();
    let mut gate = Gate::new();
    let (arrives, arrivals) = mpsc::channel();
    step("submitting 4 jobs, with room for the threads of 2");
    let accepted = memory::with_room_for(ROOM, || {
        let submit = |_: &usize| {
            let (arrives, held) = (arrives.clone(), gate.held());
            let job = move || {
                held();
                let _ = arrives.send(());
            };
            matches!(caught(|| submitter.execute(job)), Ok(Ok(())))
        };
        (0..REQUESTED).filter(submit).count()
    });
    let Some(accepted) = accepted else { return no_limit() };
    gate.open();
    if arrive(&arrivals, accepted).is_err() {
        return broken("a job that was accepted never ran");
    }
    drop(submitter);
    step("ending the pool, after a thread could not be started");
    pool.finish();
    threads_are_gone(before)
}

fn threads_are_gone(before: usize) -> Run {
    step("waiting for the threads that had been started");
    let end = Instant::now() + PATIENCE;
    while memory::threads() > before {
        if Instant::now() > end {
            return broken("threads that had been started were left behind");
        }
        thread::yield_now();
    }
    Ok(())
}

fn handle_resolves<P: Pool>(round: u64) -> Run {
    const QUEUED: usize = 3;
    let pool = P::start(1);
    let mut gate = Gate::new();
    pool.execute(gate.held()).map_err(|_| Failure::Broken("a job was refused".to_owned()))?;
    let handles: Vec<_> = (0..QUEUED).filter_map(|number| pool.submit(move || number)).collect();
    if handles.len() < QUEUED {
        return broken("a job was refused");
    }
    let (begins, begun) = mpsc::channel();
    let ends = move || {
        let _ = begins.send(());
        caught(|| if round.is_multiple_of(2) { pool.finish() } else { pool.discard() })
    };
    let ends = thread::spawn(ends);
    step("ending the pool");
    let _ = begun.recv();
    // In most runs the jobs are still queued when the end begins.
    yields(round % 50);
    gate.open();
    step("waiting for the handles of jobs that were queued when the pool ended");
    for handle in handles {
        let _ = handle.wait();
    }
    step("ending the pool");
    match ends.join() {
        Ok(Ok(())) => Ok(()),
        Ok(Err(message)) => broken(format!("ending the pool panicked: {message}")),
        Err(_) => broken("ending the pool panicked"),
    }
}
