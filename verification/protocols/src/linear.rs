//! Linear expressions over counters, and conditions on them.

use std::ops::{Add, Mul, Sub};

/// The most variables of a protocol.
pub const MOST_VARIABLES: usize = 16;

/// A variable of a protocol. It stands for an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Var(pub(crate) usize);

impl Var {
    /// Returns its place among the variables of the protocol.
    pub fn index(self) -> usize {
        self.0
    }
}

/// A constant plus a multiple of each variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Linear {
    pub(crate) constant: i128,
    pub(crate) factors: [i128; MOST_VARIABLES],
}

impl Linear {
    /// Returns the variables whose factor is not zero.
    pub(crate) fn variables(&self) -> impl Iterator<Item = Var> + '_ {
        (0..MOST_VARIABLES).filter(|index| self.factors[*index] != 0).map(Var)
    }

    /// Returns the value for these values of the variables, or `None` if a variable that matters has
    /// no value.
    pub(crate) fn value(&self, of: &Values) -> Option<i128> {
        let mut sum = self.constant;
        for var in self.variables() {
            sum += self.factors[var.0] * of[var.0]?;
        }
        Some(sum)
    }

    /// Replaces each variable by an expression.
    pub(crate) fn with(&self, by: &[Linear; MOST_VARIABLES]) -> Linear {
        let constant = Linear::from(self.constant);
        self.variables().fold(constant, |sum, var| sum + by[var.0] * self.factors[var.0])
    }
}

/// Values of the variables of a protocol. A value may be unknown.
pub type Values = [Option<i128>; MOST_VARIABLES];

impl From<Var> for Linear {
    fn from(var: Var) -> Self {
        let mut factors = [0; MOST_VARIABLES];
        factors[var.0] = 1;
        Linear { constant: 0, factors }
    }
}

impl From<i128> for Linear {
    fn from(constant: i128) -> Self {
        Linear { constant, ..Linear::default() }
    }
}

impl<T: Into<Linear>> Add<T> for Linear {
    type Output = Linear;
    fn add(mut self, other: T) -> Linear {
        let other = other.into();
        let sum = |own: i128, other: i128| {
            own.checked_add(other).expect("a protocol's numbers are small")
        };
        self.constant = sum(self.constant, other.constant);
        for (own, other) in self.factors.iter_mut().zip(other.factors) {
            *own = sum(*own, other);
        }
        self
    }
}

impl Mul<i128> for Linear {
    type Output = Linear;
    fn mul(mut self, by: i128) -> Linear {
        for number in self.factors.iter_mut().chain([&mut self.constant]) {
            *number = number.checked_mul(by).expect("a protocol's numbers are small");
        }
        self
    }
}

impl<T: Into<Linear>> Sub<T> for Linear {
    type Output = Linear;
    fn sub(self, other: T) -> Linear {
        self + other.into() * -1
    }
}

impl<T: Into<Linear>> Add<T> for Var {
    type Output = Linear;
    fn add(self, other: T) -> Linear {
        Linear::from(self) + other
    }
}

impl<T: Into<Linear>> Sub<T> for Var {
    type Output = Linear;
    fn sub(self, other: T) -> Linear {
        Linear::from(self) - other
    }
}

impl Mul<i128> for Var {
    type Output = Linear;
    fn mul(self, by: i128) -> Linear {
        Linear::from(self) * by
    }
}

/// How two expressions compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The left one is at least the right one.
    AtLeast,
    /// The left one is at most the right one.
    AtMost,
    /// They are equal.
    Is,
}

/// Two expressions, and how they compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Atom {
    pub(crate) left: Linear,
    pub(crate) relation: Relation,
    pub(crate) right: Linear,
}

impl Atom {
    /// Returns expressions that are all at least 0 if and only if the atom holds.
    pub(crate) fn constraints(&self) -> Vec<Linear> {
        let (more, less) = (self.left - self.right, self.right - self.left);
        match self.relation {
            Relation::AtLeast => vec![more],
            Relation::AtMost => vec![less],
            Relation::Is => vec![more, less],
        }
    }

    /// Returns the negation. On integers, not `a ≥ b` is `a + 1 ≤ b`.
    pub(crate) fn negated(&self) -> Clause {
        let Atom { left, right, .. } = *self;
        let less = Atom { left: left + 1, relation: Relation::AtMost, right };
        let more = Atom { left, relation: Relation::AtLeast, right: right + 1 };
        match self.relation {
            Relation::AtLeast => less.into(),
            Relation::AtMost => more.into(),
            Relation::Is => any([less, more]),
        }
    }

    /// Returns the variables on both sides.
    pub(crate) fn variables(&self) -> impl Iterator<Item = Var> + '_ {
        self.left.variables().chain(self.right.variables())
    }

    /// Returns whether the atom holds, or `None` if that depends on an unknown value.
    pub(crate) fn holds(&self, of: &Values) -> Option<bool> {
        let (left, right) = (self.left.value(of)?, self.right.value(of)?);
        Some(match self.relation {
            Relation::AtLeast => left >= right,
            Relation::AtMost => left <= right,
            Relation::Is => left == right,
        })
    }

    pub(crate) fn with(&self, by: &[Linear; MOST_VARIABLES]) -> Atom {
        Atom { left: self.left.with(by), right: self.right.with(by), ..*self }
    }
}

/// Compares expressions.
pub trait Compare: Into<Linear> {
    /// `self ≥ other`
    fn at_least(self, other: impl Into<Linear>) -> Atom {
        Atom { left: self.into(), relation: Relation::AtLeast, right: other.into() }
    }

    /// `self ≤ other`
    fn at_most(self, other: impl Into<Linear>) -> Atom {
        Atom { left: self.into(), relation: Relation::AtMost, right: other.into() }
    }

    /// `self = other`
    fn is(self, other: impl Into<Linear>) -> Atom {
        Atom { left: self.into(), relation: Relation::Is, right: other.into() }
    }
}

impl<T: Into<Linear>> Compare for T {}

/// A condition: at least one of its atoms holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause(pub(crate) Vec<Atom>);

/// Returns the condition that at least one of the atoms holds.
pub fn any(atoms: impl IntoIterator<Item = Atom>) -> Clause {
    Clause(atoms.into_iter().collect())
}

impl From<Atom> for Clause {
    fn from(atom: Atom) -> Self {
        Clause(vec![atom])
    }
}

impl Clause {
    /// Returns the negation, which is a list of conditions.
    pub(crate) fn negated(&self) -> Vec<Clause> {
        self.0.iter().map(Atom::negated).collect()
    }

    /// Returns whether the condition holds, or `None` if that depends on an unknown value.
    pub(crate) fn holds(&self, of: &Values) -> Option<bool> {
        let mut unknown = false;
        for atom in &self.0 {
            match atom.holds(of) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => unknown = true,
            }
        }
        (!unknown).then_some(false)
    }

    pub(crate) fn with(&self, by: &[Linear; MOST_VARIABLES]) -> Clause {
        Clause(self.0.iter().map(|atom| atom.with(by)).collect())
    }
}
