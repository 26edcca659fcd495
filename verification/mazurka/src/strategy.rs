//! Strategies: how the next thread is picked.

use crate::event::lowest;
use crate::execution::Execution;
use crate::pick::Pick;
use crate::report::{Cause, FailureKind};
use crate::sample::Sampler;
use crate::schedule::Step;
use crate::search::Search;

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
    pub(crate) fn pick(&mut self, execution: &Execution) -> Pick {
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

fn first(execution: &Execution) -> Pick {
    let enabled = execution
        .in_turn()
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
        _ => Pick::Failed(Cause::new(
            FailureKind::Diverged,
            format!(
                "step {} of the schedule, {step}, cannot be taken here: it belongs to another \
                 model, or the model has changed",
                place + 1
            ),
        )),
    }
}
