//! The description of a failed execution, for people.

use super::{Execution, State, ThreadState};
use crate::event::{wait, Event, Kind};
use crate::report::{Cause, Failure, Stand, Stuck};
use crate::schedule::Schedule;

impl Execution {
    pub(crate) fn describe(&self, cause: Cause) -> Failure {
        Failure {
            kind: cause.kind,
            message: cause.message,
            schedule: Schedule { steps: self.steps.clone() },
            stands: self.stands(),
            interleaving: self.events.iter().map(|event| self.line(event)).collect(),
        }
    }

    /// Returns where each thread stands that has not ended.
    fn stands(&self) -> Vec<Stand> {
        let stuck = |state: &State| {
            Some(match state {
                State::Ended => return None,
                State::Fresh => (Stuck::NotBegun, None),
                State::Running => (Stuck::Running, None),
                State::Pending(pending) if pending.operation.kind == Kind::Lock => {
                    let owner = self.objects[pending.index as usize].owner;
                    let owner = owner.map(|owner| self.threads[usize::from(owner)].name.clone());
                    (Stuck::Lock(owner), Some(pending.site))
                }
                State::Pending(pending) => (Stuck::Running, Some(pending.site)),
                State::Joining(target, site) => {
                    (Stuck::Join(self.threads[*target].name.clone()), Some(*site))
                }
                State::Asleep(pending) => (Stuck::Asleep, Some(pending.site)),
            })
        };
        let stand = |thread: &ThreadState| {
            let (stuck, site) = stuck(&thread.state)?;
            Some(Stand { thread: thread.name.clone(), stuck, site: site.map(ToString::to_string) })
        };
        self.threads.iter().filter_map(stand).collect()
    }

    /// Describes an event.
    fn line(&self, event: &Event) -> String {
        let name = |thread: u8| &self.threads[usize::from(thread)].name;
        let thread = name(event.thread);
        let what = match (event.operation.kind, event.choice) {
            (Kind::Lock, _) => "locks".to_owned(),
            (Kind::Wait, wait::TIMED_OUT) => "waits, and times out".to_owned(),
            (Kind::Wait, wait::NOTIFIED_LATE) => {
                "waits, and times out as it is notified".to_owned()
            }
            (Kind::Wait, wait::SPURIOUS) => "waits, and wakes spuriously".to_owned(),
            (Kind::Wait, _) => "waits".to_owned(),
            (Kind::NotifyOne, sleeper) if !event.in_vain => {
                format!("notifies {}", name(sleeper))
            }
            (Kind::NotifyOne | Kind::NotifyAll, _) if event.in_vain => "notifies nobody".to_owned(),
            (Kind::NotifyOne | Kind::NotifyAll, _) => "notifies all".to_owned(),
            (Kind::Read, _) => "reads".to_owned(),
            (Kind::Write, _) => "writes".to_owned(),
            (Kind::Update, _) => "updates".to_owned(),
            (Kind::Choose, choice) => format!("is given {choice}"),
            (Kind::Spawn, 0) => "starts a thread".to_owned(),
            (Kind::Spawn, _) => "cannot start a thread".to_owned(),
        };
        format!("{thread} {what} ({}:{})", event.site.file(), event.site.line())
    }
}
