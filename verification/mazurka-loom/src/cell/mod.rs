//! Cells whose accesses are checked for data races.

mod copied;
mod unchecked;

pub use copied::Cell;
pub use unchecked::{ConstPtr, MutPtr, UnsafeCell};
