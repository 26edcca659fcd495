//! What a model may have its world do at a time of the world's choosing: let deadlines pass, and wake
//! sleepers for no reason. Each is a thread of the scenario's own. And what it may leave out.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)] // the world is not part of the model

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::backend::checker::sync::{Condvar, Mutex as Visible};
use super::Arc;

/// Of the current execution.
static WORLD: Mutex<World> = Mutex::new(World::NEW);

struct World {
    clock: Option<Clock>,
    yields: bool,
    /// Every condition variable, if they are to be woken for no reason.
    condvars: Option<Vec<Arc<Condvar>>>,
}

impl World {
    const NEW: World = World { clock: None, yields: true, condvars: None };
}

fn world() -> MutexGuard<'static, World> {
    WORLD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forgets the last execution.
pub(super) fn begin_execution() {
    *world() = World::NEW;
}

/// From now on in this execution nobody yields, and whoever would have looks once less.
pub fn never_yield() {
    world().yields = false;
}

/// Whether threads may yield.
pub(super) fn may_yield() -> bool {
    world().yields
}

/// A clock, at whose stroke every deadline passes.
///
/// A waiter with a deadline then sleeps as others do, and may be notified and time out at once: it
/// takes the notification along.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Visible<Face>>);

#[derive(Debug)]
struct Face {
    struck: bool,
    sleepers: Vec<Arc<Sleeper>>,
}

impl Clock {
    /// From now on in this execution, a deadline that may fire at any moment fires when this strikes.
    pub fn wind() -> Self {
        let clock = Clock(Arc::new(Visible::new(Face { struck: false, sleepers: Vec::new() })));
        world().clock = Some(clock.clone());
        clock
    }

    /// The clock that has been wound, if any.
    pub(super) fn wound() -> Option<Self> {
        world().clock.clone()
    }

    /// Lets every deadline pass.
    pub fn strike(&self) {
        let mut face = lock(&self.0);
        face.struck = true;
        for sleeper in face.sleepers.drain(..) {
            sleeper.ring(|bell| bell.struck = true);
        }
    }

    /// Somebody who goes to sleep until notified or until the stroke; `None` if it has struck.
    pub(super) fn sleeper(&self) -> Option<Arc<Sleeper>> {
        let mut face = lock(&self.0);
        if face.struck {
            return None;
        }
        let bell = Bell { notified: false, struck: false };
        let sleeper = Arc::new(Sleeper { bell: Visible::new(bell), rung: Condvar::new() });
        face.sleepers.push(Arc::clone(&sleeper));
        Some(sleeper)
    }
}

/// Who sleeps until notified or until the stroke.
#[derive(Debug)]
pub(super) struct Sleeper {
    bell: Visible<Bell>,
    rung: Condvar,
}

#[derive(Debug)]
struct Bell {
    notified: bool,
    struck: bool,
}

impl Sleeper {
    /// Notifies; `false` if that has been done before.
    pub(super) fn notify(&self) -> bool {
        let mut first = false;
        self.ring(|bell| first = !std::mem::replace(&mut bell.notified, true));
        first
    }

    fn ring(&self, how: impl FnOnce(&mut Bell)) {
        how(&mut lock(&self.bell));
        self.rung.notify_one();
    }

    /// Sleeps; whether it was the stroke that ended it.
    pub(super) fn sleep(&self) -> bool {
        let mut bell = lock(&self.bell);
        while !bell.notified && !bell.struck {
            bell = self.rung.wait(bell).unwrap_or_else(PoisonError::into_inner);
        }
        bell.struck
    }
}

/// Wakes whoever sleeps, for no reason.
#[derive(Debug)]
pub struct Nuisance(Vec<Arc<Condvar>>);

impl Nuisance {
    /// Has something made; the condition variables that are created meanwhile are meant.
    pub fn of<R>(make: impl FnOnce() -> R) -> (R, Self) {
        world().condvars = Some(Vec::new());
        let result = make();
        let condvars = world().condvars.take().unwrap_or_default();
        (result, Nuisance(condvars))
    }

    /// Wakes all who sleep on them.
    pub fn wake_all(&self) {
        for condvar in &self.0 {
            condvar.notify_all();
        }
    }
}

/// Remembers a new condition variable, if that is wanted.
pub(super) fn register(condvar: &Arc<Condvar>) {
    if let Some(condvars) = &mut world().condvars {
        condvars.push(Arc::clone(condvar));
    }
}

fn lock<T>(mutex: &Visible<T>) -> super::backend::checker::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
