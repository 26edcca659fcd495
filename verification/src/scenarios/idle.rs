//! Scenarios on waiting for idleness.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Wake};
use std::time::Duration;

use last_call::sync::{Arc, Mutex};
use last_call::ThreadPool;

use super::cancel::{two_while_a_cancel_ends, while_a_cancel_ends};
use super::shutdown::spawn;
use crate::scenarios::scenario::{Harness, Scenario, World};
use crate::scenarios::tools::{history, panic_quietly, Count, Latch};

const AFTER_CHILD: Scenario = Scenario {
    name: "",
    property: "",
    clauses: &[7, 26],
    reach: &["idle"],
    world: World::PLAIN,
    body: |_| {},
};

pub(crate) const IDLE_AFTER_CHILD: Scenario = Scenario {
    name: "idle-after-child",
    property: "wait_idle waits for a job and for its child job, before any shutdown",
    body: |harness| idle_after_child(harness, 1),
    ..AFTER_CHILD
};

pub(crate) const IDLE_TWO_WORKERS: Scenario = Scenario {
    name: "idle-2-workers",
    property:
        "wait_idle with 2 workers: a job and its child have ended, whichever workers ran them",
    body: |harness| idle_after_child(harness, 2),
    ..AFTER_CHILD
};

fn idle_after_child(harness: &Harness, workers: usize) {
    let pool = harness.pool(workers);
    let submitter = pool.submitter();
    // A lock that the explorers see: they also try the orders in which the waiter reads the count
    // before the child runs.
    let ran = Arc::new(Mutex::new(0));
    let job = |ran: &Arc<Mutex<u32>>| {
        let ran = Arc::clone(ran);
        move || {
            history::outside_locks();
            *ran.lock() += 1;
        }
    };
    let (parent, child) = (job(&ran), job(&ran));
    let parent = move || {
        submitter.execute(child).unwrap();
        parent();
    };
    pool.execute(parent).unwrap();
    pool.wait_idle().unwrap();
    assert_eq!(*ran.lock(), 2, "nothing was queued or running");
    harness.reach("idle");
}

pub(crate) const IDLE_TWO_WAITERS: Scenario = Scenario {
    name: "idle-two-waiters",
    property: "two idleness waiters are both released, before any shutdown",
    clauses: &[26],
    reach: &["both released"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let submitter = pool.submitter();
        let ran = Count::default();
        pool.execute(ran.job()).unwrap();
        let other = {
            let ran = ran.clone();
            spawn("other", move || {
                submitter.wait_idle().unwrap();
                assert_eq!(ran.get(), 1);
            })
        };
        pool.wait_idle().unwrap();
        assert_eq!(ran.get(), 1);
        other.join().unwrap();
        harness.reach("both released");
    },
};

pub(crate) const IDLE_AFTER_CANCEL: Scenario = Scenario {
    name: "idle-after-cancel",
    property: "cancelling the last queued job releases an idleness waiter",
    clauses: &[25, 26],
    reach: &["cancelled", "ran"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let ran = Count::default();
        let handle = pool.submit(ran.job()).unwrap();
        let canceller = spawn("canceller", move || {
            handle.cancel();
        });
        pool.wait_idle().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.completed, stats.finished()), (ran.get() as u64, 1));
        harness.reach(if ran.get() == 1 { "ran" } else { "cancelled" });
        canceller.join().unwrap();
    },
};

pub(crate) const IDLE_TWO_AFTER_CANCEL: Scenario = Scenario {
    name: "idle-two-after-cancel",
    property: "the end of a cancel releases two idleness waiters",
    clauses: &[25, 26],
    reach: &["both slept", "one slept", "none slept", "it ran"],
    world: World::PLAIN,
    body: |harness| {
        two_while_a_cancel_ends(harness, |pool| {
            let submitter = pool.submitter();
            move |_| submitter.wait_idle().unwrap()
        });
    },
};

pub(crate) const IDLE_AFTER_ONE_GAVE_UP: Scenario = Scenario {
    name: "idle-after-one-gave-up",
    property: "the end of a cancel releases an idleness waiter after another has timed out",
    clauses: &[25, 26],
    reach: &["slept", "was already idle", "it ran"],
    world: World::PLAIN,
    body: |harness| {
        let (_pool, is_cancelled) = while_a_cancel_ends(harness, |pool| {
            let (patient, hurried) = (pool.submitter(), pool.submitter());
            move |_| {
                let patient = spawn("patient", move || patient.wait_idle().unwrap());
                let hurried = spawn("hurried", move || {
                    let waited = hurried.wait_idle_timeout(Duration::from_secs(1));
                    assert!(waited.unwrap_err().is_timeout(), "the cancel has not ended");
                });
                hurried.join().unwrap();
                vec![patient]
            }
        });
        harness.reach(match (is_cancelled, history::slept("patient")) {
            (false, _) => "it ran",
            (true, true) => "slept",
            (true, false) => "was already idle",
        });
    },
};

pub(crate) const IDLE_AFTER_PANIC: Scenario = Scenario {
    name: "idle-after-panic",
    property: "wait_idle returns after the only job has panicked, and the panic is already counted",
    clauses: &[12, 15, 26],
    reach: &["slept", "was already idle"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        pool.execute(|| panic_quietly()).unwrap();
        pool.wait_idle().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.panicked, stats.running, stats.queued), (1, 0, 0));
        harness.reach(if history::slept("main") { "slept" } else { "was already idle" });
    },
};

/// A value whose destructor waits for a latch.
struct DropWaits(Latch);

impl Drop for DropWaits {
    fn drop(&mut self) {
        history::outside_locks();
        self.0.wait();
    }
}

/// A waker that waits for a latch.
struct WakeWaits(Latch);

impl Wake for WakeWaits {
    fn wake(self: Arc<Self>) {
        history::outside_locks();
        self.0.wait();
    }
}

const BEFORE_USER_CODE: Scenario = Scenario {
    name: "",
    property: "",
    clauses: &[26],
    reach: &["slept", "was already idle"],
    world: World::PLAIN,
    body: |_| {},
};

pub(crate) const IDLE_BEFORE_RESULT: Scenario = Scenario {
    name: "idle-before-result",
    property:
        "wait_idle returns before the unread result is dropped: its destructor waits for idleness",
    body: |harness| {
        idle_before(harness, |pool, idle| detached(pool, || DropWaits(idle)));
    },
    ..BEFORE_USER_CODE
};

pub(crate) const IDLE_BEFORE_UNREAD_PAYLOAD: Scenario = Scenario {
    name: "idle-before-unread-payload",
    property:
        "wait_idle returns before a payload that no handle reads is dropped: its destructor waits for idleness",
    body: |harness| {
        idle_before(harness, |pool, idle| {
            detached(pool, || -> () { resume_unwind(Box::new(DropWaits(idle))) });
        });
    },
    ..BEFORE_USER_CODE
};

/// Submits a job that ends after its handle is dropped.
fn detached<T: Send + 'static>(pool: &ThreadPool, job: impl FnOnce() -> T + Send + 'static) {
    let detached = Latch::new(1);
    let job = {
        let detached = detached.clone();
        move || {
            detached.wait();
            job()
        }
    };
    drop(pool.submit(job).unwrap());
    detached.done();
}

pub(crate) const IDLE_BEFORE_PAYLOAD: Scenario = Scenario {
    name: "idle-before-payload",
    property: "wait_idle returns before the payload of a panic is dropped: its destructor waits for idleness",
    body: |harness| {
        idle_before(harness, |pool, idle| {
            pool.execute(|| resume_unwind(Box::new(DropWaits(idle)))).unwrap();
        });
    },
    ..BEFORE_USER_CODE
};

pub(crate) const IDLE_BEFORE_WAKER: Scenario = Scenario {
    name: "idle-before-waker",
    property:
        "wait_idle returns before the task of the handle is woken: its waker waits for idleness",
    body: |harness| {
        idle_before(harness, |pool, idle| {
            let mut handle = pool.submit(|| ()).unwrap();
            let waker = Arc::new(WakeWaits(idle)).into();
            let _ = Pin::new(&mut handle).poll(&mut Context::from_waker(&waker));
            handle
        });
    },
    ..BEFORE_USER_CODE
};

/// Waits for idleness with a job from `submit`. After its end, the worker calls user code that waits for
/// the latch.
fn idle_before<K>(harness: &Harness, submit: impl FnOnce(&ThreadPool, Latch) -> K) {
    let pool = harness.pool(1);
    let idle = Latch::new(1);
    let kept = submit(&pool, idle.clone());
    pool.wait_idle().unwrap();
    harness.reach(if history::slept("main") { "slept" } else { "was already idle" });
    idle.done();
    drop((pool, kept));
}

pub(crate) const IDLE_WITH_DEADLINE: Scenario = Scenario {
    name: "idle-with-deadline",
    property: "wait_idle_timeout returns when the pool is idle, or times out",
    clauses: &[26],
    reach: &["idle", "timed out"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let ran = Count::default();
        pool.execute(ran.job()).unwrap();
        match pool.wait_idle_timeout(Duration::from_secs(1)) {
            Ok(()) => {
                assert_eq!(ran.get(), 1);
                harness.reach("idle");
            }
            Err(error) => {
                assert!(error.is_timeout());
                harness.reach("timed out");
            }
        }
    },
};

pub(crate) const IDLE_IN_TIME: Scenario = Scenario {
    name: "idle-in-time",
    property: "wait_idle_timeout is woken by idleness, not by its deadline an hour later",
    clauses: &[26],
    reach: &["waited", "was already idle"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let ran = Count::default();
        pool.execute(ran.job()).unwrap();
        pool.wait_idle_timeout(Duration::from_secs(3600)).expect("in time");
        assert_eq!(ran.get(), 1);
        let waited = history::slept("main");
        harness.reach(if waited { "waited" } else { "was already idle" });
    },
};
