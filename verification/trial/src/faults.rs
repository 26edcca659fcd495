//! Faults at call sites of the crate. The models have noted which faults can be injected at the call sites
//! that they reach. Each fault runs under the models that reach its site, the cheapest first, and the
//! harness judges what became of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use harness::base::progress;
use harness::base::shard::Shard;
use harness::base::sources::Sources;
use harness::faults::equivalents::{place, Equivalent, Equivalents};
use harness::faults::site::SiteFault;
use harness::findings::run::{End, Run};
use harness::kill_matrix::plan::{self, Plan, Survey};
use harness::kill_matrix::{Attempt, FaultRuns, KillEntry, KillMatrix, Terms};

use crate::arguments::Arguments;
use crate::build::Executable;
use crate::judge::{self, Case, Verdict};
use crate::record::Model;
use crate::run::{self, Finished, Test};

/// The name of the kind of evidence.
pub(crate) const GROUP: &str = "faults at call sites";

/// What the reasons name.
const TERMS: Terms<'static> = Terms { subject: "program", list: "trial.toml" };

/// Every fault and its fate.
#[derive(Debug)]
pub(crate) struct Faults {
    pub(crate) matrix: KillMatrix,
    /// The faults, as they are written in arguments and files.
    pub(crate) all: Vec<SiteFault>,
    pub(crate) code: Code,
}

impl Faults {
    /// Returns `true` if there is a fault, and no verdict is a failure. A shard may have none of its own.
    pub(crate) fn hold(&self) -> bool {
        !self.all.is_empty() && self.matrix.entries.iter().all(KillEntry::is_good)
    }

    /// Returns the fault of an entry.
    pub(crate) fn of(&self, entry: &KillEntry) -> Option<&SiteFault> {
        self.all.iter().find(|fault| {
            let action = fault.action;
            fault.site() == entry.site
                && action.operation() == entry.operation
                && action.in_words() == entry.fault
        })
    }
}

/// The code of source files, by the path that the compiler knows them by.
#[derive(Debug)]
pub(crate) struct Code {
    root: PathBuf,
    /// The folder of `trial.toml`, from the root.
    pub(crate) folder: PathBuf,
}

impl Code {
    /// Names files from the root of a workspace. `record` is the path of `trial.toml`.
    pub(crate) fn new(root: &Path, record: &Path) -> Self {
        let folder = record.parent().unwrap_or(record);
        // Both may be written in several ways.
        let canonical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let (root, folder) = (canonical(root), canonical(folder));
        let folder = folder.strip_prefix(&root).map(Path::to_owned).unwrap_or(folder);
        Code { root, folder }
    }

    /// Returns the entry of `trial.toml` that would explain a fault.
    pub(crate) fn equivalent(&self, fault: &SiteFault) -> Option<String> {
        let text = self.text(&fault.file)?;
        let (function, code) = place(&text, fault.line);
        let file = Path::new(&fault.file);
        let entry = Equivalent {
            file: file.strip_prefix(&self.folder).unwrap_or(file).display().to_string(),
            function: function.to_owned(),
            code: code.to_owned(),
            fault: fault.action.name(),
            reason: "…".to_owned(),
        };
        toml::to_string(&Equivalents { equivalent: vec![entry] }).ok()
    }

    /// Returns the text of a file.
    pub(crate) fn text(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.root.join(file)).ok()
    }
}

/// Tries the faults at the call sites that `tests` have reached when they ran without any.
///
/// # Errors
///
/// If a model has noted a fault that is not known here.
pub(crate) fn try_all(
    (tests, finished, cases): (&[Test], &[Finished], &[Case]),
    executables: &[Executable],
    equivalents: &Equivalents,
    code: Code,
    arguments: &Arguments,
) -> Result<Faults, String> {
    let began = Instant::now();
    let subject = Subject::new(executables, cases, &code);
    let surveys = finished.iter().zip(tests).filter_map(|(finished, test)| {
        let holds = |case: &&Case| case.name.split('#').next() == Some(&finished.name);
        let mut own = cases.iter().filter(holds).peekable();
        own.peek()?;
        own.all(|case| matches!(case.verdict, Verdict::Complete | Verdict::Unrecorded))
            .then(|| subject.survey(test, finished))
    });
    let plan = plan::plan(surveys.collect::<Result<_, _>>()?);
    let runs = run_all(plan, &code, arguments);
    let faults = FaultRuns {
        runs,
        second_opinions: BTreeMap::new(),
        seconds: began.elapsed().as_secs_f64(),
    };
    let mut matrix = KillMatrix::new(&faults, equivalents, &TERMS, |file| code.text(file));
    if arguments.is_partial() {
        // Another model may reach them.
        matrix.entries.retain(|entry| !entry.tried.is_empty());
    }
    Ok(Faults { matrix, all: faults.runs.into_keys().collect(), code })
}

/// Runs the faults of this shard.
fn run_all(
    plan: Plan<&Test>,
    code: &Code,
    arguments: &Arguments,
) -> BTreeMap<SiteFault, Vec<Attempt>> {
    let mut runs: BTreeMap<_, _> = plan.keys().map(|fault| (fault.clone(), Vec::new())).collect();
    let own = arguments.shard.unwrap_or(Shard::WHOLE).pick(plan, |_| 1);
    let done = progress::each(run::jobs(own.len(), arguments), GROUP, &own, |(fault, tests)| {
        let enough = |_, convictions| !fault.is_harmless() && convictions > 0;
        let attempts = plan::attempts(tests, enough, |test| {
            attempt(&run::run(test, Some(fault), arguments), code, arguments.limit)
        });
        (fault.to_string(), (fault.clone(), attempts))
    });
    runs.extend(done);
    runs
}

/// Returns a run of a test with a fault, for the matrix.
fn attempt(finished: &Finished, code: &Code, limit: u64) -> Attempt {
    let passed = finished.status.is_some_and(|status| status.success());
    let ends = finished.models.iter().filter_map(|model| model.end.as_ref());
    // Each model of a process notes the sum so far.
    let acted = ends.map(|end| end.acted).max().unwrap_or(0);
    let died = || judge::died(finished, Duration::from_secs(limit));
    let of_model = |model: &Model| match &model.end {
        Some(end) if end.is_undecided() => End::GaveUp { message: end.message.clone() },
        _ => model.run(&finished.name, died()).end,
    };
    let mut runs = finished
        .models
        .iter()
        .map(|model| Run { end: of_model(model), ..model.run(&finished.name, died()) });
    let mut run = match runs.find(|run| run.end != End::Explored) {
        Some(run) => run,
        None if passed => Run::new(finished.name.clone(), None),
        None if finished.status.is_none() => {
            Run { end: died(), ..Run::new(finished.name.clone(), None) }
        }
        None => {
            let message = judge::failed_after(finished);
            let end = End::Failed { message, site: "mazurka".to_owned(), schedule: None };
            Run { end, ..Run::new(finished.name.clone(), None) }
        }
    };
    run.faults_fired = vec![acted];
    let failed = finished.models.iter().filter_map(|model| model.end.as_ref());
    let mut sources = Sources::new(&code.root);
    run.trace = failed.filter(|end| end.end == "failed").find_map(|end| end.trace(&mut sources));
    Attempt { run, undeclared: None }
}

/// The code on trial: what stands below `src` of the packages, without the tests in it.
struct Subject<'a> {
    folders: Vec<PathBuf>,
    /// The files with models, each with the first line of its tests.
    tests: BTreeMap<&'a str, u32>,
    root: &'a Path,
}

impl<'a> Subject<'a> {
    fn new(executables: &[Executable], cases: &'a [Case], code: &'a Code) -> Self {
        let folders: BTreeSet<_> = executables.iter().map(|one| one.folder.join("src")).collect();
        let canonical = |path: PathBuf| path.canonicalize().ok();
        let with_models = cases.iter().filter_map(|case| Some(case.site.rsplit_once(':')?.0));
        let first = |file: &'a str| Some((file, first_line_of_tests(&code.text(file)?)));
        Subject {
            folders: folders.into_iter().filter_map(canonical).collect(),
            tests: with_models.filter_map(first).collect(),
            root: &code.root,
        }
    }

    fn contains(&self, fault: &SiteFault) -> bool {
        let Ok(path) = self.root.join(&fault.file).canonicalize() else { return false };
        let is_test = self.tests.get(&*fault.file).is_some_and(|first| fault.line >= *first);
        !is_test && self.folders.iter().any(|folder| path.starts_with(folder))
    }

    fn survey<'t>(&self, test: &'t Test, finished: &Finished) -> Result<Survey<&'t Test>, String> {
        let ends = || finished.models.iter().filter_map(|model| model.end.as_ref());
        let faults = ends().flat_map(|end| &end.survey).map(|fault| fault.parse());
        let faults: BTreeSet<SiteFault> = faults.collect::<Result<_, _>>()?;
        Ok(Survey {
            model: test,
            executions: ends().map(|end| end.executions).sum(),
            faults: faults.into_iter().filter(|fault| self.contains(fault)).collect(),
        })
    }
}

/// Returns the line from which a file with models is a test: that of the first `cfg` with `test`, or
/// else its first.
fn first_line_of_tests(text: &str) -> u32 {
    let is_test = |line: &str| {
        let words = line.trim().strip_prefix("#[cfg(");
        words.is_some_and(|rest| {
            rest.split(|c: char| !c.is_alphanumeric()).any(|word| word == "test")
        })
    };
    let place = text.lines().position(is_test).map_or(1, |index| index + 1);
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::first_line_of_tests;

    #[test]
    fn the_tests_of_a_file_begin_at_their_cfg() {
        let unit = "fn f() {}\n\n    #[cfg(all(test, mazurka))]\nmod tests {\n";
        assert_eq!(first_line_of_tests(unit), 3);
        assert_eq!(first_line_of_tests("#[cfg(feature = \"testing\")]\nfn f() {}\n"), 1);
        assert_eq!(first_line_of_tests("#[test]\nfn a_model() {}\n"), 1);
    }
}
