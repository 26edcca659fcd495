//! Maps over an iterator: a job for each item, a bounded number of them at a time.

use std::any::type_name;
use std::collections::VecDeque;
use std::fmt;
use std::iter::{Fuse, FusedIterator};

use crate::error::{RefusalKind, SubmitError};
use crate::handle::{CancelOnDrop, JobHandle};
use crate::job::Label;
use crate::job_set::JobSet;
use crate::outcome::Outcome;
use crate::pool::ThreadPool;
use crate::submitter::Submitter;
use crate::sync::{Arc, Deadline};

/// The job of one item of a [`Map`].
pub type MapJob<T> = Box<dyn FnOnce() -> T + Send>;

impl ThreadPool {
    /// Returns an iterator that applies `function` to each item, in jobs of this pool. See
    /// [`Submitter::map`].
    ///
    /// # Panics
    ///
    /// If `in_flight` is 0.
    #[track_caller]
    pub fn map<I, F, T>(&self, items: I, in_flight: usize, function: F) -> Map<I::IntoIter, F, T>
    where
        I: IntoIterator,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
    {
        self.as_submitter().map(items, in_flight, function)
    }
}

impl Submitter {
    /// Returns an iterator that applies `function` to each item, in jobs of this pool, and returns
    /// the outcomes in the order of the items.
    ///
    /// It is lazy: each call of `next` takes items, and submits a job for each, until `in_flight`
    /// jobs are queued, running, or have an outcome that was not returned yet. Then it waits for
    /// the first of them. So an endless iterator is fine, and a slow consumer holds it back.
    ///
    /// If the pool refuses a job, because it is shut down, no more items are taken. The outcomes of
    /// the jobs before come first, and then the error with the job. The same happens at once on a
    /// worker of the pool, which would wait for jobs behind itself. Dropping the iterator cancels
    /// the jobs that have not started. [`Map::unordered`] returns outcomes as the jobs end.
    ///
    /// # Panics
    ///
    /// If `in_flight` is 0.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return Ok(()) }
    /// let pool = last_call::ThreadPool::new(2);
    /// let mut squares = Vec::new();
    /// for outcome in pool.map(1..=5, 2, |n| n * n) {
    ///     squares.push(outcome?.unwrap());
    /// }
    /// assert_eq!(squares, [1, 4, 9, 16, 25]);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    #[track_caller]
    pub fn map<I, F, T>(&self, items: I, in_flight: usize, function: F) -> Map<I::IntoIter, F, T>
    where
        I: IntoIterator,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
    {
        assert!(in_flight > 0, "invalid `in_flight`: 0 jobs (expected 1 or more)");
        let source = Source {
            submitter: self.clone(),
            items: items.into_iter().fuse(),
            function: Arc::new(function),
            in_flight,
            refused: None,
            closed: false,
            label: Label { name: Some(type_name::<F>()), ..Label::here() },
        };
        Map { source, jobs: VecDeque::new() }
    }
}

/// Where the jobs of a map come from.
struct Source<I, F, T> {
    submitter: Submitter,
    items: Fuse<I>,
    function: Arc<F>,
    /// The largest number of jobs whose outcome has not been returned.
    in_flight: usize,
    /// The refused job until it is returned.
    refused: Option<SubmitError<MapJob<T>>>,
    /// A job was refused.
    closed: bool,
    label: Label,
}

impl<I, F, T> Source<I, F, T>
where
    I: Iterator,
    I::Item: Send + 'static,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
    /// Submits the job of the next item, if there are fewer than the bound in flight. Returns its
    /// handle.
    fn submit(&mut self, in_flight: usize) -> Option<JobHandle<T>> {
        if self.closed || in_flight >= self.in_flight {
            return None;
        }
        let item = self.items.next()?;
        let function = Arc::clone(&self.function);
        let job: MapJob<T> = Box::new(move || function(item));
        let submitted = if self.submitter.current_worker().is_some() {
            Err(SubmitError::new(Box::new(job), RefusalKind::WouldDeadlock))
        } else {
            self.submitter.enqueue_with_handle(job, self.label, Some(Deadline::never()))
        };
        match submitted {
            Ok(handle) => Some(handle),
            Err(error) => {
                self.closed = true;
                self.refused = Some(error);
                None
            }
        }
    }
}

/// The outcomes of jobs for the items of an iterator, in the order of the items;
/// [`Submitter::map`] returns it.
#[must_use = "iterators are lazy: no job is submitted before `next`"]
pub struct Map<I, F, T> {
    source: Source<I, F, T>,
    jobs: VecDeque<CancelOnDrop<T>>,
}

impl<I, F, T> Map<I, F, T> {
    /// Returns the outcomes as the jobs end, in any order.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return }
    /// let pool = last_call::ThreadPool::new(2);
    /// let squares = pool.map(1..=5, 2, |n| n * n).unordered();
    /// assert_eq!(squares.map(|outcome| outcome.expect("it is running").unwrap()).sum::<u32>(), 55);
    /// ```
    pub fn unordered(self) -> MapUnordered<I, F, T> {
        let mut jobs = self.source.submitter.job_set();
        for job in self.jobs {
            jobs.insert(job.into_handle());
        }
        MapUnordered { source: self.source, jobs }
    }
}

impl<I, F, T> Iterator for Map<I, F, T>
where
    I: Iterator,
    I::Item: Send + 'static,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
    type Item = Result<Outcome<T>, SubmitError<MapJob<T>>>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(job) = self.source.submit(self.jobs.len()) {
            self.jobs.push_back(job.cancel_on_drop());
        }
        match self.jobs.pop_front() {
            Some(job) => Some(Ok(job.join())),
            None => self.source.refused.take().map(Err),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        size_hint(&self.source, self.jobs.len())
    }
}

impl<I, F, T> FusedIterator for Map<I, F, T> where Self: Iterator {}

/// The outcomes of jobs for the items of an iterator, as the jobs end; [`Map::unordered`] returns
/// it.
#[must_use = "iterators are lazy: no job is submitted before `next`"]
pub struct MapUnordered<I, F, T> {
    source: Source<I, F, T>,
    jobs: JobSet<T>,
}

impl<I, F, T> Iterator for MapUnordered<I, F, T>
where
    I: Iterator,
    I::Item: Send + 'static,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
    type Item = Result<Outcome<T>, SubmitError<MapJob<T>>>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(job) = self.source.submit(self.jobs.len()) {
            self.jobs.insert(job);
        }
        match self.jobs.join_next() {
            Some((_, outcome)) => Some(Ok(outcome)),
            None => self.source.refused.take().map(Err),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        size_hint(&self.source, self.jobs.len())
    }
}

impl<I, F, T> FusedIterator for MapUnordered<I, F, T> where Self: Iterator {}

/// Each job returns one outcome, and so does each item unless one is refused.
fn size_hint<I: Iterator, F, T>(
    source: &Source<I, F, T>,
    in_flight: usize,
) -> (usize, Option<usize>) {
    let there = in_flight + usize::from(source.refused.is_some());
    let items = if source.closed { Some(0) } else { source.items.size_hint().1 };
    (there, items.and_then(|items| items.checked_add(there)))
}

impl<I, F, T> fmt::Debug for Map<I, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("in_flight", &self.jobs.len()).finish_non_exhaustive()
    }
}

impl<I, F, T> fmt::Debug for MapUnordered<I, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapUnordered").field("in_flight", &self.jobs.len()).finish_non_exhaustive()
    }
}
