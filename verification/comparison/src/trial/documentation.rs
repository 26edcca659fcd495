//! What the documentation of each pool says of each property, paraphrased, and so whether the property
//! is tried. The versions are those of the lock file.
//!
//! A promise is tried. What is disclaimed, or has no interface, is not offered. Where the documentation
//! is silent, a property is tried if any user would rely on it: that an accepted job runs, that a handle
//! resolves, that the process lives. The text then says that it is silent.

use super::Property;
use crate::pools::About;

/// The position of the documentation on a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// It promises it, or has the interface for it.
    Promised,
    /// It makes no exception.
    Silent,
    /// It disclaims it, or has no interface for it.
    NotOffered,
}

/// What the documentation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Documented {
    /// The position, which decides whether the property is tried.
    pub stance: Stance,
    /// In a sentence.
    pub says: &'static str,
}

const fn promised(says: &'static str) -> Documented {
    Documented { stance: Stance::Promised, says }
}

const fn silent(says: &'static str) -> Documented {
    Documented { stance: Stance::Silent, says }
}

const fn not_offered(says: &'static str) -> Documented {
    Documented { stance: Stance::NotOffered, says }
}

/// A row: in the order of [`Property::ALL`].
type Row = [Documented; 9];

/// What the documentation of a pool says of a property.
///
/// # Panics
///
/// If the table has no row for that pool.
pub fn documented(about: &About, property: Property) -> Documented {
    let name = if about.is_own() { "last-call" } else { about.name };
    let row = TABLE.iter().find(|(pool, _)| *pool == name);
    let (_, row) = row.unwrap_or_else(|| panic!("there is no row for `{name}`"));
    let index = Property::ALL.iter().position(|other| *other == property);
    row[index.expect("every property is among all of them")]
}

/// Returns `true` if the table has a row for that pool.
#[cfg(test)]
fn has_row(about: &About) -> bool {
    about.is_own() || TABLE.iter().any(|(pool, _)| *pool == about.name)
}

const NO_LATE_CALL: Documented =
    not_offered("every submitter owns or shares the pool, so nothing is submitted after its end");
const NO_HANDLES: Documented = not_offered("there are no handles that wait for a job");
const NO_IDLE: Documented =
    not_offered("there is no way to wait until nothing is queued or running");
const NO_WAIT: Documented = not_offered("there is no way to end it and wait for its jobs");
const UNREPORTED: Documented =
    not_offered("there is no handle, no handler and no count for panics");
const ANY_DROP: Documented = silent("silent: a drop by a job is not excepted");
const ANY_DESTRUCTOR: Documented = silent("silent: jobs are any closures, whatever they own");
const REPLENISHED: Documented =
    promised("a worker that panics is replaced, so that the pool keeps its number of threads");
const REPLENISHED_DESTRUCTORS: Documented =
    promised("a worker that panics is replaced; panics with an unusual payload are not excepted");
const BUILD_PANICS: Documented = silent("silent: building returns the pool itself, with no error");
const COUNTED_PANICS: Documented =
    promised("a method counts panics; the example waits for every job and asserts the exact count");

const EXECUTORS: Row = [
    promised("shutdown waits until all workers have shut down; earlier jobs are not excepted"),
    not_offered("a job submitted after shutdown does not run, as the example says; it goes to the log"),
    REPLENISHED,
    promised("spawning returns the handle of a task"),
    promised("shutdown_async is documented for workers, so the job calls it first; a plain drop, documented to shut down too, waits there for five seconds"),
    NO_IDLE,
    REPLENISHED_DESTRUCTORS,
    BUILD_PANICS,
    silent("spawning returns a handle to wait for; a shutdown meanwhile is not excepted"),
];

const THREADPOOL: Row = [
    promised("join blocks until every job has been executed; a drop does not wait"),
    NO_LATE_CALL,
    REPLENISHED,
    COUNTED_PANICS,
    ANY_DROP,
    promised("join blocks until every job has been executed, at one point in time"),
    REPLENISHED_DESTRUCTORS,
    BUILD_PANICS,
    NO_HANDLES,
];

static TABLE: &[(&str, Row)] = &[
    (
        "last-call",
        [
            promised("drop drains and joins"),
            promised("the error of a refused submission has the closure inside"),
            promised("a panic in a job is caught, and its worker goes on"),
            promised("the payload goes to the handle; panics are counted"),
            promised("dropped on its own worker, it begins the drain and detaches"),
            promised("jobs that submit jobs do not look idle in between"),
            promised("panics in the destructors of captures, results and payloads are caught"),
            promised("building fails, and workers that had started are stopped and joined"),
            promised("every handle resolves: to a value, a panic or cancelled"),
        ],
    ),
    (
        "book",
        [
            promised("drop closes the channel and joins the workers"),
            NO_LATE_CALL,
            silent("silent on a panic in a job"),
            UNREPORTED,
            ANY_DROP,
            NO_IDLE,
            ANY_DESTRUCTOR,
            silent("new panics for a pool of no threads; a thread that cannot be started is left to the reader"),
            NO_HANDLES,
        ],
    ),
    (
        "rayon",
        [
            not_offered("dropping the pool tells its threads to finish what is spawned, without waiting for it"),
            NO_LATE_CALL,
            promised("with a panic handler, a panic in a spawned job goes there (without one the process aborts, as documented)"),
            promised("the panic handler is called with the panic of each spawned job"),
            promised("a dropped pool completes what has been spawned, and its threads end; a drop by a job is not excepted"),
            NO_IDLE,
            silent("the panic handler is given the payload and must not panic; captures are not excepted"),
            promised("building returns an error"),
            NO_HANDLES,
        ],
    ),
    ("threadpool", THREADPOOL),
    ("threadpool-crossbeam", THREADPOOL),
    (
        "rusty_pool",
        [
            promised("shutdown_join blocks until all work is completed"),
            not_offered("a clone keeps the pool alive, so its submissions go on being accepted"),
            promised("workers that panic are cloned and replaced"),
            promised("the handle of a task that panics receives a cancellation error"),
            promised("a shutdown or drop lets workers end when they next look at the channel; a drop by a job is not excepted"),
            promised("join blocks until no thread is busy and the channel is empty"),
            promised("workers that panic are replaced; panics with an unusual payload are not excepted"),
            silent("silent: execute is said to panic only when the channel is closed; join waits for every worker"),
            silent("a handle waits for the result, or for an error when the task panicked"),
        ],
    ),
    (
        "workerpool",
        [
            promised("join blocks until every job has been executed; a drop does not wait"),
            NO_LATE_CALL,
            REPLENISHED,
            COUNTED_PANICS,
            ANY_DROP,
            promised("join blocks until every job has been executed, at one point in time"),
            REPLENISHED_DESTRUCTORS,
            BUILD_PANICS,
            NO_HANDLES,
        ],
    ),
    ("executors-channel", EXECUTORS),
    (
        "executors-stealing",
        [
            not_offered("shutdown waits for the workers; silent on queued jobs, which are dropped"),
            EXECUTORS[1],
            EXECUTORS[2],
            EXECUTORS[3],
            promised("shutdown_async is documented for workers, so the job calls it first (after a plain drop the workers panic)"),
            EXECUTORS[5],
            EXECUTORS[6],
            EXECUTORS[7],
            EXECUTORS[8],
        ],
    ),
    (
        "affinitypool",
        [
            silent("silent: only its source says that drop runs queued jobs and joins the threads"),
            NO_LATE_CALL,
            silent("silent: only its source says that a panic does not reach the worker"),
            silent("the future resolves to the value; only its source says that it panics like the job"),
            ANY_DROP,
            NO_IDLE,
            ANY_DESTRUCTOR,
            silent("silent: building returns the pool itself; its number of threads can be asked for"),
            silent("the future resolves to the value; dropping the pool meanwhile is not excepted"),
        ],
    ),
    (
        "uvth",
        [
            not_offered("terminate ends the threads; it is not documented to wait"),
            not_offered("jobs submitted after terminate are ignored, as documented"),
            silent("silent on a panic in a job"),
            UNREPORTED,
            ANY_DROP,
            NO_IDLE,
            ANY_DESTRUCTOR,
            BUILD_PANICS,
            NO_HANDLES,
        ],
    ),
    (
        "tokio-blocking",
        [
            not_offered("a shutdown waits for blocking jobs that have started; those still queued may be cancelled"),
            not_offered("the handle of a late job says that it was cancelled; the closure is not given back"),
            promised("a panic goes to the handle"),
            promised("the handle's error says that the job panicked"),
            promised("dropping the runtime waits for blocking jobs, so a job uses shutdown_background, which does not"),
            NO_IDLE,
            promised("a panic goes to the handle; captures and unread results are not excepted"),
            silent("the number of threads is an upper limit; silent on a thread that cannot be started"),
            promised("a job that has not started may be cancelled by a shutdown, which its handle then says"),
        ],
    ),
    (
        "futures-executor",
        [
            NO_WAIT,
            not_offered("spawning is guaranteed to succeed"),
            silent("silent: a spawned future is said to be run to completion; with a handle, its panic goes there"),
            promised("the remote handle passes a panic on to its awaiter"),
            ANY_DROP,
            NO_IDLE,
            ANY_DESTRUCTOR,
            promised("creating the pool returns an error"),
            silent("a remote handle gives the result; dropping the pool meanwhile is not excepted"),
        ],
    ),
    (
        "scheduled-thread-pool",
        [
            not_offered("after a drop, pending jobs run; there is no way to wait for them"),
            NO_LATE_CALL,
            silent("a periodic job that panics is not run again; the worker is not said to end"),
            UNREPORTED,
            promised("after a drop, pending jobs run; a drop by a job is not excepted"),
            NO_IDLE,
            ANY_DESTRUCTOR,
            silent("new panics for zero threads; silent on a thread that cannot be started"),
            not_offered("its handles cancel, and cannot be waited for"),
        ],
    ),
    (
        "async-executor",
        [
            not_offered("an executor without threads of its own; the user decides when it ends"),
            not_offered("spawning always succeeds"),
            promised("a panic goes to the task, and not to the thread that runs the executor"),
            promised("the task passes a panic on to its awaiter"),
            not_offered("its threads are the user's, so no job of its own joins them"),
            not_offered("it reports whether tasks are unfinished, and cannot wait for them"),
            ANY_DESTRUCTOR,
            not_offered("it starts no threads"),
            silent("a task can be awaited; silent on an executor that is dropped meanwhile"),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::{documented, has_row, Stance};
    use crate::pools::ALL;
    use crate::trial::Property;

    #[test]
    fn every_pool_has_a_row() {
        for about in ALL {
            assert!(has_row(about), "{}", about.name);
            for property in Property::ALL {
                assert!(!documented(about, property).says.is_empty());
            }
        }
    }

    #[test]
    fn what_has_no_interface_is_not_tried() {
        for about in ALL {
            let is_tried = |property| documented(about, property).stance != Stance::NotOffered;
            assert!(about.handles || !is_tried(Property::HandleResolves), "{}", about.name);
            assert_eq!(about.idle, is_tried(Property::Idle), "{}", about.name);
        }
    }

    #[test]
    fn this_pool_is_excused_from_nothing() {
        for about in ALL.iter().filter(|about| about.is_own()) {
            let all = Property::ALL.iter().map(|property| documented(about, *property).stance);
            assert!(all.into_iter().all(|stance| stance == Stance::Promised));
        }
    }
}
