//! Programs of two clients up to a length, without those that are equivalent to another.

use std::fmt;

use harness::base::shard::Shard;

/// An action of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Submits a job that returns.
    Submit,
    /// Submits a job that panics.
    SubmitPanicking,
    /// Joins the oldest job of this thread.
    Join,
    /// Cancels the youngest job of this thread.
    Cancel,
    /// Detaches the youngest job of this thread.
    Detach,
    /// Waits for idleness.
    WaitIdle,
    /// Begins a drain.
    Drain,
    /// Begins a discard.
    Discard,
    /// Drops the pool. It is the last action of the owner, instead of a shutdown that returns the
    /// report.
    Drop,
}

use Action::{Cancel, Detach, Discard, Drain, Drop, Join, Submit, SubmitPanicking, WaitIdle};

/// The actions of either client.
const ACTIONS: [Action; 8] =
    [Submit, SubmitPanicking, Join, Cancel, Detach, WaitIdle, Drain, Discard];

/// The actions of the two clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The actions of the owner. It then shuts the pool down, unless it has dropped it.
    pub owner: Vec<Action>,
    /// The actions of the other thread.
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

/// Returns every program of exactly `length` actions, one for each class of equivalent programs:
///
/// * Jobs have no names. Submissions of the same kind can be swapped. A join always takes the oldest
///   job, a cancel or detach the youngest.
/// * A job that is certain to be refused never runs. So it makes no difference whether it would panic,
///   and a second such job shows nothing new.
/// * A handle is detached at once. Other actions before that add nothing, since the other threads can
///   make the same progress anyway.
/// * Actions without effect are left out: draining again, waiting for idleness twice, cancelling a
///   cancelled job, joining without a job, and a drain as the last action of the owner, whose end is
///   a drain.
///
/// The two clients are not symmetric, so they are not swapped: only the owner ends the pool, and its
/// end waits for the workers but not for the other client.
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

/// Returns the programs of one shard, out of all programs of at most `length` actions.
pub fn part(length: usize, shard: Shard) -> Vec<Program> {
    let cost = |program: &Program| 1 << (2 * (program.owner.len() + program.other.len()));
    shard.pick((0..=length).flat_map(programs), cost)
}

impl Program {
    /// Returns `true` if the owner drops the pool.
    pub fn ends_in_drop(&self) -> bool {
        self.owner.last() == Some(&Drop)
    }

    /// Returns `true` if every wait for idleness can find a job: an earlier one of the same thread, or
    /// any of the other thread.
    fn waits_for_something(&self) -> bool {
        let waits = |own: &[Action], others: &[Action]| {
            let first = own.iter().position(|action| *action == WaitIdle);
            first.is_none_or(|first| accepted(&own[..first]) + accepted(others) > 0)
        };
        waits(&self.owner, &self.other) && waits(&self.other, &self.owner)
    }
}

/// Returns the sequences of `length` actions of the owner.
fn owners(length: usize) -> Vec<Vec<Action>> {
    let dropping = length.checked_sub(1).map(sequences).unwrap_or_default();
    let dropping = dropping.into_iter().map(|actions| [actions, vec![Drop]].concat());
    let ends_in_drain = |actions: &Vec<Action>| {
        actions.iter().rev().find(|action| **action != Drop) == Some(&Drain)
    };
    let all = sequences(length).into_iter().chain(dropping);
    all.filter(|actions| !ends_in_drain(actions)).collect()
}

/// Returns the sequences of `length` actions of either thread.
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

/// Returns the actions before the thread shuts the pool down itself.
fn open(actions: &[Action]) -> &[Action] {
    let end = actions.iter().position(|action| matches!(action, Drain | Discard));
    &actions[..end.unwrap_or(actions.len())]
}

fn submissions(actions: &[Action]) -> usize {
    actions.iter().filter(|action| matches!(action, Submit | SubmitPanicking)).count()
}

/// Returns the maximum number of jobs of a thread that are accepted.
fn accepted(actions: &[Action]) -> usize {
    submissions(open(actions))
}

/// Returns `true` if an action can have an effect after these actions of the same thread.
fn has_effect(start: &[Action], action: Action) -> bool {
    let is_open = open(start).len() == start.len();
    let consumed = start.iter().filter(|one| matches!(one, Join | Detach)).count();
    let has_handle = accepted(start) > consumed;
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
    fn actions_without_effect_are_left_out() {
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
    fn one_of_several_equivalent_programs_is_kept() {
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
    fn only_the_owner_drops_and_only_at_its_end() {
        for program in (0..=3).flat_map(programs) {
            let Program { owner, other } = &program;
            assert!(!other.contains(&Drop), "{program}");
            let before = owner.len() - usize::from(program.ends_in_drop());
            assert!(!owner[..before].contains(&Drop), "{program}");
        }
        assert!(programs(2).contains(&Program { owner: vec![Submit, Drop], other: Vec::new() }));
    }

    #[test]
    fn programs_are_distinct_and_of_the_given_length() {
        for length in 0..=3 {
            let all = programs(length);
            let texts: BTreeSet<_> = all.iter().map(Program::to_string).collect();
            assert_eq!(texts.len(), all.len());
            assert!(all.iter().all(|one| one.owner.len() + one.other.len() == length));
        }
    }

    /// Counted by hand.
    #[test]
    fn the_number_of_short_programs_is_right() {
        let of = |length, owner| {
            let own = programs(length).into_iter().filter(|program| program.owner.len() == owner);
            own.count()
        };
        assert_eq!(programs(0).len(), 1);
        // Without a submission, there is no wait for idleness.
        assert_eq!(of(1, 0), 4, "submit two kinds, drain, discard");
        assert_eq!(of(1, 1), 4, "submit two kinds, discard, drop");
        // After a submission of either kind, any action. After a drain or a discard, a submission that is
        // refused; after a drain, also a discard.
        assert_eq!(of(2, 0), 2 * 8 + 2 + 1);
        // After a submission by the owner, the other has five actions. After a discard or a drop, it
        // has four, since there is no idleness to wait for. If the owner waits for idleness, the other
        // submits.
        assert_eq!(of(2, 1), 2 * 5 + 2 * 4 + 2);
        // Like the other alone, with a drop instead of the drain.
        assert_eq!(of(2, 2), 2 * 8 + 2 + (1 + 1));
    }
}
