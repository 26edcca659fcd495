//! Decides whether conditions can hold together, for all numbers.
//!
//! Each condition says "this atom, or that one". One atom is picked of each, in every way: a branch.
//! A branch is a list of linear inequalities. Fourier and Motzkin's elimination removes one variable
//! after the other. From `x ≥ a` and `x ≤ b` it concludes `a ≤ b`, for each pair of a lower and an
//! upper bound of `x`. What is left in the end has no variable: `3 ≥ 0`, or `-1 ≥ 0`. In the second
//! case no numbers satisfy the branch. All arithmetic is exact.
//!
//! The elimination is about rational numbers, and each conclusion is rounded to what it means for
//! integers. So an answer [`Impossible`](Answer::Impossible) holds for all integers. An answer
//! [`Possible`](Answer::Possible) is checked by a search for numbers, in [`search`](crate::search).

use crate::linear::{Atom, Clause, Linear, Var, MOST_VARIABLES};

/// Whether conditions can hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// No numbers satisfy them.
    Impossible,
    /// Some rational numbers do.
    Possible,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// A number does not fit into 128 bits.
    Overflow,
    /// There are more inequalities than [`MOST_INEQUALITIES`].
    TooMany,
}

/// The most inequalities of a branch.
pub const MOST_INEQUALITIES: usize = 10_000;

/// Decides whether the conditions can hold together.
///
/// # Errors
///
/// If a limit was reached. Then nothing is known.
pub fn decide(conditions: &[Clause]) -> Result<Answer, Unknown> {
    branches(Vec::new(), conditions.to_vec())
}

/// Tries every branch that begins with the inequalities in `known`.
fn branches(mut known: Vec<Linear>, conditions: Vec<Clause>) -> Result<Answer, Unknown> {
    let (certain, mut conditions): (Vec<_>, Vec<_>) =
        conditions.into_iter().partition(|condition| condition.0.len() == 1);
    known.extend(certain.iter().flat_map(|condition| condition.0[0].constraints()));
    if eliminate(known.clone())? == Answer::Impossible {
        return Ok(Answer::Impossible);
    }
    // What is known leaves fewer atoms to choose from.
    let before = conditions.iter().map(|condition| condition.0.len()).sum::<usize>();
    let mut open = Vec::new();
    for condition in conditions {
        open.extend(simplified(&known, condition)?);
    }
    conditions = open;
    let after = conditions.iter().map(|condition| condition.0.len()).sum::<usize>();
    if before > after && conditions.iter().any(|condition| condition.0.len() <= 1) {
        let is_empty = conditions.iter().any(|condition| condition.0.is_empty());
        return if is_empty { Ok(Answer::Impossible) } else { branches(known, conditions) };
    }
    conditions.sort_by_key(|condition| condition.0.len());
    let Some((condition, others)) = conditions.split_first() else { return Ok(Answer::Possible) };
    for atom in &condition.0 {
        let picked = [Clause(vec![*atom])];
        if branches(known.clone(), [&picked, others].concat())? == Answer::Possible {
            return Ok(Answer::Possible);
        }
    }
    Ok(Answer::Impossible)
}

/// Removes the atoms that contradict what is known. Returns `None` if the condition is known to hold.
fn simplified(known: &[Linear], condition: Clause) -> Result<Option<Clause>, Unknown> {
    let with = |atom: &Atom| eliminate([known, &atom.constraints()].concat());
    let mut left = Vec::new();
    for atom in condition.0 {
        let mut follows = true;
        for other in atom.negated().0 {
            follows &= with(&other)? == Answer::Impossible;
        }
        if follows {
            return Ok(None);
        }
        if with(&atom)? == Answer::Possible {
            left.push(atom);
        }
    }
    Ok(Some(Clause(left)))
}

/// Decides whether all expressions can be at least 0 at once.
fn eliminate(mut inequalities: Vec<Linear>) -> Result<Answer, Unknown> {
    for inequality in &mut inequalities {
        *inequality = rounded(inequality);
    }
    while let Some(var) = cheapest(&inequalities) {
        let factor = |inequality: &Linear| inequality.factors[var.0];
        let (with, without): (Vec<_>, Vec<_>) =
            inequalities.into_iter().partition(|inequality| factor(inequality) != 0);
        let (lower, upper): (Vec<_>, Vec<_>) =
            with.into_iter().partition(|inequality| factor(inequality) > 0);
        inequalities = without;
        for lower in &lower {
            for upper in &upper {
                // The factors of the variable cancel out: f·(−g) + (−g)·(−f) … is 0.
                let by_lower = factor(upper).checked_neg().ok_or(Unknown::Overflow)?;
                let sum = sum(lower, by_lower, upper, factor(lower))?;
                inequalities.push(rounded(&sum));
            }
        }
        inequalities.sort_unstable();
        inequalities.dedup();
        if inequalities.len() > MOST_INEQUALITIES {
            return Err(Unknown::TooMany);
        }
    }
    let contradicts = inequalities.iter().any(|inequality| inequality.constant < 0);
    Ok(if contradicts { Answer::Impossible } else { Answer::Possible })
}

/// Returns the variable whose elimination adds the fewest inequalities.
fn cheapest(inequalities: &[Linear]) -> Option<Var> {
    let cost = |var: &Var| {
        let count = |sign: i128| {
            inequalities.iter().filter(|one| one.factors[var.0].signum() == sign).count()
        };
        count(1) * count(-1)
    };
    let occurs = |var: &Var| inequalities.iter().any(|one| one.factors[var.0] != 0);
    (0..MOST_VARIABLES).map(Var).filter(occurs).min_by_key(cost)
}

/// Returns `one · by_one + other · by_other`.
fn sum(one: &Linear, by_one: i128, other: &Linear, by_other: i128) -> Result<Linear, Unknown> {
    let term = |one: i128, other: i128| {
        let (one, other) = (one.checked_mul(by_one)?, other.checked_mul(by_other)?);
        one.checked_add(other)
    };
    let mut sum = Linear::from(term(one.constant, other.constant).ok_or(Unknown::Overflow)?);
    for index in 0..MOST_VARIABLES {
        sum.factors[index] =
            term(one.factors[index], other.factors[index]).ok_or(Unknown::Overflow)?;
    }
    Ok(sum)
}

/// Divides by the greatest common divisor of the factors. The constant is rounded down, which changes
/// nothing for integers: `2x − 1 ≥ 0` is `x − 1 ≥ 0`.
fn rounded(inequality: &Linear) -> Linear {
    let divisor = inequality.factors.iter().fold(0, |divisor, factor| gcd(divisor, *factor));
    if divisor <= 1 {
        return *inequality;
    }
    let mut rounded = Linear::from(inequality.constant.div_euclid(divisor));
    for (own, factor) in rounded.factors.iter_mut().zip(inequality.factors) {
        *own = factor / divisor;
    }
    rounded
}

fn gcd(one: i128, other: i128) -> i128 {
    let (mut one, mut other) = (one, other);
    while other != 0 {
        (one, other) = (other, one % other);
    }
    // The least number has no positive counterpart. Without a divisor nothing is rounded.
    one.checked_abs().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::{decide, Answer, Unknown};
    use crate::linear::{any, Clause, Compare, Var};

    const X: Var = Var(0);
    const Y: Var = Var(1);

    #[test]
    fn bounds_that_cross_are_impossible() {
        let crossing: [Clause; 2] = [X.at_least(Y + 1).into(), X.at_most(Y).into()];
        assert_eq!(decide(&crossing), Ok(Answer::Impossible));
        assert_eq!(decide(&crossing[..1]), Ok(Answer::Possible));
    }

    #[test]
    fn every_branch_must_be_impossible() {
        let choice = any([X.is(1), X.is(2)]);
        let both = [choice.clone(), X.at_least(3).into()];
        assert_eq!(decide(&both), Ok(Answer::Impossible));
        let one = [choice, X.at_least(2).into()];
        assert_eq!(decide(&one), Ok(Answer::Possible));
    }

    #[test]
    fn integers_are_told_from_fractions() {
        let half: [Clause; 1] = [(X * 2).is(1).into()];
        assert_eq!(decide(&half), Ok(Answer::Impossible));
    }

    #[test]
    fn an_overflow_is_an_error() {
        let large = |x: i128, y: i128| X * x + Y * y;
        let (up, down) = (large(i128::MAX / 2, 1), large(1 - i128::MAX / 2, -1));
        let conditions: [Clause; 2] = [up.at_least(0).into(), down.at_least(0).into()];
        assert_eq!(decide(&conditions), Err(Unknown::Overflow));
    }
}
