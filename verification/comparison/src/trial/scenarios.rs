//! The scenarios, one a property, for any pool.

use std::panic::panic_any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{mpsc, Arc};
use std::thread;
use std::time::{Duration, Instant};

use super::tools::{
    arrive, broken, caught, heard, meet, memory, panic_on_purpose, step, Bomb, Fault, Gate, Run,
    PATIENCE,
};
use super::Property;
use crate::pools::{Handle, OnDrop, Peer, Submit, Threads};

const WORKERS: usize = 2;

/// Tries a property once.
pub(super) fn run<P: Peer>(property: Property, round: u64) -> Run {
    heard();
    match property {
        Property::EndWaits => end_waits::<P>(round),
        Property::RefusedReturns => refused_returns::<P>(round),
        Property::PanicSurvived => panic_survived::<P>(),
        Property::PanicTold => panic_told::<P>(),
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

/// A pool that tells of panics in its documented way, where it has to be asked to.
fn start<P: Peer>(workers: usize) -> P {
    P::start_telling(workers, || ()).unwrap_or_else(|| P::start(workers))
}

fn yields(times: u64) {
    for _ in 0..times {
        thread::yield_now();
    }
}

fn end_waits<P: Peer>(round: u64) -> Run {
    step("starting the pool");
    let pool = P::start(WORKERS);
    // A pool that starts, and one whose workers sleep already, are ended at different moments.
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
        pool.execute(job).map_err(|_| Fault::Broken("a job was refused".to_owned()))?;
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

fn refused_returns<P: Peer>(round: u64) -> Run {
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
        P::hand_in(submitter, job)
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
        return broken("a job submitted while the pool ended neither ran nor came back");
    }
    let before = ran.load(Ordering::SeqCst);
    let Some(job) = submit(&submitter) else {
        return broken("a job submitted after the end did not come back");
    };
    if ran.load(Ordering::SeqCst) != before {
        return broken("a refused job ran");
    }
    job();
    if ran.load(Ordering::SeqCst) == before + 1 {
        Ok(())
    } else {
        broken("what came back is not the job")
    }
}

/// Hands in a job that panics, and waits until it is about to.
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
            return broken(format!("after panics, handing in a job panicked: {message}"))
        }
    }
    arrive(&arrivals, 1).or_else(|_| broken("after panics, an accepted job did not run"))
}

fn panic_survived<P: Peer>() -> Run {
    let pool: P = start(WORKERS);
    let submitter = pool.submitter();
    step("running jobs that panic");
    for _ in 0..3 * WORKERS {
        if let Err(fault) = provoke(&submitter, panic_on_purpose) {
            // What is left of the pool may panic when it is dropped, which is another question.
            std::mem::forget((pool, submitter));
            return Err(fault);
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

fn panic_told<P: Peer>() -> Run {
    const PANICS: usize = 4;
    let (tells, tellings) = mpsc::channel();
    if let Some(pool) = P::start_telling(WORKERS, move || tells.send(()).unwrap_or(())) {
        for _ in 0..PANICS {
            pool.execute(panic_on_purpose).map_err(|_| Fault::Broken("refused".to_owned()))?;
        }
        step("waiting for the handler");
        let all = arrive(&tellings, PANICS);
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
    if let Some(before) = pool.panics() {
        for _ in 0..PANICS {
            pool.execute(panic_on_purpose).map_err(|_| Fault::Broken("refused".to_owned()))?;
        }
        step("waiting for idleness, to read the count of panics");
        pool.wait_idle();
        if pool.panics() != Some(before + PANICS) {
            return broken("after waiting for every job, the count of panics was short");
        }
    }
    // How it ends after panics is another question.
    let _ = caught(|| pool.finish());
    Ok(())
}

fn own_job<P: Peer>() -> Run {
    const QUEUED: usize = 8;
    const STALL: Duration = Duration::from_secs(4);
    let pool = P::start(WORKERS);
    let submitter = pool.submitter();
    step("waiting for every worker to have begun");
    meet::<P>(&submitter, WORKERS)?;
    let mut gate = Gate::new();
    let refused = |_| Fault::Broken("a job was refused".to_owned());
    let (done, dropped) = mpsc::channel();
    let held = gate.held();
    let drop_it = move || {
        held();
        let began = Instant::now();
        pool.let_go();
        let _ = done.send(began.elapsed());
    };
    submitter.execute(drop_it).map_err(refused)?;
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
        let message = heard().unwrap_or_default();
        return broken(format!("the drop panicked: {message}"));
    };
    if took > STALL {
        return broken(format!("the drop stalled for {} s", took.as_secs()));
    }
    let runs_queued = !matches!(P::ABOUT.drop, OnDrop::DiscardsAndJoins | OnDrop::DiscardsUnwaited);
    if runs_queued && arrive(&arrivals, QUEUED).is_err() {
        return broken("the drop returned, and queued jobs never ran");
    }
    match heard() {
        Some(message) => broken(format!("a worker panicked: {message}")),
        None => Ok(()),
    }
}

/// Jobs that submit each other, one after the other.
struct Chain {
    /// How many links have run.
    links: AtomicUsize,
    /// How many there are.
    length: usize,
    end: mpsc::Sender<()>,
}

/// Runs a link, which submits the next unless it is the last.
fn link<S: Submit>(submitter: S, chain: Arc<Chain>) {
    if chain.links.fetch_add(1, Ordering::SeqCst) + 1 == chain.length {
        drop(submitter);
        let _ = chain.end.send(());
        return;
    }
    let next = submitter.clone();
    let _ = submitter.execute(move || link(next, chain));
}

fn idle<P: Peer>(round: u64) -> Run {
    const LENGTH: usize = 40;
    let pool = P::start(WORKERS);
    for number in 0..20 {
        let (end, ends) = mpsc::channel();
        let chain = Arc::new(Chain { links: AtomicUsize::new(0), length: LENGTH, end });
        let (submitter, first) = (pool.submitter(), Arc::clone(&chain));
        let first = move || link(submitter, first);
        pool.execute(first).map_err(|_| Fault::Broken("a job was refused".to_owned()))?;
        // The question is put before the chain has begun, or in its midst.
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
            return broken("it said that nothing was queued or running while jobs submitted jobs");
        }
    }
    step("ending the pool");
    pool.finish();
    Ok(())
}

fn destructors<P: Peer>(round: u64) -> Run {
    let pool: P = start(WORKERS);
    let submitter = pool.submitter();
    match round % 3 {
        0 => {
            step("running jobs that panic with a payload whose destructor panics");
            for _ in 0..WORKERS {
                provoke(&submitter, || panic_any(Bomb))?;
            }
            // The payload is now the waiter's, and so is its panic.
            let handle = pool.submit(|| -> bool { panic_any(Bomb) });
            let _ = caught(|| handle.map(Handle::wait));
        }
        1 => {
            step("running jobs with a capture whose destructor panics");
            for _ in 0..WORKERS {
                let bomb = Bomb;
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
                    Bomb
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

/// How many workers are asked for, and for how many there is room.
const ASKED: usize = 4;
const ROOM: u64 = 2;

fn no_limit<T>() -> Result<T, Fault> {
    Err(Fault::Untried("a thread that cannot be started is made on Linux only".to_owned()))
}

fn thread_fails<P: Peer>() -> Run {
    let before = memory::threads();
    step("starting a pool of 4 workers with room for 2");
    let Some(built) = memory::with_room_for(ROOM, || caught(|| P::try_start(ASKED))) else {
        return no_limit();
    };
    if let Ok(Ok(pool)) = built {
        step("running jobs that need each other, on a pool with a thread less");
        let submitter = pool.submitter();
        let met = meet::<P>(&submitter, ASKED);
        std::mem::forget((pool, submitter));
        return met.or_else(|_| {
            broken("it came back with fewer workers than asked for, and did not say so")
        });
    }
    threads_are_gone(before)
}

fn later_thread_fails<P: Peer>() -> Run {
    let before = memory::threads();
    let pool = P::start(ASKED);
    let submitter = pool.submitter();
    let mut gate = Gate::new();
    let (arrives, arrivals) = mpsc::channel();
    step("handing in 4 jobs, with room for the threads of 2");
    let accepted = memory::with_room_for(ROOM, || {
        let hand_in = |_: &usize| {
            let (arrives, held) = (arrives.clone(), gate.held());
            let job = move || {
                held();
                let _ = arrives.send(());
            };
            matches!(caught(|| submitter.execute(job)), Ok(Ok(())))
        };
        (0..ASKED).filter(hand_in).count()
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

fn handle_resolves<P: Peer>(round: u64) -> Run {
    const QUEUED: usize = 3;
    let pool = P::start(1);
    let mut gate = Gate::new();
    pool.execute(gate.held()).map_err(|_| Fault::Broken("a job was refused".to_owned()))?;
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
    // The end is to find the jobs queued, in most of the runs.
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
