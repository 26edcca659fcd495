//! Random schedules, for models that are too large to be explored.

use crate::event::{lowest, wait, Choice, Choices, Kind};
use crate::execution::{Execution, Thread};
use crate::pick::Pick;

/// The algorithm that draws schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduler {
    /// At each step, each thread that can continue has the same chance.
    Random,
    /// Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi and Nagarakatte, ASPLOS
    /// 2010). Each thread has a random priority, and the thread with the highest priority that can
    /// continue runs. At `depth - 1` random steps, the thread that would run falls behind all
    /// others. A defect that takes `depth` ordered steps is found with a known probability.
    Pct {
        /// The number of ordered steps of the defects to be found, at least 1.
        depth: usize,
    },
}

/// Draws one schedule after the other.
pub(crate) struct Sampler {
    scheduler: Scheduler,
    random: fastrand::Rng,
    /// The PCT priority of each thread; the highest runs first.
    priorities: Vec<u64>,
    /// The steps at which a thread falls behind, and the priority that it then gets.
    changes: Vec<usize>,
    lowest: u64,
    /// The number of steps of the longest schedule so far.
    pub(crate) longest: usize,
}

/// Threads that have fallen behind have priorities below this one.
const INITIAL: u64 = 1 << 32;

impl Sampler {
    pub(crate) fn new(scheduler: Scheduler, seed: u64) -> Self {
        Sampler {
            scheduler,
            random: fastrand::Rng::with_seed(seed),
            priorities: Vec::new(),
            changes: Vec::new(),
            lowest: INITIAL,
            longest: 1,
        }
    }

    pub(crate) fn begin(&mut self) {
        self.priorities.clear();
        self.lowest = INITIAL;
        if let Scheduler::Pct { depth } = self.scheduler {
            let (random, longest) = (&mut self.random, self.longest);
            self.changes = (1..depth).map(|_| random.usize(0..longest)).collect();
        }
    }

    pub(crate) fn pick(&mut self, execution: &Execution) -> Pick {
        let enabled = (0..execution.thread_count())
            .filter_map(|thread| Some((thread, execution.enabled(thread)?)));
        let enabled: Vec<_> = enabled.collect();
        if enabled.is_empty() {
            return Pick::Nobody;
        }
        let place = match self.scheduler {
            Scheduler::Random => self.random.usize(0..enabled.len()),
            Scheduler::Pct { .. } => {
                let threads: Vec<_> = enabled.iter().map(|(thread, _)| *thread).collect();
                self.by_priority(&threads, execution.steps.len())
            }
        };
        let (thread, (pending, choices)) = enabled[place];
        Pick::Step(thread, self.choose(pending.operation.kind, choices))
    }

    fn by_priority(&mut self, enabled: &[Thread], step: usize) -> usize {
        let last = enabled.iter().max().map_or(0, |last| last + 1);
        while self.priorities.len() < last {
            self.priorities.push(INITIAL + self.random.u64(0..INITIAL));
        }
        let highest = |priorities: &[u64]| {
            let first = enabled.iter().enumerate().max_by_key(|(_, thread)| priorities[**thread]);
            first.map_or(0, |(place, _)| place)
        };
        let place = highest(&self.priorities);
        if !self.changes.contains(&step) {
            return place;
        }
        self.lowest -= 1;
        self.priorities[enabled[place]] = self.lowest;
        highest(&self.priorities)
    }

    fn choose(&mut self, kind: Kind, choices: Choices) -> Choice {
        if choices.is_power_of_two() {
            return lowest(choices);
        }
        // Most waits end by a notification. If every second wait ended by itself, few threads would
        // sleep.
        if kind == Kind::Wait && self.random.u8(0..4) > 0 {
            return wait::NOTIFIED;
        }
        let mut left = choices;
        for _ in 0..self.random.u32(0..choices.count_ones()) {
            left &= left - 1;
        }
        lowest(left)
    }
}
