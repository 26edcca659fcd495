//! The reports: on the terminal, as `JUnit` XML, and as SARIF.

pub(crate) mod junit;
pub(crate) mod sarif;
pub(crate) mod terminal;
