//! What was found, and what it may be called.

pub mod evidence;
pub mod part;
pub mod run;
pub mod sample;
pub mod scope;
pub mod trace;
pub mod verdict;
