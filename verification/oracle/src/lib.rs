//! A reference for explorers of concurrent programs: small random programs, and every possible
//! outcome of each.
//!
//! The outcomes come from trying every order of a program's operations, in the most direct way.
//! This package knows no explorer and shares no reduction with one.
//!
//! ```
//! use oracle::{draw, Recipe, Semantics};
//!
//! let drawn = draw(&Recipe::everything(), &Semantics::standard(), 1, 3);
//! for (program, all) in &drawn.programs {
//!     println!("{program}: {} outcomes", all.outcomes.len());
//! }
//! assert_eq!(drawn.programs.len(), 3);
//! ```

mod enumerate;
mod generate;
mod program;

pub use enumerate::{enumerate, Enumeration, Semantics, Timeouts};
pub use generate::{draw, Drawn, Recipe};
pub use program::{Objects, Op, Outcome, Outcomes, Program, Protected, Sections, Seen, Wait};
