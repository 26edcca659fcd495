//! What must be shown of a protocol, as questions: lists of conditions that no numbers may satisfy.
//!
//! 1. Each part of the invariant holds in the beginning.
//! 2. If the invariant holds and a step is taken, each part of it holds afterwards.
//! 3. The properties follow from the invariant.
//! 4. In the end, each step but a visit lowers the measure, which is never negative.
//! 5. In the end, a step other than a visit is possible until everything is done.
//!
//! From 1 and 2 follows by induction that the invariant always holds: for all numbers of threads,
//! jobs and slots, since the conditions have no bound on them.

use crate::decide::{decide, Answer, Unknown};
use crate::linear::{Atom, Clause, Compare, Values};
use crate::protocol::{Ending, Named, Protocol, Step};
use crate::search::search;

/// The largest number in the search for a counterexample.
pub const MOST: i128 = 6;

/// Conditions that no numbers may satisfy.
#[derive(Clone, Debug)]
pub struct Question {
    /// What is shown if there are none.
    pub what: String,
    /// The conditions.
    pub conditions: Vec<Clause>,
}

/// A statement about a protocol that is not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refuted {
    /// The statement.
    pub what: String,
    /// Numbers that contradict it, by the names of the variables; or why there is no answer.
    pub numbers: String,
}

/// What is known of a protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// How many questions were decided.
    pub decided: usize,
    /// The statements that are not shown. None in a correct protocol.
    pub refuted: Vec<Refuted>,
    /// For each part of the invariant, a statement that is not shown without it; `None` if there is
    /// no such statement, so that the part is not needed.
    pub needed: Vec<(String, Option<Refuted>)>,
    /// For each mutant, a statement that does not hold of it; `None` if all of them do.
    pub mutants: Vec<(String, Option<Refuted>)>,
}

impl Findings {
    /// Returns what is wrong, or an empty list if everything is shown and nothing is superfluous.
    pub fn complaints(&self) -> Vec<String> {
        let refuted =
            self.refuted.iter().map(|one| format!("not shown: {}: {}", one.what, one.numbers));
        let useless = self.needed.iter().filter(|(_, why)| why.is_none());
        let useless = useless.map(|(part, _)| format!("not needed in the invariant: {part}"));
        let mutants = self.mutants.iter().filter(|(_, why)| why.is_none());
        let mutants = mutants.map(|(name, _)| format!("the mutant is not refuted: {name}"));
        refuted.chain(useless).chain(mutants).collect()
    }
}

/// Decides everything that must be shown of a protocol.
pub fn check(protocol: &Protocol) -> Findings {
    let questions = questions(protocol);
    let mut findings = Findings { decided: questions.len(), ..Findings::default() };
    findings.refuted = questions.iter().filter_map(|question| protocol.refute(question)).collect();
    for (index, part) in protocol.invariant.iter().enumerate() {
        let mut without = protocol.clone();
        without.invariant.remove(index);
        findings.needed.push((part.name.to_owned(), first_refuted(&without)));
    }
    for mutant in &protocol.mutants {
        findings.mutants.push((mutant.name.to_owned(), first_refuted(&protocol.mutated(mutant))));
    }
    findings
}

/// Returns the protocol, the protocol without each part of its invariant, and its mutants.
pub fn variants(protocol: &Protocol) -> Vec<Protocol> {
    let without = (0..protocol.invariant.len()).map(|index| {
        let mut without = protocol.clone();
        without.invariant.remove(index);
        without
    });
    let mutants = protocol.mutants.iter().map(|mutant| protocol.mutated(mutant));
    std::iter::once(protocol.clone()).chain(without).chain(mutants).collect()
}

/// Returns the first statement that does not hold.
fn first_refuted(protocol: &Protocol) -> Option<Refuted> {
    questions(protocol).iter().find_map(|question| protocol.refute(question))
}

/// Returns everything that must be shown of a protocol.
pub fn questions(protocol: &Protocol) -> Vec<Question> {
    let mut questions = Vec::new();
    let domain: Vec<_> = protocol.domain().into_iter().map(|named| named.clause).collect();
    let invariant = protocol.invariant.iter().map(|named| named.clause.clone());
    let reachable: Vec<_> = domain.iter().cloned().chain(invariant).collect();
    let mut ask = |what: String, groups: &[&[Clause]]| {
        // The shortest first: they leave fewer branches.
        let mut conditions = groups.concat();
        conditions.sort_by_key(|condition| condition.0.len());
        questions.push(Question { what, conditions });
    };

    for Named { name, clause } in &protocol.invariant {
        let begins = [&*domain, &*protocol.initially];
        ask(format!("in the beginning: {name}"), &[begins[0], begins[1], &clause.negated()]);
    }
    for step in &protocol.steps {
        for Named { name, clause } in protocol.invariant.iter().chain(&protocol.domain()) {
            let after = clause.with(&step.after());
            if after != *clause {
                let what = format!("after the step “{}”: {name}", step.name);
                ask(what, &[&reachable, &step.guard, &after.negated()]);
            }
        }
    }
    for Named { name, clause } in &protocol.properties {
        ask(format!("property: {name}"), &[&reachable, &clause.negated()]);
    }
    if let Some(Ending { from, measure, done }) = &protocol.ending {
        let negative = [measure.at_most(-1).into()];
        ask("the measure is not negative".to_owned(), &[&reachable, from, &negative]);
        for step in &protocol.steps {
            let after = measure.with(&step.after());
            let (word, least) = if step.is_visit { ("does not raise", 1) } else { ("lowers", 0) };
            let stays = [after.at_least(*measure + least).into()];
            let what = format!("in the end, the step “{}” {word} the measure", step.name);
            ask(what, &[&reachable, from, &step.guard, &stays]);
        }
        let stuck: Vec<_> = protocol.steps.iter().filter(|step| !step.is_visit).collect();
        let stuck: Vec<_> = stuck.into_iter().flat_map(impossible).collect();
        let not_done = [Clause(done.iter().flat_map(negated_any).collect())];
        let what = "in the end, a step is possible until everything is done".to_owned();
        ask(what, &[&reachable, from, &stuck, &not_done]);
    }
    questions
}

/// The atoms of which one holds if a condition does not. The condition has one atom.
fn negated_any(condition: &Clause) -> Vec<Atom> {
    assert_eq!(condition.0.len(), 1, "its negation is a choice only if it is none");
    condition.negated().into_iter().flat_map(|clause| clause.0).collect()
}

/// Returns conditions that hold together if and only if the step is not possible.
fn impossible(step: &Step) -> Vec<Clause> {
    // Some condition of the guard does not hold: each of its atoms is negated. As a list of choices,
    // that is one choice for each way to pick an atom of every condition.
    let mut choices = vec![Clause(Vec::new())];
    for condition in &step.guard {
        let picks = condition.negated();
        choices = choices
            .iter()
            .flat_map(|choice| {
                picks.iter().map(|pick| Clause(choice.0.iter().chain(&pick.0).copied().collect()))
            })
            .collect();
    }
    choices
}

impl Protocol {
    fn mutated(&self, mutant: &crate::protocol::Mutant) -> Protocol {
        let mut mutated = self.clone();
        let old = mutated.steps.iter_mut().find(|step| step.name == mutant.replaces);
        *old.expect("a mutant replaces a step") = mutant.step.clone();
        mutated
    }

    /// Returns numbers that satisfy all conditions of a question, or why there is no answer. `None` if
    /// it is shown that there are none.
    fn refute(&self, question: &Question) -> Option<Refuted> {
        let what = question.what.clone();
        let numbers = match decide(&question.conditions) {
            Ok(Answer::Impossible) => return None,
            Ok(Answer::Possible) => match search(&question.conditions, MOST) {
                Some(values) => self.with_names(&values),
                None => format!("no numbers up to {MOST}; undecided"),
            },
            Err(Unknown::Overflow) => "a number does not fit; undecided".to_owned(),
            Err(Unknown::TooMany) => "too many inequalities; undecided".to_owned(),
        };
        Some(Refuted { what, numbers })
    }

    /// Writes the values of the variables that matter.
    fn with_names(&self, values: &Values) -> String {
        let named = self.variables.iter().zip(values);
        let named = named.filter_map(|(variable, value)| Some((variable.name, (*value)?)));
        let named: Vec<_> = named.map(|(name, value)| format!("{name} = {value}")).collect();
        named.join(", ")
    }
}
