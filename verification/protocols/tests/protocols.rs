//! Holds the protocols and the decision procedure to account.

use std::path::Path;

use protocols::check::{check, questions, MOST};
use protocols::decide::{decide, Answer};
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
