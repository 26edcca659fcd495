//! A step of the code beside the steps of a protocol.

use crate::linear::{Linear, Values};
use crate::protocol::{Binding, Kind, Protocol, Step};

impl Protocol {
    /// Returns the name of the protocol in one implementation.
    pub fn name_on(&self, binding: &Binding) -> String {
        match binding.name {
            "" => self.name.to_owned(),
            name => format!("{} ({name})", self.name),
        }
    }

    /// Returns the steps of the protocol that lead from the values before to the values after. The
    /// thread held these locks of the protocol; the values of variables under others are unknown. A
    /// condition on an unknown value counts as satisfied.
    pub fn explain(&self, held: &[&str], before: &Values, after: &Values) -> Vec<usize> {
        let leads = |step: &Step| {
            let has_locks = step.locks.iter().all(|lock| held.contains(lock));
            let before = self.with_choices(step, before, after);
            let is_natural = before.iter().flatten().all(|value| *value >= 0);
            let guard = step.guard.iter().all(|clause| clause.holds(&before) != Some(false));
            let may = is_natural && guard;
            has_locks && may && self.changes_to(step, held, &before, after)
        };
        let steps = self.steps.iter().enumerate();
        steps.filter(|(_, step)| leads(step)).map(|(index, _)| index).collect()
    }

    /// Adds the numbers that the step must have chosen: what an expression lacks to the value after.
    fn with_choices(&self, step: &Step, before: &Values, after: &Values) -> Values {
        let mut known = *before;
        for (var, value) in &step.sets {
            let (Some(after), Some(variable)) = (after[var.0], self.choice_in(value)) else {
                continue;
            };
            let mut without = known;
            without[variable] = Some(0);
            let factor = value.factors[variable];
            if let Some(rest) = value.value(&without).filter(|_| factor.abs() == 1) {
                known[variable] = Some((after - rest) * factor);
            }
        }
        known
    }

    /// Returns the only choice in an expression.
    fn choice_in(&self, value: &Linear) -> Option<usize> {
        let mut choices =
            value.variables().filter(|var| self.variables[var.0].kind == Kind::Choice);
        choices.next().filter(|_| choices.next().is_none()).map(|var| var.0)
    }

    fn changes_to(&self, step: &Step, held: &[&str], before: &Values, after: &Values) -> bool {
        let expected = step.after();
        self.variables.iter().enumerate().all(|(index, variable)| match variable.kind {
            Kind::Seen(lock) if held.contains(&lock) => match expected[index].value(before) {
                Some(value) => after[index] == Some(value),
                None => true,
            },
            _ => true,
        })
    }

    /// Returns the parts of the domain and the invariant that the values violate.
    pub fn violated(&self, values: &Values) -> Vec<&'static str> {
        let parts = self.invariant.iter();
        let violated = parts.filter(|part| part.clause.holds(values) == Some(false));
        violated.map(|part| part.name).collect()
    }

    /// Returns `true` if the step is one of this implementation, and changes a counter that is seen:
    /// then some exploration must take it.
    pub fn must_be_taken(&self, step: &Step, binding: &Binding) -> bool {
        let is_bound = |lock: &&str| binding.locks.iter().any(|bound| bound.lock == *lock);
        let is_seen = step.sets.iter().any(|(var, value)| {
            let is_change = Linear::from(*var) != *value;
            is_change && matches!(self.variables[var.0].kind, Kind::Seen(_))
        });
        is_seen && step.locks.iter().all(is_bound)
    }

    /// Returns the first values of variables that never change, and the variable that each repeats.
    pub fn first_values(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let vars = self.variables.iter().enumerate();
        vars.filter_map(|(index, variable)| match variable.kind {
            Kind::First(var) => Some((index, var.0)),
            _ => None,
        })
    }

    /// Writes values, for people: those that are known.
    pub fn write(&self, values: &Values) -> String {
        let named = self.variables.iter().zip(values);
        let known = named.filter_map(|(variable, value)| Some((variable.name, (*value)?)));
        known.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
    }
}
