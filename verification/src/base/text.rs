//! Text for terminals and pages: numbers, lines, tables.

use std::fmt::Write as _;

use comfy_table::{presets, ContentArrangement, Table};

/// Starts a section with a heading.
pub fn heading(out: &mut String, text: &str) {
    let _ = writeln!(out, "\n{text}\n{}", "─".repeat(text.chars().count()));
}

/// Returns an empty table without borders, at most `width` columns wide.
pub fn table(width: usize) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    table
}

/// Breaks text into lines of at most `width` columns. The first line starts with `first`, the
/// others with `rest`.
pub fn wrap(text: &str, width: usize, first: &str, rest: &str) -> String {
    let mut out = first.to_owned();
    let mut column = first.chars().count();
    for (index, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 && column + 1 + length > width {
            out.push('\n');
            out.push_str(rest);
            column = rest.chars().count();
        } else if index > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
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
