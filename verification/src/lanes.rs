//! An interleaving as swim lanes for the terminal: a column a thread, time downward.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::run::{Operation, Step, Trace};

/// How a thread stands at the end of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Ended,
    Blocked,
    Stopped,
}

/// Draws a trace that fits into that many columns of text, if it can be.
pub fn draw(trace: &Trace, width: usize) -> String {
    let threads = trace.threads.len().max(1);
    let lane = (width.saturating_sub(6) / threads).saturating_sub(3).clamp(16, 42);
    let rows = rows(trace);
    let last: BTreeMap<usize, usize> =
        rows.iter().enumerate().map(|(row, step)| (step.thread, row)).collect();

    let mut out = String::new();
    line(&mut out, "", lane, trace.threads.iter().map(String::as_str));
    line(&mut out, "", lane, trace.threads.iter().map(|_| "─".repeat(lane)));
    for (row, step) in rows.iter().enumerate() {
        let mark = (last.get(&step.thread) == Some(&row)).then(|| standing(trace, step.thread));
        let number = (row + 1).to_string();
        let text = cell(trace, step, mark, lane);
        let cells = (0..threads).map(|thread| if thread == step.thread { &*text } else { "" });
        line(&mut out, &number, lane, cells);
    }
    out.push('\n');
    ends(&mut out, trace, &rows);
    legend(&mut out, &rows);
    out
}

/// The steps worth a row: a lock that was got shows once, when it was got.
fn rows(trace: &Trace) -> Vec<&Step> {
    let steps = &trace.steps;
    let follows = |index: usize| {
        let step = &steps[index];
        steps[index + 1..].iter().find(|later| later.thread == step.thread)
    };
    let shown = |index: &usize| match steps[*index].operation {
        Operation::Lock => !follows(*index).is_some_and(|next| next.operation == Operation::Locked),
        Operation::Join(_) => {
            !follows(*index).is_some_and(|next| matches!(next.operation, Operation::Joined(_)))
        }
        _ => true,
    };
    (0..steps.len()).filter(shown).map(|index| &steps[index]).collect()
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

fn cell(trace: &Trace, step: &Step, mark: Option<Standing>, lane: usize) -> String {
    let mark = match mark {
        None => "  ",
        Some(Standing::Ended) => "■ ",
        Some(Standing::Blocked) => "✗ ",
        Some(Standing::Stopped) => "● ",
    };
    let what = format!("{mark}{}", operation(trace, step));
    let site = site(step);
    let room = lane.saturating_sub(what.chars().count());
    if site.is_empty() || room < 3 {
        what
    } else {
        let cut: String =
            site.chars().rev().take(room - 1).collect::<Vec<_>>().into_iter().rev().collect();
        format!("{what}{}{cut}", " ".repeat(room - cut.chars().count()))
    }
}

fn operation(trace: &Trace, step: &Step) -> String {
    let object = step.object.as_deref().unwrap_or("?");
    let name = |thread: &usize| trace.threads.get(*thread).map_or("a thread", String::as_str);
    let text = match &step.operation {
        Operation::Lock => format!("wants {object}"),
        Operation::Locked => format!("locks {object}"),
        Operation::Unlock => format!("unlocks {object}"),
        Operation::Wait => format!("sleeps on {object}"),
        Operation::Woken => format!("woken on {object}"),
        Operation::TimedOut => format!("times out on {object}"),
        Operation::NotifyOne => format!("wakes one of {object}"),
        Operation::NotifyAll => format!("wakes all of {object}"),
        Operation::Count => format!("counts {object}"),
        Operation::Raise => format!("raises {object}"),
        Operation::Look => format!("looks at {object}"),
        Operation::Spawn(thread) => format!("starts {}", name(thread)),
        Operation::SpawnFailed => "cannot start it".to_owned(),
        Operation::Join(thread) => format!("joins {}", name(thread)),
        Operation::Joined(thread) => format!("joined {}", name(thread)),
        Operation::End => "ends".to_owned(),
        Operation::Note(text) => format!("“{text}”"),
    };
    if step.wrongly {
        format!("{text} (not)")
    } else {
        text
    }
}

/// The call site without its folders; none where it says nothing.
fn site(step: &Step) -> &str {
    match step.operation {
        Operation::Unlock | Operation::End | Operation::SpawnFailed => "",
        _ => step.site.rsplit('/').next().unwrap_or_default(),
    }
}

fn last(trace: &Trace, thread: usize) -> Option<&Step> {
    trace.steps.iter().rev().find(|step| step.thread == thread)
}

fn standing(trace: &Trace, thread: usize) -> Standing {
    match last(trace, thread).map(|step| &step.operation) {
        Some(Operation::End) => Standing::Ended,
        Some(Operation::Lock | Operation::Wait | Operation::Join(_)) => Standing::Blocked,
        _ => Standing::Stopped,
    }
}

/// Where each thread stands, in words.
fn ends(out: &mut String, trace: &Trace, rows: &[&Step]) {
    for (thread, name) in trace.threads.iter().enumerate() {
        let Some(step) = last(trace, thread) else {
            let _ = writeln!(out, "  {name}: has not begun");
            continue;
        };
        let object = step.object.as_deref().unwrap_or("?");
        let text = match &step.operation {
            Operation::End => {
                let _ = writeln!(out, "  {name}: has ended");
                continue;
            }
            Operation::Lock => match holder(trace, object) {
                Some(holder) => format!("waits for {object}, which {holder} holds"),
                None => format!("was about to lock {object}"),
            },
            Operation::Wait => format!("sleeps on {object}, and nobody has woken it"),
            Operation::Join(other) => {
                let other = trace.threads.get(*other).map_or("a thread", String::as_str);
                format!("waits for {other} to end")
            }
            _ => "stopped here".to_owned(),
        };
        let row = rows.iter().rposition(|row| row.thread == thread).map_or(0, |row| row + 1);
        let _ = writeln!(out, "  {name}: {text} (step {row}, {})", step.site);
    }
}

/// The thread that has locked an object and neither unlocked it nor gone to sleep with it.
fn holder<'a>(trace: &'a Trace, object: &str) -> Option<&'a str> {
    let mut holder = None;
    for step in &trace.steps {
        if step.object.as_deref() == Some(object) {
            match step.operation {
                Operation::Locked => holder = Some(step.thread),
                Operation::Unlock => holder = None,
                _ => {}
            }
        } else if step.operation == Operation::Wait && holder == Some(step.thread) {
            // It releases the lock that it got last, which is the one it sleeps with.
            let innermost = trace.steps.iter().take_while(|other| !std::ptr::eq(*other, step));
            let innermost = innermost
                .filter(|other| other.thread == step.thread && other.operation == Operation::Locked)
                .last();
            if innermost.and_then(|lock| lock.object.as_deref()) == Some(object) {
                holder = None;
            }
        }
    }
    holder.and_then(|thread| trace.threads.get(thread)).map(String::as_str)
}

fn legend(out: &mut String, rows: &[&Step]) {
    let objects: BTreeMap<_, _> = rows
        .iter()
        .filter_map(|step| Some((step.object.as_deref()?, step.created_at.as_deref()?)))
        .collect();
    for (object, created_at) in objects {
        let kind = match object.chars().next() {
            Some('m') => "lock",
            Some('c') => "condition variable",
            Some('f') => "flag",
            _ => "counter",
        };
        let _ = writeln!(out, "  {object}: {kind} created at {created_at}");
    }
}

#[cfg(test)]
mod tests {
    use super::draw;
    use crate::run::{Operation, Step, Trace};

    fn step(thread: usize, operation: Operation, object: Option<&str>) -> Step {
        Step {
            thread,
            operation,
            object: object.map(str::to_owned),
            created_at: object.map(|_| "src/a.rs:1".to_owned()),
            site: format!("src/a.rs:{thread}7"),
            wrongly: false,
        }
    }

    #[test]
    fn a_deadlock_says_where_each_thread_stands() {
        let trace = Trace {
            threads: vec!["main".to_owned(), "worker".to_owned()],
            steps: vec![
                step(0, Operation::Spawn(1), None),
                step(1, Operation::Lock, Some("m1")),
                step(1, Operation::Locked, Some("m1")),
                step(1, Operation::Wait, Some("c2")),
                step(0, Operation::Join(1), None),
            ],
        };
        let drawn = draw(&trace, 80);
        assert!(drawn.contains("✗ sleeps on c2"), "{drawn}");
        assert!(drawn.contains("✗ joins worker"), "{drawn}");
        assert!(
            drawn.contains("worker: sleeps on c2, and nobody has woken it (step 3, src/a.rs:17)"),
            "{drawn}"
        );
        assert!(!drawn.contains("wants m1"), "a lock that was got shows once: {drawn}");
        assert!(drawn.contains("m1: lock created at src/a.rs:1"), "{drawn}");
    }

    #[test]
    fn a_held_lock_names_its_holder() {
        let trace = Trace {
            threads: vec!["main".to_owned(), "worker".to_owned()],
            steps: vec![
                step(1, Operation::Locked, Some("m1")),
                step(0, Operation::Lock, Some("m1")),
            ],
        };
        assert!(draw(&trace, 80).contains("main: waits for m1, which worker holds"));
    }

    #[test]
    fn lanes_keep_to_the_width() {
        let long = Operation::Note("a remark that is much longer than any lane can be".to_owned());
        let trace = Trace {
            threads: vec!["main".to_owned(), "worker".to_owned(), "other".to_owned()],
            steps: vec![step(2, long, None)],
        };
        for line in draw(&trace, 80).lines().take(3) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
