//! An interleaving as swim lanes for the terminal: a column a thread, time downward.

use std::fmt::Write as _;

use crate::findings::trace::Trace;
use crate::report::interleaving::{Interleaving, Row, Standing};

/// Draws a trace that fits into that many columns of text, if it can be.
pub fn draw(trace: &Trace, width: usize) -> String {
    let told = Interleaving::new(trace);
    let threads = told.threads.len().max(1);
    let lane = (width.saturating_sub(6) / threads).saturating_sub(3).clamp(16, 42);

    let mut out = String::new();
    line(&mut out, "", lane, told.threads.iter().map(|thread| thread.name.as_str()));
    line(&mut out, "", lane, told.threads.iter().map(|_| "─".repeat(lane)));
    for row in &told.rows {
        let text = cell(row, lane);
        let cells = (0..threads).map(|thread| if thread == row.thread { &*text } else { "" });
        line(&mut out, &row.number.to_string(), lane, cells);
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
) {
    let mut text = format!("{number:>4}  ");
    for cell in cells {
        let cell = cell.as_ref();
        let cut: String = cell.chars().take(lane).collect();
        let padding = lane - cut.chars().count();
        let _ = write!(text, "{cut}{} │ ", " ".repeat(padding));
    }
    out.push_str(text.trim_end_matches([' ', '│']));
    out.push('\n');
}

fn cell(row: &Row, lane: usize) -> String {
    let mark = match row.last {
        None | Some(Standing::NotBegun) => "  ",
        Some(Standing::Ended) => "■ ",
        Some(Standing::Blocked) => "✗ ",
        Some(Standing::Stopped) => "● ",
    };
    let what = format!("{mark}{}", row.words);
    let site = row.site.rsplit('/').next().unwrap_or_default();
    let room = lane.saturating_sub(what.chars().count());
    if site.is_empty() || room < 3 {
        what
    } else {
        let cut: String =
            site.chars().rev().take(room - 1).collect::<Vec<_>>().into_iter().rev().collect();
        format!("{what}{}{cut}", " ".repeat(room - cut.chars().count()))
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
