//! Happens-before as the memory model of Rust defines it, for the data that locks and atomics
//! protect.
//!
//! It is weaker than the order of the explored steps: an atomic with a relaxed ordering orders
//! steps, and no data. So a data race is found although every execution is sequentially consistent:
//! two accesses race if nothing in their execution synchronises one with the other.

use std::panic::Location;
use std::sync::atomic::Ordering;

use crate::clock::MAX_THREADS;

/// For each thread, its latest epoch that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Epochs([u32; MAX_THREADS]);

impl Epochs {
    fn join(&mut self, other: &Epochs) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own = (*own).max(other);
        }
    }

    /// Returns the first thread with an epoch that the other does not know.
    fn beyond(&self, other: &Epochs) -> Option<usize> {
        self.0.iter().zip(other.0).position(|(own, known)| *own > known)
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct ThreadMemory {
    now: Epochs,
    /// What an acquire fence would make known.
    to_acquire: Epochs,
    /// What a release fence has made known.
    released: Epochs,
}

/// What happened before what in one execution.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    threads: [ThreadMemory; MAX_THREADS],
    /// What an acquire of each object makes known.
    objects: Vec<Epochs>,
    /// Whether an ordering weaker than sequential consistency was requested.
    pub(crate) is_weak: bool,
    /// Whether data was accessed.
    pub(crate) has_data: bool,
}

/// The accesses to data that is not synchronised by itself. For the stand-in of an `UnsafeCell`.
#[derive(Debug, Default)]
pub(crate) struct Accesses {
    reads: Epochs,
    writes: Epochs,
    sites: [Option<&'static Location<'static>>; MAX_THREADS],
    /// Accesses that have begun and not ended.
    readers: u32,
    writers: u32,
}

fn acquires(order: Ordering) -> bool {
    matches!(order, Ordering::Acquire | Ordering::AcqRel | Ordering::SeqCst)
}

fn releases(order: Ordering) -> bool {
    matches!(order, Ordering::Release | Ordering::AcqRel | Ordering::SeqCst)
}

impl Memory {
    /// Forgets an execution.
    pub(crate) fn clear(&mut self) {
        self.threads = Default::default();
        self.threads[0].now.0[0] = 1;
        self.objects.clear();
    }

    pub(crate) fn spawn(&mut self, parent: usize, child: usize) {
        let known = self.threads[parent].now;
        self.threads[child] = ThreadMemory { now: known, ..ThreadMemory::default() };
        self.advance(parent);
        self.advance(child);
    }

    pub(crate) fn join(&mut self, thread: usize, ended: usize) {
        let known = self.threads[ended].now;
        self.threads[thread].now.join(&known);
    }

    fn advance(&mut self, thread: usize) {
        self.threads[thread].now.0[thread] += 1;
    }

    pub(crate) fn note_order(&mut self, order: Ordering) {
        self.is_weak |= order != Ordering::SeqCst;
    }

    /// The thread acquires what was released through the object.
    pub(crate) fn acquire(&mut self, thread: usize, object: u32, order: Ordering) {
        let Some(known) = self.objects.get(object as usize) else { return };
        let own = &mut self.threads[thread];
        let place = if acquires(order) { &mut own.now } else { &mut own.to_acquire };
        place.join(known);
    }

    /// The thread releases what it knows through the object. A read-modify-write `keeps` what
    /// others have released; a store does not.
    pub(crate) fn release(&mut self, thread: usize, object: u32, order: Ordering, keeps: bool) {
        let own = &self.threads[thread];
        let known = if releases(order) { own.now } else { own.released };
        let index = object as usize;
        if self.objects.len() <= index {
            self.objects.resize(index + 1, Epochs::default());
        }
        let place = &mut self.objects[index];
        if keeps {
            place.join(&known);
        } else {
            *place = known;
        }
        if releases(order) {
            self.advance(thread);
        }
    }

    pub(crate) fn fence(&mut self, thread: usize, order: Ordering) {
        let own = &mut self.threads[thread];
        if acquires(order) {
            let known = own.to_acquire;
            own.now.join(&known);
        }
        if releases(order) {
            own.released = own.now;
            self.advance(thread);
        }
    }

    /// Begins an access to data.
    ///
    /// # Errors
    ///
    /// The access with which it races.
    pub(crate) fn access(
        &mut self,
        thread: usize,
        data: &mut Accesses,
        writes: bool,
        site: &'static Location<'static>,
    ) -> Result<(), String> {
        self.has_data = true;
        let now = &self.threads[thread].now;
        let (this, held) = if writes {
            ("a write", data.readers + data.writers > 0)
        } else {
            ("a read", data.writers > 0)
        };
        let written = data.writes.beyond(now).map(|other| ("a write", other));
        let read = data.reads.beyond(now).filter(|_| writes).map(|other| ("a read", other));
        if let Some((that, other)) = written.or(read) {
            let place = data.sites[other].map_or_else(String::new, |site| format!(" at {site}"));
            return Err(format!("data race: {this} at {site}, and {that}{place}, are not ordered"));
        }
        if held {
            return Err(format!("{this} at {site}, while another access has not ended"));
        }
        data.sites[thread] = Some(site);
        if writes {
            data.writes.0[thread] = now.0[thread];
            data.writers += 1;
        } else {
            data.reads.0[thread] = now.0[thread];
            data.readers += 1;
        }
        Ok(())
    }
}

impl Accesses {
    /// Ends an access.
    pub(crate) fn end(&mut self, writes: bool) {
        let count = if writes { &mut self.writers } else { &mut self.readers };
        *count = count.saturating_sub(1);
    }
}
