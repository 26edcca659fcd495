//! Which subject stands under which scenario, what must come out, and the judging of it.

pub mod judge;
pub mod matrix;
pub mod purpose;
pub mod recorded;
pub mod report;
pub mod samples;
pub mod trial;
