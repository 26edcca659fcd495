//! The evidence for `last-call`.
