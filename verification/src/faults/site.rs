//! Faults at call sites of the pool: which its facade has, and at which call sites.

use harness::faults::site::{self, SiteFault};
use last_call::sync::fault::{Action, Fault};

/// Returns the fault for the facade. Leaks the file name.
///
/// # Errors
///
/// Names the fault if the facade has no such action.
pub fn in_facade(fault: &SiteFault) -> Result<Fault, String> {
    let action =
        action(fault.action).ok_or_else(|| format!("the facade has no fault `{fault}`"))?;
    Ok(Fault { action, file: fault.file.clone().leak(), line: Some(fault.line) })
}

/// Parses a fault of the facade.
///
/// # Errors
///
/// Says what is wrong with the text.
pub fn parse(text: &str) -> Result<SiteFault, String> {
    let fault: SiteFault = text.parse()?;
    in_facade(&fault).map(|_| fault)
}

/// Returns the action of the facade, if it has one.
pub(crate) fn action(named: site::Action) -> Option<Action> {
    Some(match named {
        site::Action::DropNotifyOne => Action::DropNotifyOne,
        site::Action::DropNotifyAll => Action::DropNotifyAll,
        site::Action::NotifyOneForAll => Action::NotifyOneForAll,
        site::Action::NotifyAllForOne => Action::NotifyAllForOne,
        site::Action::NotifyOneAgain => Action::NotifyOneAgain,
        site::Action::NotifyAllAgain => Action::NotifyAllAgain,
        site::Action::WakeEarly => Action::WakeEarly,
        site::Action::SplitWait => Action::SplitWait,
        site::Action::FireDeadline => Action::FireDeadline,
        site::Action::SplitLock(change) => Action::SplitLock(change),
        site::Action::FailSpawn(thread) => Action::FailSpawn(thread),
        site::Action::DropRaise => Action::DropRaise,
        site::Action::DropCount => Action::DropCount,
        site::Action::DropUnpark
        | site::Action::DropStore
        | site::Action::SplitUpdate
        | site::Action::FailExchange
        | site::Action::RelaxOrder => return None,
    })
}

/// Returns the faults that can be injected at a call site found by a survey.
#[cfg(loom)]
pub(crate) fn at(found: &last_call::sync::trace::Opportunity) -> Vec<SiteFault> {
    use last_call::sync::trace::Operation;
    use site::Action;
    let actions = match found.operation {
        Operation::NotifyOne => {
            vec![Action::DropNotifyOne, Action::NotifyAllForOne, Action::NotifyOneAgain]
        }
        Operation::NotifyAll => {
            vec![Action::DropNotifyAll, Action::NotifyOneForAll, Action::NotifyAllAgain]
        }
        Operation::Wait => vec![Action::WakeEarly, Action::SplitWait],
        Operation::WaitUntil => vec![Action::FireDeadline],
        Operation::Change(number) => vec![Action::SplitLock(number)],
        Operation::Spawn(number) => vec![Action::FailSpawn(number)],
        Operation::Raise => vec![Action::DropRaise],
        Operation::Count => vec![Action::DropCount],
    };
    let file = found.file.replace('\\', "/");
    // Only the code of the pool: the locks and threads of scenarios are not on trial.
    let Some(start) = file.rfind("src/").filter(|_| !file.contains("verification/")) else {
        return Vec::new();
    };
    let fault = |action| SiteFault { file: file[start..].to_owned(), line: found.line, action };
    actions.into_iter().map(fault).collect()
}
