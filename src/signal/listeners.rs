//! The pools that listen to signals.

use super::{SignalStep, STEPS};
#[cfg(unix)]
use crate::panics::drop_catching;

/// Takes a step. It is user code.
pub(super) type Take = Box<dyn FnMut(SignalStep) + Send>;

/// In the order in which they began to listen.
pub(super) struct Listeners(Vec<Listener>);

pub(super) struct Listener {
    number: u64,
    /// How many steps it has begun.
    steps: usize,
    /// `None` while a step is taken, and after the last one.
    take: Option<Take>,
}

impl Listeners {
    pub(super) const fn new() -> Self {
        Listeners(Vec::new())
    }

    /// Adds a listener with a number that no other has.
    pub(super) fn add(&mut self, number: u64, take: Take) {
        self.0.push(Listener { number, steps: 0, take: Some(take) });
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<Listener> {
        let index = self.0.iter().position(|listener| listener.number == number)?;
        Some(self.0.remove(index))
    }

    /// Drops the closures of all of them, one by one.
    #[cfg(unix)]
    pub(super) fn release(self) {
        self.0.into_iter().for_each(|listener| _ = drop_catching(listener));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn numbers(&self) -> Vec<u64> {
        self.0.iter().map(|listener| listener.number).collect()
    }

    /// Begins the next step of a listener, if it is there and has one.
    pub(super) fn begin(&mut self, number: u64) -> Option<(SignalStep, Take)> {
        let listener = self.get(number)?;
        let step = *STEPS.get(listener.steps)?;
        listener.steps += 1;
        Some((step, listener.take.take()?))
    }

    /// Ends that step. Takes the closure back if it will be called again.
    pub(super) fn end(&mut self, number: u64, take: &mut Option<Take>) {
        if let Some(listener) = self.get(number) {
            if listener.steps < STEPS.len() {
                listener.take = take.take();
            }
        }
    }

    fn get(&mut self, number: u64) -> Option<&mut Listener> {
        self.0.iter_mut().find(|listener| listener.number == number)
    }
}
