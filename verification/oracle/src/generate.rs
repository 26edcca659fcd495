//! Random programs, the same for the same seed.

use crate::enumerate::{enumerate, Enumeration, Semantics};
use crate::program::{Op, Program, Wait};

/// The composition of programs, and a filter on them.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools)] // each is one kind of operation
pub struct Recipe {
    /// Locks, nested and not.
    pub locks: bool,
    /// `try_lock`.
    pub try_locks: bool,
    /// Condition variables that are waited on and notified, with and without a condition.
    pub condvars: bool,
    /// Waits with a timeout.
    pub timeouts: bool,
    /// Counters that are incremented and read.
    pub counters: bool,
    /// Increments that observe the count before.
    pub fetches: bool,
    /// Flags that are raised and read.
    pub flags: bool,
    /// Picked numbers.
    pub choices: bool,
    /// Threads start and are joined at different times, or else at the beginning and the end of the
    /// main thread.
    pub at_large: bool,
    /// Threads other than the main thread start threads too.
    pub nested: bool,
    /// Programs with more states are skipped without a complete enumeration.
    pub states: usize,
    /// Programs with more orders of operations are skipped.
    pub orders: u64,
    /// At most one in this many programs can deadlock.
    pub deadlock_in: usize,
    /// A predicate for programs that test something.
    pub says: fn(&Program, &Enumeration) -> bool,
}

impl Recipe {
    /// No operations, and every program with at least two outcomes.
    pub const fn nothing() -> Self {
        Recipe {
            locks: false,
            try_locks: false,
            condvars: false,
            timeouts: false,
            counters: false,
            fetches: false,
            flags: false,
            choices: false,
            at_large: false,
            nested: false,
            states: 3_000,
            orders: u64::MAX,
            deadlock_in: 4,
            says: |_, _| true,
        }
    }

    /// Every operation except `try_lock`.
    pub const fn everything() -> Self {
        Recipe {
            locks: true,
            condvars: true,
            timeouts: true,
            counters: true,
            fetches: true,
            flags: true,
            choices: true,
            at_large: true,
            nested: true,
            ..Recipe::nothing()
        }
    }

    fn takes(&self, program: &Program, all: &Enumeration) -> bool {
        all.outcomes.len() > 1 && all.orders <= self.orders && (self.says)(program, all)
    }
}

/// Random programs, each with its enumeration.
#[derive(Debug)]
pub struct Drawn {
    /// The programs.
    pub programs: Vec<(Program, Enumeration)>,
    /// The number of programs that were skipped: too large, rejected by the predicate, or beyond
    /// the share of programs that can deadlock.
    pub passed_over: usize,
}

/// Draws `count` programs.
///
/// # Panics
///
/// If hardly any program fits the recipe.
pub fn draw(recipe: &Recipe, semantics: &Semantics, seed: u64, count: usize) -> Drawn {
    let mut random = Random::new(seed);
    let mut drawn = Drawn { programs: Vec::with_capacity(count), passed_over: 0 };
    let mut deadlocking = 0;
    while drawn.programs.len() < count {
        let program = Shape::draw(recipe, &mut random).program(&mut random);
        let all = enumerate(&program, semantics, recipe.states);
        match all.filter(|all| recipe.takes(&program, all)) {
            Some(all) if !all.can_deadlock() => drawn.programs.push((program, all)),
            Some(all) if deadlocking < count / recipe.deadlock_in => {
                deadlocking += 1;
                drawn.programs.push((program, all));
            }
            _ => drawn.passed_over += 1,
        }
        assert!(drawn.passed_over < 1_000 * (count + 10), "hardly any program fits the recipe");
    }
    drawn
}

/// The properties shared by the threads of one program.
struct Shape<'a> {
    recipe: &'a Recipe,
    /// The number of threads besides the main thread.
    threads: usize,
    /// The approximate number of operations of each thread.
    length: usize,
    locks: usize,
    /// The lock that belongs to each condition variable.
    condvars: Vec<usize>,
    /// The number of counters, and of flags.
    statistics: usize,
}

impl<'a> Shape<'a> {
    fn draw(recipe: &'a Recipe, random: &mut Random) -> Self {
        let threads = random.pick(&[1, 2, 2, 3]);
        let length = match threads {
            1 => random.between(3, 8),
            2 => random.between(2, 5),
            _ => random.between(1, 4),
        };
        let locks = random.between(1, 2);
        let condvars = (0..random.between(1, 2)).map(|_| random.below(locks)).collect();
        Shape { recipe, threads, length, locks, condvars, statistics: random.between(1, 2) }
    }

    fn program(&self, random: &mut Random) -> Program {
        let mut threads = vec![self.main(random)];
        for _ in 0..self.threads {
            let length = random.between(1, self.length);
            threads.push(self.body(length, random));
        }
        if self.recipe.nested {
            self.nest(&mut threads, random);
        }
        Program { threads }
    }

    /// Makes threads start each other: each starts at most the next one.
    fn nest(&self, threads: &mut [Vec<Op>], random: &mut Random) {
        for thread in 2..=self.threads {
            if random.below(3) > 0 {
                continue;
            }
            threads[0].retain(|op| !matches!(op, Op::Spawn(t) | Op::Join(t) if *t == thread));
            let parent = &mut threads[thread - 1];
            let spawn = random.between(0, parent.len());
            parent.insert(spawn, Op::Spawn(thread));
            let join = random.between(spawn + 1, parent.len());
            parent.insert(join, Op::Join(thread));
        }
    }

    /// Returns a body that starts and joins the other threads: at different times if the recipe
    /// says so, and else at its beginning and end.
    fn main(&self, random: &mut Random) -> Vec<Op> {
        let at_large = self.recipe.at_large;
        let length = random.below(self.length.min(4));
        let mut main = self.body(length, random);
        let mut spawned_at = 0;
        for thread in 1..=self.threads {
            let latest = if at_large { main.len() } else { spawned_at };
            let spawn = random.between(spawned_at, latest);
            main.insert(spawn, Op::Spawn(thread));
            spawned_at = spawn + 1;
        }
        for thread in 1..=self.threads {
            let spawn = main.iter().position(|op| *op == Op::Spawn(thread));
            let earliest = if at_large { spawn.map_or(0, |at| at + 1) } else { main.len() };
            main.insert(random.between(earliest, main.len()), Op::Join(thread));
        }
        main
    }

    /// Returns operations in a valid order that end with every lock released.
    fn body(&self, length: usize, random: &mut Random) -> Vec<Op> {
        let mut body = Vec::new();
        let mut held = Vec::new();
        while body.len() + held.len() < length {
            if held.is_empty() && self.recipe.condvars && random.below(4) > 0 {
                body.extend(self.section(random));
                continue;
            }
            let op = random.pick(&self.possible(&held));
            match op {
                Op::Lock(lock) | Op::TryLock(lock) => held.push(lock),
                Op::Unlock(lock) => held.retain(|other| *other != lock),
                _ => {}
            }
            body.push(op);
        }
        while !held.is_empty() {
            let lock = held.swap_remove(random.below(held.len()));
            body.push(Op::Unlock(lock));
        }
        body
    }

    /// Returns operations on a condition variable. Operations in random order hardly ever wake a
    /// sleeper without being able to deadlock as well.
    fn section(&self, random: &mut Random) -> Vec<Op> {
        let condvar = random.below(self.condvars.len());
        let lock = self.condvars[condvar];
        let wait = Wait { condvar, lock };
        let one = Op::NotifyOne(condvar);
        let notify = random.pick(&[one, one, Op::NotifyAll(condvar)]);
        let (enter, leave) = (Op::Lock(lock), Op::Unlock(lock));
        match random.below(if self.recipe.timeouts { 8 } else { 6 }) {
            0 | 1 => vec![enter, Op::Take(wait), leave],
            2 | 3 => vec![enter, Op::Give(lock), notify, leave],
            4 => vec![enter, Op::Give(lock), leave, notify],
            5 => vec![enter, Op::Wait(wait), leave],
            _ => vec![enter, Op::WaitUntil(wait), leave],
        }
    }

    /// Returns the possible next operations of a thread that holds these locks. An operation that
    /// is listed more often is more likely.
    fn possible(&self, held: &[usize]) -> Vec<Op> {
        let mut possible = Vec::new();
        if self.recipe.locks {
            for lock in 0..self.locks {
                if held.contains(&lock) {
                    possible.extend([Op::Unlock(lock); 2]);
                } else {
                    possible.extend([Op::Lock(lock); 2]);
                    if self.recipe.try_locks {
                        possible.extend([Op::TryLock(lock); 4]);
                    }
                }
            }
        }
        if self.recipe.condvars {
            for (condvar, &lock) in self.condvars.iter().enumerate() {
                possible.extend([Op::NotifyOne(condvar), Op::NotifyAll(condvar)]);
                if held.contains(&lock) {
                    let wait = Wait { condvar, lock };
                    possible.extend([Op::Take(wait), Op::Wait(wait), Op::Give(lock)]);
                    possible.extend([Op::Give(lock), Op::NotifyOne(condvar)]);
                }
            }
        }
        if self.recipe.timeouts {
            for (condvar, &lock) in self.condvars.iter().enumerate() {
                if held.contains(&lock) {
                    possible.extend([Op::WaitUntil(Wait { condvar, lock }); 4]);
                }
            }
        }
        for object in 0..self.statistics {
            if self.recipe.counters {
                possible.extend([Op::Increment(object), Op::Get(object)]);
            }
            if self.recipe.fetches {
                possible.push(Op::FetchIncrement(object));
            }
            if self.recipe.flags {
                possible.extend([Op::Raise(object), Op::IsRaised(object)]);
            }
        }
        if self.recipe.choices {
            possible.extend([Op::Choose(2), Op::Choose(3)]);
        }
        possible
    }
}

/// Marsaglia's xorshift64*, which is sufficient for programs.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        // Zero is its only fixed point.
        Random((seed ^ 0x9E37_79B9_7F4A_7C15).max(1))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32
    }

    /// Returns a number below `end`, which must not be 0.
    fn below(&mut self, end: usize) -> usize {
        let number = usize::try_from(self.next()).expect("32 bits fit");
        number % end
    }

    fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDARD: Semantics = Semantics::standard();

    fn programs(recipe: &Recipe, seed: u64, count: usize) -> Vec<Program> {
        let drawn = draw(recipe, &STANDARD, seed, count).programs;
        drawn.into_iter().map(|(program, _)| program).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_programs() {
        let programs = |seed| programs(&Recipe::everything(), seed, 20);
        assert_eq!(programs(7), programs(7));
        assert_ne!(programs(7), programs(8));
    }

    #[test]
    fn every_operation_of_the_recipe_is_drawn() {
        let drawn = programs(&Recipe::everything(), 1, 400);
        let ops: Vec<_> = drawn
            .iter()
            .flat_map(|program| program.threads.iter().flatten())
            .map(|op| op.to_string().split(' ').next().unwrap_or_default().to_owned())
            .collect();
        let wanted = "lock unlock give take wait wait-until notify-one notify-all increment \
                      fetch-increment get raise is-raised choose spawn join";
        for op in wanted.split_whitespace() {
            assert!(ops.iter().any(|drawn| drawn == op), "{op} is not");
        }
        assert!(!ops.iter().any(|drawn| drawn == "try-lock"));
    }

    #[test]
    fn threads_are_started_and_joined_once_and_hold_the_locks_that_they_use() {
        let try_locks = Recipe { locks: true, try_locks: true, ..Recipe::nothing() };
        for recipe in [Recipe::everything(), try_locks] {
            for program in programs(&recipe, 3, 100) {
                for thread in 1..program.threads.len() {
                    let places = |wanted: Op| {
                        let all = program.threads.iter().enumerate();
                        let all = all.flat_map(|(t, ops)| (0..).zip(ops).map(move |op| (t, op)));
                        let places = all.filter(|(_, (_, op))| **op == wanted);
                        places.map(|(thread, (place, _))| (thread, place)).collect::<Vec<_>>()
                    };
                    let (spawn, join) = (places(Op::Spawn(thread)), places(Op::Join(thread)));
                    let (&[spawn], &[join]) = (&spawn[..], &join[..]) else {
                        panic!("{program}");
                    };
                    assert!(spawn.0 == join.0 && spawn.1 < join.1, "{program}");
                }
                for ops in &program.threads {
                    assert!(is_orderly(ops), "{program}");
                }
            }
        }
    }

    #[test]
    fn at_most_a_share_of_the_programs_can_deadlock() {
        let drawn = draw(&Recipe::everything(), &STANDARD, 5, 80).programs;
        let deadlocking = drawn.iter().filter(|(_, all)| all.can_deadlock()).count();
        assert_eq!(deadlocking, 20);
    }

    fn is_orderly(ops: &[Op]) -> bool {
        let mut held = Vec::new();
        let uses_held = ops.iter().all(|op| match op {
            Op::Lock(lock) | Op::TryLock(lock) => {
                held.push(*lock);
                held.iter().filter(|other| *other == lock).count() == 1
            }
            Op::Unlock(lock) => {
                let before = held.len();
                held.retain(|other| other != lock);
                held.len() + 1 == before
            }
            Op::Give(lock) => held.contains(lock),
            Op::Take(wait) | Op::Wait(wait) | Op::WaitUntil(wait) => held.contains(&wait.lock),
            _ => true,
        });
        uses_held && held.is_empty()
    }
}
