//! Strategies: how the next thread is picked.

use crate::event::{Choice, Choices};
use crate::execution::{Execution, Failure, Thread};
use crate::sample::Sampler;
use crate::schedule::Step;
use crate::search::Search;

/// The decision of a strategy.
pub(crate) enum Pick {
    /// The thread performs the operation that it has requested, with this choice.
    Step(Thread, Choice),
    /// No thread can continue.
    Nobody,
    /// Every continuation repeats a trace.
    Redundant,
    /// The strategy cannot continue.
    Failed(Failure),
}

/// How the next thread is picked.
pub(crate) enum Strategy {
    /// The current thread continues; if it cannot, the first that can.
    First,
    /// Visits every trace once.
    Explore(Box<Search>),
    /// Draws at random.
    Sample(Box<Sampler>),
    /// Repeats a record, then continues as [`First`](Strategy::First).
    Replay(Vec<Step>),
}

impl Strategy {
    pub(crate) fn pick(&mut self, execution: &mut Execution) -> Pick {
        match self {
            Strategy::First => first(execution),
            Strategy::Explore(search) => search.pick(execution),
            Strategy::Sample(sampler) => sampler.pick(execution),
            Strategy::Replay(steps) => replay(steps, execution),
        }
    }

    /// Returns `true` if the strategy needs events with their clocks.
    pub(crate) fn wants_events(&self) -> bool {
        matches!(self, Strategy::Explore(_) | Strategy::Replay(_))
    }

    /// Returns `true` if the event at this position was not in the previous execution.
    pub(crate) fn is_fresh(&self, place: usize) -> bool {
        matches!(self, Strategy::Explore(search) if search.is_fresh(place))
    }
}

/// Returns the lowest of some choices.
pub(crate) fn lowest(choices: Choices) -> Choice {
    u8::try_from(choices.trailing_zeros()).expect("a choice is a bit")
}

/// Returns the current thread first, then all others in order.
pub(crate) fn in_turn(execution: &Execution) -> impl Iterator<Item = Thread> {
    let (current, count) = (execution.current(), execution.thread_count());
    std::iter::once(current).chain((0..count).filter(move |thread| *thread != current))
}

fn first(execution: &Execution) -> Pick {
    let enabled = in_turn(execution)
        .find_map(|thread| execution.enabled(thread).map(|(_, choices)| (thread, choices)));
    enabled.map_or(Pick::Nobody, |(thread, choices)| Pick::Step(thread, lowest(choices)))
}

fn replay(steps: &[Step], execution: &Execution) -> Pick {
    let place = execution.steps.len();
    let next = first(execution);
    // If no thread can continue, time passes before the next step.
    let Some(step) = steps.get(place).filter(|_| !matches!(next, Pick::Nobody)) else {
        return next;
    };
    match execution.enabled(step.thread) {
        Some((_, choices)) if choices & (1 << step.choice) != 0 => {
            Pick::Step(step.thread, step.choice)
        }
        _ => Pick::Failed(Failure::Diverged(format!(
            "step {} of the schedule, {step}, cannot be taken here: it belongs to another model, \
             or the model has changed",
            place + 1
        ))),
    }
}
