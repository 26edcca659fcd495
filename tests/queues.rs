//! Every queue against its contract: generated sequences get the same answers from each queue, and
//! each history of racing threads is explained by some sequence.

#![cfg(not(loom))]

mod support;

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{mpsc, Arc, Mutex};
use std::thread;
use std::time::{self, Duration};

#[cfg(feature = "crossbeam-channel")]
use last_call::queue::channel::Channel;
use last_call::queue::locked::Locked;
use last_call::queue::two_lock::TwoLock;
use last_call::queue::work_stealing::WorkStealing;
use last_call::queue::yield_policy::YieldPolicy;
use last_call::queue::{Counts, Nudge, Popped, Queue, Refusal, Refused, Wait};
use last_call::sync::{self, Deadline};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{cases, evidence, lock, watchdog, LIMIT};

/// Work stealing as it is in a pool.
type Stealing<T> = WorkStealing<T, TwoLock<T>>;

// One operation after the other

#[derive(Clone, Copy, Debug)]
enum Op {
    /// Does not wait for a slot.
    Push(u8),
    /// The same, as a probe.
    TryPush(u8),
    /// With a deadline that has passed.
    PushInTime(u8),
    /// Waits for a slot.
    PushAndWait(u8),
    Pop,
    /// Releases a slot.
    Release,
    Close,
    Drain,
    Counts,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Answer {
    Pushed(u64),
    Refused(u8, Why),
    Popped(Option<(u64, u8)>),
    Released,
    Closed,
    Drained(Vec<(u64, u8)>),
    Counted { accepted: u64, rejected: u64, queued: u64 },
}

/// [`Refusal`], which cannot be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Why {
    Closed,
    Full,
    TimedOut,
}

fn push_to<Q: Queue<u8>>(queue: &Q, item: u8, wait: Wait) -> Answer {
    match queue.push(item, wait) {
        Ok(number) => Answer::Pushed(number),
        Err(Refused { item, refusal: Refusal::Closed }) => Answer::Refused(item, Why::Closed),
        Err(Refused { item, refusal: Refusal::Full }) => Answer::Refused(item, Why::Full),
        Err(Refused { item, refusal: Refusal::TimedOut }) => Answer::Refused(item, Why::TimedOut),
    }
}

fn ask<Q: Queue<u8>>(queue: &Q, op: Op) -> Answer {
    match op {
        Op::Push(item) => push_to(queue, item, Wait::No),
        Op::TryPush(item) => push_to(queue, item, Wait::Probe),
        Op::PushInTime(item) => push_to(queue, item, Wait::Until(Deadline::after(Duration::ZERO))),
        Op::PushAndWait(item) => push_to(queue, item, Wait::Until(Deadline::after(Duration::MAX))),
        Op::Pop => Answer::Popped(queue.pop(|| ())),
        Op::Release => {
            queue.release();
            Answer::Released
        }
        Op::Close => {
            queue.close();
            Answer::Closed
        }
        Op::Drain => Answer::Drained(queue.drain().collect()),
        Op::Counts => {
            let Counts { accepted, rejected, queued } = queue.counts();
            Answer::Counted { accepted, rejected, queued }
        }
    }
}

/// In which order items leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// In that of their numbers, which count them.
    Fifo,
    /// In any, and each has a number of its own.
    Any,
}

/// The model of a queue, one operation after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Model {
    items: VecDeque<(u64, u8)>,
    accepted: u64,
    rejected: u64,
    closed: bool,
    /// Free slots, if they are counted.
    free: Option<usize>,
    /// Slots that are taken.
    taken: usize,
}

impl Model {
    fn new(capacity: Option<usize>) -> Self {
        Model { free: capacity, ..Model::default() }
    }

    fn push(&mut self, item: u8, full: Why) -> Answer {
        if self.closed || self.free == Some(0) {
            self.rejected += 1;
            return Answer::Refused(item, if self.closed { Why::Closed } else { full });
        }
        self.free = self.free.map(|free| free - 1);
        self.taken += 1;
        self.items.push_back((self.accepted, item));
        self.accepted += 1;
        Answer::Pushed(self.accepted - 1)
    }

    /// Returns the answer, or `None` if the operation has to wait.
    fn ask(&mut self, op: Op) -> Option<Answer> {
        Some(match op {
            Op::TryPush(item) if self.free == Some(0) && !self.closed => {
                // The caller will push again, so it is not counted as rejected.
                Answer::Refused(item, Why::Full)
            }
            Op::Push(item) | Op::TryPush(item) => self.push(item, Why::Full),
            Op::PushAndWait(_) if self.free == Some(0) && !self.closed => return None,
            Op::PushInTime(item) | Op::PushAndWait(item) => self.push(item, Why::TimedOut),
            Op::Release if self.taken == 0 => return None,
            Op::Release => {
                self.taken -= 1;
                self.free = self.free.map(|free| free + 1);
                Answer::Released
            }
            Op::Pop if self.items.is_empty() && !self.closed => return None,
            Op::Pop => Answer::Popped(self.items.pop_front()),
            Op::Close => {
                self.closed = true;
                Answer::Closed
            }
            Op::Drain => {
                self.closed = true;
                Answer::Drained(std::mem::take(&mut self.items).into())
            }
            Op::Counts => Answer::Counted {
                accepted: self.accepted,
                rejected: self.rejected,
                queued: self.items.len() as u64,
            },
        })
    }
}

impl Model {
    /// Returns `true` if a queue that has no order may give this answer. Its slots are not counted.
    fn may_answer(&mut self, op: Op, answer: &Answer) -> bool {
        match (op, answer) {
            (Op::Pop, Answer::Popped(Some(item))) => {
                let place = self.items.iter().position(|queued| queued == item);
                place.is_some_and(|place| self.items.remove(place).is_some())
            }
            (_, Answer::Pushed(number)) if !self.closed => {
                let (Op::Push(item)
                | Op::TryPush(item)
                | Op::PushInTime(item)
                | Op::PushAndWait(item)) = op
                else {
                    return false;
                };
                let is_new = self.items.iter().all(|(known, _)| known != number);
                self.items.push_back((*number, item));
                self.accepted += 1;
                is_new
            }
            (Op::Drain, Answer::Drained(items)) => {
                self.closed = true;
                let mut left = std::mem::take(&mut self.items);
                left.make_contiguous().sort_unstable();
                let mut drained = items.clone();
                drained.sort_unstable();
                left == drained
            }
            (_, Answer::Pushed(_)) => false,
            (Op::Release, Answer::Released) => true,
            _ => self.ask(op).as_ref() == Some(answer),
        }
    }
}

fn push() -> impl Strategy<Value = Op> + Clone {
    let item = any::<u8>;
    prop_oneof![
        3 => item().prop_map(Op::Push),
        1 => item().prop_map(Op::TryPush),
        1 => item().prop_map(Op::PushInTime),
        2 => item().prop_map(Op::PushAndWait),
    ]
}

/// One or two slots, or any number.
fn capacity() -> impl Strategy<Value = Option<usize>> {
    prop_oneof![1 => Just(None), 2 => (1..=2_usize).prop_map(Some)]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => push(),
        5 => Just(Op::Pop),
        4 => Just(Op::Release),
        1 => Just(Op::Close),
        1 => Just(Op::Drain),
        2 => Just(Op::Counts),
    ]
}

#[test]
fn every_queue_answers_as_the_model_does() {
    let sequences = (capacity(), vec(op(), 0..40));
    let ran = cases::run("sequences", 1_000, sequences, |(capacity, ops), progress| {
        let mut model = Model::new(capacity);
        let locked = Locked::new(capacity, |_| false);
        let two_lock = TwoLock::new(capacity, |_| false);
        // This thread is no popper with a deque of its own.
        let stealing = Stealing::of_poppers(2, capacity, |_| false);
        #[cfg(feature = "crossbeam-channel")]
        let channel = Channel::new(capacity, |_| false);
        for op in ops {
            let Some(expected) = model.ask(op) else { continue };
            progress.note(format_args!("{op:?} -> {expected:?}"));
            assert_eq!(ask(&locked, op), expected, "{op:?} on the locked queue");
            assert_eq!(ask(&two_lock, op), expected, "{op:?} on the queue with two locks");
            assert_eq!(ask(&stealing, op), expected, "{op:?} on work stealing");
            #[cfg(feature = "crossbeam-channel")]
            assert_eq!(ask(&channel, op), expected, "{op:?} on the channel");
        }
    });
    evidence("C3,C6,C8", ran);
}

#[test]
fn a_queue_that_is_dropped_drops_its_items() {
    fn check<Q: Queue<Arc<()>>>() {
        let item = Arc::new(());
        let queue = Q::new(None, |_| false);
        for _ in 0..3 {
            queue.push(Arc::clone(&item), Wait::No).unwrap();
        }
        drop(queue.pop(|| ()));
        assert_eq!(Arc::strong_count(&item), 3);
        drop(queue);
        assert_eq!(Arc::strong_count(&item), 1);
    }
    watchdog(LIMIT, "dropped", |_| {
        check::<Locked<_>>();
        check::<TwoLock<_>>();
        check::<Stealing<_>>();
        #[cfg(feature = "crossbeam-channel")]
        check::<Channel<_>>();
        evidence("C4", 1);
    });
}

/// Items that are pushed at once take every slot that is free, also those that were released where
/// pushers do not look at once.
#[test]
fn items_pushed_at_once_take_every_free_slot() {
    fn check<Q: Queue<u8>>() {
        let queue = Q::new(Some(3), |_| false);
        for round in 0..3 {
            let mut items = vec![1, 2, 3, 4].into_iter();
            assert_eq!(queue.push_all(&mut items), 3 * round..3 * round + 3);
            assert_eq!(items.as_slice(), [4], "no slot is free");
            for _ in 0..3 {
                assert!(queue.pop(|| ()).is_some());
                queue.release();
            }
        }
    }
    watchdog(LIMIT, "slots", |_| {
        check::<Locked<_>>();
        check::<TwoLock<_>>();
        check::<Stealing<_>>();
        #[cfg(feature = "crossbeam-channel")]
        check::<Channel<_>>();
        evidence("C34", 3);
    });
}

/// There are more items than a drain takes from a channel in one block.
#[test]
fn a_drain_takes_every_item_in_order() {
    const ITEMS: u64 = 3_000;
    fn check<Q: Queue<u64>>() {
        let queue = Q::new(None, |_| false);
        (0..ITEMS).for_each(|item| assert_eq!(queue.push(item, Wait::No), Ok(item)));
        assert_eq!(queue.pop(|| ()), Some((0, 0)));
        assert!(queue.drain().eq((1..ITEMS).map(|item| (item, item))));
        assert_eq!(queue.counts().queued, 0);
    }
    watchdog(LIMIT, "drain", |_| {
        check::<Locked<_>>();
        check::<TwoLock<_>>();
        check::<Stealing<_>>();
        #[cfg(feature = "crossbeam-channel")]
        check::<Channel<_>>();
        evidence("C4,C17", ITEMS);
    });
}

/// One close, and one drain, releases every waiting popper and pusher.
#[test]
fn close_and_drain_release_every_waiter() {
    fn check<Q: Queue<u8> + 'static>(drain: bool) {
        let empty = Arc::new(Q::new(None, |_| false));
        let full = Arc::new(Q::new(Some(1), |_| false));
        full.push(0, Wait::No).unwrap();
        let waiting = support::Count::default();
        let poppers = (0..4).map(|_| {
            let (queue, waiting) = (Arc::clone(&empty), waiting.clone());
            thread::spawn(move || {
                waiting.up();
                queue.pop(|| ())
            })
        });
        let poppers = poppers.collect::<Vec<_>>();
        let pushers = (0..4).map(|item| {
            let (queue, waiting) = (Arc::clone(&full), waiting.clone());
            thread::spawn(move || {
                waiting.up();
                ask(&*queue, Op::PushAndWait(item))
            })
        });
        let pushers = pushers.collect::<Vec<_>>();
        waiting.wait_for(8);
        if drain {
            assert_eq!(empty.drain().next(), None);
            assert_eq!(full.drain().collect::<Vec<_>>(), [(0, 0)]);
        } else {
            empty.close();
            full.close();
        }
        assert!(poppers.into_iter().all(|popper| popper.join().unwrap().is_none()));
        for (item, pusher) in (0..4).zip(pushers) {
            assert_eq!(pusher.join().unwrap(), Answer::Refused(item, Why::Closed));
        }
    }
    watchdog(LIMIT, "close", |progress| {
        const ROUNDS: u64 = 100;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            check::<Locked<_>>(round % 2 == 0);
            check::<TwoLock<_>>(round % 2 == 0);
            check::<Stealing<_>>(round % 2 == 0);
            #[cfg(feature = "crossbeam-channel")]
            check::<Channel<_>>(round % 2 == 0);
        }
        evidence("C1,C10,C16", ROUNDS);
    });
}

/// A worker does what it deferred while it had work.
#[test]
fn a_popper_calls_idle_before_it_waits_and_before_it_leaves() {
    fn check<Q: Queue<u8> + 'static>(progress: &support::Progress) {
        let queue = Arc::new(Q::new(None, |_| false));
        let (called, is_called) = mpsc::channel();
        let popper = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.pop(|| called.send(()).unwrap()))
        };
        progress.note("it is to wait");
        is_called.recv().expect("it said so");
        queue.push(7, Wait::No).unwrap();
        assert_eq!(popper.join().unwrap(), Some((0, 7)));
        queue.close();
        let mut called = false;
        assert_eq!((queue.pop(|| called = true), called), (None, true));
    }
    watchdog(LIMIT, "idle", |progress| {
        check::<Locked<_>>(progress);
        check::<TwoLock<_>>(progress);
        check::<Stealing<_>>(progress);
        #[cfg(feature = "crossbeam-channel")]
        check::<Channel<_>>(progress);
        evidence("C5", 1);
    });
}

/// Returns how many times in a row there is no yield.
fn refrains(policy: &mut YieldPolicy) -> usize {
    (0..5000).take_while(|_| !policy.should_yield()).count()
}

#[test]
fn poppers_yield_again_while_yields_are_short_or_bring_much() {
    let mut policy = YieldPolicy::default();
    for (micros, items) in [(0, 0), (50, 0), (50, 1), (51, 11), (3_000, 600), (3_000, u64::MAX)] {
        policy.observe(Duration::from_micros(micros), items);
        assert_eq!(refrains(&mut policy), 0, "after {micros} µs and {items} items");
    }
}

#[test]
fn after_useless_yields_poppers_refrain_for_ever_longer() {
    let mut policy = YieldPolicy::default();
    let useless = [
        (51, 0, 64),
        (51, 1, 128),
        (51, 10, 256),
        (3_000, 1, 512),
        (3_000, 599, 1024),
        (1_000, 0, 2048),
        (10_000, 9, 4096),
    ];
    for (micros, items, expected) in useless.into_iter().chain([(51, 0, 4096)]) {
        policy.observe(Duration::from_micros(micros), items);
        assert_eq!(refrains(&mut policy), expected, "after {micros} µs and {items} items");
        let trying = refrains(&mut policy);
        assert_eq!(trying, 5000, "one popper tries it, and has not observed the result");
    }
    policy.observe(Duration::from_micros(50), 0);
    assert_eq!(refrains(&mut policy), 0, "it was useful");
    policy.observe(Duration::from_micros(51), 0);
    assert_eq!(refrains(&mut policy), 64, "and is trusted as before");
}

#[test]
fn a_yield_returns_how_long_it_took() {
    let began = time::Instant::now();
    let reported: Duration = (0..1000).map(|_| sync::thread::yield_now()).sum();
    let took = began.elapsed();
    assert!(reported > Duration::ZERO && reported <= took, "{reported:?} of {took:?}");
}

/// No close helps the pushers: it would hide a lost wake-up.
#[test]
fn a_push_that_waits_gets_the_released_slot() {
    fn check<Q: Queue<u8> + 'static>() {
        const PUSHERS: u8 = 3;
        let queue = Arc::new(Q::new(Some(1), |_| false));
        queue.push(PUSHERS, Wait::No).unwrap();
        let waiting = support::Count::default();
        let pushers = (0..PUSHERS).map(|item| {
            let (queue, waiting) = (Arc::clone(&queue), waiting.clone());
            thread::spawn(move || {
                waiting.up();
                ask(&*queue, Op::PushAndWait(item))
            })
        });
        let pushers = pushers.collect::<Vec<_>>();
        waiting.wait_for(PUSHERS.into());
        for number in 0..=u64::from(PUSHERS) {
            // Waits for the push that the last slot made possible.
            let popped = queue.pop(|| ()).expect("the queue is open");
            assert_eq!(popped.0, number);
            queue.release();
        }
        let accepted = |answer| matches!(answer, Answer::Pushed(number) if number > 0);
        assert!(pushers.into_iter().all(|pusher| accepted(pusher.join().unwrap())));
    }
    watchdog(LIMIT, "release", |progress| {
        const ROUNDS: u64 = 200;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            check::<Locked<_>>();
            check::<TwoLock<_>>();
            check::<Stealing<_>>();
            #[cfg(feature = "crossbeam-channel")]
            check::<Channel<_>>();
        }
        evidence("C8,C10", ROUNDS);
    });
}

// Racing threads

// Checkers for linearizability (todc-utils, stateright) take one instant for each operation. A drain
// of a channel takes several, so this search is our own.

/// One operation of a history: called after `begun`, answered before `ended`.
#[derive(Clone, Debug)]
struct Call {
    begun: u64,
    ended: u64,
    op: Op,
    answer: Answer,
}

/// An instant of a call between its two times.
#[derive(Clone, Debug)]
enum Instant {
    /// The whole operation.
    Whole(Op, Answer),
    /// One item of a drain that takes items one by one.
    Take((u64, u8)),
    /// The end of such a drain.
    NothingLeft,
}

impl Instant {
    fn happens_in(&self, model: &mut Model, order: Order) -> bool {
        match self {
            Instant::Whole(op, answer) if order == Order::Any => model.may_answer(*op, answer),
            Instant::Whole(op, answer) => model.ask(*op).as_ref() == Some(answer),
            Instant::Take(item) => model.items.pop_front().as_ref() == Some(item),
            Instant::NothingLeft => model.items.is_empty(),
        }
    }
}

/// How much of a drain happens at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drains {
    Atomically,
    /// It closes and takes the oldest item until there is none. Others may pop in between.
    OneByOne,
}

fn instants(call: &Call, drains: Drains) -> Vec<Instant> {
    match &call.answer {
        Answer::Drained(items) if drains == Drains::OneByOne => {
            let mut instants = vec![Instant::Whole(Op::Close, Answer::Closed)];
            instants.extend(items.iter().map(|item| Instant::Take(*item)));
            instants.push(Instant::NothingLeft);
            instants
        }
        answer => vec![Instant::Whole(call.op, answer.clone())],
    }
}

/// Returns `true` if some sequence explains the history: each call is between its times, and the
/// model gives the same answers. This looks at every such sequence.
fn is_explained(history: &[Call], capacity: Option<usize>, drains: Drains) -> bool {
    is_explained_in(Order::Fifo, history, capacity, drains)
}

fn is_explained_in(
    order: Order,
    history: &[Call],
    capacity: Option<usize>,
    drains: Drains,
) -> bool {
    let calls = history.iter().map(|call| (call, instants(call, drains))).collect::<Vec<_>>();
    // Positions from which no sequence ends well.
    let mut hopeless = HashSet::new();
    explain(order, &calls, &mut vec![0; calls.len()], &Model::new(capacity), &mut hopeless)
}

/// `done` says how many instants of each call have happened.
fn explain(
    order: Order,
    calls: &[(&Call, Vec<Instant>)],
    done: &mut Vec<usize>,
    model: &Model,
    hopeless: &mut HashSet<(Vec<usize>, Model)>,
) -> bool {
    let open = |done: &[usize], n: usize| done[n] < calls[n].1.len();
    let Some(first_end) =
        (0..calls.len()).filter(|n| open(done, *n)).map(|n| calls[n].0.ended).min()
    else {
        return true;
    };
    if hopeless.contains(&(done.clone(), model.clone())) {
        return false;
    }
    for n in 0..calls.len() {
        // A call that began after another has ended cannot come before it.
        if !open(done, n) || calls[n].0.begun > first_end {
            continue;
        }
        let mut next = model.clone();
        if calls[n].1[done[n]].happens_in(&mut next, order) {
            done[n] += 1;
            let explained = explain(order, calls, done, &next, hopeless);
            done[n] -= 1;
            if explained {
                return true;
            }
        }
    }
    hopeless.insert((done.clone(), model.clone()));
    false
}

/// The program of racing threads. Pops may wait, so they have their own threads; when the others
/// have ended, the queue is closed, which ends every pop. If pushes may also wait, for a slot that
/// a pop must release, the queue is closed at any moment.
#[derive(Clone, Debug)]
struct Program {
    capacity: Option<usize>,
    /// How often the closing thread lets the others run first.
    patience: usize,
    pushers: Vec<Vec<Op>>,
    poppers: Vec<Vec<Op>>,
}

fn program() -> impl Strategy<Value = Program> {
    let pushes = prop_oneof![
        6 => push(),
        1 => Just(Op::Close),
        1 => Just(Op::Drain),
        1 => Just(Op::Counts),
    ];
    let pops = prop_oneof![5 => Just(Op::Pop), 1 => Just(Op::Counts), 1 => Just(Op::Drain)];
    // The operations of each thread, and one or two threads.
    let pushes = |ops, threads| vec(vec(pushes.clone(), 1..=ops), threads);
    let pops = |threads| vec(vec(pops.clone(), 1..=3), threads);
    let threads = prop_oneof![(pushes(4, 1), pops(1..=2)), (pushes(3, 2), pops(1..=1))];
    (capacity(), 0..20_usize, threads).prop_map(|(capacity, patience, (pushers, poppers))| {
        Program { capacity, patience, pushers, poppers }
    })
}

/// Runs the program once, and records each call with its times.
fn history_of<Q: Queue<u8>>(program: &Program) -> Vec<Call> {
    history_on(&Q::new(program.capacity, |_| false), program)
}

fn history_on<Q: Queue<u8>>(queue: &Q, program: &Program) -> Vec<Call> {
    let (clock, history) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    let tick = || clock.fetch_add(1, Ordering::SeqCst);
    let call = |op| {
        let begun = tick();
        let answer = ask(queue, op);
        let ended = tick();
        let popped = matches!(answer, Answer::Popped(Some(_)));
        lock(&history).push(Call { begun, ended, op, answer });
        popped
    };
    // They begin together; otherwise there would be no race.
    let waiting = AtomicUsize::new(program.pushers.len() + program.poppers.len());
    let run = &|ops: &[Op]| {
        waiting.fetch_sub(1, Ordering::SeqCst);
        while waiting.load(Ordering::SeqCst) > 0 {
            thread::yield_now();
        }
        for op in ops {
            if call(*op) {
                call(Op::Release);
            }
        }
    };
    thread::scope(|scope| {
        let poppers = program.poppers.iter().enumerate();
        let poppers = poppers.map(|(number, ops)| {
            scope.spawn(move || {
                queue.enter(number);
                run(ops);
            })
        });
        let poppers = poppers.collect::<Vec<_>>();
        let pushers = program.pushers.iter();
        let pushers = pushers.map(|ops| scope.spawn(|| run(ops))).collect::<Vec<_>>();
        if program.capacity.is_some() {
            (0..program.patience).for_each(|_| thread::yield_now());
            call(Op::Close);
        }
        for pusher in pushers {
            pusher.join().unwrap();
        }
        call(Op::Close);
        for popper in poppers {
            popper.join().unwrap();
        }
    });
    call(Op::Pop);
    call(Op::Counts);
    history.into_inner().unwrap()
}

fn assert_explained<Q: Queue<u8>>(program: &Program, drains: Drains) {
    const REPETITIONS: usize = 5;
    for _ in 0..REPETITIONS {
        let mut history = history_of::<Q>(program);
        history.sort_by_key(|call| call.begun);
        assert!(
            is_explained(&history, program.capacity, drains),
            "no sequence explains {history:#?}"
        );
    }
}

#[test]
fn histories_of_the_locked_queue_are_explained_by_sequences() {
    let ran = cases::run("locked queue", 250, program(), |program, _| {
        assert_explained::<Locked<_>>(&program, Drains::Atomically);
    });
    evidence("C3,C6,C7,C8,C10", 5 * ran);
}

#[test]
fn histories_of_the_queue_with_two_locks_are_explained_by_sequences() {
    let ran = cases::run("queue with two locks", 250, program(), |program, _| {
        assert_explained::<TwoLock<_>>(&program, Drains::Atomically);
    });
    evidence("C3,C6,C7,C8,C10", 5 * ran);
}

/// Poppers that also push, each to a deque of its own.
fn stealing_program() -> impl Strategy<Value = Program> {
    let pops = prop_oneof![
        4 => Just(Op::Pop),
        4 => any::<u8>().prop_map(Op::Push),
        1 => Just(Op::Counts),
        1 => Just(Op::Drain),
        1 => Just(Op::Close),
    ];
    let pushes = prop_oneof![4 => any::<u8>().prop_map(Op::Push), 1 => Just(Op::Close), 1 => Just(Op::Counts)];
    let threads = (vec(vec(pushes, 1..=3), 1), vec(vec(pops, 1..=4), 2));
    threads.prop_map(|(pushers, poppers)| Program { capacity: None, patience: 0, pushers, poppers })
}

#[test]
fn histories_of_work_stealing_are_explained_by_sequences_in_some_order() {
    let ran = cases::run("work stealing", 250, stealing_program(), |program, _| {
        for _ in 0..5 {
            let queue = Stealing::of_poppers(program.poppers.len(), None, |_| false);
            let mut history = history_on(&queue, &program);
            history.sort_by_key(|call| call.begun);
            assert!(
                is_explained_in(Order::Any, &history, None, Drains::Atomically),
                "no sequence explains {history:#?}"
            );
        }
    });
    evidence("C3,C4,C7,C36", 5 * ran);
}

/// The channel drains item by item, so a pop may come in the middle of a drain.
#[cfg(feature = "crossbeam-channel")]
#[test]
fn histories_of_the_channel_are_explained_by_sequences() {
    let ran = cases::run("channel", 250, program(), |program, _| {
        assert_explained::<Channel<_>>(&program, Drains::OneByOne);
    });
    evidence("C3,C6,C7,C8,C10", 5 * ran);
}

// Work stealing, one operation after the other

/// A thread for each popper, which does one operation at a time.
struct Poppers {
    queue: Arc<Stealing<u8>>,
    asked: Vec<mpsc::Sender<Op>>,
    answers: mpsc::Receiver<Answer>,
}

impl Poppers {
    fn start(number: usize, turns: usize) -> Self {
        let queue = Arc::new(Stealing::taking_turns(turns, number, None, |_| false));
        let (answer, answers) = mpsc::channel();
        let asked = (0..number).map(|popper| {
            let (ask_it, asked) = mpsc::channel();
            let (queue, answer) = (Arc::clone(&queue), answer.clone());
            thread::spawn(move || {
                queue.enter(popper);
                for op in asked {
                    let _ = answer.send(ask(&*queue, op));
                }
            });
            ask_it
        });
        Poppers { asked: asked.collect(), queue, answers }
    }

    fn ask(&self, popper: usize, op: Op) -> Answer {
        self.asked[popper].send(op).expect("it runs");
        self.answers.recv().expect("it answers")
    }

    fn push(&self, popper: usize, item: u8) {
        assert!(matches!(self.ask(popper, Op::Push(item)), Answer::Pushed(_)));
    }

    fn pop(&self, popper: usize) -> Option<u8> {
        match self.ask(popper, Op::Pop) {
            Answer::Popped(found) => found.map(|(_, item)| item),
            other => panic!("{other:?}"),
        }
    }
}

/// The order of work stealing, for poppers whose turns do not come.
#[derive(Clone, Debug, Default)]
struct Deques {
    all: VecDeque<u8>,
    own: [VecDeque<u8>; 3],
}

impl Deques {
    /// Returns `true` if the popper may get this next: the newest of its own, or else the oldest of
    /// all or of another.
    fn may_pop(&mut self, popper: usize, item: u8) -> bool {
        if let Some(newest) = self.own[popper].pop_back() {
            return newest == item;
        }
        if self.all.front() == Some(&item) {
            return self.all.pop_front().is_some();
        }
        let mut others = (1..3).map(|next| (popper + next) % 3);
        let from = others.find(|other| self.own[*other].front() == Some(&item));
        from.is_some_and(|other| self.own[other].pop_front().is_some())
    }

    fn len(&self) -> usize {
        self.all.len() + self.own.iter().map(VecDeque::len).sum::<usize>()
    }
}

#[test]
fn work_stealing_takes_the_newest_of_its_own_then_the_oldest_of_others() {
    // The third is no popper, and pushes to the queue for all.
    let steps = vec((0..=3_usize, any::<bool>()), 0..40);
    let ran = cases::run("deques", 100, steps, |steps, progress| {
        let (poppers, mut model) = (Poppers::start(3, 63), Deques::default());
        // Each item is another, so that it is known where it came from.
        for (item, (popper, pushes)) in (0..).zip(steps) {
            progress.note(format_args!("popper {popper}, pushes: {pushes}"));
            if popper == 3 {
                poppers.queue.push(item, Wait::No).unwrap();
                model.all.push_back(item);
            } else if pushes {
                poppers.push(popper, item);
                model.own[popper].push_back(item);
            } else if model.len() > 0 {
                let popped = poppers.pop(popper).expect("there is one");
                assert!(model.may_pop(popper, popped), "{popped}, of {model:?}");
            }
        }
        assert_eq!(poppers.queue.counts().queued, model.len() as u64);
        let drained = poppers.queue.drain().map(|(_, item)| item);
        let expected = model.all.into_iter().chain(model.own.into_iter().flatten());
        assert!(drained.eq(expected));
        assert_eq!(poppers.pop(0), None);
    });
    evidence("C36", ran);
}

/// Every second item is an oldest one: of the queue for all, then of another popper.
#[test]
fn work_stealing_takes_turns() {
    watchdog(LIMIT, "turns", |_| {
        let poppers = Poppers::start(2, 2);
        for item in [1, 2, 3, 4, 5, 6] {
            poppers.push(0, item);
        }
        for item in [11, 12] {
            poppers.push(1, item);
        }
        for item in [21, 22] {
            poppers.queue.push(item, Wait::No).unwrap();
        }
        let popped = [(); 10].map(|()| poppers.pop(0).expect("there are more"));
        assert_eq!(popped, [6, 21, 5, 11, 4, 22, 3, 12, 2, 1]);
        // Where there is no other, it is the oldest of its own.
        for item in [1, 2, 3, 4] {
            poppers.push(0, item);
        }
        assert_eq!([(); 4].map(|()| poppers.pop(0)), [4, 1, 3, 2].map(Some));
        evidence("C36", 14);
    });
}

#[test]
fn numbers_of_work_stealing_are_unique() {
    watchdog(LIMIT, "numbers", |_| {
        let poppers = Poppers::start(3, 63);
        let mut numbers = HashSet::new();
        for item in 0..100 {
            for popper in 0..3 {
                assert!(
                    matches!(poppers.ask(popper, Op::Push(item)), Answer::Pushed(number) if numbers.insert(number))
                );
            }
            assert!(numbers.insert(poppers.queue.push(item, Wait::No).unwrap()));
        }
        assert_eq!(poppers.queue.counts().accepted, 400);
        evidence("C36", 400);
    });
}

/// With a capacity there is one queue, in which every slot is counted.
#[test]
fn a_bounded_work_stealing_queue_keeps_the_order() {
    watchdog(LIMIT, "bounded", |_| {
        let queue = Stealing::of_poppers(1, Some(2), |_| false);
        queue.enter(0);
        assert_eq!(queue.push(1, Wait::No), Ok(0));
        assert_eq!(queue.push(2, Wait::No), Ok(1));
        assert_eq!(queue.push(3, Wait::No), Err(Refused { item: 3, refusal: Refusal::Full }));
        assert_eq!([(); 2].map(|()| queue.pop(|| ())), [Some((0, 1)), Some((1, 2))]);
        evidence("C8,C36", 5);
    });
}

/// What work stealing asks of the queue that it stands on.
#[test]
fn a_nudge_is_taken_once_and_after_the_items() {
    fn check<Q: Nudge<u8>>() {
        let queue = Q::new(None, |_| false);
        assert_eq!(queue.try_pop(), None);
        queue.nudge();
        queue.nudge();
        for item in 1..=3 {
            queue.push(item, Wait::No).unwrap();
        }
        assert_eq!(queue.counts(), Counts { accepted: 3, rejected: 0, queued: 3 });
        assert_eq!(queue.try_pop(), Some((0, 1)));
        let elsewhere = || panic!("an item is queued");
        assert_eq!(queue.pop_or_nudge(elsewhere), Popped::Item(1, 2));
        assert_eq!(queue.pop_or_nudge(|| None), Popped::Item(2, 3));
        assert_eq!(queue.try_pop(), None);
        assert_eq!(queue.pop_or_nudge(|| Some((7, 7))), Popped::Item(7, 7), "found elsewhere");
        assert_eq!(queue.pop_or_nudge(|| None), Popped::Nudge);
        queue.close();
        queue.nudge();
        assert_eq!(queue.pop_or_nudge(|| None), Popped::Closed);
    }
    watchdog(LIMIT, "nudges", |_| {
        check::<Locked<_>>();
        check::<TwoLock<_>>();
        evidence("C7,C36", 2);
    });
}

// The checker itself

fn call(begun: u64, ended: u64, op: Op, answer: Answer) -> Call {
    Call { begun, ended, op, answer }
}

fn pushed(begun: u64, ended: u64, item: u8, number: u64) -> Call {
    call(begun, ended, Op::PushAndWait(item), Answer::Pushed(number))
}

fn refused(begun: u64, ended: u64, item: u8, why: Why) -> Call {
    call(begun, ended, Op::Push(item), Answer::Refused(item, why))
}

fn release(begun: u64, ended: u64) -> Call {
    call(begun, ended, Op::Release, Answer::Released)
}

fn pop(begun: u64, ended: u64, item: Option<(u64, u8)>) -> Call {
    call(begun, ended, Op::Pop, Answer::Popped(item))
}

fn close(begun: u64, ended: u64) -> Call {
    call(begun, ended, Op::Close, Answer::Closed)
}

fn drain(begun: u64, ended: u64, items: &[(u64, u8)]) -> Call {
    call(begun, ended, Op::Drain, Answer::Drained(items.to_vec()))
}

fn counted(begun: u64, ended: u64, accepted: u64, queued: u64) -> Call {
    let answer = Answer::Counted { accepted, rejected: 0, queued };
    call(begun, ended, Op::Counts, answer)
}

#[test]
fn the_checker_rejects_what_no_queue_may_do() {
    let impossible = [
        ("popped before it was pushed", vec![pop(0, 1, Some((0, 7))), pushed(2, 3, 7, 0)]),
        ("lost", vec![pushed(0, 1, 7, 0), close(2, 3), pop(4, 5, None)]),
        (
            "popped twice",
            vec![pushed(0, 1, 7, 0), pop(2, 4, Some((0, 7))), pop(3, 5, Some((0, 7)))],
        ),
        (
            "the younger first",
            vec![
                pushed(0, 1, 7, 0),
                pushed(2, 3, 8, 1),
                pop(4, 5, Some((1, 8))),
                pop(6, 7, Some((0, 7))),
            ],
        ),
        (
            "numbers against the order of pushes",
            vec![pushed(0, 1, 7, 1), pushed(2, 3, 8, 0), drain(4, 5, &[(0, 8), (1, 7)])],
        ),
        ("the same number twice", vec![pushed(0, 2, 7, 0), pushed(1, 3, 8, 0)]),
        ("refused before any close", vec![refused(0, 1, 7, Why::Closed), close(2, 3)]),
        ("accepted after a close", vec![close(0, 1), pushed(2, 3, 7, 0)]),
        ("nothing although open", vec![pop(0, 1, None), pushed(2, 3, 7, 0), close(4, 5)]),
        ("another item than was pushed", vec![pushed(0, 1, 7, 0), pop(2, 3, Some((0, 8)))]),
        (
            "drained and popped",
            vec![pushed(0, 1, 7, 0), drain(2, 4, &[(0, 7)]), pop(3, 5, Some((0, 7)))],
        ),
        ("a drain that leaves something", vec![pushed(0, 1, 7, 0), drain(2, 3, &[])]),
        ("a count of the past", vec![pushed(0, 1, 7, 0), counted(2, 3, 0, 0)]),
        ("a count of two instants", vec![pushed(0, 1, 7, 0), counted(2, 3, 1, 0)]),
    ];
    let too_many = [
        ("more than there are slots", vec![pushed(0, 1, 7, 0), pushed(2, 3, 8, 1)]),
        (
            "a slot that a pop releases by itself",
            vec![pushed(0, 1, 7, 0), pop(2, 3, Some((0, 7))), pushed(4, 5, 8, 1), release(6, 7)],
        ),
        ("full although empty", vec![refused(0, 1, 7, Why::Full), pushed(2, 3, 8, 0)]),
        ("a slot that was not taken", vec![release(0, 1), pushed(2, 3, 7, 0)]),
    ];
    for (what, history) in &too_many {
        assert!(!is_explained(history, Some(1), Drains::Atomically), "{what}");
    }
    for (what, history) in &impossible {
        assert!(!is_explained(history, None, Drains::Atomically), "{what}");
        assert!(!is_explained(history, None, Drains::OneByOne), "{what}");
    }
    let half = vec![
        pushed(0, 1, 7, 0),
        pushed(2, 3, 8, 1),
        pushed(4, 5, 9, 2),
        drain(6, 9, &[(0, 7), (2, 9)]),
        pop(7, 8, Some((1, 8))),
    ];
    assert!(!is_explained(&half, None, Drains::Atomically), "a pop from the middle of a drain");
    evidence("C3,C6,C8", (impossible.len() + too_many.len()) as u64 + 1);
}

#[test]
fn the_checker_accepts_what_races_may_do() {
    let possible = [
        ("nothing", vec![]),
        ("a pop that waits", vec![pop(0, 3, Some((0, 7))), pushed(1, 2, 7, 0)]),
        ("a pop that is released", vec![pop(0, 3, None), close(1, 2)]),
        ("pushes that race", vec![pushed(0, 2, 7, 1), pushed(1, 3, 8, 0), pop(4, 5, Some((0, 8)))]),
        ("a push that races with a close", vec![close(0, 2), pushed(1, 3, 7, 0)]),
        ("one that loses", vec![close(0, 2), refused(1, 3, 7, Why::Closed)]),
        ("a count in between", vec![pushed(0, 3, 7, 0), counted(1, 2, 1, 1)]),
        (
            "a drain among pops",
            vec![
                pushed(0, 1, 7, 0),
                pushed(2, 3, 8, 1),
                pop(4, 6, Some((0, 7))),
                drain(5, 7, &[(1, 8)]),
                pop(8, 9, None),
            ],
        ),
    ];
    let one_place = [
        ("a push that waits", vec![pushed(0, 1, 7, 0), pushed(2, 5, 8, 1), release(3, 4)]),
        ("one that does not", vec![pushed(0, 1, 7, 0), refused(2, 3, 8, Why::Full)]),
    ];
    for (what, history) in &one_place {
        assert!(is_explained(history, Some(1), Drains::Atomically), "{what}");
    }
    for (what, history) in &possible {
        assert!(is_explained(history, None, Drains::Atomically), "{what}");
        assert!(is_explained(history, None, Drains::OneByOne), "{what}");
    }
    let half = vec![
        pushed(0, 1, 7, 0),
        pushed(2, 3, 8, 1),
        pushed(4, 5, 9, 2),
        drain(6, 9, &[(0, 7), (2, 9)]),
        pop(7, 8, Some((1, 8))),
    ];
    assert!(is_explained(&half, None, Drains::OneByOne), "a pop from the middle of a drain");
    evidence("C3,C6,C8", (possible.len() + one_place.len()) as u64 + 1);
}
