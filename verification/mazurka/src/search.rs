//! The exploration: decides which executions are still to come, so that each trace is visited once.
//!
//! Source sets with sleep sets, after Abdulla, Aronis, Jonsson and Sagonas, "Optimal dynamic
//! partial order reduction" (POPL 2014). The stack holds a [`Node`] for each event of the current
//! execution. When two events race, [`reverse`](Search::reverse) ensures that the node before the
//! first event also explores an execution with the other order. A *sleeping* thread is one whose
//! operation has been explored before, with no dependent event since. Performing it would repeat a
//! trace.

use std::sync::Arc;

use crate::broken::Broken;
use crate::event::{knows, lowest, Event, Kind, Operation};
use crate::execution::races::Race;
use crate::execution::{Execution, Thread};
use crate::pick::Pick;
use crate::report::{Cause, FailureKind};
use crate::tree::{Branch, Node, Shared, Sleep, Threads, Work};

/// One exploration, or the part of it that one operating system thread runs.
pub(crate) struct Search {
    pub(crate) stack: Vec<Node>,
    /// The first `shared.len()` nodes are shared with other parts of the exploration.
    pub(crate) shared: Vec<Arc<Shared>>,
    /// Work found at shared nodes.
    pub(crate) found: Vec<Work>,
    /// The first event that was not in the previous execution.
    fresh_from: usize,
    broken: Option<Broken>,
    /// Scratch space of `reverse`.
    between: Vec<Event>,
}

impl Search {
    pub(crate) fn new(broken: Option<Broken>) -> Self {
        Search {
            stack: Vec::new(),
            shared: Vec::new(),
            found: Vec::new(),
            fresh_from: 0,
            broken,
            between: Vec::new(),
        }
    }

    /// Starts with work that another part of the exploration found.
    pub(crate) fn begin(&mut self, work: Work) {
        self.fresh_from = work.stack.len().saturating_sub(1);
        self.stack = work.stack;
        self.shared = work.shared;
    }

    pub(crate) fn is_fresh(&self, place: usize) -> bool {
        place >= self.fresh_from
    }

    pub(crate) fn pick(&mut self, execution: &Execution) -> Pick {
        let depth = execution.events.len();
        if depth < self.stack.len() {
            self.again(depth, execution)
        } else {
            self.further(execution)
        }
    }

    /// Repeats a decision of the previous execution.
    fn again(&mut self, depth: usize, execution: &Execution) -> Pick {
        let node = &mut self.stack[depth];
        let thread = usize::from(node.thread);
        let found = execution.enabled(thread);
        let expected = node.operation;
        match (found, expected) {
            (Some((pending, choices)), None) => {
                node.operation = Some(pending.operation);
                let awake = choices & !node.sleep[thread];
                if awake == 0 {
                    return Pick::Redundant;
                }
                node.choice = lowest(awake);
                node.remaining = awake & (awake - 1);
                if depth < self.shared.len() {
                    // A shared node stores no work; it is passed on.
                    let (remaining, explored) =
                        (std::mem::take(&mut node.remaining), node.explored);
                    let prefix = (&self.stack[..=depth], &self.shared[..=depth]);
                    let choices = (0..16).filter(|choice| remaining & (1 << choice) != 0);
                    let work =
                        choices.map(|choice| Work::new(prefix, explored, Branch::Choice(choice)));
                    self.found.extend(work);
                }
            }
            (Some((pending, choices)), Some(operation))
                if pending.operation == operation && choices & (1 << node.choice) != 0 => {}
            _ => {
                let asked = execution.pending(thread).map(|pending| pending.operation);
                let message = diverged(depth, thread, expected, asked);
                return Pick::Failed(Cause::new(FailureKind::Diverged, message));
            }
        }
        Pick::Step(thread, self.stack[depth].choice)
    }

    /// Decides where no execution has been before.
    fn further(&mut self, execution: &Execution) -> Pick {
        let sleep = self.next_sleep(execution);
        let mut any = false;
        let picked = execution.in_turn().find_map(|thread| {
            let (pending, choices) = execution.enabled(thread)?;
            any = true;
            let awake = choices & !sleep[thread];
            (awake != 0).then_some((thread, pending.operation, awake))
        });
        let Some((thread, operation, awake)) = picked else {
            // Every thread that could go on is asleep.
            return if any { Pick::Redundant } else { Pick::Nobody };
        };
        let choice = lowest(awake);
        self.stack.push(Node {
            thread: u8::try_from(thread).expect("explored threads are few"),
            choice,
            operation: Some(operation),
            remaining: awake & (awake - 1),
            sleep,
            explored: 1 << thread,
            todo: 0,
            finished: 0,
        });
        Pick::Step(thread, choice)
    }

    /// Computes the sleeping threads after the last event. A thread stays asleep unless that event
    /// depends on its operation.
    fn next_sleep(&self, execution: &Execution) -> Sleep {
        let (Some(node), Some(event)) = (self.stack.last(), execution.events.last()) else {
            return Sleep::default();
        };
        let mut sleep = node.asleep();
        for (thread, choices) in sleep.iter_mut().enumerate().filter(|(_, choices)| **choices != 0)
        {
            let pending = execution.pending(thread).filter(|_| thread != usize::from(event.thread));
            let Some(pending) = pending else {
                *choices = 0;
                continue;
            };
            if self.broken == Some(Broken::SleepForEver) {
                continue;
            }
            if event.operation.may_affect(pending.operation) {
                for choice in 0..16 {
                    let dependence = execution.dependence;
                    if dependence.of_pending(event, pending.operation, choice) {
                        *choices &= !(1 << choice);
                    }
                }
            }
        }
        sleep
    }

    /// Ensures that racing events are explored in the other order too.
    pub(crate) fn reverse(&mut self, races: &[Race], events: &[Event]) {
        for race in races {
            self.reverse_one(race, events);
        }
    }

    fn reverse_one(&mut self, race: &Race, events: &[Event]) {
        let at = race.first as usize;
        let first = &events[at];
        let mut between = std::mem::take(&mut self.between);
        between.clear();
        // The events that can come before the second event without the first.
        let later = &events[at + 1..race.until as usize];
        between.extend(later.iter().filter(|event| !knows(&event.clock, first)));
        between.push(race.second);

        let node = &self.stack[at];
        // The threads with which those events can begin.
        let mut initials: Threads = 0;
        let mut seen: Threads = 0;
        let mut is_asleep = false;
        for (place, event) in between.iter().enumerate() {
            let bit = 1 << event.thread;
            if seen & bit != 0 {
                continue;
            }
            seen |= bit;
            if between[..place].iter().any(|earlier| knows(&event.clock, earlier)) {
                continue;
            }
            initials |= bit;
            let sleep = node.sleep[usize::from(event.thread)];
            // The sleeper that a notification wakes may be chosen anew when its race is reversed.
            let open = event.operation.kind == Kind::NotifyOne && place + 1 == between.len();
            let any = open || self.broken == Some(Broken::SleepOfAnyChoice);
            is_asleep |= if any { sleep != 0 } else { sleep & (1 << event.choice) != 0 };
        }
        if self.broken == Some(Broken::SleepByWeakInitials) {
            // Also counts a sleeping thread that does nothing in between and whose operation
            // depends on no event there.
            is_asleep |= events[at..].iter().any(|event| {
                let thread = usize::from(event.thread);
                let is_first = event.position == 1 + position_before(thread, &events[..at]);
                let object = event.operation.object;
                is_first
                    && node.sleep[thread] & (1 << event.choice) != 0
                    && seen & (1 << thread) == 0
                    && between.iter().all(|other| other.operation.object != object)
            });
        }
        let thread = match self.broken {
            Some(Broken::SecondThreadFirst) => race.second.thread,
            _ => between[0].thread,
        };
        self.between = between;
        if is_asleep {
            return;
        }
        if let Some(shared) = self.shared.get(at) {
            let found = shared.add(initials, thread);
            let prefix = (&self.stack[..=at], &self.shared[..=at]);
            self.found
                .extend(found.map(|explored| Work::new(prefix, explored, Branch::Thread(thread))));
            return;
        }
        let node = &mut self.stack[at];
        if (node.explored | node.todo) & initials == 0 {
            node.todo |= 1 << thread;
        }
    }

    /// Prepares the next execution. Returns `false` if there is none.
    pub(crate) fn backtrack(&mut self) -> bool {
        while self.stack.len() > self.shared.len() {
            let depth = self.stack.len() - 1;
            let node = &mut self.stack[depth];
            node.finished += 1;
            if node.remaining != 0 {
                node.choice = lowest(node.remaining);
                node.remaining &= node.remaining - 1;
                self.fresh_from = depth;
                return true;
            }
            if node.todo != 0 {
                node.thread = lowest(node.todo);
                node.todo &= node.todo - 1;
                node.explored |= 1 << node.thread;
                node.operation = None;
                self.fresh_from = depth;
                return true;
            }
            self.stack.pop();
        }
        false
    }

    /// Returns the known fraction of the exploration that is done, from 0 to 1. Each decision at a
    /// node counts as the same fraction of the node.
    pub(crate) fn done(&self) -> f64 {
        let mut share = 1.0;
        let mut done = 0.0;
        for node in &self.stack[self.shared.len()..] {
            let decisions = f64::from(node.decisions());
            done += share * f64::from(node.finished) / decisions;
            share /= decisions;
        }
        done
    }

    /// Removes the shallowest decisions that are still to come and returns them for other parts of
    /// the exploration.
    pub(crate) fn give_away(&mut self) -> Vec<Work> {
        let open = |node: &Node| node.remaining != 0 || node.todo != 0;
        let base = self.shared.len();
        let Some(offset) = self.stack[base..].iter().position(open) else { return Vec::new() };
        let at = base + offset;
        self.shared
            .extend(self.stack[base..=at].iter().map(|node| Arc::new(Shared::new(node.explored))));
        let node = &mut self.stack[at];
        let (remaining, todo) =
            (std::mem::take(&mut node.remaining), std::mem::take(&mut node.todo));
        let prefix = (&self.stack[..=at], &self.shared[..=at]);
        let mut work = Vec::new();
        for choice in (0..16).filter(|choice| remaining & (1 << choice) != 0) {
            work.push(Work::new(prefix, self.stack[at].explored, Branch::Choice(choice)));
        }
        for thread in (0..16).filter(|thread| todo & (1 << thread) != 0) {
            let explored =
                self.shared[at].add(1 << thread, thread).expect("it was not explored yet");
            work.push(Work::new(prefix, explored, Branch::Thread(thread)));
        }
        work
    }
}

/// Returns the number of events that belong to the thread.
fn position_before(thread: Thread, events: &[Event]) -> u16 {
    let last = events.iter().rev().find(|event| usize::from(event.thread) == thread);
    last.map_or(0, |event| event.position)
}

fn diverged(
    place: usize,
    thread: Thread,
    expected: Option<Operation>,
    found: Option<Operation>,
) -> String {
    let described = |operation: Option<Operation>| match operation {
        Some(Operation { kind, object, .. }) => {
            format!("{kind:?} of object {}.{}", object >> 24, object & 0xff_ffff)
        }
        None => "no operation that can be performed".to_owned(),
    };
    format!(
        "the same decisions led elsewhere: at step {place}, thread {thread} was expected to perform {} \
         and requests {}. The model depends on something that the explorer does not see: an atomic or \
         a lock of the standard library, the count of an `Arc`, a static or thread-local variable that \
         outlives the execution, the address of a value, the order of a hash map, the time, or a \
         random number",
        described(expected),
        described(found)
    )
}
