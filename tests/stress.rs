//! Races on real threads, many times over. The other tests and the models say what they are about.
//! `LAST_CALL_STRESS=10` makes ten times as many of each.

#![cfg(not(loom))]

mod support;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use last_call::{Cancellation, JobHandle, Outcome, Submitter, ThreadPool};
use support::{
    assert_conserved, bounded, evidence, panic_quietly, pool, stress,
    wait_until_no_thread_is_named, watchdog, Count, End, Progress, LIMIT,
};

/// Runs a test that does so many times more of everything, with a time limit so many times longer.
fn stressed(what: &str, test: impl FnOnce(&Progress, u64) + Send + 'static) {
    let times = stress();
    watchdog(LIMIT * times, what, move |progress| test(progress, times.into()));
}

/// What happened to the jobs of one producer.
#[derive(Default)]
struct Produced {
    accepted: u64,
    refused: u64,
    handles: Vec<JobHandle<()>>,
}

/// Submits jobs, every second one with a handle, until some have been refused. After enough of them
/// it waits until the end is near.
fn produce(submitter: &Submitter, ran: &Arc<AtomicU64>, near: &Count) -> Produced {
    const ENOUGH: u64 = 200;
    const REFUSED: u64 = 3;
    let mut produced = Produced::default();
    while produced.refused < REFUSED {
        if produced.accepted == ENOUGH {
            near.wait_for(1);
        }
        let ran = Arc::clone(ran);
        let job = move || {
            ran.fetch_add(1, Ordering::Relaxed);
        };
        let refused = if produced.accepted % 2 == 0 {
            submitter.execute(job).err()
        } else {
            submitter.submit(job).map(|handle| produced.handles.push(handle)).err()
        };
        match refused {
            None => produced.accepted += 1,
            Some(error) => {
                assert!(error.is_shut_down());
                produced.refused += 1;
                // It is returned whole: it can still run, on this thread.
                error.into_job()();
            }
        }
    }
    produced
}

/// Each accepted job runs exactly once or is cancelled, and each refused job comes back unrun.
#[test]
fn ends_against_submissions() {
    stressed("ends against submissions", |progress, times| {
        const PRODUCERS: u64 = 6;
        let rounds = 400 * usize::try_from(times).unwrap();
        for round in 0..rounds {
            let end = End::ALL[round % End::ALL.len()];
            let stops = Count::default();
            let on_stop = stops.clone();
            let workers = 1 + round % 3;
            let mut builder = ThreadPool::builder().workers(workers);
            if round % 2 == 1 {
                builder = builder.capacity(1 + round % 7);
            }
            let pool = builder.on_stop(move |_| on_stop.up()).build().unwrap();
            let ran = Arc::new(AtomicU64::new(0));
            let (busy, near) = (Count::default(), Count::default());
            let producers = (0..PRODUCERS).map(|_| {
                let (submitter, ran) = (pool.submitter(), Arc::clone(&ran));
                let (busy, near) = (busy.clone(), near.clone());
                thread::spawn(move || {
                    busy.up();
                    produce(&submitter, &ran, &near)
                })
            });
            let producers = producers.collect::<Vec<_>>();
            // From the very first submission to the middle of many.
            busy.wait_for(round as u64 % (PRODUCERS + 1));
            near.up();
            let report = end.end(pool);
            stops.wait_for(workers as u64);
            let (mut accepted, mut refused, mut cancelled) = (0, 0, 0);
            for producer in producers {
                let produced = producer.join().unwrap();
                accepted += produced.accepted;
                refused += produced.refused;
                let outcomes = produced.handles.into_iter().map(JobHandle::join);
                cancelled += outcomes.filter(Outcome::is_cancelled).count() as u64;
            }
            progress.note(format_args!("round {round}: {end:?}, {accepted} accepted"));
            // The producers have run the refused jobs.
            let ran = ran.load(Ordering::Relaxed) - refused;
            if let Some(report) = report {
                assert_conserved(&report);
                assert_eq!((report.accepted, report.cancelled), (accepted, accepted - ran));
                assert!(report.rejected <= refused && cancelled <= report.cancelled);
            }
            if End::DRAINING.contains(&end) {
                assert_eq!((ran, cancelled), (accepted, 0), "{end:?} runs everything");
            }
        }
        evidence("C3,C4,C5,C16,C17", rounds as u64);
    });
}

/// Every kind of end, with zero to a few jobs. No thread of the pools is left.
#[test]
fn thousands_of_small_pools() {
    stressed("small pools", |progress, times| {
        let rounds = 3_000 * usize::try_from(times).unwrap();
        for round in 0..rounds {
            let end = End::ALL[round % End::ALL.len()];
            if round % 100 == 0 {
                progress.note(format_args!("round {round}"));
            }
            let builder = ThreadPool::builder().workers(1 + round % 2).thread_name("small");
            let pool = builder.build().unwrap();
            let jobs = round as u64 / 10 % 4;
            let ran = Count::default();
            for _ in 0..jobs {
                let ran = ran.clone();
                pool.execute(move || ran.up()).unwrap();
            }
            let report = end.end(pool);
            if let Some(report) = report {
                assert_conserved(&report);
                assert_eq!(report.accepted, jobs);
            }
            if End::DRAINING.contains(&end) {
                assert_eq!(ran.get(), jobs);
            }
        }
        wait_until_no_thread_is_named("small-");
        evidence("C4,C16,C17,C20", rounds as u64);
    });
}

/// Some threads join and some poll, while the pool ends. All of them get an outcome.
#[test]
fn handles_are_joined_while_the_pool_ends() {
    stressed("joins against ends", |progress, times| {
        const JOBS: u64 = 12;
        let rounds = 600 * usize::try_from(times).unwrap();
        let mut seen = [0_u64; 3];
        for round in 0..rounds {
            progress.note(format_args!("round {round}: {seen:?}"));
            let pool = pool(1 + round % 3);
            let handles = (0..JOBS).map(|n| {
                let job = move || if n % 4 == 3 { panic_quietly(n) } else { n };
                (n, pool.submit(job).unwrap())
            });
            let (ours, theirs) = handles.partition::<Vec<_>, _>(|(n, _)| n % 2 == 0);
            let asks = thread::spawn(move || theirs.into_iter().map(ask_until_resolved).collect());
            let joins = thread::spawn(move || {
                ours.into_iter().map(|(n, handle)| (n, handle.join())).collect::<Vec<_>>()
            });
            let end = End::ALL[round % End::ALL.len()];
            let report = end.end(pool);
            let mut outcomes: Vec<(u64, Outcome<u64>)> = asks.join().unwrap();
            outcomes.extend(joins.join().unwrap());
            let mut counts = [0; 3];
            for (n, outcome) in outcomes {
                let kind = match outcome {
                    Outcome::Completed(value) => {
                        assert_eq!(value, n);
                        0
                    }
                    Outcome::Panicked(payload) => {
                        assert_eq!(payload.downcast_ref(), Some(&n));
                        1
                    }
                    Outcome::Cancelled(_) => 2,
                };
                counts[kind] += 1;
            }
            if let Some(report) = report {
                assert_conserved(&report);
                assert_eq!(report.cancelled, counts[2]);
                assert_eq!(report.accepted, JOBS);
            }
            seen.iter_mut().zip(counts).for_each(|(seen, count)| *seen += count);
        }
        assert!(seen.iter().all(|count| *count > 0), "each outcome: {seen:?}");
        evidence("C4,C5,C24", rounds as u64 * JOBS);
    });
}

fn ask_until_resolved((n, mut handle): (u64, JobHandle<u64>)) -> (u64, Outcome<u64>) {
    loop {
        let result = if n % 3 == 0 {
            handle.try_join()
        } else {
            handle.join_timeout(Duration::from_micros(20))
        };
        match result {
            Ok(outcome) => return (n, outcome),
            Err(pending) => handle = pending,
        }
        thread::yield_now();
    }
}

/// Jobs drop the last owner, on a worker of its own pool, while others still submit.
#[test]
fn pools_that_are_dropped_by_their_own_jobs() {
    stressed("dropped by a job", |progress, times| {
        let rounds = 600 * usize::try_from(times).unwrap();
        for round in 0..rounds {
            progress.note(format_args!("round {round}"));
            let workers = 1 + round % 3;
            let stops = Count::default();
            let on_stop = stops.clone();
            let builder = ThreadPool::builder().workers(workers);
            let pool = builder.on_stop(move |_| on_stop.up()).build().unwrap();
            let submitter = pool.submitter();
            let ran = Arc::new(AtomicU64::new(0));
            let near = Count::default();
            let produced = {
                let (submitter, ran, near) = (submitter.clone(), Arc::clone(&ran), near.clone());
                thread::spawn(move || produce(&submitter, &ran, &near))
            };
            near.up();
            submitter.execute(move || drop(pool)).unwrap();
            let produced = produced.join().unwrap();
            stops.wait_for(workers as u64);
            assert_eq!(ran.load(Ordering::Relaxed), produced.accepted + produced.refused);
            assert!(produced.handles.into_iter().all(|handle| handle.join().is_completed()));
        }
        evidence("C4,C16,C21", rounds as u64);
    });
}

/// A job that submits itself again until it is told to end. There is no instant without one link of
/// the chain.
fn chain(submitter: &Submitter, links: &Arc<AtomicU64>, ended: &Arc<AtomicBool>) {
    links.fetch_add(1, Ordering::Relaxed);
    if !ended.load(Ordering::Relaxed) {
        let (next, links, ended) = (submitter.clone(), Arc::clone(links), Arc::clone(ended));
        submitter.execute(move || chain(&next, &links, &ended)).unwrap();
    }
}

/// A pool that judged idleness by two readings, of queued and of running jobs, or of ended and
/// accepted jobs in the wrong order, would fail here within thousands of readings.
#[test]
fn an_endless_chain_of_jobs_is_never_idle() {
    stressed("endless chain", |progress, times| {
        const THREADS: usize = 2;
        let (mut looks, mut links) = (0, 0);
        for workers in 1..=3 {
            let pool = pool(workers);
            let run = Arc::new(AtomicU64::new(0));
            let ended = Arc::new(AtomicBool::new(false));
            let (submitter, first, end) = (pool.submitter(), Arc::clone(&run), Arc::clone(&ended));
            pool.execute(move || chain(&submitter, &first, &end)).unwrap();
            let look = |timeout: Duration| {
                let submitter = pool.submitter();
                move || {
                    let looks = 30_000 * times;
                    let idle = (0..looks).filter(|_| submitter.wait_idle_timeout(timeout).is_ok());
                    (looks, idle.count())
                }
            };
            // Some waiters check and leave, some are notified of each job that ends.
            let waiter = pool.submitter();
            let waiter = thread::spawn(move || waiter.wait_idle());
            let lookers = [(); THREADS].map(|()| thread::spawn(look(Duration::ZERO)));
            for looker in lookers {
                let (looked, idle) = looker.join().unwrap();
                let links = run.load(Ordering::Relaxed);
                progress.note(format_args!("{workers} workers, {looked} looks, {links} links"));
                assert_eq!(idle, 0, "of {looked} looks at {links} links");
                looks += looked;
            }
            assert!(!waiter.is_finished(), "the chain looked idle");
            links += run.load(Ordering::Relaxed);
            ended.store(true, Ordering::Relaxed);
            assert_eq!(waiter.join().unwrap(), Ok(()));
            pool.wait_idle().unwrap();
            assert_eq!(pool.shutdown().completed, run.load(Ordering::Relaxed));
        }
        assert!(links > looks / 1_000, "{links} links under {looks} looks");
        evidence("C26", looks);
    });
}

/// The only worker leaves the job before while the handle cancels the one behind. The delay is
/// adjusted to where both results are equally likely.
#[test]
fn cancels_against_starts() {
    stressed("cancels against starts", |progress, times| {
        let rounds = 20_000 * times;
        let pool = pool(1);
        let (mut spins, mut counts) = (100_u32, [0_u64; 2]);
        for round in 0..rounds {
            let barrier = Arc::new(Barrier::new(2));
            let before = Arc::clone(&barrier);
            pool.execute(move || {
                before.wait();
            })
            .unwrap();
            let ran = Arc::new(AtomicU64::new(0));
            let alive = Arc::clone(&ran);
            let job = move || {
                alive.fetch_add(1, Ordering::Relaxed);
            };
            let job = pool.submit(job).unwrap();
            barrier.wait();
            for _ in 0..spins {
                std::hint::spin_loop();
            }
            let found = job.cancel();
            let cancelled = found == Cancellation::Cancelled;
            if cancelled {
                assert_eq!(Arc::strong_count(&ran), 1, "its captures are gone");
            }
            let outcome = job.join();
            assert_eq!(outcome.is_cancelled(), cancelled, "{found:?}, {outcome:?}");
            counts[usize::from(cancelled)] += 1;
            let step = 1 + spins / 16;
            spins = if cancelled { (spins + step).min(20_000) } else { spins.saturating_sub(step) };
            if round % 1_000 == 0 {
                progress.note(format_args!("round {round}: {counts:?} after {spins} spins"));
                // A job that was cancelled long ago would have run by now.
                pool.wait_idle().unwrap();
            }
            let runs = ran.load(Ordering::Relaxed);
            assert_eq!(runs, u64::from(!cancelled), "{found:?}");
        }
        let [ran, cancelled] = counts;
        let report = pool.shutdown();
        assert_eq!((report.completed, report.cancelled), (rounds + ran, cancelled));
        assert_conserved(&report);
        assert!(ran > 0 && cancelled > 0, "{counts:?}");
        evidence("C4,C5,C25", rounds);
    });
}

/// Producers that mostly wait on a full queue, while it is discarded.
#[test]
fn discards_against_blocked_submitters() {
    stressed("blocked submitters", |progress, times| {
        const PRODUCERS: u64 = 5;
        let rounds = 600 * usize::try_from(times).unwrap();
        let mut seen = [0_u64; 3];
        for round in 0..rounds {
            let pool = bounded(1 + round % 2, 1 + round % 3);
            let ran = Arc::new(AtomicU64::new(0));
            let busy = Count::default();
            let producers = (0..PRODUCERS).map(|n| {
                let (submitter, ran, busy) = (pool.submitter(), Arc::clone(&ran), busy.clone());
                let submit = move || {
                    let ran = Arc::clone(&ran);
                    let job = move || {
                        ran.fetch_add(1, Ordering::Relaxed);
                    };
                    if n % 2 == 0 {
                        submitter.submit(job)
                    } else {
                        submitter.submit_timeout(job, LIMIT * 2)
                    }
                };
                thread::spawn(move || {
                    let mut jobs = Vec::new();
                    loop {
                        match submit() {
                            Ok(job) => jobs.push(job),
                            Err(error) => {
                                assert!(error.is_shut_down());
                                error.into_job()();
                                return jobs;
                            }
                        }
                        busy.up();
                    }
                })
            });
            let producers = producers.collect::<Vec<_>>();
            busy.wait_for(round as u64 % 20);
            let trigger = pool.shutdown_trigger();
            let report = match round % 3 {
                0 => pool.shutdown_now(),
                1 => pool.shutdown_timeout(Duration::ZERO),
                _ => {
                    trigger.discard();
                    pool.shutdown()
                }
            };
            let jobs = producers.into_iter().flat_map(|producer| producer.join().unwrap());
            let mut counts = [0; 2];
            for job in jobs {
                counts[usize::from(job.join().is_cancelled())] += 1;
            }
            trigger.wait().unwrap();
            // The refused jobs, one of each producer, were run there.
            assert_eq!(ran.load(Ordering::Relaxed), counts[0] + PRODUCERS);
            let sum = counts[0] + counts[1];
            assert_eq!((report.accepted, report.cancelled), (sum, counts[1]), "round {round}");
            assert_conserved(&report);
            seen[0] += counts[0];
            seen[1] += counts[1];
            seen[2] += PRODUCERS;
            if round % 50 == 0 {
                progress.note(format_args!("round {round}: {seen:?} ran, cancelled, refused"));
            }
        }
        assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
        evidence("C3,C4,C5,C8,C10", rounds as u64);
    });
}
