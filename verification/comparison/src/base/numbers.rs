//! Figures as reports write them.

use verification::terminal::thousands;

/// A figure with about three digits.
pub fn figure(number: f64) -> String {
    let digits = match number.abs() {
        small if small < 10.0 => 2,
        middle if middle < 100.0 => 1,
        _ => 0,
    };
    format!("{number:.digits$}")
}

/// A whole number, with thousands parted.
pub fn place(number: f64) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // counts
    thousands(number as u64)
}
