//! Checks that no decision rests on something that an explorer cannot see.
//!
//! An explorer visits only one order of the operations that it does not see. If an assertion or an
//! outcome depends on such an operation, most orders remain unchecked. So the sources of the models
//! and of the pool must take everything that can decide from the facade. This test searches them
//! for anything else.

use std::fs;
use std::path::{Path, PathBuf};

/// The checked sources, relative to the repository's root.
const SOURCES: [&str; 5] = [
    "verification/src/scenarios",
    "verification/src/programs",
    "verification/src/subjects",
    "verification/examples/your_pool.rs",
    "src",
];

/// The facade, which the explorers see.
const FACADE: &str = "src/sync";

/// Names that are invisible to explorers. Imports in braces are expanded first: `std::{sync,
/// thread}` contains two of them.
const UNSEEN: [&str; 23] = [
    "std::sync",
    "core::sync",
    "alloc::sync",
    "std::thread",
    "loom::",
    "mazurka::",
    "strong_count",
    "weak_count",
    "Arc::into_inner",
    "Arc::try_unwrap",
    "Arc::unwrap_or_clone",
    "Arc::get_mut",
    "Arc::make_mut",
    "Weak<",
    "downgrade",
    "thread_local!",
    "static mut",
    "Cell<",
    "Cell::",
    "Atomic",
    "mpsc",
    "Instant",
    "SystemTime",
];

/// Exceptions: the file, the name, and the reason why it decides nothing.
const ALLOWED: [(&str, &str, &str); 8] = [
    (
        "verification/src/scenarios/expected_panics.rs",
        "std::sync",
        "each thread reads only its own entry",
    ),
    (
        "verification/src/scenarios/scenario.rs",
        "std::sync",
        "the tally of outcomes is read after all executions have ended",
    ),
    (
        "verification/src/scenarios/tools.rs",
        "std::sync",
        "an `Arc` is shared, and nothing reads its counts",
    ),
    ("src/signal/console.rs", "std::sync", NO_SIGNALS),
    ("src/signal/console.rs", "mpsc", NO_SIGNALS),
    ("src/signal/unix.rs", "std::sync", NO_SIGNALS),
    ("src/signal/unix.rs", "Atomic", NO_SIGNALS),
    ("src/moment.rs", "Instant", "the running time of a job is reported, and decides nothing"),
];

const NO_SIGNALS: &str = "no model has signals, and no job depends on them";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace contains this package")
}

/// Returns every Rust file at a path.
fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut paths: Vec<_> =
        entries.map(|entry| entry.expect("the file can be read").path()).collect();
    paths.sort();
    let rust = |path: &PathBuf| path.is_dir() || path.extension().is_some_and(|end| end == "rs");
    paths.iter().filter(|path| rust(path)).flat_map(|path| files(path)).collect()
}

/// Returns the source without comments and string literals, and with grouped imports expanded. Line
/// numbers stay the same.
fn code(source: &str) -> String {
    let mut code = String::new();
    let mut rest = source;
    while let Some(next) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("'\"'") {
            3
        } else if next == '"' {
            string(rest)
        } else {
            code.push(next);
            rest = &rest[next.len_utf8()..];
            continue;
        };
        code.extend(rest[..skipped].chars().filter(|character| *character == '\n'));
        rest = &rest[skipped..];
    }
    for crate_name in ["std", "core", "alloc"] {
        let group = format!("{crate_name}::{{");
        while let Some(start) = code.find(&group) {
            let end = code[start..].find(';').map_or(code.len(), |end| start + end);
            let names = code[start + group.len()..end].replace('}', "");
            let written_out = names.replace(',', &format!(", {crate_name}::"));
            let written_out = written_out.split_whitespace().collect::<Vec<_>>().join(" ");
            let lines = "\n".repeat(code[start..end].matches('\n').count());
            code.replace_range(start..end, &format!("{crate_name}::{written_out}{lines}"));
            code = code.replace(&format!("{crate_name}:: "), &format!("{crate_name}::"));
        }
    }
    code
}

/// Returns the length of the string literal at the start of a text.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (place, character) in text.char_indices().skip(1) {
        match character {
            '"' if !escaped => return place + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// Returns the invisible names in a source, with their lines.
fn unseen(source: &str) -> Vec<(usize, &'static str)> {
    let code = code(source);
    let lines = (1..).zip(code.lines());
    lines
        .flat_map(|(number, line)| {
            let found = UNSEEN.iter().filter(move |word| line.contains(**word));
            found.map(move |word| (number, *word))
        })
        .collect()
}

#[test]
fn the_sources_use_nothing_that_is_invisible_to_the_explorers() {
    let mut used = [false; ALLOWED.len()];
    let mut complaints = Vec::new();
    for path in SOURCES.iter().flat_map(|path| files(&root().join(path))) {
        let name = path.strip_prefix(root()).expect("it is in the repository");
        let name = name.display().to_string().replace('\\', "/");
        if name.starts_with(FACADE) {
            continue;
        }
        let source = fs::read_to_string(&path).expect("the file can be read");
        for (line, word) in unseen(&source) {
            let allowed =
                ALLOWED.iter().position(|(file, what, _)| (*file, *what) == (&name, word));
            match allowed {
                Some(index) => used[index] = true,
                None => complaints.push(format!("{name}:{line}: `{word}`")),
            }
        }
    }
    assert!(complaints.is_empty(), "invisible to explorers:\n{}", complaints.join("\n"));
    let stale = ALLOWED.iter().zip(used).filter(|(_, used)| !used);
    let stale: Vec<_> = stale.map(|((file, word, _), _)| format!("{file}: {word}")).collect();
    assert!(stale.is_empty(), "unused exceptions: {stale:?}");
}

/// Shows that the search above can find something.
#[test]
fn each_invisible_name_is_found() {
    let hidden = [
        "use std::sync::{Arc, Mutex};",
        "let ran = std::sync::atomic::AtomicBool::new(false);",
        "use std::{fmt, sync::Mutex};",
        "use std::{\n    fmt,\n    sync::OnceLock,\n};",
        "use std::{thread, time::Duration};",
        "if Arc::strong_count(&task) == 1 {}",
        "let last = Arc::into_inner(owner);",
        "thread_local! { static RAN: u32 = 0; }",
        "let ran = Cell::new(0);",
        "let began = Instant::now();",
        "let (send, receive) = mpsc::channel();",
    ];
    for source in hidden {
        assert!(!unseen(source).is_empty(), "{source}");
    }
    let seen = [
        "use last_call::sync::{self, thread, Arc, Condvar, Mutex};",
        "// std::sync::Mutex",
        "/* std::sync::Mutex */ let it = 1;",
        "let text = \"std::sync::Mutex, \\\" mpsc\";",
        "let quote = '\"'; let text = \"mpsc\";",
        "use std::{fmt, mem};",
    ];
    for source in seen {
        assert_eq!(unseen(source), [], "{source}");
    }
    assert_eq!(unseen("let a = 1;\n// one\n\nlet b = Instant::now();"), [(4, "Instant")]);
}
