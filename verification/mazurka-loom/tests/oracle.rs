//! Random programs through the stand-in and through loom itself. The outcomes of the stand-in are
//! compared with an exhaustive enumeration of the sequentially consistent executions. So it misses
//! none that loom finds among them; how many loom itself misses is counted.

use std::collections::BTreeSet;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};

use oracle::{draw, Outcomes, Program, Recipe, Semantics};

const SEED: u64 = 1;
const PROGRAMS: usize = 50;

/// Programs that loom finishes too.
const SMALL: Recipe = Recipe { states: 300, deadlock_in: 4, ..Recipe::nothing() };

/// The recipes, each with whether loom can run its programs: its waits never time out, and after a
/// refused attempt it reports deadlocks that there are not.
const RECIPES: [(&str, Recipe, bool); 4] = [
    (
        "locks and condition variables",
        Recipe { locks: true, condvars: true, at_large: true, nested: true, ..SMALL },
        true,
    ),
    ("atomics", Recipe { locks: true, counters: true, fetches: true, flags: true, ..SMALL }, true),
    ("attempts", Recipe { locks: true, try_locks: true, counters: true, ..SMALL }, false),
    (
        "timeouts",
        Recipe { locks: true, condvars: true, timeouts: true, flags: true, ..SMALL },
        false,
    ),
];

/// Everything that a program needs of loom's interface, for the stand-in and for loom.
macro_rules! explorer {
    ($module:ident, $loom:ident) => {
        mod $module {
            use std::sync::{Arc as Unseen, Mutex as Hidden, PoisonError};
            use std::time::Duration;

            use oracle::{Op, Outcome, Outcomes, Program, Protected, Seen};
            use $loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
            use $loom::sync::{Arc, Condvar, Mutex, MutexGuard};

            struct World {
                program: Unseen<Program>,
                locks: Vec<Mutex<Protected>>,
                condvars: Vec<Condvar>,
                counters: Vec<AtomicU64>,
                flags: Vec<AtomicBool>,
                seen: Vec<Hidden<Vec<Seen>>>,
            }

            type Guards<'a> = Vec<Option<MutexGuard<'a, Protected>>>;

            impl World {
                fn new(program: &Unseen<Program>) -> Self {
                    let objects = program.objects();
                    World {
                        locks: (0..objects.locks)
                            .map(|_| Mutex::new(Protected::default()))
                            .collect(),
                        condvars: (0..objects.condvars).map(|_| Condvar::new()).collect(),
                        counters: (0..objects.counters).map(|_| AtomicU64::new(0)).collect(),
                        flags: (0..objects.flags).map(|_| AtomicBool::new(false)).collect(),
                        seen: program.threads.iter().map(|_| Hidden::default()).collect(),
                        program: Unseen::clone(program),
                    }
                }

                fn see(&self, thread: usize, seen: Seen) {
                    self.seen[thread].lock().unwrap_or_else(PoisonError::into_inner).push(seen);
                }

                fn enter(&self, thread: usize, guard: &mut MutexGuard<'_, Protected>) {
                    self.see(thread, guard.enter(thread));
                }

                fn perform<'a>(&'a self, thread: usize, op: Op, guards: &mut Guards<'a>) {
                    match op {
                        Op::Lock(lock) => {
                            let mut guard = self.locks[lock].lock().unwrap();
                            self.enter(thread, &mut guard);
                            guards[lock] = Some(guard);
                        }
                        Op::TryLock(lock) => match self.locks[lock].try_lock() {
                            Ok(mut guard) => {
                                self.enter(thread, &mut guard);
                                guards[lock] = Some(guard);
                            }
                            Err(_) => self.see(thread, Seen::Refused),
                        },
                        Op::Unlock(lock) => guards[lock] = None,
                        Op::Give(lock) => guards[lock].as_mut().unwrap().give(),
                        Op::Take(wait) => {
                            while !guards[wait.lock].as_mut().unwrap().take() {
                                self.perform(thread, Op::Wait(wait), guards);
                            }
                        }
                        Op::Wait(wait) => {
                            let guard = guards[wait.lock].take().unwrap();
                            let mut guard = self.condvars[wait.condvar].wait(guard).unwrap();
                            self.enter(thread, &mut guard);
                            guards[wait.lock] = Some(guard);
                        }
                        Op::WaitUntil(wait) => {
                            let guard = guards[wait.lock].take().unwrap();
                            let condvar = &self.condvars[wait.condvar];
                            let (mut guard, result) =
                                condvar.wait_timeout(guard, Duration::ZERO).unwrap();
                            self.enter(thread, &mut guard);
                            guards[wait.lock] = Some(guard);
                            self.see(thread, Seen::TimedOut(result.timed_out()));
                        }
                        Op::NotifyOne(condvar) => self.condvars[condvar].notify_one(),
                        Op::NotifyAll(condvar) => self.condvars[condvar].notify_all(),
                        Op::Increment(counter) => {
                            self.counters[counter].fetch_add(1, Ordering::SeqCst);
                        }
                        Op::FetchIncrement(counter) => {
                            let before = self.counters[counter].fetch_add(1, Ordering::SeqCst);
                            self.see(thread, Seen::Count(before));
                        }
                        Op::Get(counter) => {
                            let count = self.counters[counter].load(Ordering::SeqCst);
                            self.see(thread, Seen::Count(count));
                        }
                        Op::Raise(flag) => self.flags[flag].store(true, Ordering::SeqCst),
                        Op::IsRaised(flag) => {
                            let raised = self.flags[flag].load(Ordering::SeqCst);
                            self.see(thread, Seen::Raised(raised));
                        }
                        Op::Choose(_) | Op::Spawn(_) | Op::Join(_) => {
                            unreachable!("not drawn, or in `run`")
                        }
                    }
                }

                fn outcome(&self) -> Outcome {
                    let seen = |seen: &Hidden<Vec<Seen>>| {
                        seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
                    };
                    Outcome::Ended(self.seen.iter().map(seen).collect())
                }
            }

            fn run(world: &Arc<World>, thread: usize) {
                let mut guards: Guards<'_> = world.locks.iter().map(|_| None).collect();
                let mut handles: Vec<_> = world.program.threads.iter().map(|_| None).collect();
                for op in &world.program.threads[thread] {
                    match *op {
                        Op::Spawn(other) => {
                            let world = Arc::clone(world);
                            handles[other] = Some($loom::thread::spawn(move || run(&world, other)));
                        }
                        Op::Join(other) => handles[other].take().unwrap().join().unwrap(),
                        op => world.perform(thread, op, &mut guards),
                    }
                }
            }

            /// Explores a program, and adds its outcomes. Panics at a deadlock.
            pub(super) fn explore(program: &Unseen<Program>, outcomes: &Unseen<Hidden<Outcomes>>) {
                let (program, outcomes) = (Unseen::clone(program), Unseen::clone(outcomes));
                let mut builder = $loom::model::Builder::new();
                builder.max_branches = 10_000;
                builder.check(move || {
                    let world = Arc::new(World::new(&program));
                    run(&world, 0);
                    outcomes.lock().unwrap_or_else(PoisonError::into_inner).insert(world.outcome());
                });
            }
        }
    };
}

explorer!(ours, mazurka_loom);
explorer!(theirs, loom);

fn outcomes_of(
    program: &Program,
    explore: fn(&Arc<Program>, &Arc<Mutex<Outcomes>>),
) -> Result<Outcomes, ()> {
    let outcomes = Arc::new(Mutex::new(BTreeSet::new()));
    let explored =
        catch_unwind(AssertUnwindSafe(|| explore(&Arc::new(program.clone()), &outcomes)));
    let outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner).clone();
    explored.map(|()| outcomes).map_err(|_| ())
}

#[test]
fn no_outcome_is_missed() {
    let semantics = Semantics::standard();
    for (name, recipe, runs_on_loom) in RECIPES {
        let (mut all_outcomes, mut missed_by_loom, mut deadlocking) = (0, 0, 0);
        for (program, all) in draw(&recipe, &semantics, SEED, PROGRAMS).programs {
            let own = outcomes_of(&program, ours::explore);
            if all.can_deadlock() {
                // An exploration ends at the first deadlock. loom then ends the process.
                assert_eq!(own, Err(()), "the deadlock of {program}, of {name}");
                deadlocking += 1;
                continue;
            }
            let own = own.unwrap_or_else(|()| panic!("of {program}, of {name}"));
            assert_eq!(own, all.outcomes, "of {program}, of {name}");
            if runs_on_loom {
                let theirs = outcomes_of(&program, theirs::explore);
                let theirs = theirs.unwrap_or_else(|()| panic!("loom: of {program}, of {name}"));
                all_outcomes += all.outcomes.len();
                missed_by_loom += all.outcomes.difference(&theirs).count();
            }
        }
        println!(
            "{name}: {deadlocking} of {PROGRAMS} programs deadlock; of the {all_outcomes} outcomes \
             of the others, loom misses {missed_by_loom}"
        );
    }
}
