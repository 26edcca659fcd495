//! Samples: scenarios that are too large to be explored, run under random schedules from a seed.
//!
//! Written by the `sample` command, which needs `--cfg loom`; read and judged in any build.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::run::Trace;
use crate::scenario::Scenario;
use crate::scenarios::large;
use crate::trial::{
    Defect, IDLE_WAKES_NOBODY, IDLE_WAKES_ONE, ON_DEFAULT_QUEUE, OUTCOME_WAKES_NOBODY,
    PLACE_WAKES_NOBODY, TWO_CLOSE_WAKES_NOBODY, TWO_CLOSE_WAKES_ONE, TWO_PUSH_WAKES_NOBODY,
};
use crate::verdict::Verdict;

/// The seed of samples that are given none: every run of the audit draws the same schedules.
pub const SEED: u64 = 1;

/// The schedules of a sample, in every audit.
pub const SCHEDULES: usize = 10_000;

/// The schedules of a sample, in a night.
pub const NIGHTLY_SCHEDULES: usize = 100_000;

/// The depth of PCT schedules: a defect that takes that many ordered steps has a known chance.
pub const DEPTH: usize = 3;

/// Steps that an execution may take. More is an error, and shows what loops without an end: nothing
/// here takes a hundredth of them.
pub const MAX_STEPS: usize = 60_000;

/// A scenario that is sampled.
#[derive(Clone, Copy, Debug)]
pub struct Sampled {
    /// The program.
    pub scenario: &'static Scenario,
    /// What each sample must notice: each is run too and must be convicted.
    pub defects: &'static [Defect],
}

const fn sampled(scenario: &'static Scenario, defects: &'static [Defect]) -> Sampled {
    Sampled { scenario, defects }
}

/// Every sampled scenario, in the order of the report's rows.
pub const SAMPLED: &[Sampled] = &[
    sampled(&large::DROP_MANY, &[TWO_CLOSE_WAKES_NOBODY, TWO_CLOSE_WAKES_ONE]),
    sampled(&large::PROGRESS_MANY, &[TWO_PUSH_WAKES_NOBODY]),
    sampled(&large::DROP_RACE, &[TWO_CLOSE_WAKES_NOBODY, TWO_CLOSE_WAKES_ONE]),
    sampled(
        &large::DISCARD_RACE,
        &[TWO_CLOSE_WAKES_NOBODY, TWO_CLOSE_WAKES_ONE, OUTCOME_WAKES_NOBODY],
    ),
    sampled(&large::BOUNDED_DRAIN, &[TWO_CLOSE_WAKES_NOBODY, TWO_CLOSE_WAKES_ONE]),
    sampled(&large::BOUNDED_PROGRESS, &[PLACE_WAKES_NOBODY, TWO_PUSH_WAKES_NOBODY]),
    sampled(&large::IDLE_MANY, &[IDLE_WAKES_NOBODY, IDLE_WAKES_ONE, TWO_PUSH_WAKES_NOBODY]),
];

impl Sampled {
    /// The sampled scenario of that name.
    pub fn find(name: &str) -> Option<&'static Sampled> {
        SAMPLED.iter().find(|sampled| sampled.scenario.name == name)
    }

    /// The seeded defect of that name.
    pub fn defect(&self, name: &str) -> Option<&'static Defect> {
        self.defects.iter().find(|defect| defect.name == name)
    }
}

/// How many schedules are drawn, and from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// How many.
    pub schedules: usize,
    /// Where the random numbers begin.
    pub seed: u64,
}

/// How many schedules a sample has.
pub const fn schedules(nightly: bool) -> usize {
    if nightly {
        NIGHTLY_SCHEDULES
    } else {
        SCHEDULES
    }
}

/// A scenario under a scheduler: one row of the report.
#[derive(Clone, Copy, Debug)]
pub struct SampleTrial {
    /// The scenario and its defects.
    pub sampled: &'static Sampled,
    /// Who draws the schedules.
    pub scheduler: Scheduler,
}

impl SampleTrial {
    /// Its name: the subject's, the scenario's and the scheduler's.
    pub fn name(&self) -> String {
        format!("{ON_DEFAULT_QUEUE}/{}/{}", self.sampled.scenario.name, self.scheduler)
    }

    /// The arguments of the `sample` command.
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

    /// A sample that was never told, since its process died.
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
            end: End::Died { message },
            seconds: 0.0,
            reached: BTreeMap::new(),
            faults_fired: Vec::new(),
            trace: None,
        }
    }
}

/// Every sampled scenario under every scheduler, in the order of the report's rows.
pub fn trials() -> impl Iterator<Item = SampleTrial> {
    SAMPLED.iter().flat_map(|sampled| {
        let trial = move |scheduler| SampleTrial { sampled, scheduler };
        [Scheduler::Random, Scheduler::Pct].into_iter().map(trial)
    })
}

/// Who draws the schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Scheduler {
    /// At each step any thread that can go on, with equal chances.
    Random,
    /// Probabilistic concurrency testing: random priorities, changed at a few random steps.
    Pct,
    /// Nobody: one schedule is run again.
    #[value(skip)]
    Replay,
}

impl fmt::Display for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scheduler::Random => "random",
            Scheduler::Pct => "pct",
            Scheduler::Replay => "replay",
        })
    }
}

/// What one sample found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sample {
    /// The scenario's name.
    pub scenario: String,
    /// The seeded defect or the fault, if there is one.
    pub defect: Option<String>,
    /// Who drew the schedules.
    pub scheduler: Scheduler,
    /// How many schedules were asked for.
    pub asked: usize,
    /// How many were begun.
    pub schedules: usize,
    /// How many of them differ.
    pub distinct: usize,
    /// Where the scheduler's random numbers began.
    pub seed: u64,
    /// Steps that an execution was allowed.
    pub max_steps: usize,
    /// Steps that the longest one took.
    pub longest: usize,
    /// How it ended.
    pub end: End,
    /// Wall time.
    pub seconds: f64,
    /// The outcomes reached, and in how many schedules.
    pub reached: BTreeMap<String, u64>,
    /// How often the seeded defect and the world's faults acted.
    pub faults_fired: Vec<u64>,
    /// The execution that failed, or the one that was under way when the time ran out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
}

/// How a sample ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum End {
    /// No schedule failed.
    Held,
    /// A panic: an assertion of the scenario, the pool or the engine.
    Failed {
        /// The panic's message; of a deadlock, where each thread stands.
        message: String,
        /// Where it was raised.
        site: String,
        /// The schedule, for a replay.
        schedule: String,
    },
    /// The watchdog's time ran out.
    TimedOut {
        /// The limit, in seconds.
        seconds: u64,
        /// Where each thread stood.
        stands: Vec<String>,
    },
    /// The process ended without a word: what it left.
    Died {
        /// Its exit status and the end of its standard error.
        message: String,
    },
}

/// Judges a sample without a seeded defect; `convicted` says for each seeded defect whether the same
/// scheduler convicted it.
pub fn judge(sampled: &Sampled, sample: &Sample, convicted: &[bool]) -> Verdict {
    match &sample.end {
        End::Failed { message, site, .. } => {
            return Verdict::Failed(format!("{message} at {site} ({})", sample.place()))
        }
        End::TimedOut { seconds, .. } => {
            let Sample { schedules, asked, .. } = sample;
            return Verdict::Truncated(format!("{schedules} of {asked} schedules in {seconds} s"));
        }
        End::Died { message } => return Verdict::Truncated(format!("the process died: {message}")),
        End::Held => {}
    }
    if sample.schedules != sample.asked {
        let Sample { schedules, asked, .. } = sample;
        return Verdict::Truncated(format!("{schedules} of {asked} schedules"));
    }
    if let Err(verdict) = meaningful(sampled.scenario, sample) {
        return verdict;
    }
    if !convicted.contains(&true) {
        return Verdict::Vacuous("no seeded defect is convicted by it".to_owned());
    }
    if let Some(index) = convicted.iter().position(|convicted| !convicted) {
        return Verdict::Vacuous(format!("it does not notice: {}", sampled.defects[index].name));
    }
    Verdict::Sampled { scheduler: sample.scheduler, schedules: sample.schedules, seed: sample.seed }
}

/// Whether the schedules of a sample showed anything.
///
/// # Errors
///
/// The verdict, if not.
pub fn meaningful(scenario: &Scenario, sample: &Sample) -> Result<(), Verdict> {
    if sample.distinct <= 1 {
        return Err(Verdict::Vacuous("a single schedule: nothing was interleaved".to_owned()));
    }
    for outcome in scenario.reach {
        if !sample.reached.contains_key(*outcome) {
            return Err(Verdict::Vacuous(format!("never reached: {outcome}")));
        }
    }
    let declared = |outcome: &String| scenario.reach.contains(&outcome.as_str());
    if let Some(outcome) = sample.reached.keys().find(|outcome| !declared(outcome)) {
        return Err(Verdict::Failed(format!("reached, and not declared: {outcome}")));
    }
    if sample.faults_fired.contains(&0) {
        return Err(Verdict::Vacuous("a fault that the scenario is about never acted".to_owned()));
    }
    Ok(())
}

impl Sample {
    /// Whether a seeded defect was convicted: something failed, and the defect had acted.
    pub fn convicts(&self) -> bool {
        let acted = self.faults_fired.first().is_some_and(|times| *times > 0);
        acted && matches!(self.end, End::Failed { .. })
    }

    /// The number of the last schedule, and who drew it.
    fn place(&self) -> String {
        format!("{}, schedule {} from seed {}", self.scheduler, self.schedules, self.seed)
    }

    /// The command that runs the schedule again which failed.
    pub fn replay(&self) -> Option<String> {
        let End::Failed { schedule, .. } = &self.end else { return None };
        let mut command = format!("{COMMAND} --scenario {}", self.scenario);
        if let Some(name) = &self.defect {
            let seeded = Sampled::find(&self.scenario)?.defect(name).is_some();
            let flag = if seeded { "--defect" } else { "--slip" };
            let _ = write!(command, " {flag} '{name}'");
        }
        if self.max_steps != MAX_STEPS {
            let _ = write!(command, " --max-steps {}", self.max_steps);
        }
        Some(format!("{command} --replay '{schedule}'"))
    }
}

/// How the `sample` command is built and called from the top of the workspace.
const COMMAND: &str =
    "RUSTFLAGS='--cfg loom' cargo run --quiet --package verification --bin sample --";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{judge, trials, End, Sample, Sampled, Scheduler, MAX_STEPS, SAMPLED};
    use crate::verdict::Verdict;

    const NAME: &str = "drop-8x32";

    fn sampled() -> &'static Sampled {
        Sampled::find(NAME).expect("the scenario exists")
    }

    /// A sample that earns SAMPLED; each test spoils one thing.
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
            end: End::Held,
            seconds: 0.1,
            reached: reach.iter().map(|name| ((*name).to_owned(), 50)).collect(),
            faults_fired: Vec::new(),
            trace: None,
        }
    }

    fn failed() -> Sample {
        let schedule = "(3)ab".to_owned();
        let (message, site) = ("left != right".to_owned(), "a.rs:1".to_owned());
        Sample { end: End::Failed { message, site, schedule }, ..good() }
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
        let timed_out = Sample { end: End::TimedOut { seconds: 5, stands: Vec::new() }, ..good() };
        let died = Sample { end: End::Died { message: "signal 6".to_owned() }, ..good() };
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
    fn a_failure_fails_and_says_how_to_see_it_again() {
        assert!(matches!(judged(&failed()), Verdict::Failed(_)));
        let command = failed().replay().expect("a failure can be replayed");
        assert!(command.ends_with("sample -- --scenario drop-8x32 --replay '(3)ab'"), "{command}");
        assert_eq!(good().replay(), None);
        let seeded = Sample { defect: Some(sampled().defects[0].name.to_owned()), ..failed() };
        let command = seeded.replay().expect("a failure can be replayed");
        assert!(command.contains(" --defect 'close wakes nobody' "), "{command}");
        let slip =
            Sample { defect: Some("wake-early@a.rs:1".to_owned()), max_steps: 9, ..failed() };
        let command = slip.replay().expect("a failure can be replayed");
        assert!(command.contains(" --slip 'wake-early@a.rs:1' --max-steps 9 "), "{command}");
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
