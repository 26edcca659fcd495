//! What the command says of a failure, on a crate with planted defects.

mod common;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use common::{own_crate, scratch, trial_of};
use serde_json::Value;

const LIBRARY: &str = "
#[cfg(mazurka)]
use mazurka::sync::{Condvar, Mutex};
#[cfg(not(mazurka))]
use std::sync::{Condvar, Mutex};

#[derive(Default)]
pub struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    pub fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        if !cfg!(feature = \"planted\") {
            self.opened.notify_all();
        }
    }

    pub fn wait(&self) {
        let mut is_open = self.is_open.lock().unwrap();
        while !*is_open {
            is_open = self.opened.wait(is_open).unwrap();
        }
    }
}
";

const MODELS: &str = "
#![cfg(mazurka)]

use mazurka::sync::{atomic::{AtomicUsize, Ordering}, Arc};
use mazurka::thread;
use planted_crate::Gate;

#[test]
fn a_thread_asserts() {
    mazurka::model(|| {
        let count = Arc::new(AtomicUsize::new(0));
        let other = count.clone();
        let asserter = thread::spawn(move || {
            let expected = usize::from(cfg!(feature = \"planted\"));
            assert_eq!(other.swap(0, Ordering::SeqCst), expected, \"first!\");
        });
        count.load(Ordering::SeqCst);
        asserter.join().unwrap();
    });
}

#[test]
fn a_waiter_is_woken() {
    mazurka::model(|| {
        let gate = Arc::new(Gate::default());
        let other = gate.clone();
        let opener = thread::spawn(move || other.open());
        gate.wait();
        opener.join().unwrap();
    });
}

#[test]
fn it_has_no_defect() {
    mazurka::model(|| {
        let count = Arc::new(AtomicUsize::new(0));
        let other = count.clone();
        let thread = thread::spawn(move || other.store(7, Ordering::SeqCst));
        count.load(Ordering::SeqCst);
        thread.join().unwrap();
    });
}
";

/// Returns the manifest of the crate.
fn manifest() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| own_crate("planted-crate", LIBRARY, MODELS)).join("Cargo.toml")
}

/// Returns the number of the first line with that text.
fn line(source: &str, text: &str) -> usize {
    source.lines().position(|line| line.contains(text)).expect(text) + 1
}

#[test]
fn a_panic_in_a_thread_is_told_with_its_place() {
    let (code, text) =
        trial_of(&manifest(), &["--features", "planted", "--model", "a_thread_asserts"]);
    assert_eq!(code, Some(1));
    let place = format!("tests/models.rs:{}", line(MODELS, "first!"));
    assert!(text.contains("called `Result::unwrap()` on an `Err` value"), "{text}");
    let message = format!(
        "\nthread 1 panicked at {place}: assertion `left == right` failed: first!\n  left: 0\n right: 1\n"
    );
    assert!(text.contains(&message), "{text}");
    let words = "assertion `left == right` failed: first!, left: 0, right: 1";
    assert!(text.contains(&format!("\n  thread 1: panicked: {words} ({place})\n")), "{text}");
    assert!(text.contains("■ panics: assertion"), "{text}");
}

#[test]
fn a_model_that_must_fail_and_does_not_is_named() {
    let (code, text) = trial_of(&manifest(), &["--features", "planted", "--must-fail"]);
    assert_eq!(code, Some(1));
    assert!(
        text.ends_with(
            "\n2 of 3 models fail, as they must\nmodels::it_has_no_defect does not fail: COMPLETE\n"
        ),
        "{text}"
    );
    // One model at a time, as the guide says.
    for model in ["a_thread_asserts", "a_waiter_is_woken"] {
        let arguments = ["--features", "planted", "--must-fail", "--model", model];
        let (code, text) = trial_of(&manifest(), &arguments);
        assert_eq!(code, Some(0));
        assert!(!text.contains("does not fail"), "{text}");
    }
}

/// Returns the arguments of the line that begins like that, as a shell reads them.
fn pasted(text: &str, beginning: &str) -> Vec<String> {
    let line = text.lines().find_map(|line| line.strip_prefix(beginning)).expect("a line to paste");
    let output =
        Command::new("sh").arg("-c").arg(format!("printf '%s\\n' {line}")).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_line_to_replay_has_every_option_of_the_build() {
    let planted = ["--features", "planted", "--model", "a_thread_asserts", "--test", "models"];
    let (_, text) = trial_of(&manifest(), &planted);
    let line = pasted(&text, "replay: cargo trial ");
    let words: Vec<_> = line.iter().map(String::as_str).collect();
    for option in [["--features", "planted"], ["--test", "models"]] {
        assert!(words.windows(2).any(|pair| pair == option), "{words:?}");
    }
    // `trial_of` gives the manifest.
    let place = words.iter().position(|word| *word == "--manifest-path").expect("the manifest");
    let words = [&words[..place], &words[place + 2..]].concat();
    let (code, text) = trial_of(&manifest(), &words);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.starts_with("FAILED ") && text.contains(" 1 execution "), "{text}");
}

#[test]
fn a_line_to_replay_has_the_fault() {
    let place = line(LIBRARY, "notify_all");
    let fault = format!("drop-notify-all@src/lib.rs:{place}");
    let (code, text) = trial_of(&manifest(), &["--fault", &fault, "--model", "a_waiter_is_woken"]);
    assert_eq!(code, Some(1), "{text}");
    let line = pasted(&text, "replay: cargo trial ");
    let words: Vec<_> = line.iter().map(String::as_str).collect();
    assert!(words.windows(2).any(|pair| pair == ["--fault", &*fault]), "{words:?}");
    let place = words.iter().position(|word| *word == "--manifest-path").expect("the manifest");
    let words = [&words[..place], &words[place + 2..]].concat();
    let (code, text) = trial_of(&manifest(), &words);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("deadlock: no thread can go on"), "{text}");
}

#[test]
fn a_deadlock_stands_where_a_thread_sleeps() {
    let names = ["planted.json", "planted.sarif"];
    let [json, sarif] = names.map(scratch);
    let arguments = [
        ["--features", "planted"],
        ["--model", "a_waiter_is_woken"],
        ["--json", json.to_str().unwrap()],
        ["--sarif", sarif.to_str().unwrap()],
    ];
    let (_, text) = trial_of(&manifest(), &arguments.concat());
    let number = line(LIBRARY, ".wait(is_open)");
    assert!(
        text.contains(&format!("\ndeadlock: no thread can go on\nat src/lib.rs:{number}\n")),
        "{text}"
    );
    let read = |path| serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let [json, sarif]: [Value; 2] = [json, sarif].map(read);
    assert_eq!(json["models"][0]["end"]["failed_at"], format!("src/lib.rs:{number}"));
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["region"]["startLine"], number);
}
