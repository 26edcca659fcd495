//! Tests the explorer with random programs. Their outcomes are compared with an exhaustive
//! enumeration that is independent of the explorer, and their executions with the possible
//! happens-before graphs.

mod graph;
mod world;

use std::panic::{catch_unwind, AssertUnwindSafe};

use mazurka::{Broken, Builder, End, Scheduler};
use oracle::{draw, enumerate, Enumeration, Op, Outcome, Outcomes, Program, Recipe, Semantics};

use world::{builder, explore, replay, sample, Explored};

/// The seed of the programs. Any other works as well.
const SEED: u64 = 1;

/// The number of programs for each recipe and each semantics.
const PROGRAMS: usize = 60;

/// Programs with more graphs are not counted, including incomplete graphs.
const GRAPHS: usize = 3_000;

/// At most half of the programs can deadlock.
const LIMITS: Recipe = Recipe { states: 1_500, deadlock_in: 2, ..Recipe::nothing() };

/// The recipes of the programs.
const RECIPES: [(&str, Recipe); 6] = [
    ("everything", Recipe { states: 1_500, deadlock_in: 2, ..Recipe::everything() }),
    ("locks", Recipe { locks: true, ..LIMITS }),
    ("waits", Recipe { locks: true, condvars: true, timeouts: true, says: wakes, ..LIMITS }),
    ("atomics", Recipe { counters: true, fetches: true, flags: true, choices: true, ..LIMITS }),
    ("joins", Recipe { locks: true, flags: true, at_large: true, nested: true, ..LIMITS }),
    (
        "threads",
        Recipe {
            locks: true,
            condvars: true,
            counters: true,
            at_large: true,
            nested: true,
            ..LIMITS
        },
    ),
];

fn wakes(_: &Program, all: &Enumeration) -> bool {
    all.wakes
}

/// Returns every combination of the behaviour that the standard library leaves open.
fn semantics() -> impl Iterator<Item = Semantics> {
    (0..8).map(|bits| Semantics {
        wakes_any: bits & 1 == 0,
        spurious_wakeups: bits >> 1 & 1,
        failing_spawns: bits >> 2,
        ..Semantics::standard()
    })
}

/// A difference between an exploration and the oracle.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Complaint {
    Missed(String),
    MadeUp(String),
    /// A graph that was visited more than once, with its number of executions.
    Repeated(u64),
    /// The steps to a graph that was not visited, and the number of such graphs.
    Unvisited(Vec<(usize, u8)>, usize),
    /// The numbers of graphs that were visited and that exist.
    Graphs(usize, usize),
    Broken(String),
    Panicked,
}

fn complaints(
    program: &Program,
    semantics: &Semantics,
    all: &Enumeration,
    explored: &Explored,
) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    complaints.extend(explored.broken.iter().cloned().map(Complaint::Broken));
    let missed = all.outcomes.difference(&explored.outcomes).next();
    complaints.extend(missed.map(|missed| Complaint::Missed(missed.to_string())));
    let mut found = explored.outcomes.union(&explored.others);
    let made_up = found.find(|found| !all.outcomes.contains(found));
    complaints.extend(made_up.map(|made_up| Complaint::MadeUp(made_up.to_string())));
    let most = explored.graphs.values().max().filter(|most| **most > 1);
    complaints.extend(most.map(|most| Complaint::Repeated(*most)));
    if let Some(graphs) = graph::graphs(program, *semantics, GRAPHS) {
        let mut unvisited = graphs.iter().filter(|(graph, _)| !explored.graphs.contains_key(graph));
        if let Some((_, steps)) = unvisited.next() {
            complaints.push(Complaint::Unvisited(steps.clone(), 1 + unvisited.count()));
        } else if graphs.len() != explored.graphs.len() {
            complaints.push(Complaint::Graphs(explored.graphs.len(), graphs.len()));
        }
    }
    complaints
}

/// Explores a program and returns the result with its differences from the oracle.
fn compare(
    program: &Program,
    semantics: &Semantics,
    all: &Enumeration,
    builder: Builder,
) -> (Explored, Vec<Complaint>) {
    let explored = explore(program, semantics, builder);
    let complaints = complaints(program, semantics, all, &explored);
    (explored, complaints)
}

/// Programs in which the explorer once missed something.
fn known() -> Vec<Program> {
    use Op::{IsRaised, Join, Lock, Raise, Spawn, Unlock};
    let section = [Lock(0), Unlock(0)];
    // The owner of a lock joins a sleeping thread, and another thread waits for the lock.
    let joins_under_lock = vec![
        vec![Spawn(1), Lock(0), IsRaised(0), Unlock(0), Join(1)],
        [&[Spawn(2)][..], &section, &[Lock(0), Join(2), Unlock(0)]].concat(),
        vec![Raise(0)],
    ];
    // Two threads start. Either start may fail, but not both.
    let starts_apart = vec![
        vec![Spawn(1), Spawn(2), Join(1), Join(2)],
        [&section[..], &[Spawn(3), Join(3)]].concat(),
        [&section[..], &[Spawn(4), Join(4)]].concat(),
        section.to_vec(),
        section.to_vec(),
    ];
    [joins_under_lock, starts_apart].map(|threads| Program { threads }).into()
}

/// Returns the programs of a seed, each with its enumeration and the name of its recipe.
fn programs(
    semantics: Semantics,
    seed: u64,
) -> impl Iterator<Item = (&'static str, Program, Enumeration)> {
    let known = known().into_iter().map(move |program| {
        let all = enumerate(&program, &semantics, usize::MAX).expect("there is no limit");
        ("those known", program, all)
    });
    let drawn = RECIPES.iter().flat_map(move |(name, recipe)| {
        let drawn = draw(recipe, &semantics, seed, PROGRAMS).programs;
        drawn.into_iter().map(move |(program, all)| (*name, program, all))
    });
    known.chain(drawn)
}

/// The statistics of a run; `--nocapture` shows them.
#[derive(Debug, Default)]
struct Tally {
    programs: usize,
    /// The number of programs that can deadlock.
    deadlocking: usize,
    outcomes: usize,
    executions: u64,
    redundant: u64,
    expired: u64,
    /// The number of programs whose graphs were counted.
    counted: usize,
}

/// Explores the programs of a seed. Panics at the first program with a difference.
fn try_programs(semantics: Semantics, seed: u64) -> Tally {
    let mut tally = Tally::default();
    for (name, program, all) in programs(semantics, seed) {
        let (explored, complaints) = compare(&program, &semantics, &all, builder(&semantics, None));
        assert!(
            complaints.is_empty(),
            "{complaints:#?}\nin the program {program}\nof {name}, seed {seed}, {semantics:?}"
        );
        let report = explored.report.expect("it was explored");
        tally.programs += 1;
        tally.deadlocking += usize::from(all.can_deadlock());
        tally.outcomes += all.outcomes.len();
        tally.executions += report.executions;
        tally.redundant += report.redundant;
        tally.expired += report.expired;
        tally.counted += usize::from(graph::graphs(&program, semantics, GRAPHS).is_some());
    }
    tally
}

#[test]
fn every_outcome_is_found_and_every_trace_visited_once() {
    let mut programs = 0;
    for semantics in semantics() {
        let tally = try_programs(semantics, SEED);
        println!("{semantics:?}\n{tally:?}");
        assert!(tally.counted > tally.programs * 9 / 10, "{tally:?}");
        programs += tally.programs;
    }
    assert!(programs >= 2_500, "{programs} programs");
}

/// One more seed, or `MAZURKA_SEEDS` of them: run this after a change to the explorer.
#[test]
fn every_outcome_of_other_programs_is_found() {
    let seeds = std::env::var("MAZURKA_SEEDS").map_or(Ok(1), |number| number.parse());
    let seeds: u64 = seeds.expect("MAZURKA_SEEDS is a number");
    for seed in SEED + 1..=SEED + seeds {
        for semantics in semantics() {
            try_programs(semantics, seed);
        }
    }
}

#[test]
fn two_parts_visit_the_traces_that_one_visits() {
    for semantics in semantics() {
        for (_, program, _) in programs(semantics, SEED + 1).step_by(5) {
            let [one, two] = [1, 2].map(|parts| {
                let builder = builder(&semantics, None).parts(parts);
                let explored = explore(&program, &semantics, builder);
                assert_eq!(explored.broken, None, "{program}");
                (explored.outcomes, explored.graphs, explored.report.map(|r| r.executions))
            });
            assert_eq!(one, two, "of {program}, {semantics:?}");
        }
    }
}

/// Returns the program with `copies` copies of its first thread in place of its threads.
fn alike(program: &Program, copies: usize) -> Program {
    let own = |op: &&Op| !matches!(op, Op::Spawn(_) | Op::Join(_));
    let own = program.threads[0].iter().filter(own).copied();
    let main = (1..=copies).map(Op::Spawn).chain(own).chain((1..=copies).map(Op::Join));
    let copies = (0..copies).map(|_| program.threads[1].clone());
    Program { threads: std::iter::once(main.collect()).chain(copies).collect() }
}

/// Returns the outcomes up to a permutation of the alike threads: all but the main thread.
fn but_for_names(outcomes: &Outcomes) -> Outcomes {
    let representative = |outcome: &Outcome| {
        let names: &[&[usize]] = match outcome {
            Outcome::Deadlock => unreachable!("the stuck threads are reported"),
            Outcome::Stuck(_, seen) | Outcome::Ended(seen) if seen.len() == 3 => {
                &[&[0, 1, 2], &[0, 2, 1]]
            }
            _ => &[
                &[0, 1, 2, 3],
                &[0, 1, 3, 2],
                &[0, 2, 1, 3],
                &[0, 2, 3, 1],
                &[0, 3, 1, 2],
                &[0, 3, 2, 1],
            ],
        };
        names.iter().map(|names| outcome.renamed(names)).min().expect("there is a permutation")
    };
    outcomes.iter().map(representative).collect()
}

#[test]
fn symmetry_loses_no_outcome() {
    let recipe = Recipe { nested: false, at_large: false, ..RECIPES[0].1 };
    let mut divided = 0;
    for semantics in semantics().filter(|semantics| semantics.failing_spawns == 0) {
        for (drawn, _) in draw(&recipe, &semantics, SEED, PROGRAMS).programs {
            for (copies, permutations) in [(2, 2), (3, 6)] {
                let program = alike(&drawn, copies);
                let Some(all) = enumerate(&program, &semantics, recipe.states) else { continue };
                let [every, one] = [None, Some("t")].map(|symmetric| {
                    let builder = builder(&semantics, None).symmetric(symmetric);
                    let explored = explore(&program, &semantics, builder);
                    assert_eq!(explored.broken, None, "of {program}, {semantics:?}");
                    assert_eq!(
                        but_for_names(&explored.outcomes),
                        but_for_names(&all.outcomes),
                        "of {program}, {semantics:?}, {symmetric:?}"
                    );
                    assert!(explored.graphs.values().all(|times| *times == 1), "of {program}");
                    explored.graphs.len()
                });
                assert!(one <= every && every <= one * permutations, "of {program}");
                divided += usize::from(every == one * permutations);
            }
        }
    }
    assert!(divided > 100, "{divided} programs with one execution of each permutation");
}

#[test]
fn samples_invent_no_outcome() {
    for semantics in semantics() {
        for (_, program, all) in programs(semantics, SEED + 2).step_by(7) {
            for scheduler in [Scheduler::Random, Scheduler::Pct { depth: 3 }] {
                let sampled = sample(&program, &semantics, scheduler, SEED);
                assert_eq!(sampled.broken, None, "of {program}, {semantics:?}");
                let found = sampled.outcomes.union(&sampled.others);
                let made_up = found.filter(|found| !all.outcomes.contains(found)).count();
                assert_eq!(made_up, 0, "of {program}, {semantics:?}");
            }
        }
    }
}

#[test]
fn the_first_failure_of_every_program_is_replayed() {
    let mut failures = 0;
    for semantics in semantics() {
        for (_, program, all) in programs(semantics, SEED + 3).filter(|p| p.2.can_deadlock()) {
            let builder = || builder(&semantics, None);
            let report = explore(&program, &semantics, builder()).report.expect("it was explored");
            let End::Failed(first) = report.end else {
                panic!("it can deadlock: {program}, {semantics:?}: {all:?}")
            };
            let line = first.schedule.to_string().parse().expect("the line is a schedule");
            let replayed = replay(&program, &builder(), &line);
            let End::Failed(again) = replayed.end else { panic!("it fails again: {program}") };
            assert_eq!((again.kind, &again.stands), (first.kind, &first.stands), "of {program}");
            assert_eq!(again.schedule, first.schedule, "of {program}");
            failures += 1;
        }
    }
    assert!(failures > 400, "{failures} failures");
}

#[test]
fn each_explorer_that_is_broken_on_purpose_is_caught() {
    let mut uncaught = Broken::ALL.to_vec();
    for semantics in semantics() {
        for (name, program, all) in programs(semantics, SEED) {
            uncaught.retain(|kind| {
                let builder = builder(&semantics, Some(*kind));
                let compare = || compare(&program, &semantics, &all, builder).1;
                let complaints = catch_unwind(AssertUnwindSafe(compare));
                let first = match &complaints {
                    Ok(complaints) => complaints.first(),
                    Err(_) => Some(&Complaint::Panicked),
                };
                if let Some(first) = first {
                    println!("{kind:?}: {first:?}, of {program}, of {name}");
                }
                first.is_none()
            });
        }
    }
    assert_eq!(uncaught, []);
}
