//! The computer, and what else it did during a measurement. What the system does not tell is `None`.

use std::time::Instant;

use serde::{Deserialize, Serialize};

/// A computer, and its load during a measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor, if the system names it.
    pub processor: Option<String>,
    /// How many threads it can run at once.
    pub cores: usize,
    /// The operating system.
    pub system: String,
    /// The cores that other processes kept busy, on average, if the system tells.
    pub others: Option<f64>,
}

impl Machine {
    /// This computer, and its load since `clocks` were read.
    pub fn since(clocks: Clocks) -> Self {
        Machine {
            processor: processor(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            system: std::env::consts::OS.to_owned(),
            others: Clocks::now().others_since(clocks),
        }
    }
}

/// Pins the process to one of its allowed cores. Returns `true` on success.
#[cfg(target_os = "linux")]
pub fn pin() -> bool {
    use nix::sched::{sched_getaffinity, sched_setaffinity, CpuSet};
    use nix::unistd::Pid;

    let this = Pid::from_raw(0);
    let one = || {
        let allowed = sched_getaffinity(this).ok()?;
        // The last one: interrupts prefer the first.
        let core = (0..CpuSet::count()).rev().find(|core| allowed.is_set(*core) == Ok(true))?;
        let mut one = CpuSet::new();
        one.set(core).ok()?;
        sched_setaffinity(this, &one).ok()
    };
    one().is_some()
}

/// Pins the process to one of its allowed cores. Returns `true` on success.
#[cfg(not(target_os = "linux"))]
pub fn pin() -> bool {
    false
}

/// The context switches of this process, also of threads that have ended.
#[cfg(unix)]
pub fn switches() -> Option<u64> {
    use nix::sys::resource::{getrusage, UsageWho};

    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let switches = usage.voluntary_context_switches() + usage.involuntary_context_switches();
    switches.try_into().ok()
}

/// The context switches of this process, also of threads that have ended.
#[cfg(not(unix))]
pub fn switches() -> Option<u64> {
    None
}

/// Waits until every other thread of this process sleeps. Without `/proc` it returns at once.
pub fn wait_until_others_sleep() {
    let own = std::fs::canonicalize("/proc/thread-self").unwrap_or_default();
    let is_awake = |thread: &std::path::Path| {
        // A thread that has just ended has no file to read.
        let stat = std::fs::read_to_string(thread.join("stat")).unwrap_or_default();
        stat.rsplit(") ").next().is_some_and(|state| !state.is_empty() && !state.starts_with('S'))
    };
    let another_is_awake = || {
        let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let mut others = threads.filter(|thread| Some(&*thread.file_name()) != own.file_name());
        others.any(|thread| is_awake(&thread.path()))
    };
    while another_is_awake() {
        std::thread::yield_now();
    }
}

/// The resident memory of the process, in bytes.
pub fn resident() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<usize>().ok()? * 1024)
}

/// The name of the processor.
pub fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(line.trim_start_matches([' ', '\t', ':']).to_owned())
}

/// Clocks of the machine and of this process. The difference of two readings is the load of others.
#[derive(Clone, Copy, Debug)]
pub struct Clocks {
    at: Instant,
    /// Busy seconds of all cores, and seconds of this process and its children.
    busy: Option<(f64, f64)>,
}

impl Clocks {
    /// Reads the clocks.
    pub fn now() -> Self {
        Clocks { at: Instant::now(), busy: busy().zip(processor_seconds()) }
    }

    /// The cores that other processes kept busy since `earlier`, on average.
    pub fn others_since(self, earlier: Self) -> Option<f64> {
        let ((busy, own), (busy_then, own_then)) = self.busy.zip(earlier.busy)?;
        let seconds = self.at.duration_since(earlier.at).as_secs_f64();
        // The system counts hundredths of seconds; a shorter interval shows nothing.
        (seconds > 0.1).then(|| (((busy - busy_then) - (own - own_then)) / seconds).max(0.0))
    }
}

/// Busy seconds of all cores since boot.
fn busy() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let ticks = text.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<f64> = ticks.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    // User, nice, system, idle, iowait, irq, softirq, steal. Guest time, which follows, is part of the
    // first two. A tick is a hundredth of a second.
    let [user, nice, system, _, _, hard, soft, stolen, ..] = ticks[..] else { return None };
    Some((user + nice + system + hard + soft + stolen) / 100.0)
}

/// Processor seconds of this process and of its children that have ended.
#[cfg(unix)]
pub fn processor_seconds() -> Option<f64> {
    use nix::sys::resource::{getrusage, UsageWho};
    use nix::sys::time::TimeValLike as _;

    let mut sum = 0;
    for who in [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN] {
        let usage = getrusage(who).ok()?;
        sum += usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    }
    #[allow(clippy::cast_precision_loss)] // of a measurement
    Some(sum as f64 / 1e6)
}

/// Processor seconds of the calling thread.
#[cfg(target_os = "linux")]
pub fn thread_seconds() -> Option<f64> {
    use nix::time::{clock_gettime, ClockId};

    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).ok()?;
    Some(std::time::Duration::from(time).as_secs_f64())
}

/// Processor seconds of the calling thread.
#[cfg(not(target_os = "linux"))]
pub fn thread_seconds() -> Option<f64> {
    None
}

/// Processor seconds of this process and of its children that have ended.
#[cfg(not(unix))]
pub fn processor_seconds() -> Option<f64> {
    None
}
