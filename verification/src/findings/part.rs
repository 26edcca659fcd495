//! What every kind of evidence has in common: a part of the audit.
//!
//! A new kind of evidence is a type that implements [`Part`], a field of the audit, and a line in
//! its list of parts. Judging, merging, the list of failures, `JUnit`, SARIF and the interleavings
//! follow from that.

use crate::findings::evidence::Evidence;
use crate::findings::scope::Scope;
use crate::findings::trace::Trace;

/// A kind of evidence, as the audit has it.
pub trait Part {
    /// What it consists of, in the plural: `models`, say.
    fn name(&self) -> &'static str;

    /// Returns `true` if a run of this scope must have it.
    fn is_wanted(&self, scope: &Scope) -> bool;

    /// Returns `true` if there is anything in it.
    fn is_present(&self) -> bool;

    /// Everything that was judged, in the order of the report.
    fn cases(&self, scope: &Scope) -> Vec<Case<'_>>;

    /// Returns `true` if there is anything in it, and all of it holds.
    fn holds(&self, scope: &Scope) -> bool {
        let cases = self.cases(scope);
        self.is_present() && cases.iter().all(|case| case.complaints.is_empty())
    }

    /// The executions that convicted something, or that failed.
    fn exhibits(&self) -> Vec<Exhibit<'_>> {
        Vec::new()
    }

    /// What there is for the clause of that number.
    fn evidence(&self, clause: u8) -> Vec<Evidence> {
        let _ = clause;
        Vec::new()
    }

    /// Adds what another shard has found.
    ///
    /// # Errors
    ///
    /// Why the two do not belong together.
    fn merge(self, other: Self) -> Result<Self, String>
    where
        Self: Sized;

    /// Brings what all shards have found into the order of the report.
    ///
    /// # Errors
    ///
    /// What is missing, or was found by two shards.
    fn complete(self, scope: &Scope) -> Result<Self, String>
    where
        Self: Sized,
    {
        let _ = scope;
        Ok(self)
    }
}

/// One thing that was judged.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// What it belongs to: `models`, or an executable of tests.
    pub group: String,
    /// Its name.
    pub name: String,
    /// What came out, in a line or two; may be empty.
    pub result: String,
    /// What is wrong with it; nothing if it holds.
    pub complaints: Vec<Complaint<'a>>,
    /// Wall time, in seconds.
    pub seconds: Option<f64>,
}

impl<'a> Case<'a> {
    /// A case that holds.
    pub fn new(group: impl Into<String>, name: impl Into<String>) -> Self {
        Case {
            group: group.into(),
            name: name.into(),
            result: String::new(),
            complaints: Vec::new(),
            seconds: None,
        }
    }

    /// The same, with its time.
    #[must_use]
    pub fn in_seconds(self, seconds: f64) -> Self {
        Case { seconds: Some(seconds), ..self }
    }

    /// The same, with what is wrong with it, if anything is.
    #[must_use]
    pub fn unless(mut self, message: Option<String>, trace: Option<&'a Trace>) -> Self {
        if let Some(message) = message {
            self.complaints.push(Complaint::new(self.name.clone(), message).with(trace));
        }
        self
    }
}

/// A failure, as the reports have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint<'a> {
    /// What it is about: a trial, a fault at a call site, an executable of tests.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// Where, as `file:line`, if it is known.
    pub site: Option<String>,
    /// The execution that shows it.
    pub trace: Option<&'a Trace>,
}

impl<'a> Complaint<'a> {
    /// A failure without an execution.
    pub fn new(subject: impl Into<String>, message: String) -> Self {
        Complaint { subject: subject.into(), message, site: None, trace: None }
    }

    /// With an execution; its last step is where the failure is.
    #[must_use]
    pub fn with(self, trace: Option<&'a Trace>) -> Self {
        let site = trace.and_then(|trace| Some(trace.steps.last()?.site.clone()));
        Complaint { site: site.or(self.site), trace, ..self }
    }
}

/// Something that was convicted, or that failed, with the execution that did it.
#[derive(Clone, Debug)]
pub struct Exhibit<'a> {
    /// What it is.
    pub title: String,
    /// The model.
    pub model: &'a str,
    /// `subject`, `defect`, `fault`, `program`, `sample`, `patch` or [`FAILURE`].
    pub kind: &'static str,
    /// How it came about.
    pub how: &'a str,
    /// The execution.
    pub trace: &'a Trace,
}

/// The kind of exhibit that is a failure.
pub const FAILURE: &str = "FAILURE";

/// Puts what all shards have found into the order of `names`, each of which must be there once.
///
/// # Errors
///
/// Which one is missing, was found twice, or is unknown.
pub(crate) fn in_order<T>(
    found: Vec<T>,
    names: Vec<String>,
    what: &str,
    name: impl Fn(&T) -> &str,
) -> Result<Vec<T>, String> {
    let mut found: Vec<_> = found.into_iter().map(Some).collect();
    let mut ordered = Vec::new();
    for wanted in names {
        let mut own =
            found.iter_mut().filter(|one| one.as_ref().is_some_and(|one| name(one) == wanted));
        let first = own.next().and_then(Option::take);
        ordered.push(first.ok_or(format!("no shard has the {what} {wanted}"))?);
        if own.next().is_some() {
            return Err(format!("two shards have the {what} {wanted}"));
        }
    }
    match found.into_iter().flatten().next() {
        None => Ok(ordered),
        Some(unknown) => Err(format!("there is no {what} {} (any more)", name(&unknown))),
    }
}

/// Merges a part that every shard has, or none.
///
/// # Errors
///
/// If one shard has it and the other has not, naming it.
pub(crate) fn both<T>(
    what: &str,
    one: Option<T>,
    other: Option<T>,
    and: impl FnOnce(T, T) -> T,
) -> Result<Option<T>, String> {
    match (one, other) {
        (Some(one), Some(other)) => Ok(Some(and(one, other))),
        (None, None) => Ok(None),
        _ => Err(format!("a shard has no {what}")),
    }
}
