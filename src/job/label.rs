//! How reports and events mention a job.

use std::panic::Location;

/// The place in the source where a job was submitted.
pub(crate) type Site = &'static Location<'static>;

/// How the submitter wants a job to be mentioned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Label {
    /// `None` stands for the name of the type of the closure.
    pub(crate) name: Option<&'static str>,
    pub(crate) site: Site,
}

impl Label {
    /// Returns the label of a job without a name that is submitted by the caller.
    #[track_caller]
    #[inline]
    pub(crate) fn here() -> Self {
        Label { name: None, site: Location::caller() }
    }

    /// Returns how the job is mentioned if its closure is of a type of this name.
    #[inline]
    pub(crate) fn mention(self, type_name: &'static str) -> Mention {
        Mention { name: self.name.unwrap_or(type_name), site: self.site }
    }
}

/// How a job is mentioned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mention {
    pub(crate) name: &'static str,
    pub(crate) site: Site,
}
