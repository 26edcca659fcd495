//! What the machine did meanwhile. Where the system does not say, there is nothing.

use std::time::Instant;

use serde::{Deserialize, Serialize};

/// A computer, and what else it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor, if the system names it.
    pub processor: Option<String>,
    /// How many threads it can run at once.
    pub cores: usize,
    /// The operating system.
    pub system: String,
    /// The cores that others kept busy meanwhile, on average, if the system says.
    pub others: Option<f64>,
}

impl Machine {
    /// This one, and what it did since a look at the clocks.
    pub fn since(clocks: Clocks) -> Self {
        Machine {
            processor: processor(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            system: std::env::consts::OS.to_owned(),
            others: Clocks::look().others_since(clocks),
        }
    }
}

/// Confines the process to one of the cores that it may use; whether that was done.
#[cfg(target_os = "linux")]
pub fn pin() -> bool {
    use nix::sched::{sched_getaffinity, sched_setaffinity, CpuSet};
    use nix::unistd::Pid;

    let this = Pid::from_raw(0);
    let one = || {
        let allowed = sched_getaffinity(this).ok()?;
        // The last: interrupts prefer the first.
        let core = (0..CpuSet::count()).rev().find(|core| allowed.is_set(*core) == Ok(true))?;
        let mut one = CpuSet::new();
        one.set(core).ok()?;
        sched_setaffinity(this, &one).ok()
    };
    one().is_some()
}

/// Confines the process to one of the cores that it may use; whether that was done.
#[cfg(not(target_os = "linux"))]
pub fn pin() -> bool {
    false
}

/// How often threads of this process were switched, those that have ended too.
#[cfg(unix)]
pub fn switches() -> Option<u64> {
    use nix::sys::resource::{getrusage, UsageWho};

    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let switches = usage.voluntary_context_switches() + usage.involuntary_context_switches();
    switches.try_into().ok()
}

/// How often threads of this process were switched, those that have ended too.
#[cfg(not(unix))]
pub fn switches() -> Option<u64> {
    None
}

/// Waits until every other thread of this process sleeps. Where there is no `/proc`, it returns at once.
pub fn wait_until_others_sleep() {
    let own = std::fs::canonicalize("/proc/thread-self").unwrap_or_default();
    let is_awake = |thread: &std::path::Path| {
        // One that has ended meanwhile has nothing to be read.
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

/// The bytes of memory that the process has from the system.
pub fn resident() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<usize>().ok()? * 1024)
}

/// The processor's name.
pub fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(line.trim_start_matches([' ', '\t', ':']).to_owned())
}

/// A look at the clocks: how busy others keep the machine is the difference of two.
#[derive(Clone, Copy, Debug)]
pub struct Clocks {
    at: Instant,
    /// Seconds that all cores were busy, and seconds of this process and its children.
    busy: Option<(f64, f64)>,
}

impl Clocks {
    /// Looks at them.
    pub fn look() -> Self {
        Clocks { at: Instant::now(), busy: busy().zip(own()) }
    }

    /// The cores that others kept busy since then, on average.
    pub fn others_since(self, earlier: Self) -> Option<f64> {
        let ((busy, own), (busy_then, own_then)) = self.busy.zip(earlier.busy)?;
        let seconds = self.at.duration_since(earlier.at).as_secs_f64();
        // The system counts hundredths of seconds: below that there is nothing to say.
        (seconds > 0.1).then(|| (((busy - busy_then) - (own - own_then)) / seconds).max(0.0))
    }
}

/// Seconds that the cores were busy since the machine started.
fn busy() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let ticks = text.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<f64> = ticks.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    // User, nice, system, idle, waiting for a disk, interrupts of two kinds, stolen. The guests'
    // time that follows is in the first two. A tick is a hundredth of a second.
    let [user, nice, system, _, _, hard, soft, stolen, ..] = ticks[..] else { return None };
    Some((user + nice + system + hard + soft + stolen) / 100.0)
}

/// Seconds that this process and its children have worked, those children that have ended.
#[cfg(unix)]
pub fn own() -> Option<f64> {
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

/// Seconds that this process and its children have worked, those children that have ended.
#[cfg(not(unix))]
pub fn own() -> Option<f64> {
    None
}
