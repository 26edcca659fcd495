//! One execution in a form that a person can follow: which thread took which step, which step woke
//! which thread, and where each thread stands at the end. The terminal and the page draw it.

use std::collections::{BTreeMap, VecDeque};

use crate::findings::trace::{Operation, Step, Trace};

/// An execution.
#[derive(Clone, Debug)]
pub struct Interleaving {
    /// Its threads, the main thread first.
    pub threads: Vec<Thread>,
    /// The steps worth a row, in order: a lock that was got shows once, when it was got.
    pub rows: Vec<Row>,
    /// How many rows came before these.
    pub earlier: usize,
    /// What the steps were done with.
    pub objects: Vec<Object>,
}

/// A thread and its end.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Its name.
    pub name: String,
    /// How it stands when the execution ends.
    pub standing: Standing,
    /// The same, in words.
    pub words: String,
    /// The number of its last row.
    pub row: Option<usize>,
    /// The call site of its last step, as `file:line`.
    pub site: String,
}

/// How a thread stands at the end of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It took no step.
    NotBegun,
    /// It has come to its end.
    Ended,
    /// It waits for a lock, a wake-up or another thread's end.
    Blocked,
    /// The execution ended while it could have gone on.
    Stopped,
}

/// A step.
#[derive(Clone, Debug)]
pub struct Row {
    /// 1 for the first.
    pub number: usize,
    /// Whose, as an index.
    pub thread: usize,
    /// What it did.
    pub words: String,
    /// The call site, as `file:line`; none where it says nothing.
    pub site: String,
    /// The line of source there, if it was recorded.
    pub code: String,
    /// Whether a seeded defect made it act wrongly.
    pub wrongly: bool,
    /// How the thread stands if this is its last step.
    pub last: Option<Standing>,
    /// How each thread is when the step is done.
    pub lanes: Vec<Lane>,
    /// The locks that each thread holds when the step is done, by name.
    pub holds: Vec<Vec<String>>,
    /// Of a thread that wakes up: the number of the row in which another woke it.
    pub woken_by: Option<usize>,
    /// Of a notification: the threads that it wakes, by index.
    pub wakes: Vec<usize>,
}

/// What a thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// It has not been started, or has ended.
    Absent,
    /// It can go on.
    Running,
    /// It sleeps on a condition variable.
    Sleeping,
    /// It waits for a lock, or for another thread's end.
    Waiting,
}

/// A lock, a condition variable, a counter or a flag.
#[derive(Clone, Debug)]
pub struct Object {
    /// As the steps call it: `queue lock`, say, or `m1` where its name is not known.
    pub name: String,
    /// What it is.
    pub kind: &'static str,
    /// Where it was created, as `file:line`.
    pub created_at: String,
}

impl Interleaving {
    /// Reads a trace.
    pub fn new(trace: &Trace) -> Self {
        Interleaving::ending(trace, usize::MAX)
    }

    /// Reads a trace, and keeps no more than that many rows, the last ones: there it is decided where
    /// the threads end.
    pub fn ending(trace: &Trace, most: usize) -> Self {
        let mut shown = shown(trace);
        let mut state = State::new(trace);
        let mut rows = Vec::new();
        for (index, step) in trace.steps.iter().enumerate() {
            let number = rows.len() + 1;
            let (woken_by, wakes) = state.take(step, number);
            if !shown[index] {
                continue;
            }
            rows.push(Row {
                number,
                thread: step.thread,
                words: words(trace, step, &state),
                site: site(step).to_owned(),
                code: code(trace, step).to_owned(),
                wrongly: step.wrongly,
                last: None,
                lanes: state.lanes.clone(),
                holds: state.held(trace),
                woken_by,
                wakes,
            });
        }
        let threads: Vec<_> =
            (0..trace.threads.len()).map(|thread| stand(trace, &rows, thread)).collect();
        for thread in &threads {
            if let Some(number) = thread.row {
                rows[number - 1].last = Some(thread.standing);
            }
        }
        let earlier = rows.len().saturating_sub(most);
        rows.drain(..earlier);
        for row in &mut rows {
            row.woken_by = row.woken_by.filter(|number| *number > earlier);
        }
        shown.iter_mut().filter(|shown| **shown).take(earlier).for_each(|shown| *shown = false);
        Interleaving { threads, objects: objects(trace, &shown), rows, earlier }
    }

    /// Where a thread stands, in a sentence.
    pub fn end(thread: &Thread) -> String {
        match (thread.standing, thread.row) {
            (Standing::Blocked | Standing::Stopped, Some(row)) => {
                format!("{}: {} (step {row}, {})", thread.name, thread.words, thread.site)
            }
            _ => format!("{}: {}", thread.name, thread.words),
        }
    }
}

/// Who is doing what, step by step.
struct State {
    lanes: Vec<Lane>,
    /// The locks that each thread holds, the last one last.
    holds: Vec<Vec<String>>,
    /// The lock that each sleeper has released.
    released: BTreeMap<usize, String>,
    /// Who sleeps on which condition variable, the longest first.
    sleepers: BTreeMap<String, VecDeque<usize>>,
    /// The row in which each thread was woken.
    woken: BTreeMap<usize, usize>,
    /// Whether any sleeper may be woken by a notification for one.
    any: bool,
    /// On which condition variables how many have been woken of whom it cannot be told who they are.
    unknown: BTreeMap<String, usize>,
}

impl State {
    fn new(trace: &Trace) -> Self {
        let mut lanes = vec![Lane::Absent; trace.threads.len()];
        if let Some(main) = lanes.first_mut() {
            *main = Lane::Running;
        }
        State {
            holds: vec![Vec::new(); lanes.len()],
            lanes,
            released: BTreeMap::new(),
            sleepers: BTreeMap::new(),
            woken: BTreeMap::new(),
            any: trace.wakes_any,
            unknown: BTreeMap::new(),
        }
    }

    /// The locks that each thread holds, by name.
    fn held(&self, trace: &Trace) -> Vec<Vec<String>> {
        let names = |locks: &Vec<String>| locks.iter().map(|lock| name(trace, lock)).collect();
        self.holds.iter().map(names).collect()
    }

    /// The thread that holds a lock.
    fn holder(&self, lock: &str) -> Option<usize> {
        self.holds.iter().position(|locks| locks.iter().any(|held| held == lock))
    }

    /// Follows which locks a thread holds. A wait releases the lock that was taken last, and has it
    /// again when it ends.
    fn follow_locks(&mut self, step: &Step) {
        let thread = step.thread;
        let Some(holds) = self.holds.get_mut(thread) else { return };
        match step.operation {
            Operation::Locked => holds.extend(step.object.clone()),
            Operation::Unlock => holds.retain(|lock| Some(lock) != step.object.as_ref()),
            Operation::Wait => {
                if let Some(lock) = holds.pop() {
                    self.released.insert(thread, lock);
                }
            }
            Operation::Woken | Operation::TimedOut => holds.extend(self.released.remove(&thread)),
            _ => {}
        }
    }

    /// Takes a step, whose row has that number; says by which row it was woken, and whom it wakes.
    fn take(&mut self, step: &Step, number: usize) -> (Option<usize>, Vec<usize>) {
        let object = step.object.clone().unwrap_or_default();
        let thread = step.thread;
        let mut woken_by = None;
        let mut wakes = Vec::new();
        self.follow_locks(step);
        if let Some(lane) = self.lanes.get_mut(thread) {
            *lane = match step.operation {
                Operation::Lock | Operation::Join(_) => Lane::Waiting,
                Operation::Wait => Lane::Sleeping,
                Operation::End | Operation::Panicked(_) => Lane::Absent,
                _ => Lane::Running,
            };
        }
        match step.operation {
            Operation::Spawn(other) => {
                if let Some(lane) = self.lanes.get_mut(other) {
                    *lane = Lane::Running;
                }
            }
            Operation::Wait => self.sleepers.entry(object).or_default().push_back(thread),
            Operation::Woken => {
                woken_by = self.woken.remove(&thread);
                if woken_by.is_none() {
                    self.get_up(&object, thread);
                    if let Some(unknown) = self.unknown.get_mut(&object) {
                        *unknown = unknown.saturating_sub(1);
                    }
                }
            }
            Operation::TimedOut => self.get_up(&object, thread),
            Operation::NotifyOne | Operation::NotifyAll if !step.wakes.is_empty() => {
                wakes.clone_from(&step.wakes);
                for sleeper in &wakes {
                    self.get_up(&object, *sleeper);
                }
            }
            Operation::NotifyOne if !step.wrongly => wakes = self.wake(object, false),
            Operation::NotifyAll if !step.wrongly => wakes = self.wake(object, true),
            _ => {}
        }
        self.woken.extend(wakes.iter().map(|sleeper| (*sleeper, number)));
        (woken_by, wakes)
    }

    /// The thread sleeps no more.
    fn get_up(&mut self, object: &str, thread: usize) {
        if let Some(sleepers) = self.sleepers.get_mut(object) {
            sleepers.retain(|sleeper| *sleeper != thread);
        }
    }

    /// Who is woken by a notification, as far as it can be told.
    fn wake(&mut self, object: String, all: bool) -> Vec<usize> {
        let sleepers = self.sleepers.entry(object.clone()).or_default();
        let unknown = self.unknown.entry(object).or_default();
        let asleep = sleepers.len().saturating_sub(*unknown);
        if self.any && (*unknown > 0 || (asleep > 1 && !all)) {
            *unknown += if all { asleep } else { asleep.min(1) };
            return Vec::new();
        }
        let woken = if all { sleepers.len() } else { sleepers.len().min(1) };
        sleepers.drain(..woken).collect()
    }
}

/// Which steps are worth a row.
fn shown(trace: &Trace) -> Vec<bool> {
    let steps = &trace.steps;
    let follows = |index: usize| {
        let step: &Step = &steps[index];
        steps[index + 1..].iter().find(|later| later.thread == step.thread)
    };
    let got = |index: usize| match steps[index].operation {
        Operation::Lock => follows(index).is_some_and(|next| next.operation == Operation::Locked),
        Operation::Join(_) => {
            follows(index).is_some_and(|next| matches!(next.operation, Operation::Joined(_)))
        }
        _ => false,
    };
    (0..steps.len()).map(|index| !got(index)).collect()
}

/// What an object is called.
fn name(trace: &Trace, object: &str) -> String {
    trace.names.get(object).map_or(object, String::as_str).to_owned()
}

fn words(trace: &Trace, step: &Step, state: &State) -> String {
    let object = name(trace, step.object.as_deref().unwrap_or("?"));
    let thread = |thread: &usize| trace.threads.get(*thread).map_or("a thread", String::as_str);
    let text = match &step.operation {
        Operation::Lock => {
            let holder = step.object.as_deref().and_then(|lock| state.holder(lock));
            let holder = holder.map(|holder| format!(", which {} holds", thread(&holder)));
            format!("waits for {object}{}", holder.unwrap_or_default())
        }
        Operation::Locked => format!("locks {object}"),
        Operation::Unlock => format!("unlocks {object}"),
        Operation::Wait => format!("sleeps on {object}"),
        Operation::Woken => format!("wakes up on {object}"),
        Operation::TimedOut => format!("times out on {object}"),
        Operation::NotifyOne => format!("notifies one of {object}"),
        Operation::NotifyAll => format!("notifies all of {object}"),
        Operation::Count => format!("counts {object}"),
        Operation::Raise => format!("raises {object}"),
        Operation::Look => format!("reads {object}"),
        Operation::Spawn(other) => format!("starts {}", thread(other)),
        Operation::SpawnFailed => "cannot start it".to_owned(),
        Operation::Join(other) => format!("joins {}", thread(other)),
        Operation::Joined(other) => format!("joined {}", thread(other)),
        Operation::End => "ends".to_owned(),
        Operation::Panicked(message) => format!("panics: {}", in_one_line(message)),
        Operation::Note(text) => format!("“{text}”"),
        Operation::Does(text) => text.clone(),
    };
    if step.wrongly {
        format!("{text} (fault)")
    } else {
        text
    }
}

/// A message of several lines, such as that of `assert_eq!`, in one.
fn in_one_line(message: &str) -> String {
    message.lines().map(str::trim).collect::<Vec<_>>().join(", ")
}

/// The line of source of a step.
fn code<'a>(trace: &'a Trace, step: &'a Step) -> &'a str {
    let code = |site: &str| trace.code.get(site).map(String::as_str);
    code(site(step)).unwrap_or_default()
}

fn site(step: &Step) -> &str {
    match step.operation {
        Operation::Unlock | Operation::End | Operation::SpawnFailed => "",
        _ => &step.site,
    }
}

fn stand(trace: &Trace, rows: &[Row], thread: usize) -> Thread {
    let name = trace.threads[thread].clone();
    let Some(step) = trace.steps.iter().rev().find(|step| step.thread == thread) else {
        let (words, site) = ("has not begun".to_owned(), String::new());
        return Thread { name, standing: Standing::NotBegun, words, row: None, site };
    };
    let id = step.object.as_deref().unwrap_or("?");
    let object = self::name(trace, id);
    let (standing, words) = match &step.operation {
        Operation::End => (Standing::Ended, "has ended".to_owned()),
        Operation::Panicked(message) => {
            let place =
                if step.site.is_empty() { String::new() } else { format!(" ({})", step.site) };
            (Standing::Ended, format!("panicked: {}{place}", in_one_line(message)))
        }
        Operation::Lock => match holder(trace, id) {
            Some(holder) => {
                (Standing::Blocked, format!("waits for {object}, which {holder} holds"))
            }
            None => (Standing::Blocked, format!("was about to lock {object}")),
        },
        Operation::Wait => {
            (Standing::Blocked, format!("sleeps on {object}, and nobody has woken it"))
        }
        Operation::Join(other) => {
            let other = trace.threads.get(*other).map_or("a thread", String::as_str);
            (Standing::Blocked, format!("waits for {other} to end"))
        }
        _ => (Standing::Stopped, "stopped here".to_owned()),
    };
    let row = rows.iter().rfind(|row| row.thread == thread).map(|row| row.number);
    Thread { name, standing, words, row, site: step.site.clone() }
}

/// The thread that holds a lock at the end.
fn holder<'a>(trace: &'a Trace, lock: &str) -> Option<&'a str> {
    let mut state = State::new(trace);
    trace.steps.iter().for_each(|step| state.follow_locks(step));
    state.holder(lock).and_then(|thread| trace.threads.get(thread)).map(String::as_str)
}

fn objects(trace: &Trace, shown: &[bool]) -> Vec<Object> {
    let steps = trace.steps.iter().zip(shown).filter(|(_, shown)| **shown);
    let named = steps
        .filter_map(|(step, _)| Some((step.object.as_deref()?, step.created_at.as_deref()?)))
        .collect::<BTreeMap<_, _>>();
    let object = |(id, created_at): (&str, &str)| Object {
        name: name(trace, id),
        kind: match id.chars().next() {
            Some('m') => "lock",
            Some('c') => "condition variable",
            Some('f') => "flag",
            Some('a') => "atomic",
            _ => "counter",
        },
        created_at: created_at.to_owned(),
    };
    named.into_iter().map(object).collect()
}

#[cfg(test)]
mod tests {
    use super::{Interleaving, Lane, Standing};
    use crate::findings::trace::examples::{deadlock, step};
    use crate::findings::trace::{Operation, Trace};

    #[test]
    fn a_deadlock_says_where_each_thread_stands() {
        let told = Interleaving::new(&deadlock());
        assert_eq!(told.rows.len(), 4, "a lock that was got shows once");
        let ends: Vec<_> = told.threads.iter().map(Interleaving::end).collect();
        assert_eq!(
            ends,
            [
                "main: waits for worker to end (step 4, src/a.rs:07)",
                "worker: sleeps on c2, and nobody has woken it (step 3, src/a.rs:17)",
            ]
        );
        assert_eq!(told.rows[2].last, Some(Standing::Blocked));
        assert_eq!(told.rows[3].lanes, [Lane::Waiting, Lane::Sleeping]);
        assert_eq!(told.objects[0].created_at, "src/a.rs:1");
    }

    #[test]
    fn a_thread_that_a_panic_ended_has_its_message() {
        let mut trace = deadlock();
        trace.steps.push(step(1, Operation::Panicked("first!\n left: 1".to_owned()), None));
        let told = Interleaving::new(&trace);
        let ended = &told.threads[1];
        assert_eq!(
            (ended.standing, &*ended.words),
            (Standing::Ended, "panicked: first!, left: 1 (src/a.rs:17)")
        );
        assert_eq!(told.rows[4].words, "panics: first!, left: 1");
        assert_eq!(told.rows[4].lanes[1], Lane::Absent);
    }

    #[test]
    fn a_held_lock_names_its_holder() {
        let trace = Trace {
            threads: vec!["main".to_owned(), "worker".to_owned()],
            steps: vec![
                step(1, Operation::Locked, Some("m1")),
                step(0, Operation::Lock, Some("m1")),
            ],
            ..Trace::default()
        };
        assert_eq!(Interleaving::new(&trace).threads[0].words, "waits for m1, which worker holds");
    }

    #[test]
    fn a_wake_up_names_its_waker_and_a_dropped_one_wakes_nobody() {
        let names = ["main", "first", "second"].map(str::to_owned);
        let mut trace = Trace {
            threads: names.to_vec(),
            steps: vec![
                step(1, Operation::Wait, Some("c1")),
                step(2, Operation::Wait, Some("c1")),
                step(0, Operation::NotifyOne, Some("c1")),
                step(1, Operation::Woken, Some("c1")),
            ],
            ..Trace::default()
        };
        let told = Interleaving::new(&trace);
        assert_eq!((told.rows[2].wakes.as_slice(), told.rows[3].woken_by), (&[1][..], Some(3)));
        assert_eq!(told.rows[3].lanes[2], Lane::Sleeping, "the second sleeps on");
        trace.steps[2].wrongly = true;
        let told = Interleaving::new(&trace);
        assert!(told.rows[2].wakes.is_empty() && told.rows[2].words.ends_with("(fault)"));
    }

    #[test]
    fn where_any_sleeper_may_wake_nobody_is_named_until_it_is_certain() {
        let c1 = |thread, operation| step(thread, operation, Some("c1"));
        let trace = Trace {
            threads: ["main", "first", "second"].map(str::to_owned).to_vec(),
            steps: vec![
                c1(1, Operation::Wait),
                c1(2, Operation::Wait),
                c1(0, Operation::NotifyOne),
                c1(2, Operation::Woken),
                c1(0, Operation::NotifyOne),
                c1(1, Operation::Woken),
            ],
            wakes_any: true,
            ..Trace::default()
        };
        let told = Interleaving::new(&trace);
        assert!(told.rows[2].wakes.is_empty() && told.rows[3].woken_by.is_none());
        assert_eq!((told.rows[4].wakes.as_slice(), told.rows[5].woken_by), (&[1][..], Some(5)));
    }

    #[test]
    fn an_engine_that_says_who_is_woken_is_believed() {
        let c1 = |thread, operation| step(thread, operation, Some("c1"));
        let mut trace = Trace {
            threads: ["main", "first", "second"].map(str::to_owned).to_vec(),
            steps: vec![
                c1(1, Operation::Wait),
                c1(2, Operation::Wait),
                c1(0, Operation::NotifyOne),
                c1(2, Operation::Woken),
                step(1, Operation::Does("reads a2: 7".to_owned()), Some("a2")),
            ],
            wakes_any: true,
            ..Trace::default()
        };
        trace.steps[2].wakes = vec![2];
        let told = Interleaving::new(&trace);
        assert_eq!((told.rows[2].wakes.as_slice(), told.rows[3].woken_by), (&[2][..], Some(3)));
        assert_eq!(told.rows[3].lanes[1], Lane::Sleeping);
        assert_eq!((&*told.rows[4].words, told.objects[0].kind), ("reads a2: 7", "atomic"));
    }

    #[test]
    fn a_lock_has_its_name_and_its_owner_and_a_step_its_line_of_source() {
        let mut trace = deadlock();
        trace.names.insert("m1".to_owned(), "queue lock".to_owned());
        trace.code.insert("src/a.rs:17".to_owned(), "self.state.lock()".to_owned());
        trace.steps.insert(3, step(0, Operation::Lock, Some("m1")));
        let told = Interleaving::new(&trace);
        let owned = [&[][..], &["queue lock".to_owned()]];
        assert_eq!(
            (&*told.rows[1].words, &*told.rows[1].code),
            ("locks queue lock", "self.state.lock()")
        );
        assert_eq!(told.rows[1].holds, owned);
        assert_eq!(told.rows[2].words, "waits for queue lock, which worker holds");
        assert!(told.rows[3].holds.iter().all(Vec::is_empty), "who sleeps has released it");
    }

    #[test]
    fn of_a_long_execution_the_end_is_kept() {
        let told = Interleaving::ending(&deadlock(), 2);
        let numbers: Vec<_> = told.rows.iter().map(|row| row.number).collect();
        assert_eq!((told.earlier, numbers.as_slice()), (2, &[3, 4][..]));
        assert_eq!(told.rows[0].last, Some(Standing::Blocked));
        let objects: Vec<_> = told.objects.iter().map(|object| object.name.as_str()).collect();
        assert_eq!(objects, ["c2"], "of the others there is nothing to see");
    }
}
