//! `cargo trial --faults`: on the package `mazurka-examples`, whose models notice every fault, and on a crate
//! whose models are weak.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use common::{own_crate, scratch, trial, trial_and_errors, trial_of};
use serde_json::Value;

/// Returns the faults of a file that `--json` has written: what happens where, with its verdict. A place
/// is the line of source.
fn verdicts(json: &Path, root: &Path) -> BTreeMap<(String, String), String> {
    let found: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    let entries = found["faults"]["entries"].as_array().unwrap();
    let text = |entry: &Value, field: &str| entry[field].as_str().unwrap().to_owned();
    let verdict = |entry: &Value| {
        let site = text(entry, "site");
        let code = match site.rsplit_once(':') {
            Some((file, line)) if line.parse::<usize>().is_ok() => {
                let source = fs::read_to_string(root.join(file)).unwrap();
                let line: usize = line.parse().unwrap();
                source.lines().nth(line - 1).unwrap().trim().to_owned()
            }
            _ => site,
        };
        ((code, text(entry, "fault")), text(entry, "verdict"))
    };
    entries.iter().map(verdict).collect()
}

#[test]
fn the_models_of_the_examples_notice_every_fault() {
    let json = scratch("faults.json");
    let (code, text) = trial(&["--faults", "--json", json.to_str().unwrap()]);
    assert_eq!(code, Some(0));
    assert!(text.contains("4 of 4 models hold\n22 faults at 13 call sites: "), "{text}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let verdicts = verdicts(&json, &root);
    assert_eq!(verdicts.len(), 22);
    let faults: BTreeSet<_> =
        verdicts.iter().map(|((_, fault), verdict)| (&**fault, &**verdict)).collect();
    let expected = [
        ("does nothing", "convicted"),
        ("orders nothing", "convicted"),
        ("reads and writes in two steps", "convicted"),
        ("releases the lock before change 1", "convicted"),
        ("releases the lock before it sleeps", "convicted"),
        ("wakes all instead of one", "survived"),
        ("wakes nobody", "convicted"),
        ("wakes one instead of all", "convicted"),
        ("wakes up spuriously", "survived"),
    ];
    assert_eq!(faults, BTreeSet::from(expected));
}

const LIBRARY: &str = "
#[cfg(mazurka)]
use mazurka::{sync::{atomic::{AtomicBool, Ordering}, Condvar, Mutex}, thread};
#[cfg(not(mazurka))]
use std::{sync::{atomic::{AtomicBool, Ordering}, Condvar, Mutex}, thread};

#[derive(Default)]
pub struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    pub fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    // An `if` that should be a `while`.
    pub fn wait(&self) -> bool {
        let mut is_open = self.is_open.lock().unwrap();
        if !*is_open {
            is_open = self.opened.wait(is_open).unwrap();
        }
        *is_open
    }

    // Only a model that must fail comes here.
    pub fn hang(&self) {
        let is_open = self.is_open.lock().unwrap();
        drop(self.opened.wait(is_open));
    }
}

pub fn leave(left: &AtomicBool) {
    left.store(true, Ordering::SeqCst);
    if !left.load(Ordering::SeqCst) {
        std::process::abort();
    }
}

pub fn raise(flag: &AtomicBool) {
    flag.store(true, Ordering::SeqCst);
}

pub fn watch(flag: &AtomicBool) {
    while !flag.load(Ordering::SeqCst) {
        thread::yield_now();
    }
}

pub fn sleep(awake: &AtomicBool) {
    while !awake.load(Ordering::SeqCst) {
        thread::park();
    }
}

pub fn rouse(awake: &AtomicBool, sleeper: &thread::Thread) {
    awake.store(true, Ordering::SeqCst);
    sleeper.unpark();
}

pub fn linger(gone: &AtomicBool) {
    gone.store(true, Ordering::SeqCst);
    while !gone.load(Ordering::SeqCst) {
        gone.swap(false, Ordering::SeqCst);
    }
}

// Only the second change rests on what the thread has seen.
pub fn count(counts: &Mutex<(usize, usize)>) {
    let mut counts = counts.lock().unwrap();
    counts.0 += 1;
    counts.1 = counts.0;
}

pub fn claim(claimed: &AtomicBool) -> bool {
    claimed.compare_exchange_weak(false, true, Ordering::AcqRel, Ordering::SeqCst).is_ok()
}

#[cfg(all(test, mazurka))]
mod tests {
    use super::{Condvar, Gate};

    #[test]
    fn a_gate_opens_beside_a_notification_of_the_test() {
        mazurka::model(|| {
            let gate = mazurka::sync::Arc::new(Gate::default());
            let other = gate.clone();
            let thread = mazurka::thread::spawn(move || other.open());
            Condvar::new().notify_one();
            gate.wait();
            thread.join().unwrap();
        });
    }
}
";

const MODELS: &str = "
#![cfg(mazurka)]

use mazurka::sync::{atomic::{AtomicBool, Ordering}, Arc, Mutex};
use mazurka::thread;
use weak_crate::{claim, count, leave, linger, raise, rouse, sleep, watch, Gate};

#[test]
fn a_waiter_sees_the_gate_open() {
    mazurka::model(|| {
        let gate = Arc::new(Gate::default());
        let other = gate.clone();
        let waiter = thread::spawn(move || assert!(other.wait()));
        gate.open();
        waiter.join().unwrap();
    });
}

#[test]
fn both_leave() {
    mazurka::model(|| {
        let left = Arc::new(AtomicBool::new(false));
        let other = left.clone();
        let thread = thread::spawn(move || leave(&other));
        leave(&left);
        thread.join().unwrap();
    });
}

#[test]
fn a_watcher_sees_the_flag() {
    mazurka::model(|| {
        let flag = Arc::new(AtomicBool::new(false));
        let other = flag.clone();
        let watcher = thread::spawn(move || watch(&other));
        raise(&flag);
        watcher.join().unwrap();
    });
}

#[test]
fn a_sleeper_is_roused() {
    mazurka::model(|| {
        let awake = Arc::new(AtomicBool::new(false));
        let other = awake.clone();
        let sleeper = thread::spawn(move || sleep(&other));
        rouse(&awake, sleeper.thread());
        sleeper.join().unwrap();
    });
}

#[test]
fn nobody_lingers() {
    mazurka::Builder::new().max_steps(50).check(|| {
        let gone = Arc::new(AtomicBool::new(false));
        let other = gone.clone();
        let thread = thread::spawn(move || other.load(Ordering::SeqCst));
        linger(&gone);
        thread.join().unwrap();
    });
}

#[test]
fn both_count() {
    mazurka::model(|| {
        let counts = Arc::new(Mutex::new((0, 0)));
        let other = counts.clone();
        let thread = thread::spawn(move || count(&other));
        count(&counts);
        {
            let counts = counts.lock().unwrap();
            assert_eq!(counts.0, counts.1);
        }
        thread.join().unwrap();
    });
}

#[test]
fn one_has_the_claim() {
    mazurka::model(|| {
        let claimed = Arc::new(AtomicBool::new(false));
        let other = claimed.clone();
        let thread = thread::spawn(move || claim(&other));
        assert!(claim(&claimed) != thread.join().unwrap());
    });
}

#[test]
#[should_panic]
fn nobody_opens_the_gate() {
    mazurka::model(|| Gate::default().hang());
}
";

#[test]
fn a_weak_model_misses_a_fault_and_a_program_without_a_loop_is_killed_by_a_harmless_one() {
    let folder = own_crate("weak-crate", LIBRARY, MODELS);
    let (manifest, record) = (folder.join("Cargo.toml"), folder.join("trial.toml"));
    let _ = fs::remove_file(&record);
    let names = ["weak.json", "weak.xml", "weak.sarif", "weak.html"];
    let [json, junit, sarif, html] = names.map(scratch);
    let arguments = [
        ["--json", json.to_str().unwrap()],
        ["--junit", junit.to_str().unwrap()],
        ["--sarif", sarif.to_str().unwrap()],
        ["--html", html.to_str().unwrap()],
    ];
    let arguments = [vec!["--faults"], arguments.concat()].concat();
    let (code, text) = trial_of(&manifest, &arguments);
    assert_eq!(code, Some(1));
    let code_of_claim =
        "claimed.compare_exchange_weak(false, true, Ordering::AcqRel, Ordering::SeqCst).is_ok()";
    let expected = [
        ("self.opened.notify_all();", "wakes nobody", "convicted"),
        ("self.opened.notify_all();", "wakes one instead of all", "MISSED"),
        ("is_open = self.opened.wait(is_open).unwrap();", "wakes up spuriously", "KILLED"),
        (
            "is_open = self.opened.wait(is_open).unwrap();",
            "releases the lock before it sleeps",
            "convicted",
        ),
        ("left.store(true, Ordering::SeqCst);", "does nothing", "UNDECIDED"),
        ("awake.store(true, Ordering::SeqCst);", "does nothing", "convicted"),
        ("sleeper.unpark();", "wakes nobody", "convicted"),
        ("thread::park();", "wakes up spuriously", "survived"),
        (
            "let mut counts = counts.lock().unwrap();",
            "releases the lock before change 2",
            "convicted",
        ),
        // More steps than the model allows show nothing.
        ("gone.store(true, Ordering::SeqCst);", "does nothing", "UNDECIDED"),
        // A loop without end is a finding.
        ("flag.store(true, Ordering::SeqCst);", "does nothing", "convicted"),
        (code_of_claim, "fails spuriously", "KILLED"),
        (code_of_claim, "reads and writes in two steps", "convicted"),
    ];
    let expected = expected
        .map(|(code, fault, verdict)| ((code.to_owned(), fault.to_owned()), verdict.to_owned()));
    assert_eq!(verdicts(&json, &folder), BTreeMap::from(expected));
    let sentence =
        "13 faults at 10 call sites: 7 convicted, 1 survived, 1 MISSED, 2 KILLED, 2 UNDECIDED";
    assert!(text.ends_with(&format!("{sentence}\n")), "{text}");
    // What kills a program is shown as an interleaving, with the fault in it.
    let (_, story) = text.split_once("wakes up spuriously ──").expect("a story");
    assert!(story.contains("wakes up spuriously on condvar (fault)"), "{story}");
    assert!(story.contains("again: cargo trial --fault 'wake-early@src/lib.rs:"), "{story}");
    let junit = fs::read_to_string(junit).unwrap();
    assert!(junit.contains("failures=\"5\""), "{junit}");
    let sarif: Value = serde_json::from_str(&fs::read_to_string(sarif).unwrap()).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 5);
    let page = fs::read_to_string(html).unwrap();
    assert!(page.contains("<section id=\"kills\">") && page.contains(sentence), "{page}");

    // What a person explains is equivalent; what is not reached any more is stale.
    let (_, listed) = text.split_once("say why in trial.toml:\n\n").expect("an entry to copy");
    let listed = listed.split("\n\n").next().unwrap();
    assert!(listed.contains("fault = \"notify-one-for-all\""), "{listed}");
    fs::write(&record, listed).unwrap();
    let (code, _, errors) = trial_and_errors(&manifest, &["--faults"]);
    assert_eq!(code, Some(2), "pasted without a reason");
    assert!(errors.contains("has no reason"), "{errors}");
    let listed = listed.replace('…', "there is one waiter");
    let stale = listed.replace("self.opened", "self.closed");
    fs::write(&record, format!("{listed}\n\n{stale}\n")).unwrap();
    let (code, text) = trial_of(&manifest, &["--faults", "--json", json.to_str().unwrap()]);
    assert_eq!(code, Some(1));
    let found: Vec<_> = verdicts(&json, &folder).into_values().collect();
    let count = |verdict: &str| found.iter().filter(|one| *one == verdict).count();
    assert_eq!((count("equivalent"), count("MISSED"), count("STALE")), (1, 0, 1), "{text}");
    // Of some of the models nothing is stale, and a fault can be injected alone.
    let model = ["--model", "a_waiter"];
    let (_, text) = trial_of(&manifest, &[&["--faults"][..], &model].concat());
    assert!(!text.contains("STALE") && text.contains("4 faults at 2 call sites"), "{text}");
    // Without a fault, nothing is shown.
    let (code, text) = trial_of(&manifest, &["--faults", "--model", "nobody_opens"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("1 of 1 model hold") && text.contains("no fault was tried"), "{text}");
    let place = LIBRARY.lines().position(|line| line.contains("wait(is_open).unwrap()")).unwrap();
    let fault = format!("wake-early@src/lib.rs:{}", place + 1);
    let (code, text) = trial_of(&manifest, &[&["--fault", &fault][..], &model].concat());
    assert_eq!(code, Some(1));
    assert!(text.starts_with("FAILED "), "{text}");
    assert!(text.contains("note: a fault acted, on purpose"), "{text}");
    let (code, text) =
        trial_of(&manifest, &[&["--fault", "drop-store@src/lib.rs:1"], &model[..]].concat());
    assert_eq!(code, Some(1));
    assert!(text.contains("note: the fault never acted"), "{text}");
    assert!(
        text.ends_with(
            "hold, but the fault never acted: no model performs such an operation there\n"
        ),
        "{text}"
    );
    let html = scratch("never.html");
    let arguments = ["--fault", "drop-store@src/lib.rs:1", "--html", html.to_str().unwrap()];
    trial_of(&manifest, &[&arguments[..], &model].concat());
    let page = fs::read_to_string(html).unwrap();
    assert!(page.contains("weak-crate <span>does not hold</span>"), "{page}");
}

#[test]
fn shards_share_the_faults_and_each_runs_all_models() {
    let json = scratch("shard.json");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut all = BTreeMap::new();
    for shard in ["1/2", "2/2"] {
        let arguments = ["--faults", "--shard", shard, "--json", json.to_str().unwrap()];
        let (code, text) = trial(&arguments);
        assert_eq!(code, Some(0));
        assert!(text.contains("4 of 4 models hold\n11 faults"), "{text}");
        all.extend(verdicts(&json, &root));
    }
    assert_eq!(all.len(), 22);
}
