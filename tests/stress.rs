//! Races on real threads, many times over; what they are about, the other tests and the models say.

#![cfg(not(loom))]

mod support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use last_call::{JobHandle, Outcome, Submitter};
use support::{assert_conserved, evidence, panic_quietly, pool, watchdog, Count, End, LIMIT};

/// What became of the jobs of one producer.
#[derive(Default)]
struct Produced {
    accepted: u64,
    refused: u64,
    handles: Vec<JobHandle<()>>,
}

/// Hands jobs in until some have been refused, every second one with a handle; after enough of them,
/// waits until the end is near.
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
                // Back, and whole: it can still be run, here.
                error.into_job()();
            }
        }
    }
    produced
}

/// Each accepted job runs exactly once or is cancelled, and each refused one came back unrun.
#[test]
fn ends_against_submissions() {
    watchdog(LIMIT, "ends against submissions", |progress| {
        const ROUNDS: usize = 400;
        const PRODUCERS: u64 = 3;
        for round in 0..ROUNDS {
            let end = End::ALL[round % End::ALL.len()];
            let stops = Count::default();
            let on_stop = stops.clone();
            let workers = 1 + round % 3;
            let builder = last_call::ThreadPool::builder().workers(workers);
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
            // The refused ones were run by their producers.
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
        evidence("C3,C4,C5,C16,C17", ROUNDS as u64);
    });
}

#[test]
fn thousands_of_small_pools() {
    watchdog(LIMIT, "small pools", |progress| {
        const ROUNDS: u64 = 3_000;
        for round in 0..ROUNDS {
            if round % 100 == 0 {
                progress.note(format_args!("round {round}"));
            }
            let pool = pool(1 + usize::try_from(round % 2).unwrap());
            let jobs = round / 2 % 4;
            let ran = Count::default();
            for _ in 0..jobs {
                let ran = ran.clone();
                pool.execute(move || ran.up()).unwrap();
            }
            drop(pool);
            assert_eq!(ran.get(), jobs);
        }
        evidence("C4,C16", ROUNDS);
    });
}

/// Some join and some ask again and again, while the pool ends under them; all get an outcome.
#[test]
fn handles_are_joined_while_the_pool_ends() {
    watchdog(LIMIT, "joins against ends", |progress| {
        const ROUNDS: usize = 600;
        const JOBS: u64 = 12;
        let mut seen = [0_u64; 3];
        for round in 0..ROUNDS {
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
        evidence("C4,C5,C24", ROUNDS as u64 * JOBS);
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

/// The last owner is dropped by jobs, on the pool's own worker, while others still submit.
#[test]
fn pools_that_are_dropped_by_their_own_jobs() {
    watchdog(LIMIT, "dropped by a job", |progress| {
        const ROUNDS: usize = 600;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let workers = 1 + round % 3;
            let stops = Count::default();
            let on_stop = stops.clone();
            let builder = last_call::ThreadPool::builder().workers(workers);
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
        evidence("C4,C16,C21", ROUNDS as u64);
    });
}
