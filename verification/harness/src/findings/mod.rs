//! Findings: runs, samples, traces, and the verdicts on them.

pub mod evidence;
pub mod part;
pub mod recorded;
pub mod run;
pub mod sample;
pub mod trace;
pub mod verdict;
