//! Random programs, the same for the same seed.

use super::enumerate::{enumerate, Enumeration};
use super::program::{Backing, Op, Outcome, Program, Wait};
use super::Class;

/// Programs with more states than that are passed over before all is known of them.
const STATES: usize = 3_000;

/// Of so many programs one may be able to deadlock: loom's exploration ends there, so that less
/// is compared than of the others.
const DEADLOCKS: usize = 4;

/// Programs of a class, with all that each can do.
#[derive(Debug)]
pub struct Drawn {
    /// The programs.
    pub programs: Vec<(Program, Enumeration)>,
    /// How many others were drawn: too large, telling nothing, or one more that can deadlock.
    pub passed_over: usize,
}

/// Draws that many programs of a class.
pub fn draw(class: Class, seed: u64, count: usize) -> Drawn {
    let mut random = Random::new(seed ^ class.salt());
    let mut drawn = Drawn { programs: Vec::with_capacity(count), passed_over: 0 };
    let mut deadlocking = 0;
    while drawn.programs.len() < count {
        let program = Shape::draw(class, &mut random).program(&mut random);
        let all = enumerate(&program, STATES).filter(|all| tells(class, &program, all));
        match all {
            Some(all) if !all.outcomes.contains(&Outcome::Deadlock) => {
                drawn.programs.push((program, all));
            }
            Some(all) if deadlocking < count / DEADLOCKS => {
                deadlocking += 1;
                drawn.programs.push((program, all));
            }
            _ => drawn.passed_over += 1,
        }
    }
    drawn
}

/// Whether a program says something about its class, at a price.
fn tells(class: Class, program: &Program, all: &Enumeration) -> bool {
    let mut ops = program.threads.iter().flatten();
    let typical = match class {
        Class::Condvars => all.wakes,
        Class::Deadlines => ops.any(|op| matches!(op, Op::WaitUntil(_))),
        Class::PlainLoad => ops.any(|op| matches!(op, Op::Get(_))),
        Class::TryLock => ops.any(|op| matches!(op, Op::TryLock(_))),
        _ => true,
    };
    typical && all.outcomes.len() > 1 && all.orders <= most_orders(class)
}

/// Programs whose operations can have more orders than that are passed over: loom would take longer
/// for one of them than for a hundred others. Orders of operations that have nothing to do with
/// each other cost it nothing, plain loads the most.
fn most_orders(class: Class) -> u64 {
    match class {
        Class::Threads | Class::Mixed => 20_000,
        Class::PlainLoad => 120,
        _ => 300,
    }
}

/// What the threads of one program have in common.
struct Shape {
    class: Class,
    /// Beside the main thread.
    threads: usize,
    /// About how many operations each of them has.
    length: usize,
    locks: usize,
    /// The lock that goes with each condition variable.
    condvars: Vec<usize>,
    /// Counters and flags: so many of each.
    statistics: usize,
}

impl Shape {
    fn draw(class: Class, random: &mut Random) -> Self {
        let threads = random.pick(&[1, 2, 2, 3]);
        let length = match threads {
            1 => random.between(3, 8),
            2 => random.between(2, 5),
            _ => random.between(1, 4),
        };
        let locks = random.between(1, 2);
        let condvars = (0..random.between(1, 2)).map(|_| random.below(locks)).collect();
        Shape { class, threads, length, locks, condvars, statistics: random.between(1, 2) }
    }

    fn program(&self, random: &mut Random) -> Program {
        let mut threads = vec![self.main(random)];
        for _ in 0..self.threads {
            let length = random.between(1, self.length);
            threads.push(self.body(length, random));
        }
        let backing = match self.class {
            Class::PlainLoad => Backing::PlainLoad,
            Class::TryLock => Backing::BareLocks,
            _ => Backing::Facade,
        };
        Program { backing, threads }
    }

    /// A body that starts and joins the others, early and late in the class for that, and else at
    /// its two ends.
    fn main(&self, random: &mut Random) -> Vec<Op> {
        let at_large = matches!(self.class, Class::Threads | Class::Mixed);
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

    /// Operations that fit one after the other, with every lock released in the end.
    fn body(&self, length: usize, random: &mut Random) -> Vec<Op> {
        let mut body = Vec::new();
        let mut held = Vec::new();
        while body.len() + held.len() < length {
            if held.is_empty() && self.class.has_condvars() && random.below(4) > 0 {
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

    /// What threads do with a condition variable: operations put together at random hardly ever
    /// wake anybody without being able to deadlock as well.
    fn section(&self, random: &mut Random) -> Vec<Op> {
        let condvar = random.below(self.condvars.len());
        let lock = self.condvars[condvar];
        let wait = Wait { condvar, lock };
        let one = Op::NotifyOne(condvar);
        let notify = random.pick(&[one, one, Op::NotifyAll(condvar)]);
        let (enter, leave) = (Op::Lock(lock), Op::Unlock(lock));
        match random.below(if self.class.has_deadlines() { 8 } else { 6 }) {
            0 | 1 => vec![enter, Op::Take(wait), leave],
            2 | 3 => vec![enter, Op::Give(lock), notify, leave],
            4 => vec![enter, Op::Give(lock), leave, notify],
            5 => vec![enter, Op::Wait(wait), leave],
            _ => vec![enter, Op::WaitUntil(wait), leave],
        }
    }

    /// What a thread that holds those locks may do next, the more often the likelier.
    fn possible(&self, held: &[usize]) -> Vec<Op> {
        let mut possible = Vec::new();
        if self.class.has_locks() {
            for lock in 0..self.locks {
                if held.contains(&lock) {
                    possible.extend([Op::Unlock(lock); 2]);
                } else {
                    possible.extend([Op::Lock(lock); 2]);
                    if self.class == Class::TryLock {
                        possible.extend([Op::TryLock(lock); 4]);
                    }
                }
            }
        }
        if self.class.has_condvars() {
            for (condvar, &lock) in self.condvars.iter().enumerate() {
                possible.extend([Op::NotifyOne(condvar), Op::NotifyAll(condvar)]);
                if held.contains(&lock) {
                    let wait = Wait { condvar, lock };
                    possible.extend([Op::Take(wait), Op::Wait(wait), Op::Give(lock)]);
                    possible.extend([Op::Give(lock), Op::NotifyOne(condvar)]);
                }
            }
        }
        if self.class.has_deadlines() {
            for (condvar, &lock) in self.condvars.iter().enumerate() {
                if held.contains(&lock) {
                    possible.extend([Op::WaitUntil(Wait { condvar, lock }); 4]);
                }
            }
        }
        if self.class.has_statistics() {
            for object in 0..self.statistics {
                possible.extend([Op::Increment(object), Op::Get(object)]);
                if self.class != Class::PlainLoad {
                    possible.extend([Op::Raise(object), Op::IsRaised(object)]);
                }
            }
        }
        possible
    }
}

/// Marsaglia's xorshift64*: programs need no better.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        // Zero is its one fixed point.
        Random((seed ^ 0x9E37_79B9_7F4A_7C15).max(1))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32
    }

    /// Below `end`, which is not 0.
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

    const EVERY: [&[Class]; 2] = [&Class::AUDITED, &Class::CONTROLS];

    #[test]
    fn the_same_seed_draws_the_same_programs() {
        let programs = |seed| {
            let drawn = draw(Class::Mixed, seed, 20).programs;
            drawn.into_iter().map(|(program, _)| program).collect::<Vec<_>>()
        };
        assert_eq!(programs(7), programs(7));
        assert_ne!(programs(7), programs(8));
    }

    #[test]
    fn every_operation_of_the_facade_is_drawn() {
        let drawn = Class::AUDITED.map(|class| draw(class, 1, 60).programs);
        let ops: Vec<_> = drawn
            .iter()
            .flatten()
            .flat_map(|(program, _)| program.threads.iter().flatten())
            .map(|op| op.to_string().split(' ').next().unwrap_or_default().to_owned())
            .collect();
        let wanted = "lock unlock give take wait wait-until notify-one notify-all increment get \
                      raise is-raised spawn join";
        for op in wanted.split_whitespace() {
            assert!(ops.iter().any(|drawn| drawn == op), "{op} is not");
        }
        assert!(!ops.iter().any(|drawn| drawn == "try-lock"), "the facade has no such operation");
    }

    #[test]
    fn threads_are_started_and_joined_once_and_hold_the_locks_that_they_use() {
        for class in EVERY.into_iter().flatten() {
            for (program, _) in draw(*class, 3, 30).programs {
                let main = &program.threads[0];
                for thread in 1..program.threads.len() {
                    let place = |wanted: Op| main.iter().position(|op| *op == wanted);
                    let (spawn, join) = (place(Op::Spawn(thread)), place(Op::Join(thread)));
                    assert!(spawn.is_some() && spawn < join, "{program}");
                }
                for ops in &program.threads {
                    assert!(is_orderly(ops), "{program}");
                }
            }
        }
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
