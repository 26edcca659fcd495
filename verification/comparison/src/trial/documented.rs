//! What each pool's documentation says of each property, in other words than its own, and whether it
//! is tried because of that. Read in the versions of the lock file.
//!
//! The rule: what is promised is tried; what is disclaimed, or for which there is no means, is not
//! offered. Where the documentation is silent, a property is tried if any user would rely on it (that
//! an accepted job runs, that a handle resolves, that the process lives), and the words say that it is.

use super::Property;
use crate::pools::About;

/// How the documentation stands to a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// It says so, or gives the means for it.
    Promised,
    /// It makes no exception.
    Silent,
    /// It says otherwise, or there is no means for it.
    NotOffered,
}

/// What the documentation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Documented {
    /// Whether it is tried.
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
/// If nobody has read that pool's documentation yet.
pub fn documented(about: &About, property: Property) -> Documented {
    let name = if about.is_own() { "last-call" } else { about.name };
    let row = TABLE.iter().find(|(pool, _)| *pool == name);
    let (_, row) = row.unwrap_or_else(|| panic!("no documentation of `{name}` has been read"));
    let index = Property::ALL.iter().position(|other| *other == property);
    row[index.expect("every property is among all of them")]
}

/// Whether somebody has read the documentation of that pool.
#[cfg(test)]
fn is_read(about: &About) -> bool {
    about.is_own() || TABLE.iter().any(|(pool, _)| *pool == about.name)
}

const NO_LATE_CALL: Documented = not_offered(
    "whoever can submit owns the pool or shares it, so nothing is submitted after its end",
);
const NO_HANDLES: Documented = not_offered("there are no handles that wait for a job");
const NO_IDLE: Documented =
    not_offered("there is no way to wait until nothing is queued or running");
const NO_WAIT: Documented = not_offered("there is no way to end it and wait for its jobs");
const UNTOLD: Documented = not_offered("there is no handle, no handler and no count for panics");
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
    promised("shutdown waits until all workers have shut down; jobs handed in before are not excepted"),
    not_offered("a job handed in after shutdown does not run, as the example says; it goes to the log"),
    REPLENISHED,
    promised("spawning returns the handle of a task"),
    promised("shutdown_async is the way for workers, so the job calls it first; a plain drop, which is said to shut the pool down too, waits there for five seconds"),
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
            promised("dropped on its own worker it begins the drain and lets go"),
            promised("jobs that submit jobs do not look idle in between"),
            promised("panics in the destructors of captures, results and payloads are caught"),
            promised("building fails, and workers that had started are stopped and joined"),
            promised("every handle resolves: to a value, a panic or cancelled"),
        ],
    ),
    (
        "book",
        [
            promised("drop closes the channel, and the workers are joined when they have finished"),
            NO_LATE_CALL,
            silent("silent: nothing is said of a panic in a job"),
            UNTOLD,
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
            not_offered("shutdown waits for the workers; of jobs that are queued nothing is said, and they are dropped"),
            EXECUTORS[1],
            EXECUTORS[2],
            EXECUTORS[3],
            promised("shutdown_async is the way for workers, so the job calls it first (after a plain drop, wherever, the workers panic)"),
            EXECUTORS[5],
            EXECUTORS[6],
            EXECUTORS[7],
            EXECUTORS[8],
        ],
    ),
    (
        "affinitypool",
        [
            silent("silent: that drop runs what is queued and joins the threads is said in its source only"),
            NO_LATE_CALL,
            silent("silent: that a panic does not reach the worker is said in its source only"),
            silent("the future is said to resolve to the value; that it panics like the job is said in its source only"),
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
            not_offered("terminate is said to end the threads, not to wait for them or for jobs"),
            not_offered("jobs handed in after terminate are said to be ignored in silence"),
            silent("silent: nothing is said of a panic in a job"),
            UNTOLD,
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
            silent("the number of threads is an upper limit; of one that cannot be started nothing is said"),
            promised("a job that has not started may be cancelled by a shutdown, which its handle then says"),
        ],
    ),
    (
        "futures-executor",
        [
            NO_WAIT,
            not_offered("spawning is guaranteed to succeed"),
            silent("silent: a spawned future is said to be run to completion; with a handle, its panic goes there"),
            promised("the remote handle passes a panic on to whoever awaits it"),
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
            not_offered("after a drop, what is pending is run; nothing waits for it"),
            NO_LATE_CALL,
            silent("a periodic job that panics is not run again; the worker is not said to end"),
            UNTOLD,
            promised("after a drop, what is pending is run; a drop by a job is not excepted"),
            NO_IDLE,
            ANY_DESTRUCTOR,
            silent("new is said to panic for no threads; of one that cannot be started nothing is said"),
            not_offered("its handles cancel, and cannot be waited for"),
        ],
    ),
    (
        "async-executor",
        [
            not_offered("an executor without threads of its own: whoever runs it decides when it ends"),
            not_offered("spawning always succeeds"),
            promised("a panic goes to the task, and not to the thread that runs the executor"),
            promised("the task passes a panic on to whoever awaits it"),
            not_offered("its threads are the user's, so no job of its own joins them"),
            not_offered("it can be asked whether tasks are unfinished, not waited for"),
            ANY_DESTRUCTOR,
            not_offered("it starts no threads"),
            silent("a task is awaited; of an executor that is dropped meanwhile nothing is said"),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::{documented, is_read, Stance};
    use crate::pools::ALL;
    use crate::trial::Property;

    #[test]
    fn every_pool_has_been_read() {
        for about in ALL {
            assert!(is_read(about), "{}", about.name);
            for property in Property::ALL {
                assert!(!documented(about, property).says.is_empty());
            }
        }
    }

    #[test]
    fn what_there_is_no_means_for_is_not_tried() {
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
