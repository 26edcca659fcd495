//! The subjects: this pool, and the pool of The Rust Programming Language in its stages.

mod book;
mod channel;
mod last_call;
pub mod subject;

pub(crate) use self::book::{BookStage1, BookStage2};
pub use self::last_call::{is_this_pool, ON_DEFAULT_QUEUE, THIS_POOL};
pub(crate) use self::last_call::{LOCKED, TWO_LOCK, WORK_STEALING};
use self::subject::Subject;

/// The number of subjects.
pub(crate) const COUNT: usize = 5;

/// Every subject, in the order of the columns of the report. The first is what users run by default.
pub(crate) static SUBJECTS: [&dyn Subject; COUNT] =
    [&TWO_LOCK, &LOCKED, &WORK_STEALING, &BookStage1, &BookStage2];

/// Every subject, in the order of the columns of the report.
pub fn subjects() -> &'static [&'static dyn Subject] {
    &SUBJECTS
}

/// The names of the subjects, in the same order.
pub fn subject_names() -> Vec<&'static str> {
    SUBJECTS.iter().map(|subject| subject.name()).collect()
}
