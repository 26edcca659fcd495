//! Converts the facade's record of an execution to the form used in reports.

use std::collections::BTreeMap;
use std::panic::Location;

use harness::base::naming::told_apart;
use harness::findings::trace::{Operation, Step, Trace};
use last_call::sync::trace::{self, Kind, Op};

use crate::engines::naming::{name, sources};

/// Converts the facade's record of an execution to the form used in reports. `wakes_any` says
/// whether `notify_one` may have woken any sleeper.
pub(crate) fn translate(trace: &trace::Trace, wakes_any: bool) -> Trace {
    let site = |site: &Location<'_>| format!("{}:{}", site.file(), site.line());
    let object = |number: usize| number.checked_sub(1).and_then(|index| trace.objects.get(index));
    let id = |number: usize| {
        let letter = match object(number)?.kind {
            Kind::Mutex => 'm',
            Kind::Condvar => 'c',
            Kind::Counter => 'n',
            Kind::Flag => 'f',
        };
        Some(format!("{letter}{number}"))
    };
    let mut sources = sources();
    let mut names = Vec::new();
    let mut code = BTreeMap::new();
    for event in &trace.events {
        if let Some(line) = sources.line(event.site.file(), event.site.line()) {
            code.insert(site(event.site), line);
        }
        if let (Some(id), Some(object)) = (id(event.object), object(event.object)) {
            let kind = match object.kind {
                Kind::Mutex => "lock",
                Kind::Condvar => "condvar",
                Kind::Counter => "counter",
                Kind::Flag => "flag",
            };
            let place = object.site;
            let (file, line, column) = (place.file(), place.line(), place.column());
            names.push((id, name(&mut sources, kind, file, line, column)));
        }
    }
    let steps = trace.events.iter().map(|event| Step {
        thread: event.thread,
        operation: operation(event.op),
        object: id(event.object),
        created_at: object(event.object).map(|object| site(object.site)),
        site: site(event.site),
        wrongly: event.wrongly,
        wakes: Vec::new(),
    });
    let (threads, names) = (trace.threads.clone(), told_apart(names));
    Trace { threads, steps: steps.collect(), wakes_any, names, code }
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
