//! What two clients can do, in so many actions, and which of it is the same.

use std::fmt;

use crate::base::shard::Shard;

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Hands in a job that returns.
    Submit,
    /// Hands in a job that panics.
    SubmitPanicking,
    /// Waits for the oldest job of this thread's.
    Join,
    /// Cancels the youngest job of this thread's.
    Cancel,
    /// Lets go of the youngest job of this thread's.
    Detach,
    /// Waits for idleness.
    WaitIdle,
    /// Begins a drain.
    Drain,
    /// Begins a discard.
    Discard,
    /// Drops the pool: the owner's last action, instead of a shutdown that tells it the report.
    Drop,
}

use Action::{Cancel, Detach, Discard, Drain, Drop, Join, Submit, SubmitPanicking, WaitIdle};

/// What either client can do.
const ACTIONS: [Action; 8] =
    [Submit, SubmitPanicking, Join, Cancel, Detach, WaitIdle, Drain, Discard];

/// What two threads do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The owner, who shuts the pool down after that, unless it drops it.
    pub owner: Vec<Action>,
    /// The other thread.
    pub other: Vec<Action>,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |actions: &[Action]| {
            actions.iter().map(|action| format!("{action:?}")).collect::<Vec<_>>().join(" ")
        };
        write!(f, "owner: {}; other: {}", words(&self.owner), words(&self.other))
    }
}

/// Every program of exactly that many actions, one of those that are equal by symmetry:
///
/// * Jobs have no names. Two submissions of a kind can be exchanged, and which job is joined
///   (the oldest) and cancelled or detached (the youngest) is not chosen.
/// * A job that is sure to be refused never runs: whether it would panic makes no difference, and
///   a second one after it asks the same again.
/// * A handle is detached at once: the other threads may go as far before that as they could while
///   this thread did something else first.
/// * What changes nothing is left out: to drain again, to wait for idleness twice, to cancel what
///   was cancelled, to wait for jobs where there are none; and the owner's drain just before its end,
///   which begins with one.
///
/// The two clients are not symmetric, and are not exchanged: the end, which waits for the worker and
/// not for the other client, is the owner's.
pub fn programs(length: usize) -> Vec<Program> {
    let mut programs = Vec::new();
    for own in 0..=length {
        for owner in owners(own) {
            for other in sequences(length - own) {
                let program = Program { owner: owner.clone(), other };
                if program.waits_for_something() {
                    programs.push(program);
                }
            }
        }
    }
    programs
}

/// A part of the programs of at most that many actions.
pub fn part(length: usize, shard: Shard) -> Vec<Program> {
    let cost = |program: &Program| 1 << (2 * (program.owner.len() + program.other.len()));
    shard.pick((0..=length).flat_map(programs), cost)
}

impl Program {
    /// Whether the owner drops the pool.
    pub fn ends_in_drop(&self) -> bool {
        self.owner.last() == Some(&Drop)
    }

    /// Whether every wait for idleness has jobs to wait for: earlier ones of the same thread, or any
    /// of the other.
    fn waits_for_something(&self) -> bool {
        let waits = |own: &[Action], others: &[Action]| {
            let first = own.iter().position(|action| *action == WaitIdle);
            first.is_none_or(|first| accepted(&own[..first]) + accepted(others) > 0)
        };
        waits(&self.owner, &self.other) && waits(&self.other, &self.owner)
    }
}

/// What the owner can do in so many actions.
fn owners(length: usize) -> Vec<Vec<Action>> {
    let dropping = length.checked_sub(1).map(sequences).unwrap_or_default();
    let dropping = dropping.into_iter().map(|actions| [actions, vec![Drop]].concat());
    let ends_in_drain = |actions: &Vec<Action>| {
        actions.iter().rev().find(|action| **action != Drop) == Some(&Drain)
    };
    let all = sequences(length).into_iter().chain(dropping);
    all.filter(|actions| !ends_in_drain(actions)).collect()
}

/// What either thread can do in so many actions.
fn sequences(length: usize) -> Vec<Vec<Action>> {
    let mut sequences = vec![Vec::new()];
    for _ in 0..length {
        let longer = sequences.iter().flat_map(|start| {
            let next = ACTIONS.into_iter().filter(|action| has_effect(start, *action));
            next.map(|action| start.iter().copied().chain([action]).collect())
        });
        sequences = longer.collect();
    }
    sequences
}

/// Up to where a thread has not ended the pool itself.
fn open(actions: &[Action]) -> &[Action] {
    let end = actions.iter().position(|action| matches!(action, Drain | Discard));
    &actions[..end.unwrap_or(actions.len())]
}

fn submissions(actions: &[Action]) -> usize {
    actions.iter().filter(|action| matches!(action, Submit | SubmitPanicking)).count()
}

/// How many jobs of a thread's can have been accepted.
fn accepted(actions: &[Action]) -> usize {
    submissions(open(actions))
}

/// Whether an action can matter after these of the same thread.
fn has_effect(start: &[Action], action: Action) -> bool {
    let is_open = open(start).len() == start.len();
    let gone = start.iter().filter(|one| matches!(one, Join | Detach)).count();
    let has_handle = accepted(start) > gone;
    let last = start.last();
    match action {
        Submit => is_open || submissions(start) == accepted(start),
        SubmitPanicking | Drain => is_open,
        Join => has_handle,
        Cancel => has_handle && last != Some(&Cancel),
        Detach => {
            let just_now = matches!(last, Some(Submit | SubmitPanicking)) && is_open;
            has_handle && (just_now || last == Some(&Cancel))
        }
        WaitIdle => last != Some(&WaitIdle),
        Discard => !start.contains(&Discard),
        Drop => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Action::{Detach, Discard, Drain, Drop, Join, Submit, SubmitPanicking, WaitIdle};
    use super::{owners, programs, sequences, Program};

    #[test]
    fn what_has_no_effect_is_left_out() {
        let two = sequences(2);
        for left_out in [[Join, Submit], [WaitIdle, WaitIdle], [Drain, Drain], [Discard, Drain]] {
            assert!(!two.contains(&left_out.to_vec()), "{left_out:?}");
        }
        for kept in [[Submit, Join], [Drain, Discard], [WaitIdle, Submit], [Drain, Submit]] {
            assert!(two.contains(&kept.to_vec()), "{kept:?}");
        }
        assert!(!owners(2).contains(&vec![Submit, Drain]), "the end is a drain");
        assert!(!owners(2).contains(&vec![Drain, Drop]), "the drop is a drain");
    }

    #[test]
    fn of_equal_programs_one_is_kept() {
        let three = sequences(3);
        for (kept, left_out) in [
            ([Submit, Drain, Submit], [Submit, Drain, SubmitPanicking]),
            ([Submit, Detach, WaitIdle], [Submit, WaitIdle, Detach]),
            ([Submit, Drain, Join], [Drain, Submit, Join]),
            ([Discard, Submit, WaitIdle], [Discard, Submit, Submit]),
        ] {
            assert!(three.contains(&kept.to_vec()), "{kept:?}");
            assert!(!three.contains(&left_out.to_vec()), "{left_out:?}");
        }
    }

    #[test]
    fn only_the_owner_drops_and_then_does_nothing() {
        for program in (0..=3).flat_map(programs) {
            let Program { owner, other } = &program;
            assert!(!other.contains(&Drop), "{program}");
            let before = owner.len() - usize::from(program.ends_in_drop());
            assert!(!owner[..before].contains(&Drop), "{program}");
        }
        assert!(programs(2).contains(&Program { owner: vec![Submit, Drop], other: Vec::new() }));
    }

    #[test]
    fn programs_are_all_different_and_of_their_length() {
        for length in 0..=3 {
            let all = programs(length);
            let texts: BTreeSet<_> = all.iter().map(Program::to_string).collect();
            assert_eq!(texts.len(), all.len());
            assert!(all.iter().all(|one| one.owner.len() + one.other.len() == length));
        }
    }

    /// Counted by hand.
    #[test]
    fn short_programs_are_as_many_as_there_are() {
        let of = |length, owner| {
            let own = programs(length).into_iter().filter(|program| program.owner.len() == owner);
            own.count()
        };
        assert_eq!(programs(0).len(), 1);
        // Nobody waits for idleness, where nobody submits.
        assert_eq!(of(1, 0), 4, "submit two kinds, drain, discard");
        assert_eq!(of(1, 1), 4, "submit two kinds, discard, drop");
        // After a submission of either kind, anything; a sure refusal after a drain or a discard, and
        // a discard after a drain.
        assert_eq!(of(2, 0), 2 * 8 + 2 + 1);
        // Who submits leaves the other five; who discards or drops leaves no idleness to wait for;
        // who waits for it needs the other's job.
        assert_eq!(of(2, 1), 2 * 5 + 2 * 4 + 2);
        // As the other alone, but that a drop takes the place of the drain.
        assert_eq!(of(2, 2), 2 * 8 + 2 + (1 + 1));
    }
}
