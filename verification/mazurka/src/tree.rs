//! The tree of an exploration: the nodes on the path to an execution, and the branches still to come.
//!
//! Several parts of an exploration, each on an operating system thread of its own, share the nodes
//! above them. A part explores the decisions below a prefix of decisions. A race found in one part
//! may require another decision at a node of its prefix, which becomes [`Work`] for any free part.
//! Each such decision is assigned once and sleeps in those assigned after it. So the visited traces
//! are the same as on one thread.

use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::MAX_THREADS;
use crate::event::{Choice, Choices, Operation};

/// For each sleeping thread, the choices of its operation that sleep.
pub(crate) type Sleep = [Choices; MAX_THREADS];

/// A set of threads, as bits.
pub(crate) type Threads = u16;

/// Every choice.
const ALL: Choices = Choices::MAX;

/// The state of the exploration before one event of the current execution.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The decision.
    pub(crate) thread: u8,
    pub(crate) choice: Choice,
    /// The operation; `None` until the execution gets here.
    pub(crate) operation: Option<Operation>,
    /// Choices of that operation that are not yet explored.
    pub(crate) remaining: Choices,
    /// Threads asleep when the execution first got here.
    pub(crate) sleep: Sleep,
    /// Threads that were picked here, including the current one.
    pub(crate) explored: Threads,
    /// Threads that are still to be picked.
    pub(crate) todo: Threads,
    /// The number of decisions whose executions have all been explored.
    pub(crate) finished: u32,
}

impl Node {
    /// Returns the threads that sleep during the current decision, which include the threads
    /// already explored here.
    pub(crate) fn asleep(&self) -> Sleep {
        let mut sleep = self.sleep;
        for (thread, choices) in sleep.iter_mut().enumerate() {
            if self.explored & (1 << thread) != 0 && thread != usize::from(self.thread) {
                *choices = ALL;
            }
        }
        sleep
    }

    /// Returns the number of known decisions: finished, current, and still to come.
    pub(crate) fn decisions(&self) -> u32 {
        self.finished + 1 + self.remaining.count_ones() + self.todo.count_ones()
    }
}

/// A node above several parts of an exploration.
#[derive(Debug)]
pub(crate) struct Shared(Mutex<Threads>);

impl Shared {
    pub(crate) fn new(explored: Threads) -> Self {
        Shared(Mutex::new(explored))
    }

    /// Adds a thread to the explored threads and returns those explored before. Returns `None` if
    /// one of `covering` is already explored.
    pub(crate) fn add(&self, covering: Threads, thread: u8) -> Option<Threads> {
        let mut explored = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *explored & covering != 0 {
            return None;
        }
        let before = *explored;
        *explored |= 1 << thread;
        Some(before)
    }
}

/// The branch to explore below a prefix.
#[derive(Clone, Copy)]
pub(crate) enum Branch {
    /// The operation of this thread, with each of its choices.
    Thread(u8),
    /// The operation at this node, with this choice.
    Choice(Choice),
}

/// Decisions to explore, and the path to them.
pub(crate) struct Work {
    pub(crate) stack: Vec<Node>,
    /// The nodes of `stack`, as shared with other parts.
    pub(crate) shared: Vec<Arc<Shared>>,
}

impl Work {
    /// The whole exploration.
    pub(crate) fn whole() -> Self {
        Work { stack: Vec::new(), shared: Vec::new() }
    }

    /// A branch at the last node of the prefix, after the explored threads.
    pub(crate) fn new(
        (stack, shared): (&[Node], &[Arc<Shared>]),
        explored: Threads,
        branch: Branch,
    ) -> Self {
        let mut stack = stack.to_vec();
        let node = stack.last_mut().expect("a prefix has a node");
        node.todo = 0;
        node.remaining = 0;
        node.finished = 0;
        match branch {
            Branch::Thread(thread) => {
                node.explored = explored | 1 << thread;
                node.thread = thread;
                node.operation = None;
            }
            Branch::Choice(choice) => node.choice = choice,
        }
        Work { stack, shared: shared.to_vec() }
    }
}
