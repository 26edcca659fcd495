//! The record that a model writes; see `mazurka::trial`.

use std::collections::BTreeMap;

use harness::base::naming;
use harness::base::sources::Sources;
use harness::findings::run::{self, Exploration, Run};
use harness::findings::trace::{Operation, Step, Trace};
use serde::{Deserialize, Serialize};

/// One model of a test, from what it has written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    /// Its number in the test, counted from 1.
    pub(crate) index: usize,
    /// What explores it: `mazurka`, or `loom on mazurka`.
    pub(crate) engine: String,
    /// The call, as `file:line`.
    pub(crate) site: String,
    /// The executions that it last reported, if it has not ended.
    pub(crate) progress: u64,
    /// How it ended.
    pub(crate) end: Option<End>,
}

/// How a model ended.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
#[allow(clippy::struct_field_names)] // the names are those of the record
pub(crate) struct End {
    /// `complete`, `limited` or `failed`.
    pub(crate) end: String,
    pub(crate) executions: u64,
    pub(crate) redundant: u64,
    pub(crate) seconds: f64,
    /// What must be known before anybody relies on it.
    pub(crate) remarks: Vec<String>,
    /// The faults that can be injected at the call sites reached, if they were asked for.
    #[serde(skip_serializing)]
    pub(crate) survey: Vec<String>,
    /// How often the injected fault has acted.
    #[serde(skip_serializing)]
    pub(crate) acted: u64,
    /// `panic`, `deadlock`, `limit` or `diverged`.
    pub(crate) kind: String,
    pub(crate) message: String,
    /// Where it failed, as `file:line`.
    pub(crate) failed_at: Option<String>,
    pub(crate) schedule: String,
    #[serde(skip_serializing)]
    pub(crate) threads: Vec<String>,
    #[serde(skip_serializing)]
    pub(crate) rows: Vec<Row>,
    /// What the threads are about to do that wait at the end.
    #[serde(skip_serializing)]
    pub(crate) pending: Vec<Row>,
    #[serde(skip_serializing)]
    pub(crate) released: Vec<Release>,
    /// The operations that a fault has changed.
    #[serde(skip_serializing)]
    pub(crate) faults: Vec<Changed>,
    #[serde(skip_serializing)]
    pub(crate) objects: Vec<Object>,
    /// The threads that have ended.
    #[serde(skip_serializing)]
    pub(crate) ended: Vec<usize>,
    /// The panics that ended threads.
    #[serde(skip_serializing)]
    pub(crate) panicked: Vec<Panicked>,
}

/// A panic that ended a thread.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Panicked {
    thread: usize,
    message: String,
    /// Its place, or an empty text.
    site: String,
}

/// A visible operation of a failed execution.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Row {
    thread: usize,
    what: String,
    site: String,
    operation: String,
    object: String,
    wakes: Option<usize>,
}

impl Row {
    /// Returns what it does, with the name of its object.
    fn in_words(&self, names: &BTreeMap<String, String>) -> String {
        match names.get(&self.object) {
            Some(name) => self.what.replacen(&self.object, name, 1),
            None => self.what.clone(),
        }
    }
}

/// The release of a lock that is no operation of its own.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Release {
    /// The number of operations before.
    before: usize,
    thread: usize,
    object: String,
}

/// An operation that a fault has changed.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Changed {
    /// The number of operations before.
    before: usize,
    row: Row,
}

/// An object that the rows name, and where it was created.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Object {
    name: String,
    site: String,
}

#[derive(Deserialize)]
#[serde(default)]
struct Line {
    event: String,
    index: usize,
    engine: String,
    site: String,
    executions: u64,
}

impl Default for Line {
    fn default() -> Self {
        let empty = String::new;
        Line { event: empty(), index: 0, engine: empty(), site: empty(), executions: 0 }
    }
}

impl Model {
    /// Returns the run, for the rules of verdicts. `died` is how the process ended, if the model has no
    /// end in its record.
    pub(crate) fn run(&self, name: &str, died: run::End) -> Run {
        let Some(end) = &self.end else {
            return Run { end: died, ..Run::new(name.to_owned(), None) };
        };
        let ended = match &*end.end {
            "complete" => run::End::Explored,
            "failed" => run::End::Failed {
                message: end.message.clone(),
                site: end.failed_at.clone().unwrap_or_default(),
                schedule: Some(end.schedule.clone()),
            },
            "limited" => run::End::GaveUp { message: "a limit ended the exploration".to_owned() },
            other => run::End::Died { message: format!("its record says `{other}`") },
        };
        let exploration = Exploration {
            bound: None,
            executions: end.executions,
            completed: (end.end == "complete").then_some(end.executions),
            given_up: end.redundant,
            begun: end.executions + end.redundant,
            seconds: end.seconds,
        };
        let explorations = vec![exploration];
        Run { end: ended, explorations, ..Run::new(name.to_owned(), None) }
    }
}

impl End {
    /// Returns `true` if a failure shows nothing about the model: a limit was too low, or the model depends
    /// on what the explorer does not see. A loop without end is a finding.
    pub(crate) fn is_undecided(&self) -> bool {
        let is_endless =
            ["without end", "repeat a loop"].iter().any(|part| self.message.contains(part));
        self.kind == "diverged" || self.kind == "limit" && !is_endless
    }

    /// Returns the failed execution, with its lines of source, or `None` if nothing failed.
    pub(crate) fn trace(&self, sources: &mut Sources) -> Option<Trace> {
        if self.rows.is_empty() {
            return None;
        }
        let names = self.names(sources);
        let mut steps = self.steps(&names);
        for thread in &self.ended {
            let last = steps.iter().rposition(|step| step.thread == *thread);
            let panicked = self.panicked.iter().find(|panicked| panicked.thread == *thread);
            let end = match panicked {
                Some(Panicked { message, site, .. }) => {
                    self.step(*thread, Operation::Panicked(message.clone()), "", site)
                }
                None => self.step(*thread, Operation::End, "", ""),
            };
            steps.insert(last.map_or(steps.len(), |last| last + 1), end);
        }
        let mut code = BTreeMap::new();
        for step in &steps {
            let Some((file, line)) = step.site.rsplit_once(':') else { continue };
            let line = line.parse().ok().and_then(|line| sources.line(file, line));
            code.extend(line.map(|line| (step.site.clone(), line)));
        }
        let threads = self.threads.clone();
        Some(Trace { threads, steps, wakes_any: true, names, code })
    }

    fn step(&self, thread: usize, operation: Operation, object: &str, site: &str) -> Step {
        let created = self.objects.iter().find(|known| known.name == object);
        Step {
            thread,
            operation,
            object: Some(object.to_owned()).filter(|object| !object.is_empty()),
            created_at: created.map(|object| object.site.clone()),
            site: site.to_owned(),
            wrongly: false,
            wakes: Vec::new(),
        }
    }

    /// Returns names for the objects, read from the source, by those that mazurka gives them.
    fn names(&self, sources: &mut Sources) -> BTreeMap<String, String> {
        let name = |object: &Object| {
            let (kind, types): (_, &[&str]) = match object.name.chars().next()? {
                'm' => ("lock", &["Mutex::", "RwLock::"]),
                'c' => ("condvar", &["Condvar::"]),
                _ => ("atomic", &["Atomic"]),
            };
            let (file, line) = object.site.rsplit_once(':')?;
            let number = line.parse().ok()?;
            let index = usize::try_from(number).ok()?.checked_sub(1)?;
            let code = sources.lines(file).get(index)?;
            // The record has no column.
            let before = types.iter().find_map(|name| code.find(name)).unwrap_or(code.len());
            let column = u32::try_from(code[..before].chars().count()).ok()? + 1;
            let field = naming::assigned(sources, file, number, column).unwrap_or_default();
            Some((object.name.clone(), naming::joined(&[&field, kind])))
        };
        naming::told_apart(self.objects.iter().filter_map(name).collect())
    }

    /// Returns an operation that a fault has changed.
    fn changed(&self, row: &Row, names: &BTreeMap<String, String>) -> Step {
        let operation = match &*row.operation {
            "notifies one" => Operation::NotifyOne,
            "notifies all" => Operation::NotifyAll,
            _ => Operation::Does(row.in_words(names)),
        };
        Step { wrongly: true, ..self.step(row.thread, operation, &row.object, &row.site) }
    }

    /// Returns the operations, the releases between them, and what the threads wait for in the end.
    fn steps(&self, names: &BTreeMap<String, String>) -> Vec<Step> {
        let mut steps = Vec::new();
        // The condition variable on which each thread sleeps, and whether its time runs out.
        let mut asleep: BTreeMap<usize, (&str, bool)> = BTreeMap::new();
        let releases = |before: usize| {
            let own = self.released.iter().filter(move |release| release.before == before);
            own.map(|release| self.step(release.thread, Operation::Unlock, &release.object, ""))
        };
        let changed = |before: usize| {
            let own = self.faults.iter().filter(move |changed| changed.before == before);
            own.map(|changed| self.changed(&changed.row, names))
        };
        for (place, row) in self.rows.iter().enumerate() {
            steps.extend(changed(place));
            steps.extend(releases(place));
            let (operation, object) = match &*row.operation {
                "locks" => match asleep.remove(&row.thread) {
                    Some((condvar, true)) => (Operation::TimedOut, condvar),
                    Some((condvar, false)) => (Operation::Woken, condvar),
                    None => (Operation::Locked, &*row.object),
                },
                "tries and locks" => (Operation::Locked, &*row.object),
                "unlocks" => (Operation::Unlock, &*row.object),
                "waits" | "waits and times out" => {
                    asleep.insert(row.thread, (&row.object, row.operation != "waits"));
                    (Operation::Wait, &*row.object)
                }
                "notifies one" => (Operation::NotifyOne, &*row.object),
                "notifies all" => (Operation::NotifyAll, &*row.object),
                _ => (Operation::Does(row.in_words(names)), &*row.object),
            };
            let step = self.step(row.thread, operation, object, &row.site);
            steps.push(Step { wakes: row.wakes.into_iter().collect(), ..step });
        }
        steps.extend(changed(self.rows.len()));
        steps.extend(releases(self.rows.len()));
        for row in &self.pending {
            let (operation, object) = match &*row.operation {
                "joins" => {
                    let joined = self.threads.iter().position(|name| *name == row.object);
                    (Operation::Join(joined.unwrap_or(usize::MAX)), "")
                }
                _ => (Operation::Lock, &*row.object),
            };
            steps.push(self.step(row.thread, operation, object, &row.site));
        }
        steps
    }
}

/// Reads a record. A last line that a killed process has not finished is dropped.
pub(crate) fn read(text: &str) -> Vec<Model> {
    let mut models: Vec<Model> = Vec::new();
    for text in text.lines() {
        let Ok(line) = serde_json::from_str::<Line>(text) else { continue };
        if line.event == "begin" {
            models.push(Model {
                index: line.index,
                engine: line.engine,
                site: line.site,
                ..Model::default()
            });
            continue;
        }
        let Some(model) = models.iter_mut().find(|model| model.index == line.index) else {
            continue;
        };
        match &*line.event {
            "progress" => model.progress = line.executions,
            "end" => model.end = serde_json::from_str(text).ok(),
            _ => {}
        }
    }
    models
}

#[cfg(test)]
mod tests {
    use harness::base::sources::Sources;
    use harness::report::interleaving::{Interleaving, Lane};

    use super::read;

    #[test]
    fn a_record_is_read_up_to_its_last_whole_line() {
        let text = r#"{"event":"begin","index":1,"engine":"mazurka","site":"a.rs:1"}
{"event":"progress","index":1,"executions":7}
{"event":"end","index":1,"end":"complete","executions":9,"seconds":0.5,"remarks":["one"]}
{"event":"begin","index":2,"engine":"mazurka","site":"a.rs:2"}
{"event":"progress","index":2,"executions":70}
{"event":"end","index":2,"end":"comp"#;
        let models = read(text);
        assert_eq!(models.len(), 2);
        let end = models[0].end.as_ref().unwrap();
        assert_eq!((&*end.end, end.executions, end.remarks.len()), ("complete", 9, 1));
        assert!(models[1].end.is_none());
        assert_eq!(models[1].progress, 70);
    }

    #[test]
    fn a_failed_execution_has_its_lanes() {
        let row = |thread: usize, operation: &str, object: &str, wakes: &str| {
            format!(
                r#"{{"thread":{thread},"what":"{operation} {object}","site":"a.rs:{thread}7","operation":"{operation}","object":"{object}","wakes":{wakes}}}"#
            )
        };
        let rows = [
            row(1, "locks", "m1", "null"),
            row(1, "waits", "c2", "null"),
            row(0, "locks", "m1", "null"),
            row(0, "notifies one", "c2", "1"),
            row(1, "locks", "m1", "null"),
            row(1, "reads", "a3: 7", "null"),
        ];
        let text = format!(
            r#"{{"event":"begin","index":1}}
{{"event":"end","index":1,"end":"failed","threads":["main","other"],"rows":[{}],"pending":[{}],"released":[{{"before":4,"thread":0,"object":"m1"}}],"objects":[{{"name":"m1","site":"a.rs:1"}}],"ended":[1]}}"#,
            rows.join(","),
            row(0, "joins", "other", "null")
        );
        let models = read(&text);
        let trace = models[0].end.as_ref().unwrap().trace(&mut Sources::new("/")).unwrap();
        let told = Interleaving::new(&trace);
        let words: Vec<_> = told.rows.iter().map(|row| &*row.words).collect();
        assert_eq!(
            words,
            [
                "locks m1",
                "sleeps on c2",
                "locks m1",
                "notifies one of c2",
                "unlocks m1",
                "wakes up on c2",
                "reads a3: 7",
                "ends",
                "joins other",
            ]
        );
        assert_eq!((told.rows[3].wakes.as_slice(), told.rows[5].woken_by), (&[1][..], Some(4)));
        assert_eq!(told.rows[3].holds[0], ["m1"]);
        assert!(told.rows[4].holds[0].is_empty(), "it was released");
        assert_eq!(told.rows[1].lanes[1], Lane::Sleeping);
        assert_eq!(told.threads[0].words, "waits for other to end");
    }
}
