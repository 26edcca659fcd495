//! The stand-in `mazurka-loom` under loom's own name, for `[patch.crates-io]`.

pub use mazurka_loom::*;
