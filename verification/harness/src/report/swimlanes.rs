//! An interleaving as swim lanes for the terminal: a column a thread, time downward.

use std::fmt::Write as _;

use crate::findings::trace::Trace;
use crate::report::interleaving::{Interleaving, Row, Standing};

/// The widest lane: what is longer is cut.
const WIDEST: usize = 42;

/// Draws a trace that fits into that many columns of text, if it can be. On the right is where each
/// step is in the source.
pub fn draw(trace: &Trace, width: usize) -> String {
    let told = Interleaving::new(trace);
    let names = told.threads.iter().map(|thread| thread.name.clone());
    let cells: Vec<_> =
        told.rows.iter().map(|row| format!("{} {}", mark(row), row.words)).collect();
    let longest = names.clone().chain(cells.iter().cloned()).map(|cell| cell.chars().count()).max();
    let sites = told.rows.iter().map(|row| row.site.rsplit('/').next().unwrap_or_default());
    let margin = 9 + sites.clone().map(|site| site.chars().count()).max().unwrap_or(0);
    let threads = told.threads.len().max(1);
    let room = (width.saturating_sub(margin) / threads).saturating_sub(3);
    let lane = longest.unwrap_or(0).min(room.clamp(16, WIDEST));

    let mut out = String::new();
    line(&mut out, "", lane, names, "");
    line(&mut out, "", lane, told.threads.iter().map(|_| "─".repeat(lane)), "");
    for ((row, text), site) in told.rows.iter().zip(&cells).zip(sites) {
        let cells = (0..threads).map(|thread| if thread == row.thread { text } else { "" });
        line(&mut out, &row.number.to_string(), lane, cells, site);
    }
    out.push('\n');
    for thread in &told.threads {
        let _ = writeln!(out, "  {}", Interleaving::end(thread));
    }
    for object in &told.objects {
        let _ =
            writeln!(out, "  {}: {} created at {}", object.name, object.kind, object.created_at);
    }
    out
}

fn line<T: AsRef<str>>(
    out: &mut String,
    number: &str,
    lane: usize,
    cells: impl Iterator<Item = T>,
    site: &str,
) {
    let padded = cells.map(|cell| {
        let cell = cell.as_ref();
        let length = cell.chars().count();
        if length > lane {
            cell.chars().take(lane - 1).chain(['…']).collect()
        } else {
            format!("{cell}{}", " ".repeat(lane - length))
        }
    });
    let cells = padded.collect::<Vec<String>>().join(" │ ");
    let _ = writeln!(out, "{}", format!("{number:>4}  {cells}   {site}").trim_end());
}

/// How the thread stands, at its last step.
fn mark(row: &Row) -> char {
    match row.last {
        None | Some(Standing::NotBegun) => ' ',
        Some(Standing::Ended) => '■',
        Some(Standing::Blocked) => '✗',
        Some(Standing::Stopped) => '●',
    }
}

#[cfg(test)]
mod tests {
    use super::draw;
    use crate::findings::trace::examples::{deadlock, step};
    use crate::findings::trace::{Operation, Trace};

    #[test]
    fn a_deadlock_is_marked_in_the_lanes_and_told_below() {
        let drawn = draw(&deadlock(), 80);
        assert!(drawn.contains("✗ sleeps on c2"), "{drawn}");
        assert!(drawn.contains("✗ joins worker"), "{drawn}");
        assert!(drawn.contains("  worker: sleeps on c2, and nobody has woken it"), "{drawn}");
        assert!(drawn.contains("m1: lock created at src/a.rs:1"), "{drawn}");
    }

    #[test]
    fn lanes_keep_to_the_width() {
        let long = Operation::Note("a remark that is much longer than any lane can be".to_owned());
        let trace = Trace {
            threads: vec!["main".to_owned(), "worker".to_owned(), "other".to_owned()],
            steps: vec![step(2, long, None)],
            ..Trace::default()
        };
        for line in draw(&trace, 80).lines().take(3) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
