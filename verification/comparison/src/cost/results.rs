//! The results of the benchmark: `cost.json`. The terminal, the page and the README are written from it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::packages::Dependencies;
use crate::base::json;
use crate::base::machine::Machine;
use crate::base::statistics::Rounds;
use crate::base::statistics::Spread;

/// The version of the format of `cost.json`.
pub const SCHEMA: u32 = 1;

/// The name of the file, in the folder of the results.
pub const FILE: &str = "cost.json";

/// The name of the file of a filtered run.
pub const PARTIAL: &str = "cost-partial.json";

/// Everything that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CostResults {
    /// The version of this format: [`SCHEMA`].
    pub schema: u32,
    /// The day of the run, in UTC.
    pub date: String,
    /// Whether nothing was filtered out.
    pub is_whole: bool,
    /// How often each program was built.
    pub rounds: usize,
    /// How long it took.
    pub seconds: f64,
    /// Where it ran.
    pub machine: Machine,
    /// The compiler.
    pub compiler: String,
    /// A program for each package, all of the same shape.
    pub programs: Vec<Program>,
}

/// A program that uses one pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// Its name in the tables.
    pub name: String,
    /// Its dependencies, with versions and features. Empty without dependencies.
    pub requires: String,
    /// Whether it uses this pool.
    pub own: bool,
    /// The packages that it depends on, if cargo could tell.
    pub dependencies: Option<Dependencies>,
    /// The figures, if it could be built.
    pub figures: Option<Figures>,
    /// What went wrong.
    pub failure: Option<String>,
}

/// The cost of building a program, and its size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Seconds of a release build with all dependencies.
    pub build: Spread,
    /// The same divided by that of this pool in the same round. Above 1 this pool is cheaper. `None`
    /// without a round in which both builds succeeded.
    pub build_ratio: Option<Spread>,
    /// Processor seconds of the build, if the system tells.
    pub processor: Option<Spread>,
    /// The same divided by that of this pool. It is less noisy on a busy machine.
    pub processor_ratio: Option<Spread>,
    /// Seconds of a build after a change in the only file.
    pub rebuild: Spread,
    /// Bytes of the program, without symbols.
    pub size: u64,
    /// The difference to the program without a pool, in bytes.
    pub added: Option<i64>,
}

/// The result of one round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Built {
    /// Seconds of the whole build.
    pub build: f64,
    /// Processor seconds of the whole build.
    pub processor: Option<f64>,
    /// Seconds of the build after a change.
    pub rebuild: f64,
    /// Bytes of the program.
    pub size: u64,
}

impl Figures {
    /// The figures of a program from its rounds, those of this pool, and the size without a pool. Returns
    /// `None` if no round succeeded.
    pub fn of(
        rounds: &[Option<Built>],
        own: &[Option<Built>],
        without: Option<u64>,
    ) -> Option<Self> {
        let ended = || rounds.iter().flatten();
        let size = ended().next_back()?.size;
        let build = |built: &Built| Some(built.build);
        let processor = |built: &Built| built.processor;
        Some(Figures {
            build: figures_of(rounds, build).spread()?,
            build_ratio: figures_of(rounds, build).by(&figures_of(own, build)),
            processor: figures_of(rounds, processor).spread(),
            processor_ratio: figures_of(rounds, processor).by(&figures_of(own, processor)),
            rebuild: Spread::of(ended().map(|built| built.rebuild))?,
            size,
            added: without
                .and_then(|without| i64::try_from(size).ok()?.checked_sub_unsigned(without)),
        })
    }
}

fn figures_of(rounds: &[Option<Built>], figure: fn(&Built) -> Option<f64>) -> Rounds {
    let figures = rounds.iter().map(|built| built.as_ref().and_then(figure)).collect();
    Rounds { figures, ..Rounds::default() }
}

impl CostResults {
    /// Reads the file of that folder. Returns `None` if there is no file.
    ///
    /// # Errors
    ///
    /// What is wrong with the file.
    pub fn read(folder: &Path) -> Result<Option<Self>, String> {
        json::read(&folder.join(FILE), SCHEMA)
    }

    /// Writes the file into that folder, which is created. A filtered run has a file of its own.
    ///
    /// # Errors
    ///
    /// What went wrong, naming the file.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, String> {
        json::write(self, folder.join(if self.is_whole { FILE } else { PARTIAL }))
    }
}

impl Program {
    /// The number of packages in the program, and of those of build scripts only.
    pub fn packages(&self) -> String {
        match &self.dependencies {
            None => "–".to_owned(),
            Some(all) if all.build.is_empty() => all.normal.len().to_string(),
            Some(all) => format!("{} + {}", all.normal.len(), all.build.len()),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn built(build: f64, size: u64) -> Built {
        Built { build, processor: Some(build * 1.5), rebuild: build / 10.0, size }
    }

    fn program(name: &str, own: bool, rounds: &[Option<Built>]) -> Program {
        let own_rounds = [1.0, 10.0].map(|build| Some(built(build, 420_000)));
        Program {
            name: name.to_owned(),
            requires: format!("{name} 1.0.0"),
            own,
            dependencies: Some(Dependencies::default()),
            figures: Figures::of(rounds, &own_rounds, Some(400_000)),
            failure: None,
        }
    }

    /// This pool, a peer that takes twice as long, and one that cannot be built.
    pub(crate) fn results() -> CostResults {
        let own = program("last-call", true, &[1.0, 10.0].map(|build| Some(built(build, 420_000))));
        let mut slow =
            program("slow", false, &[2.0, 20.0].map(|build| Some(built(build, 390_000))));
        slow.dependencies = Some(Dependencies {
            normal: ["log 0.4.27", "libc 0.2.0"].map(str::to_owned).into(),
            build: ["cc 1.0.0".to_owned()].into(),
        });
        let mut absent = program("absent", false, &[None]);
        absent.dependencies = None;
        absent.failure = Some("no <package> of that name".to_owned());
        CostResults {
            schema: SCHEMA,
            date: "2025-01-31".to_owned(),
            is_whole: true,
            rounds: 2,
            seconds: 12.5,
            machine: Machine {
                processor: None,
                cores: 2,
                system: "linux".to_owned(),
                others: Some(0.5),
            },
            compiler: "rustc 1.0".to_owned(),
            programs: vec![own, slow, absent],
        }
    }

    #[test]
    fn a_build_is_compared_with_that_of_the_same_round() {
        let programs = results().programs;
        let ratio = |place: usize| programs[place].figures.unwrap().build_ratio.unwrap();
        let processor = |place: usize| programs[place].figures.unwrap().processor_ratio.unwrap();
        // The machine was ten times slower in the second round: the ratio does not see it.
        assert_eq!((ratio(1).lower, ratio(1).upper), (2.0, 2.0));
        assert_eq!((ratio(0).lower, ratio(0).upper), (1.0, 1.0));
        assert_eq!((processor(1).lower, processor(1).upper), (2.0, 2.0));
        assert_eq!(programs[2].figures, None);
    }

    #[test]
    fn a_round_that_failed_leaves_the_others() {
        let own = [Some(built(1.0, 5)), None];
        let figures = Figures::of(&[None, Some(built(3.0, 7))], &own, None).unwrap();
        assert_eq!((figures.build.median, figures.size), (3.0, 7));
        assert_eq!((figures.build_ratio, figures.added), (None, None));
    }

    #[test]
    fn a_size_is_compared_with_that_of_no_pool() {
        let programs = results().programs;
        let added = |place: usize| programs[place].figures.unwrap().added;
        assert_eq!((added(0), added(1)), (Some(20_000), Some(-10_000)));
    }

    #[test]
    fn packages_of_build_scripts_are_counted_separately() {
        let programs = results().programs;
        let texts: Vec<_> = programs.iter().map(Program::packages).collect();
        assert_eq!(texts, ["0", "2 + 1", "–"]);
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let folder = std::env::temp_dir().join(format!("cost-{}", std::process::id()));
        assert_eq!(CostResults::read(&folder), Ok(None));
        let mut results = results();
        results.write(&folder).unwrap();
        let partial = CostResults { is_whole: false, rounds: 1, ..results.clone() };
        assert!(partial.write(&folder).unwrap().ends_with(PARTIAL));
        assert_eq!(CostResults::read(&folder), Ok(Some(results.clone())));
        results.schema += 1;
        results.write(&folder).unwrap();
        assert!(CostResults::read(&folder).unwrap_err().contains("has the format"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
