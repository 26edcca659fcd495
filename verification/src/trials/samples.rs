//! Samples: scenarios too large to be explored, run under random schedules from a seed.
//!
//! The `sample` command writes them and needs `--cfg loom`. Any build can read and judge them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use harness::findings::evidence::Evidence;
use harness::findings::part::{self, Case, Exhibit, Part, FAILURE};
use harness::findings::run::Steps;
use harness::findings::sample::{Draw, Sample, SampleEnd, Scheduler};
use harness::findings::trace::Trace;
use harness::findings::verdict::Verdict;
use harness::rules;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::faults::defect::{
    Defect, CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE, IDLE_WAKES_NOBODY, IDLE_WAKES_ONE,
    OUTCOME_WAKES_NOBODY, PLACE_WAKES_NOBODY, PUSH_WAKES_NOBODY,
};
use crate::findings::scope::Scope;
use crate::scenarios::large;
use crate::scenarios::scenario::Scenario;
use crate::subjects::subject::Subject;
use crate::subjects::{ON_DEFAULT_QUEUE, TWO_LOCK};
use crate::trials::report::DefectReport;

/// The subject of every sample: this pool on its default queue.
pub const SUBJECT: &dyn Subject = &TWO_LOCK;

/// The default seed, with which every run of the audit draws the same schedules.
pub const SEED: u64 = 1;

/// The number of schedules of a sample.
pub const SCHEDULES: usize = 10_000;

/// The number of schedules of a sample in the nightly profile.
pub const NIGHTLY_SCHEDULES: usize = 100_000;

/// The depth of PCT schedules. PCT finds a defect that needs at most that many ordered steps with a
/// known probability.
pub const DEPTH: usize = 3;

/// The maximum number of steps of an execution. More is an error: it means an endless loop, since no
/// scenario takes a hundredth of them.
pub const MAX_STEPS: usize = 60_000;

/// A scenario that is sampled.
#[derive(Clone, Copy, Debug)]
pub struct Sampled {
    /// The scenario.
    pub scenario: &'static Scenario,
    /// The seeded defects. The scenario is also sampled with each of them, and must convict it.
    pub defects: &'static [Defect],
}

const fn sampled(scenario: &'static Scenario, defects: &'static [Defect]) -> Sampled {
    Sampled { scenario, defects }
}

/// Every sampled scenario, in the order of the rows of the report.
pub const SAMPLED: &[Sampled] = &[
    sampled(&large::DROP_MANY, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE]),
    sampled(&large::PROGRESS_MANY, &[PUSH_WAKES_NOBODY]),
    sampled(&large::DROP_RACE, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE]),
    sampled(&large::DISCARD_RACE, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE, OUTCOME_WAKES_NOBODY]),
    sampled(&large::BOUNDED_DRAIN, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE]),
    sampled(&large::BOUNDED_PROGRESS, &[PLACE_WAKES_NOBODY, PUSH_WAKES_NOBODY]),
    sampled(&large::QUEUE_CLOSE, &[CLOSE_WAKES_NOBODY, CLOSE_WAKES_ONE]),
    sampled(&large::IDLE_MANY, &[IDLE_WAKES_NOBODY, IDLE_WAKES_ONE, PUSH_WAKES_NOBODY]),
];

impl Sampled {
    /// Returns the sampled scenario of that name.
    pub fn find(name: &str) -> Option<&'static Sampled> {
        SAMPLED.iter().find(|sampled| sampled.scenario.name == name)
    }

    /// Returns the seeded defect of that name.
    pub fn defect(&self, name: &str) -> Option<&'static Defect> {
        self.defects.iter().find(|defect| defect.name == name)
    }
}

/// Returns the number of schedules of a sample.
pub const fn schedules(nightly: bool) -> usize {
    if nightly {
        NIGHTLY_SCHEDULES
    } else {
        SCHEDULES
    }
}

/// A sampled scenario under a scheduler: one row of the report.
#[derive(Clone, Copy, Debug)]
pub struct SampleTrial {
    /// The scenario and its defects.
    pub sampled: &'static Sampled,
    /// The scheduler that draws the schedules.
    pub scheduler: Scheduler,
}

impl SampleTrial {
    /// Returns the name, as `subject/scenario/scheduler`.
    pub fn name(&self) -> String {
        format!("{ON_DEFAULT_QUEUE}/{}/{}", self.sampled.scenario.name, self.scheduler)
    }

    /// Returns the arguments for the `sample` command.
    pub fn arguments(&self, defect: Option<&Defect>, draw: Draw) -> Vec<String> {
        let Draw { schedules, seed } = draw;
        let scenario = ["--scenario".to_owned(), self.sampled.scenario.name.to_owned()];
        let drawn = ["--scheduler".to_owned(), self.scheduler.to_string()];
        let number = ["--schedules".to_owned(), schedules.to_string()];
        let seed = ["--seed".to_owned(), seed.to_string()];
        let defect = defect.into_iter().flat_map(|defect| ["--defect", defect.name]);
        let named = scenario.into_iter().chain(drawn).chain(number).chain(seed);
        named.chain(defect.map(str::to_owned)).collect()
    }

    /// Creates the result of a sample whose process died.
    pub fn died(&self, defect: Option<&Defect>, draw: Draw, message: String) -> Sample {
        let Draw { schedules, seed } = draw;
        Sample {
            scenario: self.sampled.scenario.name.to_owned(),
            defect: defect.map(|defect| defect.name.to_owned()),
            scheduler: self.scheduler,
            asked: schedules,
            schedules: 0,
            distinct: 0,
            seed,
            max_steps: MAX_STEPS,
            longest: 0,
            end: SampleEnd::Died { message },
            seconds: 0.0,
            reached: BTreeMap::new(),
            faults_fired: Vec::new(),
            steps: Steps::new(),
            trace: None,
        }
    }
}

/// Returns every sampled scenario under every scheduler, in the order of the rows of the report.
pub fn trials() -> impl Iterator<Item = SampleTrial> {
    SAMPLED.iter().flat_map(|sampled| {
        let trial = move |scheduler| SampleTrial { sampled, scheduler };
        [Scheduler::Random, Scheduler::Pct].into_iter().map(trial)
    })
}

/// Judges a sample without a seeded defect. `convicted` has an entry for each seeded defect, under the
/// same scheduler.
pub fn judge(sampled: &Sampled, sample: &Sample, convicted: &[bool]) -> Verdict {
    match &sample.end {
        SampleEnd::Failed { message, site, .. } => {
            return Verdict::Failed(format!("{message} at {site} ({})", sample.place()))
        }
        SampleEnd::TimedOut { seconds, .. } => {
            let Sample { schedules, asked, .. } = sample;
            return Verdict::Truncated(format!("{schedules} of {asked} schedules in {seconds} s"));
        }
        SampleEnd::Died { message } => {
            return Verdict::Truncated(format!("the process died: {message}"))
        }
        SampleEnd::Held => {}
    }
    if sample.schedules != sample.asked {
        let Sample { schedules, asked, .. } = sample;
        return Verdict::Truncated(format!("{schedules} of {asked} schedules"));
    }
    if let Err(verdict) = meaningful(sampled.scenario, sample) {
        return verdict;
    }
    let defects: Vec<_> = sampled.defects.iter().map(|defect| defect.name).collect();
    if let Err(verdict) = rules::sensitive(&defects, convicted) {
        return verdict;
    }
    Verdict::Sampled { scheduler: sample.scheduler, schedules: sample.schedules, seed: sample.seed }
}

/// Checks that a sample shows anything: its schedules differ and reach exactly the declared outcomes,
/// and the faults of the scenario act.
///
/// # Errors
///
/// Returns the verdict if it does not.
pub fn meaningful(scenario: &Scenario, sample: &Sample) -> Result<(), Verdict> {
    if sample.distinct <= 1 {
        return Err(Verdict::Vacuous("a single schedule: nothing was interleaved".to_owned()));
    }
    rules::reached(scenario.reach, &sample.reached, &sample.faults_fired)
}

/// Returns the command that replays the failed schedule of a sample.
pub fn replay(sample: &Sample) -> Option<String> {
    let SampleEnd::Failed { schedule, .. } = &sample.end else { return None };
    let mut command = format!("{COMMAND} --scenario {}", sample.scenario);
    if let Some(name) = &sample.defect {
        let seeded = Sampled::find(&sample.scenario)?.defect(name).is_some();
        let flag = if seeded { "--defect" } else { "--fault" };
        let _ = write!(command, " {flag} '{name}'");
    }
    if sample.max_steps != MAX_STEPS {
        let _ = write!(command, " --max-steps {}", sample.max_steps);
    }
    Some(format!("{command} --replay '{schedule}'"))
}

/// The command line that builds and calls the `sample` command from the root of the workspace.
const COMMAND: &str =
    "RUSTFLAGS='--cfg loom' cargo run --quiet --package verification --bin sample --";

/// The report of a sample.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SampleReport {
    /// `subject/scenario/scheduler`.
    pub name: String,
    /// The property.
    pub property: String,
    /// The clauses that it is evidence for.
    pub clauses: Vec<u8>,
    /// The verdict: SAMPLED, unless something is wrong.
    pub verdict: Verdict,
    /// The number of distinct schedules.
    pub distinct: usize,
    /// Wall time, in seconds.
    pub seconds: f64,
    /// The outcomes reached, each with its number of schedules.
    pub reached: BTreeMap<String, u64>,
    /// The seeded defects.
    pub defects: Vec<DefectReport>,
    /// The command that replays the failed schedule.
    pub replay: Option<String>,
    /// How often each step of each protocol was taken.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: Steps,
    /// The execution that failed.
    #[serde(default)]
    pub trace: Option<Trace>,
}

impl SampleReport {
    /// Judges a sample by itself and by one sample with each of its seeded defects, in their order.
    pub fn new(trial: &SampleTrial, sample: &Sample, defects: &[Sample]) -> Self {
        let convicted: Vec<_> = defects.iter().map(Sample::convicts).collect();
        let seeded = trial.sampled.defects.iter().zip(defects).zip(&convicted);
        SampleReport {
            name: trial.name(),
            property: trial.sampled.scenario.property.to_owned(),
            clauses: trial.sampled.scenario.clauses.to_vec(),
            verdict: judge(trial.sampled, sample, &convicted),
            distinct: sample.distinct,
            seconds: sample.seconds,
            reached: sample.reached.clone(),
            replay: replay(sample),
            steps: sample.steps.clone(),
            trace: sample.trace.clone(),
            defects: seeded
                .map(|((defect, sample), convicted)| DefectReport {
                    name: defect.name.to_owned(),
                    convicted: *convicted,
                    verdict: replay(sample).unwrap_or_else(|| "not noticed".to_owned()),
                    trace: if *convicted { sample.trace.clone() } else { None },
                })
                .collect(),
        }
    }

    /// Returns what is wrong, or `None` if the sample holds.
    pub fn complaint(&self) -> Option<String> {
        let reason = self.verdict.reason()?;
        let replay = self.replay.as_deref().unwrap_or_default();
        Some(format!("{}: {reason}\n{replay}", self.verdict))
    }

    fn evidence(&self) -> Evidence {
        let convicted = self.defects.iter().filter(|defect| defect.convicted);
        Evidence {
            kind: "sample".to_owned(),
            name: self.name.clone(),
            verdict: self.verdict.clone(),
            bound: None,
            executions: None,
            seconds: Some(self.seconds),
            reached: self.reached.clone(),
            convicted: convicted.map(|defect| defect.name.clone()).collect(),
        }
    }
}

impl Part<Scope> for Vec<SampleReport> {
    fn name(&self) -> &'static str {
        "samples"
    }

    fn is_wanted(&self, scope: &Scope) -> bool {
        scope.generated && scope.shard.is_none()
    }

    fn is_present(&self) -> bool {
        !self.is_empty()
    }

    fn cases(&self, _: &Scope) -> Vec<Case<'_>> {
        let case = |sample: &SampleReport| Case {
            result: format!("{}\n{}", sample.property, sample.verdict),
            ..Case::new(self.name(), &*sample.name)
        };
        let cases = self.iter().map(|sample| {
            let held = case(sample).in_seconds(sample.seconds);
            held.unless(sample.complaint(), sample.trace.as_ref())
        });
        cases.collect()
    }

    fn exhibits(&self) -> Vec<Exhibit<'_>> {
        let exhibits = self.iter().flat_map(|sample| {
            let failed = sample.trace.as_ref().zip(sample.verdict.reason());
            let failed = failed.map(|(trace, how)| {
                let (title, model) = (sample.property.clone(), &*sample.name);
                Exhibit { title, model, kind: FAILURE, how, trace }
            });
            let defects = sample.defects.iter().filter_map(|defect| {
                let (title, how) = (defect.name.clone(), &*defect.verdict);
                let trace = defect.trace.as_ref()?;
                Some(Exhibit { title, model: &sample.name, kind: "sample", how, trace })
            });
            failed.into_iter().chain(defects)
        });
        exhibits.collect()
    }

    fn evidence(&self, clause: u8) -> Vec<Evidence> {
        let is_about = |sample: &&SampleReport| sample.clauses.contains(&clause);
        self.iter().filter(is_about).map(SampleReport::evidence).collect()
    }

    fn merge(mut self, other: Self) -> Result<Self, String> {
        self.extend(other);
        Ok(self)
    }

    fn complete(self, scope: &Scope) -> Result<Self, String> {
        let names =
            if scope.generated { trials().map(|trial| trial.name()).collect() } else { Vec::new() };
        part::in_order(self, names, "sample", |sample| &sample.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use harness::findings::verdict::Verdict;

    use super::{judge, replay, trials, Sample, SampleEnd, Sampled, Scheduler, MAX_STEPS, SAMPLED};

    const NAME: &str = "drop-8x32";

    fn sampled() -> &'static Sampled {
        Sampled::find(NAME).expect("the scenario exists")
    }

    /// A sample with the verdict SAMPLED. Each test spoils one thing.
    fn good() -> Sample {
        let reach = sampled().scenario.reach;
        Sample {
            scenario: NAME.to_owned(),
            defect: None,
            scheduler: Scheduler::Random,
            asked: 100,
            schedules: 100,
            distinct: 99,
            seed: 7,
            max_steps: MAX_STEPS,
            longest: 500,
            end: SampleEnd::Held,
            seconds: 0.1,
            reached: reach.iter().map(|name| ((*name).to_owned(), 50)).collect(),
            faults_fired: Vec::new(),
            steps: super::Steps::new(),
            trace: None,
        }
    }

    fn failed() -> Sample {
        let schedule = "(3)ab".to_owned();
        let (message, site) = ("left != right".to_owned(), "a.rs:1".to_owned());
        Sample { end: SampleEnd::Failed { message, site, schedule }, ..good() }
    }

    fn judged(sample: &Sample) -> Verdict {
        judge(sampled(), sample, &[true, true])
    }

    #[test]
    fn a_complete_sample_is_sampled() {
        let verdict = judged(&good());
        assert!(verdict.holds());
        assert_eq!(verdict.to_string(), "SAMPLED(random, 100, 7)");
    }

    #[test]
    fn a_sample_cut_short_is_truncated() {
        let timed_out =
            Sample { end: SampleEnd::TimedOut { seconds: 5, stands: Vec::new() }, ..good() };
        let died = Sample { end: SampleEnd::Died { message: "signal 6".to_owned() }, ..good() };
        for sample in [timed_out, died, Sample { schedules: 99, ..good() }] {
            assert!(matches!(judged(&sample), Verdict::Truncated(_)), "{sample:?}");
        }
    }

    #[test]
    fn a_sample_that_shows_nothing_is_vacuous() {
        let mut unreached = good();
        unreached.reached.remove(sampled().scenario.reach[1]);
        for sample in [unreached, Sample { distinct: 1, ..good() }] {
            assert!(matches!(judged(&sample), Verdict::Vacuous(_)), "{sample:?}");
        }
        for convicted in [&[true, false][..], &[]] {
            assert!(matches!(judge(sampled(), &good(), convicted), Verdict::Vacuous(_)));
        }
    }

    #[test]
    fn an_undeclared_outcome_fails() {
        let mut sample = good();
        sample.reached.insert("something else".to_owned(), 1);
        assert!(matches!(judged(&sample), Verdict::Failed(_)));
    }

    #[test]
    fn a_failure_has_a_replay_command() {
        assert!(matches!(judged(&failed()), Verdict::Failed(_)));
        let command = replay(&failed()).expect("a failure can be replayed");
        assert!(command.ends_with("sample -- --scenario drop-8x32 --replay '(3)ab'"), "{command}");
        assert_eq!(replay(&good()), None);
        let seeded = Sample { defect: Some(sampled().defects[0].name.to_owned()), ..failed() };
        let command = replay(&seeded).expect("a failure can be replayed");
        assert!(command.contains(" --defect 'close wakes nobody' "), "{command}");
        let fault =
            Sample { defect: Some("wake-early@a.rs:1".to_owned()), max_steps: 9, ..failed() };
        let command = replay(&fault).expect("a failure can be replayed");
        assert!(command.contains(" --fault 'wake-early@a.rs:1' --max-steps 9 "), "{command}");
    }

    #[test]
    fn a_defect_that_never_acted_is_not_convicted() {
        assert!(!Sample { faults_fired: vec![0], ..failed() }.convicts());
        assert!(Sample { faults_fired: vec![3], ..failed() }.convicts());
        assert!(!Sample { faults_fired: vec![3], ..good() }.convicts());
    }

    #[test]
    fn a_sample_can_be_read_back() {
        for sample in [good(), failed()] {
            let line = serde_json::to_string(&sample).expect("a sample can be written");
            assert_eq!(serde_json::from_str::<Sample>(&line).expect("and read"), sample);
        }
    }

    #[test]
    fn every_sampled_scenario_declares_outcomes_clauses_and_defects() {
        let names: BTreeSet<_> = SAMPLED.iter().map(|sampled| sampled.scenario.name).collect();
        assert_eq!(names.len(), SAMPLED.len());
        assert_eq!(trials().count(), 2 * SAMPLED.len());
        for Sampled { scenario, defects } in SAMPLED {
            let missing = scenario.reach.is_empty() || scenario.clauses.is_empty();
            assert!(!missing && !defects.is_empty(), "{}", scenario.name);
        }
    }
}
