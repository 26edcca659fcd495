//! Faults: operations that act wrongly at one call site, on purpose. A model that still holds would not
//! notice the defect. `cargo trial --faults` injects them one at a time; see [`trial`](crate::trial).

use std::collections::BTreeSet;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::raw::Object;
use crate::run;

/// How a fault changes an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    /// `notify_one` wakes no sleeper.
    DropNotifyOne,
    /// `notify_all` wakes no sleeper.
    DropNotifyAll,
    /// `notify_all` wakes one sleeper only.
    NotifyOneForAll,
    /// `notify_one` wakes every sleeper. A correct program tolerates it.
    NotifyAllForOne,
    /// A wait ends without a notification, once for each thread. A correct program tolerates it.
    WakeEarly,
    /// A wait releases its lock and takes it again before it sleeps, so what the caller saw may have
    /// changed.
    SplitWait,
    /// A lock is released and taken again before the n-th change under it, counted from 0.
    SplitLock(usize),
    /// `unpark` does nothing.
    DropUnpark,
    /// A store does nothing.
    DropStore,
    /// A read-modify-write reads in one step and writes in another.
    SplitUpdate,
    /// A `compare_exchange_weak` fails although the value is the expected one, once for each thread. A
    /// correct program tolerates it.
    FailExchange,
    /// An access or a fence that asks for `Acquire`, `Release` or `AcqRel` orders nothing.
    RelaxOrder,
}

/// What is known of an action.
struct About {
    action: Action,
    /// Its name in arguments and files, as in the harness of `cargo trial`.
    name: &'static str,
    /// The operation in rows, and in words.
    operation: &'static str,
    words: &'static str,
}

const fn about(
    action: Action,
    name: &'static str,
    operation: &'static str,
    words: &'static str,
) -> About {
    About { action, name, operation, words }
}

const ABOUT: [About; 11] = [
    about(Action::DropNotifyOne, "drop-notify-one", "notifies one", "notifies nobody on"),
    about(Action::DropNotifyAll, "drop-notify-all", "notifies all", "notifies nobody on"),
    about(Action::NotifyOneForAll, "notify-one-for-all", "notifies all", "notifies only one on"),
    about(Action::NotifyAllForOne, "notify-all-for-one", "notifies one", "notifies all on"),
    about(Action::WakeEarly, "wake-early", "wakes", "wakes up spuriously on"),
    about(Action::SplitWait, "split-wait", "splits", "lets others in before it sleeps on"),
    about(Action::DropUnpark, "drop-unpark", "unparks", "unparks nobody"),
    about(Action::DropStore, "drop-store", "stores", "stores nothing in"),
    about(Action::SplitUpdate, "split-update", "splits", "reads and writes in two steps"),
    about(Action::FailExchange, "fail-exchange", "exchanges", "fails spuriously to exchange"),
    about(Action::RelaxOrder, "relax-order", "orders", "orders nothing at"),
];

/// The beginning of the name of [`Action::SplitLock`], which ends with its number.
const SPLIT_LOCK: &str = "split-lock-";

impl Action {
    /// Returns the operation in rows, and the words.
    fn told(self) -> (&'static str, &'static str) {
        let own = ABOUT.iter().find(|about| about.action == self);
        own.map_or(("splits", "lets others in under"), |about| (about.operation, about.words))
    }

    fn name(self) -> String {
        match (self, ABOUT.iter().find(|about| about.action == self)) {
            (Action::SplitLock(change), _) => format!("{SPLIT_LOCK}{change}"),
            (_, own) => own.expect("every other action has an entry").name.to_owned(),
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let change = || name.strip_prefix(SPLIT_LOCK)?.parse().ok();
        let own = ABOUT.iter().find(|about| about.name == name).map(|about| about.action);
        own.or_else(|| change().map(Action::SplitLock))
    }

    /// Returns `true` if it acts at most once for each thread of an execution: if every wait ended early,
    /// a loop would never sleep. Not once for each execution, since an explorer does not see in which order
    /// threads get there.
    fn is_once(self) -> bool {
        matches!(self, Action::WakeEarly | Action::FailExchange)
    }
}

/// A fault at one call site.
#[derive(Clone, Debug)]
struct Fault {
    action: Action,
    file: String,
    line: u32,
}

impl Fault {
    /// Parses a fault, written as `drop-notify-one@src/channel.rs:27`.
    fn parse(text: &str) -> Option<Self> {
        let (name, site) = text.split_once('@')?;
        let (file, line) = site.rsplit_once(':')?;
        let (action, line) = (Action::parse(name)?, line.parse().ok()?);
        Some(Fault { action, file: file.to_owned(), line })
    }

    fn hits(&self, site: &Location<'_>) -> bool {
        self.line == site.line() && self.file == site.file()
    }
}

/// A fault that can be injected: the file and the line of its call site, and the action.
type Found = (&'static str, u32, Action);

/// What this process injects and notes.
#[derive(Debug)]
struct Installed {
    fault: Option<Fault>,
    /// The faults that can be injected at the call sites reached, if they are to be noted.
    survey: Option<Mutex<BTreeSet<Found>>>,
    /// How often the fault has acted.
    acted: AtomicU64,
}

static INSTALLED: OnceLock<Installed> = OnceLock::new();

/// Installs a fault in this process, and lets it note call sites or not. Only the first call counts.
///
/// # Errors
///
/// If the text is not a fault.
pub(crate) fn install(fault: Option<&str>, surveys: bool) -> Result<(), String> {
    let parse = |text| Fault::parse(text).ok_or_else(|| format!("`{text}` is not a fault"));
    let fault = fault.map(parse).transpose()?;
    let survey = surveys.then(Mutex::default);
    if fault.is_some() || surveys {
        INSTALLED.get_or_init(|| Installed { fault, survey, acted: AtomicU64::new(0) });
    }
    Ok(())
}

/// Returns how often the fault has acted, or `None` if there is none.
pub(crate) fn acted() -> Option<u64> {
    let installed = INSTALLED.get()?;
    installed.fault.as_ref().map(|_| installed.acted.load(Ordering::Relaxed))
}

/// Returns the faults that can be injected at the call sites reached since the last call, or `None` if
/// they are not noted. Only data shows what an ordering is for, if there is any.
pub(crate) fn survey(has_data: bool) -> Option<Vec<String>> {
    let sites = INSTALLED.get()?.survey.as_ref()?;
    let sites = std::mem::take(&mut *sites.lock().unwrap_or_else(PoisonError::into_inner));
    let text = |(file, line, action): Found| format!("{}@{file}:{line}", action.name());
    let shows = |(.., action): &Found| has_data || *action != Action::RelaxOrder;
    Some(sites.into_iter().filter(shows).map(text).collect())
}

/// Returns the fault that changes an operation called from `site`, if there is one. `can` has the faults
/// that the operation can have, and `object` is for the record.
pub(crate) fn at(
    can: &[Action],
    object: Option<Object>,
    site: &'static Location<'static>,
) -> Option<Action> {
    let installed = INSTALLED.get()?;
    if let Some(survey) = &installed.survey {
        let sites = can.iter().map(|action| (site.file(), site.line(), *action));
        survey.lock().unwrap_or_else(PoisonError::into_inner).extend(sites);
    }
    let fault = installed.fault.as_ref().filter(|fault| fault.hits(site))?;
    let action = can.iter().copied().find(|action| *action == fault.action)?;
    if action.is_once() && !run::spend() {
        return None;
    }
    installed.acted.fetch_add(1, Ordering::Relaxed);
    let (operation, words) = action.told();
    run::note_fault(object.map(Object::number), operation, words, site);
    Some(action)
}

#[cfg(test)]
mod tests {
    use super::{Action, Fault, ABOUT};

    #[test]
    fn a_fault_is_parsed() {
        let named = ABOUT.iter().map(|about| about.action);
        for action in named.chain([Action::SplitLock(0), Action::SplitLock(12)]) {
            let fault = Fault::parse(&format!("{}@C:/src/a.rs:7", action.name())).unwrap();
            assert_eq!((fault.action, &*fault.file, fault.line), (action, "C:/src/a.rs", 7));
        }
        for text in ["", "drop-notify-one", "nothing@a.rs:1", "drop-notify-one@a.rs"] {
            assert!(Fault::parse(text).is_none(), "{text}");
        }
    }
}
