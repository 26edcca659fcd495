//! The memory of an exploration does not grow with time.

#![cfg(target_os = "linux")]

use mazurka::sync::{Arc, Mutex};
use mazurka::{thread, Builder, End};

/// Returns the resident memory of this process, in pages.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("the kernel provides the file");
    let pages = statm.split_whitespace().nth(1).expect("the second number");
    pages.parse().expect("a number of pages")
}

fn explore(executions: u64) {
    let builder = Builder::new().max_executions(Some(executions));
    let report = builder.explore(|| {
        let lock = Arc::new(Mutex::new(Vec::new()));
        let start = |number| {
            let lock = Arc::clone(&lock);
            thread::spawn(move || lock.lock().unwrap().push(number))
        };
        let threads: Vec<_> = (0..9).map(start).collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
    assert!(matches!(report.expect("the settings are valid").end, End::Limited));
}

#[test]
fn memory_does_not_grow_with_executions() {
    explore(1_000);
    let before = resident();
    explore(200_000);
    let grown = resident().saturating_sub(before);
    // One byte kept for each execution would be 49 pages, and an allocation of 32 bytes 1,562.
    assert!(grown < 400, "{grown} pages");
}
