//! Figures as reports write them.

use harness::base::text::thousands;

use super::statistics::Spread;

/// A figure with about three digits.
pub fn figure(number: f64) -> String {
    let digits = match number.abs() {
        small if small < 10.0 => 2,
        middle if middle < 100.0 => 1,
        _ => 0,
    };
    format!("{number:.digits$}")
}

/// A median with about three digits, and the quartiles: `4.20 (4.10–4.40)`.
pub fn spread(spread: &Spread) -> String {
    let Spread { median, lower, upper } = spread;
    format!("{} ({}–{})", figure(*median), figure(*lower), figure(*upper))
}

/// A ratio and its quartiles, each with two digits.
pub fn ratio(ratio: &Spread) -> String {
    format!("{:.2} ({:.2}–{:.2})", ratio.median, ratio.lower, ratio.upper)
}

/// A whole number, with its thousands separated.
pub fn grouped(number: f64) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // counts
    thousands(number as u64)
}

/// Bytes as kilobytes of a thousand bytes.
pub fn kilobytes(bytes: impl Into<i128>) -> String {
    let bytes = bytes.into();
    let tenths = (bytes.abs() + 50) / 100;
    let sign = if bytes < 0 && tenths > 0 { "-" } else { "" };
    format!("{sign}{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::{figure, kilobytes};

    #[test]
    fn a_figure_has_about_three_digits() {
        assert_eq!([1.234, 12.34, 123.4].map(figure), ["1.23", "12.3", "123"]);
    }

    #[test]
    fn kilobytes_have_one_digit_and_a_sign() {
        let texts = [412_345_i64, 50, -1_250, -49, 0].map(kilobytes);
        assert_eq!(texts, ["412.3", "0.1", "-1.3", "0.0", "0.0"]);
    }
}
