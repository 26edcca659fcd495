//! The threads of a model as coroutines of one operating system thread.
//!
//! This is the only module with unsafe code. A coroutine is suspended from deep inside the model's
//! own functions, which do not receive its [`Yielder`]. So the address of the yielder is kept in a
//! thread-local variable.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::io;
use std::ptr;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};

thread_local! {
    /// The yielder of the coroutine that is running on this operating system thread.
    static RUNNING: Cell<*const Yielder<(), ()>> = const { Cell::new(ptr::null()) };
}

/// Coroutines by number, and the stacks of ended coroutines for reuse.
pub(crate) struct Coroutines {
    stack_size: usize,
    stacks: Vec<DefaultStack>,
    all: Vec<Option<Coroutine<(), (), ()>>>,
}

impl Coroutines {
    pub(crate) fn new(stack_size: usize) -> Self {
        Coroutines { stack_size, stacks: Vec::new(), all: Vec::new() }
    }

    /// Creates the coroutine with this number. It starts when it is first [resumed](Self::resume).
    ///
    /// # Errors
    ///
    /// The operating system's error if there is no memory for its stack.
    pub(crate) fn create(&mut self, number: usize, main: Box<dyn FnOnce()>) -> io::Result<()> {
        let stack = match self.stacks.pop() {
            Some(stack) => stack,
            None => DefaultStack::new(self.stack_size)?,
        };
        let coroutine = Coroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
            RUNNING.set(yielder);
            main();
        });
        if self.all.len() <= number {
            self.all.resize_with(number + 1, || None);
        }
        self.all[number] = Some(coroutine);
        Ok(())
    }

    /// Runs a coroutine until it suspends itself or ends. Returns `true` if it has ended.
    ///
    /// # Panics
    ///
    /// If there is no coroutine with this number.
    pub(crate) fn resume(&mut self, number: usize) -> bool {
        let mut coroutine = self.all[number].take().expect("a coroutine that has not ended");
        match coroutine.resume(()) {
            CoroutineResult::Yield(()) => {
                self.all[number] = Some(coroutine);
                false
            }
            CoroutineResult::Return(()) => {
                self.stacks.push(coroutine.into_stack());
                true
            }
        }
    }

    /// Abandons the coroutines that have not ended. The contents of their stacks are leaked:
    /// unwinding would run the model's destructors, which may wait for each other.
    pub(crate) fn abandon(&mut self) {
        for coroutine in self.all.drain(..).flatten() {
            std::mem::forget(coroutine);
        }
    }

    /// Unwinds the coroutines that have not ended and keeps their stacks. Valid only if the model's
    /// destructors perform no operation.
    pub(crate) fn unwind(&mut self) {
        for mut coroutine in self.all.drain(..).flatten() {
            coroutine.force_unwind();
            self.stacks.push(coroutine.into_stack());
        }
    }
}

/// Suspends the current coroutine. Returns when it is resumed.
pub(crate) fn suspend() {
    let yielder = RUNNING.get();
    assert!(!yielder.is_null(), "suspended outside of a coroutine");
    // SAFETY: RUNNING is set by a coroutine when it begins, and below by each that is resumed, so it
    // is the yielder of the one that executes this very function. That yielder is a parameter of the
    // coroutine's own frame, further up on the same stack, and lives as long as the coroutine.
    unsafe { (*yielder).suspend(()) };
    RUNNING.set(yielder);
}
