//! The workloads and curves: what runs, how much of it, which pools take part, and the targets.

use super::results::Target;
use crate::pools::{self, About, OnDrop, Threads};

use super::workloads::{Kind, Load};

/// How much runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Quick,
    Full,
}

/// A workload in one of its settings.
#[derive(Debug)]
pub(crate) struct Case {
    /// `W1`.
    pub(crate) workload: &'static str,
    /// What distinguishes this setting, such as the number of workers.
    pub(crate) setting: String,
    /// What runs and is timed.
    pub(crate) text: &'static str,
    pub(crate) load: Load,
    /// The figures, in the order of the results of the workload.
    pub(crate) figures: Vec<Figure>,
    pub(crate) part: fn(&About) -> Participation,
}

impl Case {
    /// Returns `true` for every pool, and where scopes run also for what has scopes and is no pool.
    pub(crate) fn concerns(&self, about: &About) -> bool {
        pools::is_pool(about) || self.load.kind == Kind::Scopes
    }
}

/// One of the figures of a workload.
#[derive(Debug)]
pub(crate) struct Figure {
    /// What the figure measures: `a job`.
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) target: fn(&About) -> Option<Target>,
}

/// Whether a pool takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Participation {
    /// It does the same.
    Compared,
    /// It runs but does less, so it cannot be the best peer.
    Shown(&'static str),
    /// It does not offer that.
    Absent(&'static str),
}

/// A curve: one workload at several points.
#[derive(Debug)]
pub(crate) struct Scaling {
    /// Its name for the filter.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
    pub(crate) along: &'static str,
    pub(crate) unit: &'static str,
    /// Which figure of the workload.
    pub(crate) figure: usize,
    pub(crate) points: Vec<(usize, Load)>,
    /// Which of this pool and of [`BESIDE`] take part.
    pub(crate) part: fn(&About) -> Participation,
}

/// The peers in the curves.
pub(crate) const BESIDE: [&str; 2] = ["book", "rayon"];

fn every_pool(_: &About) -> Participation {
    Participation::Compared
}

/// The peers of the settings of W8p that need long gaps.
const OF_LATENCY: [&str; 6] =
    ["affinitypool", "async-executor", "book", "rayon", "threadpool", "tokio-blocking"];

fn of_latency(about: &About) -> Participation {
    if about.is_own() || OF_LATENCY.contains(&about.name) {
        Participation::Compared
    } else {
        Participation::Absent("it is left out, to save time")
    }
}

fn with_a_bound(about: &About) -> Participation {
    if about.is_own() {
        Participation::Compared
    } else {
        Participation::Absent("it has no bound")
    }
}

fn with_handles(about: &About) -> Participation {
    if about.handles {
        Participation::Compared
    } else {
        Participation::Absent("it has no handles")
    }
}

fn with_scopes(about: &About) -> Participation {
    if pools::SCOPED.iter().any(|scoped| scoped.name == about.name) {
        Participation::Compared
    } else {
        Participation::Absent("it has no scope")
    }
}

fn with_scopes_of_many_jobs(about: &About) -> Participation {
    if about.name == "std-threads" {
        Participation::Absent("it would start 1,000 threads")
    } else {
        with_scopes(about)
    }
}

fn mapping(about: &About) -> Participation {
    if about.name == "rayon" {
        Participation::Shown("it has no bound, and returns nothing before the end")
    } else {
        Participation::Compared
    }
}

fn waiting_on_drop(about: &About) -> Participation {
    match about.drop {
        OnDrop::RunsAndJoins | OnDrop::RunsAndWaits => Participation::Compared,
        OnDrop::RunsUnwaited => Participation::Absent("its drop does not wait"),
        OnDrop::DiscardsAndJoins | OnDrop::DiscardsUnwaited => {
            Participation::Absent("its drop drops queued jobs")
        }
    }
}

fn joining(about: &About) -> Participation {
    match (about.threads, about.drop) {
        (Threads::WhenNeeded, _) => {
            Participation::Shown("it starts no thread before there is a job")
        }
        (_, OnDrop::RunsAndJoins | OnDrop::DiscardsAndJoins) => Participation::Compared,
        _ => Participation::Shown("its drop does not join the threads"),
    }
}

fn none(_: &About) -> Option<Target> {
    None
}

/// A queue for each worker suits this workload; one central queue keeps the order.
fn of_a_tree(about: &About) -> Target {
    Target::Ratio(if about.in_order { 1.0 } else { 0.5 })
}

macro_rules! figure {
    ($name:literal, $unit:literal) => {
        Figure { name: $name, unit: $unit, target: none }
    };
    ($name:literal, $unit:literal, $target:expr) => {
        Figure { name: $name, unit: $unit, target: |_| Some($target) }
    };
}

/// Every workload. `microsecond` is the number of steps that take a microsecond.
#[allow(clippy::too_many_lines)] // a table
pub(crate) fn cases(profile: Profile, microsecond: u64) -> Vec<Case> {
    let full = profile == Profile::Full;
    let many = |quick: usize, all: usize| if full { all } else { quick };
    let jobs = many(200_000, 1_000_000);
    let stream =
        "One producer submits jobs that capture 8 bytes and do nothing, and waits for all.";
    let mut cases = Vec::new();
    let mut add = |workload, setting: &str, text, load, figures, part| {
        let setting = setting.to_owned();
        cases.push(Case { workload, setting, text, load, figures, part });
    };

    for (workers, setting) in [(1, "1 worker"), (2, "2 workers"), (4, "4 workers")] {
        let load = Load { workers, ..Load::of(Kind::Stream, jobs) };
        let figures = vec![figure!("a job", "ns", Target::Ratio(0.25))];
        add("W1", setting, stream, load, figures, every_pool);
    }
    add(
        "W1",
        "2 workers, one core",
        stream,
        Load { pinned: true, ..Load::of(Kind::Stream, jobs) },
        vec![figure!("a job", "ns", Target::Ratio(0.55))],
        every_pool,
    );
    add(
        "W1b",
        "2 workers",
        "As W1, with closures of 72 bytes.",
        Load { bytes: 72, ..Load::of(Kind::Stream, jobs) },
        vec![figure!("a job", "ns", Target::Ratio(1.2))],
        every_pool,
    );
    add(
        "W2",
        "2 workers",
        "As W1, with four producers.",
        Load { producers: 4, ..Load::of(Kind::Stream, jobs) },
        vec![figure!("a job", "ns", Target::Ratio(0.35))],
        every_pool,
    );
    add(
        "W3",
        "2 workers",
        "Each job submits two more, down to the leaves of a binary tree.",
        Load::of(Kind::Tree, many(1 << 17, 1 << 20)),
        vec![Figure { name: "a job", unit: "ns", target: |about| Some(of_a_tree(about)) }],
        every_pool,
    );
    for (micros, setting, jobs) in
        [(1, "1 µs", many(20_000, 200_000)), (10, "10 µs", many(4_000, 20_000))]
    {
        add(
            "W4",
            setting,
            "As W1, with jobs that work for 1 or 10 µs, on two workers.",
            Load { steps: micros * microsecond, ..Load::of(Kind::Stream, jobs) },
            vec![figure!("a job", "ns", Target::Ratio(1.05))],
            every_pool,
        );
    }
    add(
        "W5",
        "2 workers, one core",
        "One job at a time goes to an idle pool; the time is from its submission until it has woken \
         the submitter.",
        Load { pinned: true, ..Load::of(Kind::PingPong, many(2_000, 20_000)) },
        vec![
            figure!("median", "ns", Target::Ratio(0.9)),
            figure!("99th percentile", "ns", Target::Ratio(1.05)),
        ],
        every_pool,
    );
    add(
        "W5b",
        "2 workers, beside a busy thread on one core",
        "As W5, with one job every 100 to 500 µs, beside a thread outside the pool that never rests.",
        Load { pinned: true, ..Load::of(Kind::Beside, many(200, 2_000)) },
        vec![figure!("median", "ns"), figure!("99th percentile", "ns")],
        every_pool,
    );
    add(
        "W6",
        "2 workers",
        "100,000 jobs are queued while both workers are held; the time is from the release of the \
         workers until the end of the pool, which runs the jobs.",
        Load::of(Kind::Queued, 100_000),
        vec![figure!("the end", "ms", Target::Ratio(0.7))],
        waiting_on_drop,
    );
    for (workers, setting, pools) in
        [(2, "2 workers", many(40, 200)), (64, "64 workers", many(6, 40))]
    {
        add(
            "W6b",
            setting,
            "A pool starts and ends without a job.",
            Load { workers, ..Load::of(Kind::Idle, pools) },
            vec![figure!("a pool", "µs", Target::Ratio(1.15))],
            joining,
        );
    }
    add(
        "W7",
        "1 worker",
        "Jobs that capture 8 bytes are queued while the worker is held; then they run. Memory is that \
         of the process, and what its allocator was asked for.",
        Load { workers: 1, ..Load::of(Kind::Memory, many(100_000, 1_000_000)) },
        vec![
            figure!("a queued job, from the system", "bytes", Target::Figure(48.0)),
            figure!("a queued job, asked for", "bytes"),
            figure!("all jobs after draining, asked for", "MB", Target::Figure(1.0)),
            figure!("all jobs after draining, from the system", "MB"),
        ],
        every_pool,
    );
    add(
        "W8",
        "2 workers",
        "Jobs are submitted with handles, then every handle is awaited.",
        Load::of(Kind::Handles, many(50_000, 300_000)),
        vec![figure!("a job", "ns", Target::Ratio(0.35))],
        with_handles,
    );
    for (setting, load, is_first) in settings_of_trips(full) {
        add(
            "W8p",
            &setting,
            "Each caller submits a job, waits for its result, and begins again, at once or after a gap. \
             Processor time is that of callers and workers, without the gaps.",
            load,
            vec![
                Figure { name: "a trip", unit: "µs", target: if is_first { as_fast } else { none } },
                figure!("median", "µs"),
                figure!("99th percentile", "µs"),
                figure!("99.9th percentile", "µs"),
                figure!("processor time", "µs"),
            ],
            if is_first { every_pool } else { of_latency },
        );
    }
    add(
        "W9",
        "16 workers",
        "16 jobs that wait for each other go to 16 idle workers; the time is until all have met.",
        Load { workers: 16, ..Load::of(Kind::Burst, many(40, 400)) },
        vec![figure!("a burst", "µs", Target::Ratio(1.15)), figure!("processor time", "µs")],
        every_pool,
    );
    add(
        "W10",
        "2 workers",
        "A pool rests for a second; then it gets a job every millisecond. Processor time is that of the \
         process, without what the submitter takes to sleep.",
        Load::of(Kind::Rest, many(200, 1_000)),
        vec![
            figure!("processor time at rest", "ms a second", Target::Figure(0.1)),
            figure!("processor time a job", "µs"),
        ],
        every_pool,
    );
    for (setting, load) in settings_of_scopes(full, microsecond) {
        add(
            "W11",
            &setting,
            "A scope has jobs that each add 16 numbers of a slice that they borrow, some after 5 µs of \
             work; the time is that of the scope, and the next scope follows at once. Processor time is \
             that of caller and workers.",
            load,
            vec![figure!("a scope", "µs"), figure!("processor time", "µs")],
            if load.parts < 1_000 { with_scopes } else { with_scopes_of_many_jobs },
        );
    }
    for in_flight in [4, 64] {
        for (micros, work, jobs) in
            [(0, "", many(20_000, 200_000)), (5, ", 5 µs", many(4_000, 40_000))]
        {
            let steps = micros * microsecond;
            add(
                "W12",
                &format!("{in_flight} in flight{work}"),
                "A function is applied to each of many numbers, in jobs that do nothing else or work for \
                 5 µs, with a bound on the jobs in flight; the results come in order. A pool without a \
                 map gets the jobs one by one, and the caller waits for the oldest. Processor time is \
                 that of caller and workers.",
                Load { slots: in_flight, steps, ..Load::of(Kind::Map, jobs) },
                vec![figure!("an item", "ns"), figure!("processor time", "ns")],
                mapping,
            );
        }
    }
    cases
}

/// The settings of W11: how many jobs a scope has, how long they work, and where it runs. Wake-ups across
/// cores dominate a scope of few jobs, so that these run on one core as well.
fn settings_of_scopes(full: bool, microsecond: u64) -> Vec<(String, Load)> {
    let mut settings = Vec::new();
    for (parts, jobs, place, pinned) in [
        (2, "2 jobs", "", false),
        (2, "2 jobs", ", one core", true),
        (16, "16 jobs", "", false),
        (1_000, "1,000 jobs", "", false),
    ] {
        // Enough scopes for thousands of jobs.
        let scopes = (if full { 50_000 } else { 5_000 } / parts).clamp(20, 5_000);
        for (micros, work) in [(0, ""), (5, " of 5 µs")] {
            let steps = micros * microsecond;
            let load = Load { parts, steps, pinned, ..Load::of(Kind::Scopes, scopes) };
            settings.push((format!("{jobs}{work}{place}"), load));
        }
    }
    settings
}

#[allow(clippy::unnecessary_wraps)] // as the other targets
fn as_fast(_: &About) -> Option<Target> {
    Some(Target::Ratio(1.0))
}

/// The settings of W8p: where it runs, how many callers, and how long they do something else. The flag
/// says that a caller alone submits without a gap, on cores that nobody else wants.
fn settings_of_trips(full: bool) -> Vec<(String, Load, bool)> {
    let mut settings = Vec::new();
    for (place, pinned, beside) in [
        ("two cores", false, false),
        ("one core", true, false),
        ("beside a busy thread", false, true),
    ] {
        for (callers, who) in [(1, "1 caller"), (4, "4 callers")] {
            for gap in [0, 10, 100, 1_000] {
                // The quick mode has the ends of the scale.
                if !full && (gap == 10 || (callers == 4 && gap > 0)) {
                    continue;
                }
                let jobs = match (gap, full) {
                    (0, true) => 20_000,
                    (0, false) => 5_000,
                    (1_000, true) => 1_000 * callers,
                    (1_000, false) => 100,
                    (_, true) => 5_000 * callers,
                    (_, false) => 500,
                };
                let after = match gap {
                    0 => String::new(),
                    1_000 => ", gap of 1 ms".to_owned(),
                    gap => format!(", gap of {gap} µs"),
                };
                let load =
                    Load { producers: callers, gap, beside, pinned, ..Load::of(Kind::Trips, jobs) };
                let is_first = callers == 1 && gap == 0 && !beside;
                settings.push((format!("{place}, {who}{after}"), load, is_first));
            }
        }
    }
    settings
}

/// Every workload with its text.
pub fn workloads() -> Vec<(&'static str, &'static str)> {
    let mut workloads: Vec<_> =
        cases(Profile::Quick, 1).iter().map(|case| (case.workload, case.text)).collect();
    workloads.dedup();
    workloads
}

/// Every curve.
pub(crate) fn scalings(profile: Profile) -> Vec<Scaling> {
    let full = profile == Profile::Full;
    let mut scalings = of_streams(full);
    scalings.extend(of_backlogs(full));
    scalings
}

fn points(at: &[usize], load: &dyn Fn(usize) -> Load) -> Vec<(usize, Load)> {
    at.iter().map(|at| (*at, load(*at))).collect()
}

/// The cost of jobs that are submitted while workers run.
fn of_streams(full: bool) -> Vec<Scaling> {
    let jobs = if full { 500_000 } else { 100_000 };
    vec![
        Scaling {
            name: "workers",
            title: "Cost and workers",
            text: "One producer submits jobs that do nothing, and waits for all.",
            along: "workers",
            unit: "ns a job",
            figure: 0,
            points: points(&[1, 2, 4, 8, 16, 32, 64], &|workers| Load {
                workers,
                ..Load::of(Kind::Stream, jobs)
            }),
            part: every_pool,
        },
        Scaling {
            name: "producers",
            title: "Cost and producers",
            text: "Several producers submit jobs that do nothing, to two workers.",
            along: "producers",
            unit: "ns a job",
            figure: 0,
            points: points(&[1, 2, 4, 8, 16], &|producers| Load {
                producers,
                ..Load::of(Kind::Stream, jobs)
            }),
            part: every_pool,
        },
        Scaling {
            name: "slots",
            title: "Cost and slots",
            text: "One producer submits jobs that do nothing, to two workers behind a bounded queue. Only \
                   this pool has a bound.",
            along: "slots",
            unit: "ns a job",
            figure: 0,
            points: points(&[1, 4, 16, 64, 256, 1024, 4096], &|slots| Load {
                slots,
                ..Load::of(Kind::Stream, jobs / 5)
            }),
            part: with_a_bound,
        },
        Scaling {
            name: "size",
            title: "Cost and the size of closures",
            text: "One producer submits closures of several sizes, to two workers.",
            along: "bytes captured",
            unit: "ns a job",
            figure: 0,
            points: points(&[8, 16, 32, 40, 48, 72, 128, 512], &|bytes| Load {
                bytes,
                ..Load::of(Kind::Stream, jobs)
            }),
            part: every_pool,
        },
    ]
}

/// The cost of jobs that are queued while the workers are held.
fn of_backlogs(full: bool) -> Vec<Scaling> {
    let queued: &[usize] = if full {
        &[1_000, 10_000, 100_000, 1_000_000, 10_000_000]
    } else {
        &[1_000, 10_000, 100_000, 1_000_000]
    };
    let kept: &[usize] = if full {
        &[10_000, 100_000, 1_000_000, 10_000_000]
    } else {
        &[10_000, 100_000, 1_000_000]
    };
    let of_queued = |jobs| Load::of(Kind::Queued, jobs);
    let of_memory = |jobs| Load { workers: 1, ..Load::of(Kind::Memory, jobs) };
    vec![
        Scaling {
            name: "queueing",
            title: "Cost of queueing and queued jobs",
            text: "Jobs are queued while both workers are held.",
            along: "queued jobs",
            unit: "ns a job",
            figure: 1,
            points: points(queued, &of_queued),
            part: every_pool,
        },
        Scaling {
            name: "drop",
            title: "Time to drop and queued jobs",
            text: "The workers are released, and the pool is dropped or awaited.",
            along: "queued jobs",
            unit: "ms",
            figure: 0,
            points: points(queued, &of_queued),
            part: every_pool,
        },
        Scaling {
            name: "memory",
            title: "Memory and queued jobs",
            text: "The memory of the process for each queued job of 8 bytes.",
            along: "queued jobs",
            unit: "bytes a job",
            figure: 0,
            points: points(kept, &of_memory),
            part: every_pool,
        },
        Scaling {
            name: "kept",
            title: "Memory after a burst",
            text: "What is still allocated when all queued jobs have run.",
            along: "queued jobs",
            unit: "MB",
            figure: 2,
            points: points(kept, &of_memory),
            part: every_pool,
        },
    ]
}
