//! The trial of the peers: properties that any pool could be asked for, each tried on real threads,
//! in processes of their own under a watchdog.
//!
//! Every pool is used as its documentation says ([`documented`]); what that does not offer is not
//! tried. A scenario holds jobs back at gates; what it waits for, it waits for with a limit.

pub mod documented;
pub mod results;
mod scenarios;
mod tools;

mod process;
mod run;
mod witness;

pub use process::{hear, Plan};
pub use run::run;
pub use witness::testify;

use crate::pools::About;

/// What a pool is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Property {
    /// Ending the pool waits for accepted jobs.
    EndWaits,
    /// A refused job comes back.
    RefusedReturns,
    /// Panics cost no worker.
    PanicSurvived,
    /// Panics are told.
    PanicTold,
    /// The pool can be dropped in its own job.
    OwnJob,
    /// Waiting for idleness does not end early.
    Idle,
    /// Destructors that panic cost no worker.
    Destructors,
    /// A thread that cannot be started is an error.
    ThreadFails,
    /// The handle of a queued job resolves at shutdown.
    HandleResolves,
}

impl Property {
    /// All of them, as they stand in tables.
    pub const ALL: [Property; 9] = [
        Property::EndWaits,
        Property::RefusedReturns,
        Property::PanicSurvived,
        Property::PanicTold,
        Property::OwnJob,
        Property::Idle,
        Property::Destructors,
        Property::ThreadFails,
        Property::HandleResolves,
    ];

    /// Its name in tables and filters.
    pub fn name(self) -> &'static str {
        match self {
            Property::EndWaits => "end-waits",
            Property::RefusedReturns => "refused-returns",
            Property::PanicSurvived => "panic-survived",
            Property::PanicTold => "panic-told",
            Property::OwnJob => "own-job",
            Property::Idle => "idle",
            Property::Destructors => "destructors",
            Property::ThreadFails => "thread-fails",
            Property::HandleResolves => "handle-resolves",
        }
    }

    /// What is asked, in a sentence.
    pub fn text(self) -> &'static str {
        match self {
            Property::EndWaits => {
                "Dropping the pool, or the documented way to end it or to wait for it, returns after \
                 every accepted job."
            }
            Property::RefusedReturns => {
                "A job that is refused because the pool is ending comes back to its submitter, unrun."
            }
            Property::PanicSurvived => {
                "After jobs that panicked, as many jobs as the pool has workers can run at once."
            }
            Property::PanicTold => {
                "Each panic of a job is told to the program: by a handle, a handler or a count."
            }
            Property::OwnJob => {
                "Dropping the last owner of the pool in one of its own jobs neither hangs nor panics, \
                 and loses no job that a drop elsewhere would run."
            }
            Property::Idle => {
                "Waiting for idleness does not return while jobs that submit jobs are under way."
            }
            Property::Destructors => {
                "Panic payloads, captures and unread results whose destructors panic neither end the \
                 process nor cost a worker."
            }
            Property::ThreadFails => {
                "When a thread cannot be started, there is an error or a panic; nothing hangs, no \
                 thread is left behind, no accepted job is lost."
            }
            Property::HandleResolves => {
                "When the pool ends, the handles of queued jobs resolve: to a value or to none."
            }
        }
    }

    /// The property of that name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|property| property.name() == name)
    }

    /// How often it is tried in a process, where chance plays a part, and how many processes try it.
    fn effort(self) -> (u64, u64) {
        match self {
            // Races: as often as there is time for.
            Property::EndWaits | Property::Idle | Property::PanicTold => (100_000, 3),
            Property::RefusedReturns => (1_000, 2),
            Property::HandleResolves => (100, 2),
            Property::PanicSurvived | Property::OwnJob => (10, 2),
            Property::Destructors => (6, 2),
            // The limit on memory cannot be set twice in one process: stacks are kept for later.
            Property::ThreadFails => (1, 3),
        }
    }
}

/// Whether this pool must be convicted, so that the trial is known to bite: the book's, whose worker
/// ends with the first panic.
pub fn is_control(about: &About, property: Property) -> bool {
    about.name == "book" && property == Property::PanicSurvived
}

#[cfg(test)]
mod tests {
    use super::{is_control, Property};
    use crate::pools::ALL;

    const README: &str = include_str!("../../README.md");

    /// The cells of that pool's row in the README.
    fn row(title: &str) -> Vec<&'static str> {
        let begins = format!("| {title} |");
        let mut table =
            README.lines().skip_while(|line| !line.contains("cargo compare --write -->"));
        let line = table.find_map(|line| line.strip_prefix(&*begins));
        let line = line.unwrap_or_else(|| panic!("no row of {title}: cargo compare --write"));
        line.trim_end_matches('|').split('|').map(str::trim).collect()
    }

    #[test]
    fn the_readme_has_every_property_and_every_pool_in_its_version() {
        for property in Property::ALL {
            assert!(README.contains(&format!("* `{}`: ", property.name())), "{property:?}");
        }
        for about in ALL {
            let version = about.version().expect("it is in the lock file");
            let cells = row(&format!("{} {version}", about.name));
            assert_eq!(cells.len(), Property::ALL.len(), "{}", about.name);
            for (cell, property) in cells.into_iter().zip(Property::ALL) {
                assert!(!about.is_own() || cell == "kept", "{} {property:?}", about.name);
                assert!(!is_control(about, property) || cell == "**broken**", "{property:?}");
            }
        }
    }

    #[test]
    fn properties_are_found_by_their_names() {
        for property in Property::ALL {
            assert_eq!(Property::find(property.name()), Some(property));
        }
    }
}
