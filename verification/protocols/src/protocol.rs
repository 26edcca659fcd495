//! A protocol: counters, the steps that change them, and what always holds.

use crate::linear::{Clause, Linear, Var, MOST_VARIABLES};

/// A protocol. Each file of this package that describes one has a function that builds it.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// The name.
    pub name: &'static str,
    /// What it is about, in a sentence.
    pub about: &'static str,
    /// The sources that it describes.
    pub files: &'static [&'static str],
    /// The file with its table, beside the sources. A test holds it against this description.
    pub beside: &'static str,
    /// The clauses of the contract that it is evidence for.
    pub clauses: &'static [u8],
    /// Where the counters are in the code.
    pub bindings: Vec<Binding>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) initially: Vec<Clause>,
    pub(crate) steps: Vec<Step>,
    pub(crate) invariant: Vec<Named>,
    pub(crate) properties: Vec<Named>,
    pub(crate) ending: Option<Ending>,
    pub(crate) mutants: Vec<Mutant>,
}

/// A variable of a protocol.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) kind: Kind,
    /// 0 or 1.
    pub(crate) is_flag: bool,
}

/// Where the value of a variable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// In the code, under this lock.
    Seen(&'static str),
    /// The first value of another variable. It never changes.
    First(Var),
    /// In no variable of the code that is under a lock, or in one that is not looked at.
    Unseen,
    /// Any number that a step may choose.
    Choice,
}

/// A condition or a property, with its name.
#[derive(Clone, Debug)]
pub struct Named {
    /// What it says, for people.
    pub name: &'static str,
    pub(crate) clause: Clause,
}

/// What one thread does between two moments at which it holds no lock of the protocol.
#[derive(Clone, Debug)]
pub struct Step {
    /// What happens, for people.
    pub name: &'static str,
    /// The locks that the thread holds.
    pub(crate) locks: &'static [&'static str],
    pub(crate) guard: Vec<Clause>,
    pub(crate) sets: Vec<(Var, Linear)>,
    /// It ends a call that does not wait, so nothing that waits depends on it.
    pub(crate) is_visit: bool,
}

impl Step {
    fn new(name: &'static str, locks: &'static [&'static str]) -> Self {
        Step { name, locks, guard: Vec::new(), sets: Vec::new(), is_visit: false }
    }

    /// Adds a condition under which the step is taken.
    pub fn when(&mut self, condition: impl Into<Clause>) -> &mut Self {
        self.guard.push(condition.into());
        self
    }

    /// Sets a variable. The value is that of the expression before the step.
    pub fn set(&mut self, var: Var, value: impl Into<Linear>) -> &mut Self {
        self.sets.push((var, value.into()));
        self
    }

    /// Says that the step ends a call which does not wait: it need not bring the end nearer.
    pub fn visit(&mut self) -> &mut Self {
        self.is_visit = true;
        self
    }

    /// Returns the value of each variable after the step, in terms of the values before it.
    pub(crate) fn after(&self) -> [Linear; MOST_VARIABLES] {
        let mut after = [Linear::default(); MOST_VARIABLES];
        for (index, own) in after.iter_mut().enumerate() {
            *own = Var(index).into();
        }
        for (var, value) in &self.sets {
            after[var.0] = *value;
        }
        after
    }
}

/// How a protocol comes to its end.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    /// From when on.
    pub(crate) from: Vec<Clause>,
    /// Each step but a visit lowers it.
    pub(crate) measure: Linear,
    /// Nothing remains to be done.
    pub(crate) done: Vec<Clause>,
}

/// A protocol that is wrong on purpose.
#[derive(Clone, Debug)]
pub(crate) struct Mutant {
    pub(crate) name: &'static str,
    /// The step that it replaces.
    pub(crate) replaces: &'static str,
    pub(crate) step: Step,
}

/// Where the counters of a protocol are: one implementation of it.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The name, for example of a queue. Empty if there is only one implementation.
    pub name: &'static str,
    /// For each lock of the protocol, the lock of the code and its counters.
    pub locks: Vec<BoundLock>,
}

/// A lock of the code.
#[derive(Clone, Debug)]
pub struct BoundLock {
    /// The name of the lock in the protocol.
    pub lock: &'static str,
    /// The role of the lock in the code, as `watched!` has it.
    pub role: &'static str,
    /// The variables under it, each with the name of its counter in the code.
    pub counters: Vec<(Var, &'static str)>,
    /// A counter that is 0 where the protocol does not apply.
    pub applies: Option<&'static str>,
}

impl Protocol {
    /// Creates a protocol without variables and steps.
    pub(crate) fn new(name: &'static str, about: &'static str) -> Self {
        Protocol {
            name,
            about,
            files: &[],
            beside: "",
            clauses: &[],
            bindings: Vec::new(),
            variables: Vec::new(),
            initially: Vec::new(),
            steps: Vec::new(),
            invariant: Vec::new(),
            properties: Vec::new(),
            ending: None,
            mutants: Vec::new(),
        }
    }

    fn variable(
        &mut self,
        name: &'static str,
        about: &'static str,
        kind: Kind,
        is_flag: bool,
    ) -> Var {
        assert!(self.variables.len() < MOST_VARIABLES, "a protocol has few variables");
        self.variables.push(Variable { name, about, kind, is_flag });
        Var(self.variables.len() - 1)
    }

    /// Adds a counter under a lock: a number of at least 0.
    pub(crate) fn counter(
        &mut self,
        name: &'static str,
        lock: &'static str,
        about: &'static str,
    ) -> Var {
        self.variable(name, about, Kind::Seen(lock), false)
    }

    /// Adds a flag under a lock: 0 or 1.
    pub(crate) fn flag(
        &mut self,
        name: &'static str,
        lock: &'static str,
        about: &'static str,
    ) -> Var {
        self.variable(name, about, Kind::Seen(lock), true)
    }

    /// Adds the first value of a counter.
    pub(crate) fn first(&mut self, name: &'static str, of: Var, about: &'static str) -> Var {
        self.variable(name, about, Kind::First(of), false)
    }

    /// Adds a counter that explorations do not see.
    pub(crate) fn unseen(&mut self, name: &'static str, about: &'static str) -> Var {
        self.variable(name, about, Kind::Unseen, false)
    }

    /// Adds a flag that explorations do not see.
    pub(crate) fn unseen_flag(&mut self, name: &'static str, about: &'static str) -> Var {
        self.variable(name, about, Kind::Unseen, true)
    }

    /// Adds a number that a step chooses.
    pub(crate) fn choice(&mut self, name: &'static str, about: &'static str) -> Var {
        self.variable(name, about, Kind::Choice, false)
    }

    /// Adds a condition on the state in which the protocol begins.
    pub(crate) fn initially(&mut self, condition: impl Into<Clause>) {
        self.initially.push(condition.into());
    }

    /// Adds a step.
    pub(crate) fn step(&mut self, name: &'static str, locks: &'static [&'static str]) -> &mut Step {
        assert!(self.steps.iter().all(|step| step.name != name), "two steps `{name}`");
        self.steps.push(Step::new(name, locks));
        self.steps.last_mut().expect("it was just added")
    }

    /// Adds a condition that holds whenever the locks are free.
    pub(crate) fn invariant(&mut self, name: &'static str, clause: impl Into<Clause>) {
        self.invariant.push(Named { name, clause: clause.into() });
    }

    /// Adds a consequence of the invariant: what the protocol is for.
    pub(crate) fn property(&mut self, name: &'static str, clause: impl Into<Clause>) {
        self.properties.push(Named { name, clause: clause.into() });
    }

    /// Says that from the moment `from`, each step but a visit lowers the measure, and that one is
    /// possible until everything is done.
    #[allow(clippy::large_types_passed_by_value)] // a table reads better without references
    pub(crate) fn ends(
        &mut self,
        from: impl IntoIterator<Item = Clause>,
        measure: Linear,
        done: impl IntoIterator<Item = Clause>,
    ) {
        let (from, done) = (from.into_iter().collect(), done.into_iter().collect());
        self.ending = Some(Ending { from, measure, done });
    }

    /// Adds a mutant, which has another step in the place of one.
    pub(crate) fn mutant(&mut self, name: &'static str, replaces: &'static str) -> &mut Step {
        let old = self.steps.iter().find(|step| step.name == replaces);
        let old = old.unwrap_or_else(|| panic!("no step `{replaces}`"));
        let step = Step::new(old.name, old.locks);
        self.mutants.push(Mutant { name, replaces, step });
        &mut self.mutants.last_mut().expect("it was just added").step
    }

    /// Returns the steps.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns the conditions that always hold.
    pub fn invariant_parts(&self) -> &[Named] {
        &self.invariant
    }

    /// Returns what the protocol is for.
    pub fn property_parts(&self) -> &[Named] {
        &self.properties
    }

    /// Returns the domain: no variable is negative, and a flag is at most 1.
    pub(crate) fn domain(&self) -> Vec<Named> {
        use crate::linear::Compare;
        let vars = self.variables.iter().enumerate();
        let clauses = vars.flat_map(|(index, variable)| {
            let var = Var(index);
            let least = Named { name: variable.name, clause: var.at_least(0).into() };
            let most = Named { name: variable.name, clause: var.at_most(1).into() };
            [Some(least), variable.is_flag.then_some(most)].into_iter().flatten()
        });
        clauses.collect()
    }
}
