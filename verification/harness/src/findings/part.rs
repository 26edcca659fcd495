//! The parts of the audit: the interface of every kind of evidence.
//!
//! A new kind of evidence is a type that implements [`Part`], a field of the audit, and an entry in
//! its list of parts. Judging, the list of failures, `JUnit`, SARIF and the interleavings work
//! through this trait.

use crate::findings::evidence::Evidence;
use crate::findings::trace::Trace;

/// A part of the audit: all evidence of one kind. `Scope` is what a run was asked to check.
pub trait Part<Scope> {
    /// The name of the kind, in the plural, such as `models`.
    fn name(&self) -> &'static str;

    /// Returns `true` if a run of this scope must contain this part.
    fn is_wanted(&self, scope: &Scope) -> bool;

    /// Returns `true` if the part contains any evidence.
    fn is_present(&self) -> bool;

    /// Returns everything that was judged, in the order of the report.
    fn cases(&self, scope: &Scope) -> Vec<Case<'_>>;

    /// Returns `true` if the part contains evidence and all of it holds.
    fn holds(&self, scope: &Scope) -> bool {
        let cases = self.cases(scope);
        self.is_present() && cases.iter().all(|case| case.complaints.is_empty())
    }

    /// Returns the executions that failed or that convicted something.
    fn exhibits(&self) -> Vec<Exhibit<'_>> {
        Vec::new()
    }

    /// Returns the evidence for the clause of that number.
    fn evidence(&self, clause: u8) -> Vec<Evidence> {
        let _ = clause;
        Vec::new()
    }

    /// Adds the findings of another shard.
    ///
    /// # Errors
    ///
    /// Returns the reason if the two shards do not belong together.
    fn merge(self, other: Self) -> Result<Self, String>
    where
        Self: Sized;

    /// Sorts the findings of all shards into the order of the report.
    ///
    /// # Errors
    ///
    /// Returns which finding is missing, or is in two shards.
    fn complete(self, scope: &Scope) -> Result<Self, String>
    where
        Self: Sized,
    {
        let _ = scope;
        Ok(self)
    }
}

/// One judged item: a line of the report.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// The group: `models`, or a test executable.
    pub group: String,
    /// The name.
    pub name: String,
    /// The result, in at most two lines; may be empty.
    pub result: String,
    /// The complaints; empty if the case holds.
    pub complaints: Vec<Complaint<'a>>,
    /// Wall time, in seconds.
    pub seconds: Option<f64>,
}

impl<'a> Case<'a> {
    /// Creates a case that holds.
    pub fn new(group: impl Into<String>, name: impl Into<String>) -> Self {
        Case {
            group: group.into(),
            name: name.into(),
            result: String::new(),
            complaints: Vec::new(),
            seconds: None,
        }
    }

    /// Sets the wall time.
    #[must_use]
    pub fn in_seconds(self, seconds: f64) -> Self {
        Case { seconds: Some(seconds), ..self }
    }

    /// Adds a complaint, if there is a message.
    #[must_use]
    pub fn unless(mut self, message: Option<String>, trace: Option<&'a Trace>) -> Self {
        if let Some(message) = message {
            self.complaints.push(Complaint::new(self.name.clone(), message).with(trace));
        }
        self
    }
}

/// A failure, as shown in the reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint<'a> {
    /// The subject: a model, a fault at a call site, a test executable.
    pub subject: String,
    /// The message.
    pub message: String,
    /// The call site as `file:line`, if known.
    pub site: Option<String>,
    /// The execution that shows it.
    pub trace: Option<&'a Trace>,
}

impl<'a> Complaint<'a> {
    /// Creates a failure without an execution.
    pub fn new(subject: impl Into<String>, message: String) -> Self {
        Complaint { subject: subject.into(), message, site: None, trace: None }
    }

    /// Adds an execution. Its last step is the site of the failure.
    #[must_use]
    pub fn with(self, trace: Option<&'a Trace>) -> Self {
        let site = trace.and_then(|trace| Some(trace.steps.last()?.site.clone()));
        Complaint { site: site.or(self.site), trace, ..self }
    }
}

/// An execution that failed or that convicted something.
#[derive(Clone, Debug)]
pub struct Exhibit<'a> {
    /// The title.
    pub title: String,
    /// The name of the model.
    pub model: &'a str,
    /// Why the execution is shown, in a word, such as `defect`; [`FAILURE`] for a failure.
    pub kind: &'static str,
    /// How the execution failed.
    pub how: &'a str,
    /// The execution.
    pub trace: &'a Trace,
}

/// The kind of an exhibit that shows a failure.
pub const FAILURE: &str = "FAILURE";

/// The kind of an exhibit that convicted a fault at a call site.
pub const FAULT: &str = "fault";

/// Sorts the findings of all shards into the order of `names`. Each name must occur exactly once.
///
/// # Errors
///
/// Returns which name is missing, duplicated or unknown.
pub fn in_order<T>(
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
        Some(unknown) => Err(format!("unknown {what} {}", name(&unknown))),
    }
}

/// Merges a part that either both shards have or neither has.
///
/// # Errors
///
/// Returns an error that names the part if only one shard has it.
pub fn both<T>(
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
