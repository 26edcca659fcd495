//! Holds every step of the code against the protocols, while an engine explores.
//!
//! A *step* is what a thread does from the moment at which it takes its first lock of a protocol until
//! it holds none of them. It takes none after it has released one, so the step could as well happen at
//! one instant in between: the others cannot tell. The counters before the step are those of the last
//! release of each lock, since nobody changes them in between.
//!
//! Steps that were seen once are kept with their answer, since an exploration repeats them.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::{LazyLock, Mutex, PoisonError};

use harness::findings::run::Steps;
use last_call::sync::thread::{current_id, ThreadId};
use last_call::sync::watch::{self, Role, Snapshot, Watcher};
use protocols::linear::{Values, MOST_VARIABLES};
use protocols::protocol::{Binding, Protocol};

/// The locks of a protocol that belong together: at most two.
const LOCKS: usize = 2;

static PROTOCOLS: LazyLock<Vec<Protocol>> = LazyLock::new(protocols::all);

struct Plug;

impl Watcher for Plug {
    fn created(&self, lock: usize, role: &'static Role, beside: Option<usize>, now: Snapshot) {
        with(|state| state.created(lock, role, beside, now));
    }

    fn acquired(&self, lock: usize) {
        tell(with(|state| state.acquired(lock)));
    }

    fn released(&self, lock: usize, now: Snapshot) {
        tell(with(|state| state.released(lock, now)));
    }
}

/// Ends the execution if a step is none of a protocol.
fn tell(result: Result<(), String>) {
    if let Err(message) = result {
        panic!("{message}");
    }
}

/// Watches every execution of this process.
pub(super) fn install() {
    watch::install(&Plug);
}

/// Forgets the locks of the previous execution.
pub(super) fn begin_execution() {
    with(State::begin);
}

/// Returns how often each step was taken.
pub(super) fn taken() -> Steps {
    with(|state| state.taken())
}

#[derive(Default)]
struct State {
    /// By the numbers of the locks in the execution.
    locks: Vec<Option<Place>>,
    groups: Vec<Group>,
    known: HashMap<Question, Answer, Hashing>,
    sound: HashSet<Stand, Hashing>,
    roles: Vec<&'static Role>,
    /// An execution has failed, and is being taken down.
    failed: bool,
}

/// Where a lock is.
#[derive(Clone, Copy)]
struct Place {
    group: usize,
    index: usize,
}

#[derive(Default)]
struct Group {
    stand: Stand,
    open: Vec<Open>,
}

/// The counters of a group.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Stand {
    /// The number of the role among those known, from 1 on; 0 is no lock.
    roles: [u8; LOCKS],
    first: [u128; LOCKS],
    now: [u128; LOCKS],
}

/// A step that has not ended.
struct Open {
    thread: Option<ThreadId>,
    holds: u8,
    step: Question,
}

/// A step.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Question {
    /// The locks that the thread held, as bits.
    held: u8,
    before: Stand,
    after: [u128; LOCKS],
}

/// Adds numbers to a hash. Few keys exist, and no attacker chooses them.
fn mix<H: Hasher>(state: &mut H, numbers: &[u128]) {
    let hash = numbers.iter().fold(0_u128, |hash, number| {
        (hash.rotate_left(29) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
    });
    state.write_u64(u64::try_from(hash >> 64).unwrap_or_default());
}

impl Hash for Stand {
    fn hash<H: Hasher>(&self, state: &mut H) {
        mix(state, &self.now);
    }
}

impl Hash for Question {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [one, other] = self.before.now;
        let [first, second] = self.after;
        mix(state, &[u128::from(self.held), one, other, first, second]);
    }
}

/// What a step is.
#[derive(Default)]
struct Answer {
    /// Protocol, implementation, step.
    steps: Vec<(usize, usize, usize)>,
    times: u64,
}

/// An engine explores on a thread of its own, so the state is not that of a thread.
static STATE: LazyLock<Mutex<State>> = LazyLock::new(Mutex::default);

fn with<R>(act: impl FnOnce(&mut State) -> R) -> R {
    act(&mut STATE.lock().unwrap_or_else(PoisonError::into_inner))
}

impl State {
    fn begin(&mut self) {
        self.locks.clear();
        self.groups.clear();
        self.failed = false;
    }

    fn created(&mut self, lock: usize, role: &'static Role, beside: Option<usize>, now: Snapshot) {
        let place = if let Some(other) = beside.and_then(|other| self.locks[other]) {
            Place { group: other.group, index: 1 }
        } else {
            self.groups.push(Group::default());
            Place { group: self.groups.len() - 1, index: 0 }
        };
        let stand = &mut self.groups[place.group].stand;
        let known = self.roles.iter().position(|known| std::ptr::eq(*known, role));
        let number = known.unwrap_or_else(|| {
            self.roles.push(role);
            self.roles.len() - 1
        });
        let now = u128::from_le_bytes(now.0);
        stand.roles[place.index] = u8::try_from(number + 1).expect("there are few roles");
        stand.first[place.index] = now;
        stand.now[place.index] = now;
        if self.locks.len() <= lock {
            self.locks.resize(lock + 1, None);
        }
        self.locks[lock] = Some(place);
    }

    fn acquired(&mut self, lock: usize) -> Result<(), String> {
        let Some(Some(Place { group, index })) = self.locks.get(lock).copied() else {
            return Ok(());
        };
        let group = &mut self.groups[group];
        let bit = 1 << index;
        let thread = thread_in(group);
        let stand = group.stand;
        match group.open.iter_mut().find(|open| open.thread == thread) {
            Some(open) if open.holds != open.step.held => {
                self.failed = true;
                let role = self.roles[usize::from(stand.roles[index]) - 1].name;
                Err(format!(
                    "no step of the protocol “{}” takes the lock of {role} after another was released",
                    protocol_of(role),
                ))
            }
            Some(open) => {
                open.holds |= bit;
                open.step.held |= bit;
                open.step.before.now[index] = stand.now[index];
                Ok(())
            }
            None => {
                let step = Question { held: bit, before: stand, after: stand.now };
                group.open.push(Open { thread, holds: bit, step });
                Ok(())
            }
        }
    }

    fn released(&mut self, lock: usize, now: Snapshot) -> Result<(), String> {
        let Some(Some(Place { group, index })) = self.locks.get(lock).copied() else {
            return Ok(());
        };
        if self.failed {
            return Ok(());
        }
        let group = &mut self.groups[group];
        let thread = thread_in(group);
        let Some(at) = group.open.iter().position(|open| open.thread == thread) else {
            return Ok(());
        };
        let now = u128::from_le_bytes(now.0);
        group.stand.now[index] = now;
        let open = &mut group.open[at];
        open.step.after[index] = now;
        open.holds &= !(1 << index);
        if open.holds != 0 {
            return Ok(());
        }
        let Open { mut step, .. } = group.open.swap_remove(at);
        // Of the locks that it did not hold, the step knows nothing.
        for index in (0..LOCKS).filter(|index| step.held & 1 << index == 0) {
            step.before.now[index] = 0;
            step.after[index] = 0;
        }
        if step.before.now == step.after {
            return Ok(());
        }
        let is_whole = group.open.iter().all(|open| open.holds == open.step.held);
        let stand = is_whole.then_some(group.stand);
        let result = self.judge(step).and_then(|()| stand.map_or(Ok(()), |now| self.stands(now)));
        self.failed = result.is_err();
        result
    }

    /// Finds the steps of the protocols that explain a step of the code.
    fn judge(&mut self, step: Question) -> Result<(), String> {
        if let Some(known) = self.known.get_mut(&step) {
            known.times += 1;
            return Ok(());
        }
        let mut answer = Answer { steps: Vec::new(), times: 1 };
        for (number, protocol) in PROTOCOLS.iter().enumerate() {
            for (which, binding) in protocol.bindings.iter().enumerate() {
                let before =
                    self.read(protocol, binding, &step.before, &step.before.now, step.held)?;
                let Some((held, before)) = before else { continue };
                let after = self.read(protocol, binding, &step.before, &step.after, step.held)?;
                let Some((_, after)) = after else { continue };
                if before == after {
                    continue;
                }
                let steps = protocol.explain(&held, &before, &after);
                if steps.is_empty() {
                    return Err(format!(
                        "no step of the protocol “{}” leads from ({}) to ({}), under the lock of {}",
                        protocol.name,
                        protocol.write(&before),
                        protocol.write(&after),
                        held.join(" and "),
                    ));
                }
                answer.steps.extend(steps.into_iter().map(|step| (number, which, step)));
            }
        }
        self.known.insert(step, answer);
        Ok(())
    }

    /// Checks the invariants while all locks of a group are free.
    fn stands(&mut self, stand: Stand) -> Result<(), String> {
        if self.sound.contains(&stand) {
            return Ok(());
        }
        for protocol in &*PROTOCOLS {
            for binding in &protocol.bindings {
                let values = self.read(protocol, binding, &stand, &stand.now, u8::MAX)?;
                let Some((_, values)) = values else {
                    continue;
                };
                if let Some(part) = protocol.violated(&values).first() {
                    let (name, values) = (protocol.name, protocol.write(&values));
                    return Err(format!(
                        "the invariant of the protocol “{name}” is violated: {part}: {values}"
                    ));
                }
            }
        }
        self.sound.insert(stand);
        Ok(())
    }

    fn taken(&self) -> Steps {
        let mut taken = Steps::new();
        for Answer { steps, times } in self.known.values() {
            for (protocol, binding, step) in steps {
                let protocol = &PROTOCOLS[*protocol];
                let name = protocol.name_on(&protocol.bindings[*binding]);
                let step = protocol.steps()[*step].name.to_owned();
                *taken.entry(name).or_default().entry(step).or_default() += times;
            }
        }
        taken
    }

    /// Reads the values of a protocol's variables under the locks in `held`, and the names of these
    /// locks. Returns `None` if it has no variable there.
    fn read(
        &self,
        protocol: &Protocol,
        binding: &Binding,
        stand: &Stand,
        now: &[u128; LOCKS],
        held: u8,
    ) -> Result<Option<(Vec<&'static str>, Values)>, String> {
        let mut values = [None; MOST_VARIABLES];
        let mut locks = Vec::new();
        for (index, now) in now.iter().enumerate() {
            let Some(number) = stand.roles[index].checked_sub(1) else { continue };
            let role = self.roles[usize::from(number)];
            let bound = binding.locks.iter().find(|bound| bound.role == role.name);
            let Some(bound) = bound else { continue };
            let value = |counter: &str, of: &u128| {
                let at = role.counters.iter().position(|one| *one == counter);
                let at = at.unwrap_or_else(|| panic!("{} has no counter `{counter}`", role.name));
                match of.to_le_bytes()[at] {
                    u8::MAX => Err(format!("the counter `{counter}` of {} is large", role.name)),
                    value => Ok(i128::from(value)),
                }
            };
            if let Some(applies) = bound.applies {
                if value(applies, &stand.first[index])? == 0 {
                    return Ok(None);
                }
            }
            for (first, of) in protocol.first_values() {
                if let Some((_, counter)) = bound.counters.iter().find(|one| one.0.index() == of) {
                    values[first] = Some(value(counter, &stand.first[index])?);
                }
            }
            if held & 1 << index != 0 {
                locks.push(bound.lock);
                for (var, counter) in &bound.counters {
                    values[var.index()] = Some(value(counter, now)?);
                }
            }
        }
        Ok((!locks.is_empty()).then_some((locks, values)))
    }
}

/// Returns the name of the first protocol that has this role.
fn protocol_of(role: &str) -> &'static str {
    let has = |protocol: &&Protocol| {
        let mut locks = protocol.bindings.iter().flat_map(|binding| &binding.locks);
        locks.any(|bound| bound.role == role)
    };
    PROTOCOLS.iter().find(has).map_or("", |protocol| protocol.name)
}

/// The current thread, as far as it matters: a lock without others has one holder at a time.
fn thread_in(group: &Group) -> Option<ThreadId> {
    (group.stand.roles[1] != 0).then(current_id)
}

/// Keeps the hash that a key has calculated.
#[derive(Default)]
struct Kept(u64);

type Hashing = BuildHasherDefault<Kept>;

impl Hasher for Kept {
    fn write(&mut self, _: &[u8]) {
        unreachable!("a key writes one number");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
