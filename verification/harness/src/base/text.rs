//! Text for terminals and pages: numbers, lines, tables.

use std::fmt::Write as _;

#[cfg(feature = "tables")]
use comfy_table::{presets, ContentArrangement, Table};
#[cfg(feature = "tables")]
use textwrap::Options;

/// Starts a section with a heading.
pub fn heading(out: &mut String, text: &str) {
    let _ = writeln!(out, "\n{text}\n{}", "─".repeat(text.chars().count()));
}

/// Returns the columns of the terminal, but no fewer than a table needs; 120 without a terminal.
pub fn width() -> usize {
    const WITHOUT_A_TERMINAL: usize = 120;
    const LEAST: usize = 72;
    let size = console::Term::stdout().size_checked();
    size.map_or(WITHOUT_A_TERMINAL, |(_, columns)| usize::from(columns)).max(LEAST)
}

/// Returns an empty table without borders, at most `width` columns wide.
#[cfg(feature = "tables")]
pub fn table(width: usize) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    table
}

/// Breaks text into lines of at most `width` columns. The first line starts with `first`, the
/// others with `rest`.
#[cfg(feature = "tables")]
pub fn wrap(text: &str, width: usize, first: &str, rest: &str) -> String {
    textwrap::fill(text, Options::new(width).initial_indent(first).subsequent_indent(rest))
}

/// Formats a number with separators: `110955` becomes `110,955`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Converts a count to a float. No count here is large enough to be rounded.
#[allow(clippy::cast_precision_loss)]
pub fn to_float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(thousands(7), "7");
        assert_eq!(thousands(1_000), "1,000");
        assert_eq!(thousands(110_955), "110,955");
    }

    #[cfg(feature = "tables")]
    #[test]
    fn text_keeps_to_the_width() {
        assert_eq!(super::wrap("one two three", 8, "- ", "  "), "- one\n  two\n  three");
    }
}
