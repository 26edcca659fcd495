//! Converts the facade's record of an execution to the form used in reports.

use std::panic::Location;

use last_call::sync::trace::{self, Kind, Op};

use crate::findings::trace::{Operation, Step, Trace};

/// Converts the facade's record of an execution to the form used in reports. `wakes_any` says
/// whether `notify_one` may have woken any sleeper.
pub(crate) fn translate(trace: &trace::Trace, wakes_any: bool) -> Trace {
    let site = |site: &Location<'_>| format!("{}:{}", site.file(), site.line());
    let steps = trace.events.iter().map(|event| {
        let object = event.object.checked_sub(1).and_then(|index| trace.objects.get(index));
        let letter = object.map(|object| match object.kind {
            Kind::Mutex => 'm',
            Kind::Condvar => 'c',
            Kind::Counter => 'n',
            Kind::Flag => 'f',
        });
        Step {
            thread: event.thread,
            operation: operation(event.op),
            object: letter.map(|letter| format!("{letter}{}", event.object)),
            created_at: object.map(|object| site(object.site)),
            site: site(event.site),
            wrongly: event.wrongly,
        }
    });
    Trace { threads: trace.threads.clone(), steps: steps.collect(), wakes_any }
}

fn operation(op: Op) -> Operation {
    match op {
        Op::Lock => Operation::Lock,
        Op::Locked => Operation::Locked,
        Op::Unlock => Operation::Unlock,
        Op::Wait => Operation::Wait,
        Op::Woken => Operation::Woken,
        Op::TimedOut => Operation::TimedOut,
        Op::NotifyOne => Operation::NotifyOne,
        Op::NotifyAll => Operation::NotifyAll,
        Op::Count => Operation::Count,
        Op::Raise => Operation::Raise,
        Op::Look => Operation::Look,
        Op::Spawn(thread) => Operation::Spawn(thread),
        Op::SpawnFailed => Operation::SpawnFailed,
        Op::Join(thread) => Operation::Join(thread),
        Op::Joined(thread) => Operation::Joined(thread),
        Op::End => Operation::End,
        Op::Note(text) => Operation::Note(text.to_owned()),
    }
}
