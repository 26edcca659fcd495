//! Runs an executable of tests on real threads and reads which clauses each test supports.
//!
//! A test reports this in a line of its output: `evidence: clauses=C3,C5 runs=256`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use harness::base::child;
use harness::findings::evidence::Evidence;
use harness::findings::part::{Case, Part};
use harness::findings::verdict::Verdict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::cargo::TestBinary;
use crate::findings::scope::Scope;

/// The environment variable that selects the queue for the pools of a test.
pub(crate) const QUEUE: &str = "LAST_CALL_QUEUE";

/// One test on one queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Test {
    /// `queue/file/test`.
    pub name: String,
    /// STRESSED with the number of runs in the test, or FAILED.
    pub verdict: Verdict,
    /// The numbers of the clauses that it supports; may be empty.
    pub clauses: Vec<u8>,
}

/// The results of one executable of tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Suite {
    /// `queue/file`.
    pub name: String,
    /// Whether all its tests passed and at least one ran.
    pub passed: bool,
    /// The reason why it did not pass, and its output.
    pub failure: Option<String>,
    /// Wall time.
    pub seconds: f64,
    /// Its tests.
    pub tests: Vec<Test>,
}

impl Part<Scope> for Vec<Suite> {
    fn name(&self) -> &'static str {
        "tests"
    }

    fn is_wanted(&self, scope: &Scope) -> bool {
        scope.tests && scope.shard.is_none()
    }

    fn is_present(&self) -> bool {
        !self.is_empty()
    }

    fn cases(&self, _: &Scope) -> Vec<Case<'_>> {
        let cases = self.iter().flat_map(|suite| {
            let tests = suite.tests.iter().map(|test| {
                let failure = (!test.verdict.holds()).then(|| test.verdict.to_string());
                Case::new(&*suite.name, &*test.name).unless(failure, None)
            });
            // An executable that hung or died has no line for a test, so it becomes a case itself.
            let whole = suite.failure.iter().map(|failure| {
                Case::new(&*suite.name, &*suite.name).unless(Some(failure.clone()), None)
            });
            tests.chain(whole)
        });
        cases.collect()
    }

    fn evidence(&self, clause: u8) -> Vec<Evidence> {
        let tests = self.iter().flat_map(|suite| &suite.tests);
        let tests = tests.filter(|test| test.clauses.contains(&clause));
        let evidence = tests.map(|test| Evidence {
            kind: "test".to_owned(),
            name: test.name.clone(),
            verdict: test.verdict.clone(),
            bound: None,
            executions: None,
            seconds: None,
            reached: BTreeMap::new(),
            convicted: Vec::new(),
        });
        evidence.collect()
    }

    fn merge(mut self, other: Self) -> Result<Self, String> {
        self.extend(other);
        Ok(self)
    }

    fn complete(mut self, _: &Scope) -> Result<Self, String> {
        self.sort_by(|one, other| one.name.cmp(&other.name));
        match self.windows(2).find(|pair| pair[0].name == pair[1].name) {
            Some(pair) => Err(format!("two shards have the tests {}", pair[0].name)),
            None => Ok(self),
        }
    }
}

/// Runs all tests of an executable, with their pools on the given queue.
pub fn run(queue: &str, binary: &TestBinary, folder: &Path, limit: Duration) -> Suite {
    let name = format!("{queue}/{}", binary.target);
    let began = Instant::now();
    let mut command = Command::new(&binary.executable);
    command.arg("--show-output").env(QUEUE, queue).current_dir(folder);
    if let Some(examples) = &binary.examples {
        command.env("LAST_CALL_EXAMPLES", examples);
    }
    let result = child::run(&mut command, limit);
    let seconds = began.elapsed().as_secs_f64();
    let (tests, failure) = match result {
        Err(error) => (Vec::new(), Some(error.to_string())),
        Ok(finished) => {
            let tests = read(&name, &finished.stdout);
            let failure = match finished.status {
                None => Some(format!("killed after {} s", limit.as_secs())),
                Some(status) if !status.success() => Some(status.to_string()),
                Some(_) if tests.is_empty() => Some("no test ran".to_owned()),
                Some(_) => None,
            };
            let with_output =
                |failure| format!("{failure}\n{}{}", finished.stdout, finished.stderr);
            (tests, failure.map(with_output))
        }
    };
    Suite { name, passed: failure.is_none(), failure, seconds, tests }
}

/// Reads the output of the standard test harness under `--show-output`.
fn read(suite: &str, output: &str) -> Vec<Test> {
    let mut tests: Vec<Test> = Vec::new();
    let mut shown: Option<usize> = None;
    for line in output.lines() {
        let result = line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... "));
        if let Some((test, word)) = result {
            let verdict = match word {
                "ok" => Verdict::Stressed(1),
                other => Verdict::Failed(other.to_owned()),
            };
            tests.push(Test { name: format!("{suite}/{test}"), verdict, clauses: Vec::new() });
        } else if let Some(rest) = line.strip_prefix("---- ") {
            let test = rest.trim_end_matches(" stdout ----");
            shown = tests.iter().position(|known| known.name == format!("{suite}/{test}"));
        } else if let (Some(index), Some(rest)) = (shown, line.strip_prefix("evidence: ")) {
            if let (Verdict::Stressed(runs), Some((clauses, reported))) =
                (&mut tests[index].verdict, parse(rest))
            {
                *runs = reported;
                tests[index].clauses.extend(clauses);
            }
        }
    }
    tests
}

fn parse(line: &str) -> Option<(Vec<u8>, u64)> {
    let (clauses, runs) = line.strip_prefix("clauses=")?.split_once(" runs=")?;
    let clauses = clauses.split(',').map(|clause| clause.strip_prefix('C')?.parse().ok());
    Some((clauses.collect::<Option<_>>()?, runs.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use harness::findings::verdict::Verdict;

    use super::{parse, read};

    #[test]
    fn evidence_is_attributed_to_the_test_that_printed_it() {
        let output = "\nrunning 2 tests\ntest a ... ok\ntest b ... FAILED\n\nsuccesses:\n\n\
             ---- a stdout ----\nevidence: clauses=C3,C5 runs=256\n\n---- b stdout ----\nno\n";
        let tests = read("std/x", output);
        assert_eq!(tests.len(), 2);
        assert_eq!((&*tests[0].name, &tests[0].verdict), ("std/x/a", &Verdict::Stressed(256)));
        assert_eq!(tests[0].clauses, [3, 5]);
        assert!(matches!(tests[1].verdict, Verdict::Failed(_)));
    }

    #[test]
    fn an_ignored_test_has_not_passed() {
        let tests = read("std/x", "test a ... ignored\ntest b ... ok\n");
        assert_eq!(tests[0].verdict, Verdict::Failed("ignored".to_owned()));
        assert_eq!(tests[1].verdict, Verdict::Stressed(1));
    }

    #[test]
    fn a_malformed_line_is_not_evidence() {
        for line in ["clauses=3 runs=1", "clauses=C3", "clauses=C3 runs=many", "C3"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
