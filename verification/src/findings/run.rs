//! The result of one run of one trial. The `model` command writes it; the judge reads it.

use crate::faults::site::SiteFault;

/// One run of one trial, with a seeded defect or without.
pub type Run = harness::findings::run::Run<SiteFault>;
