//! Who decides whose turn it is.

use crate::event::{Choice, Choices};
use crate::execution::{Execution, Failure, Thread};
use crate::sample::Sampler;
use crate::schedule::Step;
use crate::search::Search;

/// What a strategy has decided.
pub(crate) enum Pick {
    /// The thread performs the operation that it has asked for, with that choice.
    Step(Thread, Choice),
    /// No thread can go on.
    Nobody,
    /// Whatever follows repeats a trace.
    Redundant,
    /// The strategy cannot go on.
    Failed(Failure),
}

/// Who decides whose turn it is.
pub(crate) enum Strategy {
    /// The thread that runs goes on; if it cannot, the first that can.
    First,
    /// Every trace once.
    Explore(Box<Search>),
    /// Drawn at random.
    Sample(Box<Sampler>),
    /// As recorded, then [`First`](Strategy::First).
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

    /// Whether events, with their clocks, are of use to it.
    pub(crate) fn wants_events(&self) -> bool {
        matches!(self, Strategy::Explore(_) | Strategy::Replay(_))
    }

    /// Whether the event at that place has not been there in the execution before.
    pub(crate) fn is_fresh(&self, place: usize) -> bool {
        matches!(self, Strategy::Explore(search) if search.is_fresh(place))
    }
}

/// The lowest of some choices.
pub(crate) fn lowest(choices: Choices) -> Choice {
    u8::try_from(choices.trailing_zeros()).expect("a choice is a bit")
}

/// The thread that runs first, then all others in their order.
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
    // Where nobody can go on, time passes before the next step.
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
