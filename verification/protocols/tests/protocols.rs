//! Holds the protocols and the decision procedure to account.

use std::path::Path;

use protocols::check::{check, questions, MOST};
use protocols::decide::{decide, Answer};
use protocols::linear::{Values, MOST_VARIABLES};
use protocols::protocol::Protocol;
use protocols::search::search;

#[test]
fn every_protocol_is_shown_needs_its_invariant_and_refutes_its_mutants() {
    for protocol in protocols::all() {
        let findings = check(&protocol);
        assert_eq!(findings.complaints(), Vec::<String>::new(), "{}", protocol.name);
        assert!(findings.mutants.len() >= 3, "{}", protocol.name);
    }
}

/// Elimination and enumeration share no reasoning, and must agree on every question: those of the
/// protocols, those without a part of the invariant, and those of the mutants. The numbers go up to 6;
/// for the protocol with the most counters, up to 3.
#[test]
fn the_elimination_agrees_with_an_enumeration() {
    let (mut impossible, mut possible) = (0, 0);
    for protocol in protocols::all().iter().flat_map(protocols::check::variants) {
        let most = if protocol.meanings().len() > 8 { 3 } else { MOST };
        for question in questions(&protocol) {
            let decided = decide(&question.conditions).expect("no limit is reached");
            let found = search(&question.conditions, most);
            match decided {
                Answer::Impossible => impossible += 1,
                Answer::Possible => possible += 1,
            }
            let agrees = (decided == Answer::Possible) == found.is_some();
            assert!(agrees, "{}: {}: {decided:?}, {found:?}", protocol.name, question.what);
        }
    }
    assert!(impossible > 500 && possible > 50, "{impossible} and {possible}");
}

/// The tables beside the code are those that are decided. `PROTOCOLS_WRITE=1` writes them anew.
#[test]
fn the_tables_beside_the_code_are_these() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for protocol in protocols::all() {
        let file = root.join(protocol.beside);
        if std::env::var_os("PROTOCOLS_WRITE").is_some() {
            std::fs::write(&file, protocol.markdown()).expect("the table can be written");
        }
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(text, protocol.markdown(), "{}", protocol.beside);
    }
}

/// Values by the names of the variables.
fn values(protocol: &Protocol, named: &[(&str, i128)]) -> Values {
    let mut values = [None; MOST_VARIABLES];
    for (name, value) in named {
        let at = protocol.meanings().iter().position(|(known, _)| known == name);
        values[at.unwrap_or_else(|| panic!("no variable `{name}`"))] = Some(*value);
    }
    values
}

#[test]
fn a_step_of_the_code_is_one_of_the_table_or_none() {
    let protocol = protocols::wake_ups::protocol();
    let tail = |tail, sleeping, wakes, scouts| {
        let named = [("tail", tail), ("sleeping", sleeping), ("wakes", wakes), ("scouts", scouts)];
        values(&protocol, &[&named[..], &[("closed", 0)]].concat())
    };
    let names = |before, after| {
        let steps = protocol.explain(&["tail"], &before, &after);
        steps.into_iter().map(|step| protocol.steps()[step].name).collect::<Vec<_>>()
    };
    assert_eq!(names(tail(0, 1, 0, 0), tail(1, 0, 1, 1)), ["a push assigns a wake-up"]);
    assert_eq!(names(tail(0, 0, 0, 0), tail(1, 0, 0, 0)), ["a push wakes nobody"]);
    assert!(names(tail(0, 1, 0, 0), tail(1, 1, 0, 0)).is_empty(), "a sleeper must be woken");
    assert!(names(tail(0, 0, 0, 0), tail(0, 1, 0, 0)).is_empty(), "the head must be locked, too");
    // Three of the four jobs in the queue were cancelled, and the push removes them.
    assert_eq!(names(tail(4, 0, 0, 0), tail(2, 0, 0, 0)), ["a push wakes nobody"]);
    assert!(names(tail(4, 0, 0, 0), tail(6, 0, 0, 0)).is_empty(), "a push adds one item");
    let violated = protocol.violated(&values(
        &protocol,
        &[("head", 1), ("tail", 0), ("sleeping", 1), ("scouts", 0), ("closed", 0)],
    ));
    assert_eq!(violated, ["an item beside a sleeper has a scout"]);
}
