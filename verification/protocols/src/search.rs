//! Searches small numbers that satisfy conditions. Shares no step of the reasoning with
//! [`decide`](crate::decide::decide): it only calculates.

use crate::linear::{Atom, Clause, Values, Var, MOST_VARIABLES};

/// Returns numbers from 0 to `most` that satisfy all conditions, or `None` if there are none. Of
/// several, it returns those with the smallest largest number. A variable that does not matter has no
/// value.
pub fn search(conditions: &[Clause], most: i128) -> Option<Values> {
    (0..=most).find_map(|most| {
        let mut values = [None; MOST_VARIABLES];
        assign(conditions, &mut values, most).then_some(values)
    })
}

/// Assigns values until all conditions hold. Gives up as soon as one is violated.
fn assign(conditions: &[Clause], values: &mut Values, most: i128) -> bool {
    let mut open = Vec::new();
    for condition in conditions {
        match condition.holds(values) {
            Some(false) => return false,
            Some(true) => {}
            None => open.push(condition.clone()),
        }
    }
    let Some(var) = next(&open, values) else { return true };
    for value in 0..=most {
        values[var.0] = Some(value);
        if assign(&open, values, most) {
            return true;
        }
    }
    values[var.0] = None;
    false
}

/// Returns the variable that is assigned next: one on which few others depend, so that a violated
/// condition shows early.
fn next(open: &[Clause], values: &Values) -> Option<Var> {
    let unknown = |condition: &Clause| {
        let vars = condition.0.iter().flat_map(Atom::variables);
        let mut vars: Vec<_> = vars.filter(|var| values[var.0].is_none()).collect();
        vars.sort_unstable_by_key(|var| var.0);
        vars.dedup();
        vars
    };
    let shortest = open.iter().map(unknown).min_by_key(Vec::len)?;
    shortest.first().copied()
}
