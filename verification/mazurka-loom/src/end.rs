//! What must be gone when an execution has ended: counted references and tracked memory.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::Location;
use std::sync::Arc;

use mazurka::raw::{self, Object};

/// What one execution has created. It runs on one operating system thread.
#[derive(Default)]
struct Created {
    /// The counts of references, by the address of their value.
    counts: HashMap<usize, Arc<Count>>,
    /// Tracked memory, by its number or its address, with its kind and its place.
    memory: HashMap<usize, (&'static str, &'static Location<'static>)>,
    next: usize,
    /// What each access to a lazy static is a step on.
    statics: Option<Object>,
}

/// The count of the references to a value: what its changes are steps on.
#[derive(Debug)]
pub(crate) struct Count {
    pub(crate) object: Object,
    created: &'static Location<'static>,
}

thread_local! {
    static CREATED: RefCell<Created> = RefCell::default();
}

/// Begins an execution.
pub(crate) fn begin() {
    let statics = Some(Object::new());
    CREATED.set(Created { statics, ..Created::default() });
    raw::at_end(|| {
        let created = CREATED.take();
        let leaked = |what: &str, site: &Location<'_>| Err(format!("{what} of {site} was leaked"));
        if let Some(count) = created.counts.values().next() {
            return leaked("the Arc", count.created);
        }
        created.memory.values().next().map_or(Ok(()), |(what, site)| leaked(what, site))
    });
}

/// Returns what an access to a lazy static is a step on.
pub(crate) fn statics() -> Object {
    CREATED.with_borrow(|created| created.statics.expect("inside a model"))
}

#[track_caller]
pub(crate) fn add_count(address: usize) -> Arc<Count> {
    let count = Arc::new(Count { object: Object::new(), created: Location::caller() });
    CREATED.with_borrow_mut(|created| created.counts.insert(address, Arc::clone(&count)));
    count
}

/// Returns the count of the value at this address.
pub(crate) fn count(address: usize) -> Option<Arc<Count>> {
    CREATED.with_borrow(|created| created.counts.get(&address).cloned())
}

pub(crate) fn remove_count(address: usize) {
    CREATED.with_borrow_mut(|created| created.counts.remove(&address));
}

/// Adds tracked memory, and returns its number.
#[track_caller]
pub(crate) fn add_memory(address: Option<usize>, what: &'static str) -> usize {
    let site = Location::caller();
    CREATED.with_borrow_mut(|created| {
        // Numbers are odd and small; memory is aligned or else far away.
        created.next += 2;
        let key = address.unwrap_or(created.next - 1);
        created.memory.insert(key, (what, site));
        key
    })
}

/// Removes tracked memory. Returns `false` if there is none.
pub(crate) fn remove_memory(key: usize) -> bool {
    CREATED.try_with(|created| created.borrow_mut().memory.remove(&key).is_some()) == Ok(true)
}
