//! Seeded defects in the real sources. Each patch of `verification/mutants` is applied to a copy of
//! the workspace and built, and the model or test that it names must convict it.
//!
//! Every judge first runs on the unchanged copy and must pass there. Otherwise a conviction would
//! show nothing.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, io};

use comfy_table::{presets, ContentArrangement, Table};
use harness::base::child;
use harness::base::child::Finished;
use harness::base::progress::Progress;
use harness::findings::part::{self, Case, Exhibit, Part};
use harness::findings::recorded::Range;
use harness::findings::run::End;
use harness::findings::trace::Trace;
use harness::rules;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::cargo::Workspace;
use crate::findings::run::Run;
use crate::findings::scope::Scope;
use crate::mutation::patches::{Judge, Patch};
use crate::running::commands::{self};
use crate::running::suites;
use crate::subjects;
use crate::subjects::THIS_POOL;
use crate::trials::purpose::Purpose;
use crate::trials::recorded::Expected;
use crate::trials::trial::{Expect, Trial};

/// The paths that a copy of the workspace needs, relative to its root.
const SOURCES: [&str; 8] =
    [".cargo", "Cargo.toml", "Cargo.lock", "README.md", "examples", "src", "tests", "verification"];

/// The clauses without a patch, each with the reason.
pub const CLAUSES_WITHOUT: [(u8, &str); 2] = [
    (23, "the pool does nothing when the process ends, so there is nothing to break"),
    (28, "only `build` starts threads, before there is a job that could move"),
];

/// Every mutant and its fate.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Mutants {
    /// Wall time of all builds and runs, in seconds.
    pub seconds: f64,
    /// One report for each mutant.
    pub mutants: Vec<MutantReport>,
}

/// A mutant and its fate.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MutantReport {
    /// The name of its patch.
    pub name: String,
    /// The defect, in a sentence.
    pub defect: String,
    /// The clauses that it breaks.
    pub clauses: Vec<u8>,
    /// The hazards that it causes, each by a part of its condition.
    pub hazards: Vec<String>,
    /// `model` or `test`.
    pub kind: String,
    /// The model or the test that must convict it.
    pub judge: String,
    /// Its fate.
    pub fate: Fate,
    /// How it was convicted, or why not.
    pub message: String,
    /// The execution in which a model convicted it, with line numbers of the changed sources.
    #[serde(default)]
    pub trace: Option<Trace>,
    /// Wall time of its build and its run, in seconds.
    pub seconds: f64,
}

/// The fate of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Its judge noticed.
    Convicted,
    /// Its judge did not notice.
    Survived,
    /// The patch no longer fits the sources.
    DoesNotApply,
    /// The compiler rejects it.
    DoesNotBuild,
}

impl MutantReport {
    /// Returns why it was not convicted, or `None` if it was.
    fn complaint(&self) -> Option<String> {
        let MutantReport { fate, judge, message, .. } = self;
        (*fate != Fate::Convicted).then(|| format!("{fate} under {judge}: {message}"))
    }
}

impl Part<Scope> for Option<Mutants> {
    fn name(&self) -> &'static str {
        "mutants"
    }

    fn is_wanted(&self, scope: &Scope) -> bool {
        scope.mutants
    }

    fn is_present(&self) -> bool {
        self.as_ref().is_some_and(|mutants| !mutants.mutants.is_empty())
    }

    fn cases(&self, _: &Scope) -> Vec<Case<'_>> {
        let mutants = self.iter().flat_map(|mutants| &mutants.mutants);
        let cases = mutants.map(|mutant| {
            let held =
                Case { result: mutant.defect.clone(), ..Case::new(self.name(), &*mutant.name) };
            held.in_seconds(mutant.seconds).unless(mutant.complaint(), mutant.trace.as_ref())
        });
        cases.collect()
    }

    fn exhibits(&self) -> Vec<Exhibit<'_>> {
        let mutants = self.iter().flat_map(|mutants| &mutants.mutants);
        let exhibits = mutants.filter_map(|mutant| {
            let (title, how) = (mutant.defect.clone(), &*mutant.message);
            let trace = mutant.trace.as_ref()?;
            Some(Exhibit { title, model: &mutant.judge, kind: "patch", how, trace })
        });
        exhibits.collect()
    }

    fn merge(self, other: Self) -> Result<Self, String> {
        part::both("mutants", self, other, Mutants::and)
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fate::Convicted => "convicted",
            Fate::Survived => "SURVIVED",
            Fate::DoesNotApply => "DOES NOT APPLY",
            Fate::DoesNotBuild => "DOES NOT BUILD",
        })
    }
}

impl Mutants {
    /// Merges the mutants of another shard.
    pub(crate) fn and(mut self, other: Mutants) -> Self {
        self.seconds += other.seconds;
        self.mutants.extend(other.mutants);
        self.mutants.sort_by(|one, other| one.name.cmp(&other.name));
        self
    }

    /// Returns the number of mutants with a fate.
    pub fn count(&self, fate: Fate) -> usize {
        self.mutants.iter().filter(|mutant| mutant.fate == fate).count()
    }

    /// Returns a table for a terminal of `width` columns, followed by the mutants that were not
    /// convicted.
    pub fn render(&self, width: usize) -> String {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        for mutant in &self.mutants {
            let clauses: Vec<_> = mutant.clauses.iter().map(|n| format!("C{n}")).collect();
            table.add_row([
                mutant.defect.clone(),
                clauses.join(" "),
                mutant.fate.to_string(),
                format!("{} {}", mutant.kind, mutant.judge),
                format!("{:.1} s", mutant.seconds),
            ]);
        }
        let mut out = format!("{table}\n");
        for mutant in self.mutants.iter().filter(|mutant| mutant.fate != Fate::Convicted) {
            let MutantReport { name, fate, judge, message, .. } = mutant;
            let _ = writeln!(out, "\n{name}.patch {fate} ({judge}): {message}");
        }
        out
    }
}

/// Applies each patch to a copy of the workspace and runs its judge.
///
/// # Errors
///
/// If the copy cannot be made or built, or a judge fails on the unchanged sources.
pub fn run(workspace: &Workspace, patches: &[Patch], limit: Duration) -> Result<Mutants, String> {
    let began = Instant::now();
    let workshop = Workshop::new(workspace, limit)?;
    let limits = workshop.control(patches)?;
    // Sorted by kind of build, then by the files that change, so that cargo rebuilds little.
    let mut order: Vec<_> = patches.iter().collect();
    order.sort_by_key(|patch| (build_of(&patch.judge), patch.paths().collect::<Vec<_>>()));
    let progress = Progress::of("mutants", order.len());
    let mut mutants = Vec::new();
    for patch in order {
        let report = workshop.report(patch, limits[&patch.judge])?;
        progress.done(format!("{}: {}, {:.1} s", report.name, report.fate, report.seconds));
        mutants.push(report);
    }
    drop(progress);
    mutants.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Mutants { seconds: began.elapsed().as_secs_f64(), mutants })
}

/// Returns the tests that must be built, or `None` for a model.
fn build_of(judge: &Judge) -> Option<&str> {
    match judge {
        Judge::Model(_) => None,
        Judge::Test { file, .. } => Some(file),
    }
}

/// Returns the model of this pool with a name, either a scenario's name or `SUBJECT/SCENARIO`. It
/// must be expected to hold.
///
/// # Errors
///
/// If this pool has no such model.
pub fn model(name: &str) -> Result<&'static Trial, String> {
    Trial::of_this_pool(name).ok_or_else(|| format!("there is no model `{name}` of {THIS_POOL}"))
}

/// Runs every model of this pool on the sources from which the `model` command was built, the
/// cheapest first, until one fails. Returns the number of models. cargo-mutants uses this as its
/// test.
///
/// A different number of executions is not a failure: many correct changes cause one.
///
/// # Errors
///
/// Names the first model that does not hold, and says why.
pub fn ask_every_model(
    executable: &Path,
    expected: &Expected,
    limit: Duration,
) -> Result<usize, String> {
    let is_judge = |trial: &&Trial| {
        subjects::is_this_pool(trial.subject.name())
            && !matches!(trial.expect, Expect::Convicted(_))
    };
    let mut trials: Vec<_> = Trial::all(false).filter(is_judge).collect();
    trials.sort_by_key(|trial| expected.range(&trial.name()).map(Range::typical));
    for trial in &trials {
        let run = commands::run_model(executable, trial, &Purpose::Mutant, limit);
        let complaint = match Answer::of_model(trial, &run) {
            Answer::Holds => continue,
            Answer::Fails(failure) => failure.message,
            Answer::Vacuous(message) | Answer::Inconclusive(message) => message,
        };
        return Err(format!("{}: {complaint}", trial.name()));
    }
    Ok(trials.len())
}

/// A copy of the workspace in which sources are changed and restored.
struct Workshop {
    copy: Workspace,
    /// The time limit of a judge on the unchanged copy.
    limit: Duration,
}

/// The time limit of each judge on a mutant.
type Limits<'a> = BTreeMap<&'a Judge, Duration>;

impl Workshop {
    /// Updates the copy. Unchanged files are not written, so that cargo does not rebuild them.
    fn new(workspace: &Workspace, limit: Duration) -> Result<Self, String> {
        let folder = workspace.root().join("target/mutants");
        let source = folder.join("source");
        for name in SOURCES {
            update(&workspace.root().join(name), &source.join(name))
                .map_err(|error| format!("{}: {error}", source.join(name).display()))?;
        }
        Ok(Workshop { copy: workspace.copied_to(source, folder.join("build")), limit })
    }

    /// Runs every judge on the unchanged copy and measures its time. On a mutant, a judge that
    /// takes many times as long counts as hanging.
    fn control<'a>(&self, patches: &'a [Patch]) -> Result<Limits<'a>, String> {
        const AT_LEAST: Duration = Duration::from_secs(10);
        const TIMES: u32 = 5;
        let mut judges: Vec<_> = patches.iter().map(|patch| &patch.judge).collect();
        judges.sort();
        judges.dedup();
        let progress = Progress::of("judges of mutants, on the unchanged sources", judges.len());
        let mut limits = Limits::new();
        for judge in judges {
            let executable = self.build(judge)?;
            let began = Instant::now();
            match self.ask(judge, &executable, self.limit)? {
                Answer::Holds => limits.insert(judge, AT_LEAST + began.elapsed() * TIMES),
                Answer::Fails(Failure { message, .. })
                | Answer::Vacuous(message)
                | Answer::Inconclusive(message) => {
                    return Err(format!("{judge}, on the unchanged sources: {message}"));
                }
            };
            progress.done(judge.to_string());
        }
        Ok(limits)
    }

    fn report(&self, patch: &Patch, limit: Duration) -> Result<MutantReport, String> {
        let began = Instant::now();
        let (fate, Failure { message, trace }) = self.seed_and_ask(patch, limit)?;
        Ok(MutantReport {
            name: patch.name.clone(),
            defect: patch.defect.clone(),
            clauses: patch.clauses.clone(),
            hazards: patch.hazards.clone(),
            kind: if build_of(&patch.judge).is_some() { "test" } else { "model" }.to_owned(),
            judge: patch.judge.to_string(),
            fate,
            message,
            trace,
            seconds: began.elapsed().as_secs_f64(),
        })
    }

    fn seed_and_ask(&self, patch: &Patch, limit: Duration) -> Result<(Fate, Failure), String> {
        let changed = match patch.apply(|path| read(&self.copy.root().join(path))) {
            Ok(changed) => changed,
            Err(message) => return Ok((Fate::DoesNotApply, message.into())),
        };
        let mut seeds = Vec::new();
        for (path, text) in changed {
            seeds.push(Seed::sow(self.copy.root().join(path), &text)?);
        }
        let executable = match self.build(&patch.judge) {
            Ok(executable) => executable,
            Err(message) => return Ok((Fate::DoesNotBuild, message.into())),
        };
        let answer = self.ask(&patch.judge, &executable, limit)?;
        if let (Answer::Fails(_), Some(protocol)) = (&answer, &patch.protocol) {
            if let Some(complaint) = ask_protocol(patch, protocol, &executable, limit)? {
                return Ok((Fate::Survived, complaint.into()));
            }
        }
        Ok(match answer {
            Answer::Fails(failure) => (Fate::Convicted, failure),
            Answer::Vacuous(message) if patch.vacuous => (Fate::Convicted, message.into()),
            Answer::Vacuous(message) | Answer::Inconclusive(message) => {
                (Fate::Survived, message.into())
            }
            Answer::Holds => (Fate::Survived, "nothing failed".to_owned().into()),
        })
    }

    /// Builds the executable of a judge.
    fn build(&self, judge: &Judge) -> Result<PathBuf, String> {
        match judge {
            Judge::Model(_) => self.copy.build_model(),
            Judge::Test { file, .. } => self.copy.build_test(file),
        }
    }

    fn ask(&self, judge: &Judge, executable: &Path, limit: Duration) -> Result<Answer, String> {
        match judge {
            Judge::Model(name) => {
                let trial = model(name)?;
                let run = commands::run_model(executable, trial, &Purpose::Mutant, limit);
                Ok(Answer::of_model(trial, &run))
            }
            Judge::Test { queue, test, .. } => {
                let mut command = Command::new(executable);
                match queue {
                    Some(queue) => command.env(suites::QUEUE, queue),
                    None => command.env_remove(suites::QUEUE),
                };
                // One failure is enough, so proptest does not shrink it.
                command.current_dir(self.copy.root()).env("PROPTEST_MAX_SHRINK_ITERS", "0");
                command.args(test.iter().flat_map(|test| [test, "--exact"]));
                let finished = child::run(&mut command, limit)
                    .map_err(|error| format!("{}: {error}", executable.display()))?;
                Ok(Answer::of_test(&finished, limit))
            }
        }
    }
}

/// Runs the model of a patch with its steps held against the protocols. Returns what is wrong, or
/// `None` if the named protocol notices the patch.
fn ask_protocol(
    patch: &Patch,
    protocol: &str,
    executable: &Path,
    limit: Duration,
) -> Result<Option<String>, String> {
    let Judge::Model(name) = &patch.judge else {
        return Err(format!("{}: a protocol is held against a model only", patch.name));
    };
    let run = commands::run_model(executable, model(name)?, &Purpose::WatchedMutant, limit);
    let notices = matches!(&run.end, End::Failed { message, .. }
        if message.contains(&format!("protocol “{protocol}”")));
    let complaint = format!("the protocol “{protocol}” does not notice: {}", rules::summary(&run));
    Ok((!notices).then_some(complaint))
}

/// The answer of a judge.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    /// The run was complete, and nothing failed.
    Holds,
    /// Something failed.
    Fails(Failure),
    /// Nothing failed, but an outcome was never reached.
    Vacuous(String),
    /// The run was not complete.
    Inconclusive(String),
}

/// A failure.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Failure {
    message: String,
    /// The failed execution.
    trace: Option<Trace>,
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Failure { message, trace: None }
    }
}

impl Answer {
    fn of_model(trial: &Trial, run: &Run) -> Self {
        let declared = trial.scenario.reach;
        let undeclared = run.reached.keys().find(|outcome| !declared.contains(&outcome.as_str()));
        let missing = declared.iter().find(|outcome| !run.reached.contains_key(**outcome));
        match (&run.end, undeclared, missing) {
            (End::Failed { .. }, _, _) if !run.end.is_limit() => {
                Answer::Fails(Failure { message: rules::summary(run), trace: run.trace.clone() })
            }
            (
                End::Failed { .. } | End::GaveUp { .. } | End::TimedOut { .. } | End::Died { .. },
                _,
                _,
            ) => Answer::Inconclusive(rules::summary(run)),
            (End::Explored, Some(outcome), _) => {
                Answer::Fails(format!("reached an undeclared outcome: {outcome}").into())
            }
            (End::Explored, None, Some(outcome)) => {
                Answer::Vacuous(format!("never reached: {outcome}"))
            }
            (End::Explored, None, None) if run.faults_fired.contains(&0) => {
                Answer::Vacuous("a fault of the scenario never acted".to_owned())
            }
            (End::Explored, None, None) => Answer::Holds,
        }
    }

    fn of_test(finished: &Finished, limit: Duration) -> Self {
        match finished.status {
            None => Answer::Fails(format!("not finished after {} s", limit.as_secs()).into()),
            Some(status) if !status.success() => {
                let output = format!("{}{}", finished.stderr, finished.stdout);
                let complaint = last_panic(&output).unwrap_or_else(|| status.to_string());
                Answer::Fails(complaint.into())
            }
            Some(_) if finished.stdout.contains("test result: ok. 0 passed") => {
                Answer::Inconclusive("no test ran".to_owned())
            }
            Some(_) => Answer::Holds,
        }
    }
}

/// Returns the message of the last panic in a test's output, as one line.
fn last_panic(output: &str) -> Option<String> {
    const LONGEST: usize = 300;
    let (_, report) = output.rsplit_once(" panicked at ")?;
    let lines = report.lines().take_while(|line| !line.is_empty() && !line.starts_with("note: "));
    // The first line ends with the location.
    let text = lines.skip(1).map(str::trim).collect::<Vec<_>>().join(" ");
    Some(text.chars().take(LONGEST).collect())
}

/// A changed file of the copy, restored on drop.
struct Seed {
    path: PathBuf,
    before: String,
}

impl Seed {
    fn sow(path: PathBuf, text: &str) -> Result<Self, String> {
        let before = read(&path)?;
        let seed = Seed { path, before };
        write(&seed.path, text)?;
        Ok(seed)
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        // If the write fails, the next patch does not apply and reports an error.
        let _ = write(&self.path, &self.before);
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Makes `to` a copy of the file or folder `from`.
fn update(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        let text = fs::read(from)?;
        return if fs::read(to).is_ok_and(|old| old == text) {
            Ok(())
        } else {
            fs::write(to, text)
        };
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(to)? {
        let old = entry?;
        if !from.join(old.file_name()).exists() {
            let is_folder = old.file_type()?.is_dir();
            if is_folder { fs::remove_dir_all(old.path()) } else { fs::remove_file(old.path()) }?;
        }
    }
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        update(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;
    use std::process::Command;
    use std::time::Duration;

    use harness::base::child;
    use harness::findings::run::End;
    use harness::findings::trace::examples::deadlock;
    use last_call::QueueKind;

    use super::{last_panic, read, Answer, CLAUSES_WITHOUT};
    use crate::contract::clauses::CLAUSES;
    use crate::contract::hazards::HAZARDS;
    use crate::findings::run::Run;
    use crate::mutation::patches::{self, Judge, Patch};
    use crate::subjects::ON_DEFAULT_QUEUE;
    use crate::trials::trial::{Expect, Trial};

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace contains this package")
    }

    fn patches() -> Vec<Patch> {
        patches::read_all(&root().join(patches::FOLDER)).expect("every patch can be read")
    }

    #[test]
    fn every_patch_applies_to_the_current_sources() {
        for patch in patches() {
            let changed = patch.apply(|path| read(&root().join(path)));
            let changed = changed.unwrap_or_else(|error| panic!("{}: {error}", patch.name));
            for (path, text) in changed {
                assert_ne!(Ok(text), read(&root().join(path)), "{} changes nothing", patch.name);
            }
        }
    }

    #[test]
    fn every_patch_names_an_existing_judge() {
        for Patch { name, judge, vacuous, .. } in patches() {
            match judge {
                Judge::Model(model) => {
                    let trial = super::model(&model);
                    let trial = trial.unwrap_or_else(|error| panic!("{name}: {error}"));
                    assert!(!matches!(trial.expect, Expect::Convicted(_)), "{name}");
                }
                Judge::Test { queue, file, test } => {
                    assert!(!vacuous, "{name}: only a model can be vacuous");
                    // Only a build with every queue has all names.
                    let known = |queue: &String| QueueKind::ALL.iter().any(|k| k.name() == queue);
                    let all = cfg!(all(feature = "crossbeam-channel", not(loom)));
                    assert!(!all || queue.iter().all(known), "{name}: no queue {queue:?}");
                    let source = fs::read_to_string(root().join(format!("tests/{file}.rs")));
                    let source = source.unwrap_or_else(|error| panic!("{name}, {file}: {error}"));
                    let test = test.map_or(String::new(), |test| format!("\nfn {test}()"));
                    assert!(source.contains(&test), "{name}: no test `{test}` in {file}");
                }
            }
        }
    }

    #[test]
    fn every_clause_has_a_patch_or_a_reason() {
        let patched: BTreeSet<_> = patches().into_iter().flat_map(|patch| patch.clauses).collect();
        for clause in &*CLAUSES {
            let reason = CLAUSES_WITHOUT.iter().any(|(number, _)| *number == clause.number);
            let has = patched.contains(&clause.number);
            assert!(has != reason, "C{}: a patch: {has}, a reason: {reason}", clause.number);
        }
        assert!(patched.iter().all(|number| usize::from(*number) <= CLAUSES.len()));
    }

    #[test]
    fn every_hazard_has_a_patch_or_is_excluded_by_the_design() {
        let mut left: Vec<_> = HAZARDS.iter().filter(|hazard| hazard.excluded.is_empty()).collect();
        for patch in patches() {
            for part in patch.hazards {
                let is_meant = |condition: &str| condition.contains(&part);
                let meant = HAZARDS.iter().filter(|hazard| is_meant(hazard.condition)).count();
                assert_eq!(meant, 1, "{}: `{part}` is in {meant} hazards", patch.name);
                left.retain(|hazard| !is_meant(hazard.condition));
            }
        }
        let left: Vec<_> = left.iter().map(|hazard| hazard.condition).collect();
        assert!(left.is_empty(), "without a patch: {left:?}");
    }

    /// A run of a model that reached the given outcomes.
    fn explored(trial: &Trial, reached: &[&str]) -> Run {
        let mut run = Run::new(trial.name(), None);
        run.reached = reached.iter().map(|outcome| ((*outcome).to_owned(), 1)).collect();
        run
    }

    #[test]
    fn a_model_is_named_by_its_scenario_and_optionally_its_subject() {
        let name = |name: &str| super::model(name).map(Trial::name);
        assert_eq!(name("drop-busy"), Ok("last-call/drop-busy".to_owned()));
        let qualified = format!("{ON_DEFAULT_QUEUE}/drop-busy");
        assert_eq!(name(&qualified), Ok(qualified));
        for wrong in ["no-such", "last-call-two-lock/no-such", "book-stage-1/drop-busy"] {
            assert!(name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_model_fails_on_failures_and_on_undeclared_outcomes() {
        let trial = super::model("drop-busy").expect("it exists");
        let all = trial.scenario.reach;
        let mut run = explored(trial, all);
        assert_eq!(Answer::of_model(trial, &run), Answer::Holds);
        run.faults_fired = vec![0];
        assert!(matches!(Answer::of_model(trial, &run), Answer::Vacuous(_)));
        run.end = End::Failed {
            message: "deadlock; threads = []".to_owned(),
            site: String::new(),
            schedule: None,
        };
        run.trace = Some(deadlock());
        let Answer::Fails(failure) = Answer::of_model(trial, &run) else { panic!("it failed") };
        assert_eq!(failure.trace, run.trace, "the execution that did it");
        run.end = End::TimedOut { seconds: 1, stands: Vec::new() };
        assert!(matches!(Answer::of_model(trial, &run), Answer::Inconclusive(_)));
        let run = explored(trial, &all[1..]);
        assert!(matches!(Answer::of_model(trial, &run), Answer::Vacuous(_)));
        let run = explored(trial, &[all[0], "another"]);
        assert!(matches!(Answer::of_model(trial, &run), Answer::Fails(_)));
    }

    #[test]
    fn a_test_fails_by_its_exit_status() {
        let limit = Duration::from_secs(30);
        let answer = |script: &str| {
            let finished = child::run(Command::new("sh").args(["-c", script]), limit);
            Answer::of_test(&finished.expect("sh can be started"), limit)
        };
        assert_eq!(answer("echo 'test result: ok. 1 passed; 0 failed'"), Answer::Holds);
        assert!(matches!(answer("echo 'test result: ok. 0 passed'"), Answer::Inconclusive(_)));
        assert_eq!(answer("exit 101"), Answer::Fails("exit status: 101".to_owned().into()));
    }

    #[test]
    fn the_last_of_several_panics_is_reported() {
        let output = "thread 'a' panicked at src/a.rs:1:1:\nfirst\n\nthread 'b' (7) panicked at \
             src/b.rs:2:2:\nassertion failed\n  left: 1\n right: 2\nnote: run with\n\nfailures:\n";
        assert_eq!(last_panic(output).as_deref(), Some("assertion failed left: 1 right: 2"));
        assert_eq!(last_panic("no such thing"), None);
    }
}
