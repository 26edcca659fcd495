//! The builder: the options of a pool, checked before a thread is started.

use std::fmt;

use crate::error::{BuildError, BuildErrorKind};
use crate::panics::CatchDrop;
use crate::pool::{join, ThreadPool};
use crate::queue::{Queue, QueueKind};
use crate::report::{JobPanic, Report};
use crate::shared::{ReportHook, Shared, StartFailure};
use crate::sync::{thread, Arc};
use crate::worker::{self, Hooks};

/// The largest number of workers that a pool may have: 8,192.
///
/// Linux allows a process 65,530 memory mappings by default (`vm.max_map_count`), and a thread of
/// the standard library takes four: its stack, its signal stack, and a guard page for each. If the
/// mapping of a signal stack fails, the thread has started already, and the standard library aborts
/// the process. So the largest pool takes half of the mappings, and leaves the rest to the program.
/// Other limits on threads, such as `ulimit -u`, make [`Builder::build`] return an error.
pub const MAX_WORKERS: usize = 1 << 13;

/// The largest capacity that a bounded queue may have, in jobs.
pub const MAX_CAPACITY: usize = 1 << 30;

/// The smallest stack size, in bytes. A panicking job needs about 50 KiB to print where it was.
const MIN_STACK_SIZE: usize = 64 * 1024;

/// The largest stack size, in bytes: one tebibyte.
const MAX_STACK_SIZE: u64 = 1 << 40;

impl ThreadPool {
    /// Builds a pool of `workers` workers; the short form of [`builder`](Self::builder).
    ///
    /// # Panics
    ///
    /// If [`Builder::build`] returns an error: if `workers` is not 1 to [`MAX_WORKERS`], or if a
    /// thread cannot be started.
    #[track_caller]
    pub fn new(workers: usize) -> Self {
        built(ThreadPool::builder().workers(workers).build())
    }

    /// Returns a builder, which sets the options that [`new`](Self::new) leaves at their defaults.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl Default for ThreadPool {
    /// Builds a pool with the options that a [`builder`](ThreadPool::builder) has by default: a
    /// worker for each thread that the machine can run at once, and a queue of any length.
    ///
    /// # Panics
    ///
    /// If a thread cannot be started.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return }
    /// let pool = last_call::ThreadPool::default();
    /// assert!(pool.workers() >= 1);
    /// ```
    #[track_caller]
    fn default() -> Self {
        built(ThreadPool::builder().build())
    }
}

/// Builds a [`ThreadPool`].
///
/// ```
/// # if last_call::UNDER_MODEL { return Ok(()) }
/// use last_call::ThreadPool;
///
/// let pool = ThreadPool::builder()
///     .workers(2)
///     .thread_name("resize")
///     .stack_size(512 * 1024)
///     .build()?;
/// let name = pool.submit(|| std::thread::current().name().map(str::to_owned));
/// let name = name.expect("the pool is running").join().unwrap();
/// assert!(name == Some("resize-0".into()) || name == Some("resize-1".into()));
/// # Ok::<(), last_call::BuildError>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct Builder {
    workers: Option<usize>,
    thread_name: String,
    stack_size: Option<usize>,
    capacity: Option<usize>,
    queue: QueueKind,
    hooks: Hooks,
    on_terminated: Option<ReportHook>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Builder {
            workers: None,
            thread_name: "last-call".to_owned(),
            stack_size: None,
            capacity: None,
            queue: QueueKind::of_new_builders(),
            hooks: Hooks::default(),
            on_terminated: None,
        }
    }

    /// Sets the number of workers, 1 to [`MAX_WORKERS`]. The default is
    /// [`std::thread::available_parallelism`], or 1 where that is unknown.
    ///
    /// Several pools whose workers together approach twice that maximum can abort the process; see
    /// there.
    pub fn workers(mut self, number: usize) -> Self {
        self.workers = Some(number);
        self
    }

    /// Sets the prefix of the thread names; a hyphen and the number of the worker follow. The
    /// default is `last-call`.
    pub fn thread_name(mut self, prefix: impl Into<String>) -> Self {
        self.thread_name = prefix.into();
        self
    }

    /// Sets the stack size of each worker, in bytes: 65,536 (64 KiB) to 1,099,511,627,776 (1 TiB).
    /// The default is that of [`std::thread::Builder`]. A size in this range may still be more than
    /// the system grants; then [`build`](Self::build) fails when it starts the thread.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Sets how many jobs may be queued, 1 to [`MAX_CAPACITY`]. The default is any number. A
    /// submission to a full queue waits or is refused, depending on the method. Running jobs do not
    /// count.
    ///
    /// A cancelled job gives its slot back at once. What remains of it, a few hundred bytes at most,
    /// stays in the queue for a while: the queue holds at most four times as many jobs as it has
    /// slots, the cancelled ones included. The channel, see [`QueueKind`], has no such limit.
    pub fn capacity(mut self, jobs: usize) -> Self {
        self.capacity = Some(jobs);
        self
    }

    /// Sets the queue that jobs wait in. The default is [`QueueKind::TwoLock`].
    pub fn queue(mut self, kind: QueueKind) -> Self {
        self.queue = kind;
        self
    }

    /// Sets the hook that each worker calls with its number before its first job, when every worker
    /// thread exists. If it panics, `build` fails.
    ///
    /// So hooks may wait for each other. Once the hook of one worker has panicked, `build` does not
    /// wait for the hooks of others, which may wait for that one. Their threads are left behind, and
    /// end when the hooks return.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return Ok(()) }
    /// use std::cell::RefCell;
    ///
    /// thread_local! {
    ///     static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// }
    ///
    /// let pool = last_call::ThreadPool::builder()
    ///     .workers(2)
    ///     .on_start(|_worker| BUFFER.with(|buffer| buffer.borrow_mut().reserve(4096)))
    ///     .build()?;
    /// let room = pool.submit(|| BUFFER.with(|buffer| buffer.borrow().capacity()));
    /// assert!(room.expect("the pool is running").join().unwrap() >= 4096);
    /// # Ok::<(), last_call::BuildError>(())
    /// ```
    pub fn on_start(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.hooks.start = Some(CatchDrop::new(Arc::new(hook)));
        self
    }

    /// Sets the hook that each worker calls with its number after its last job. If it panics, the
    /// [`Report`] counts the panic.
    ///
    /// It must not wait for that of another worker. If a start hook panics, only the workers whose
    /// start hooks have returned call this hook, and `build` waits for them.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return Ok(()) }
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use std::sync::Arc;
    ///
    /// let stopped = Arc::new(AtomicUsize::new(0));
    /// let hook = {
    ///     let stopped = Arc::clone(&stopped);
    ///     move |_worker| _ = stopped.fetch_add(1, Ordering::Relaxed)
    /// };
    /// let pool = last_call::ThreadPool::builder().workers(3).on_stop(hook).build()?;
    /// drop(pool);
    /// assert_eq!(stopped.load(Ordering::Relaxed), 3);
    /// # Ok::<(), last_call::BuildError>(())
    /// ```
    pub fn on_stop(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.hooks.stop = Some(CatchDrop::new(Arc::new(hook)));
        self
    }

    /// Sets the hook that is called for each panic of a job without a handle, on its worker, when
    /// the job has its outcome. The panic is in the [`Report`] as well; this tells of it at once.
    /// A job whose handle was dropped before its end has none. A panic of the hook is caught and
    /// counted in the report.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return Ok(()) }
    /// use std::sync::mpsc;
    ///
    /// let (send, panics) = mpsc::channel();
    /// let pool = last_call::ThreadPool::builder()
    ///     .workers(1)
    ///     .on_panic(move |panic| send.send(panic.clone()).expect("the receiver is there"))
    ///     .build()?;
    /// pool.job().name("print").execute(|| panic!("no more paper")).expect("the pool is running");
    /// let panic = panics.recv().expect("the hook is called");
    /// assert_eq!((panic.name, &*panic.message), ("print", "no more paper"));
    /// # Ok::<(), last_call::BuildError>(())
    /// ```
    pub fn on_panic(mut self, hook: impl Fn(&JobPanic) + Send + Sync + 'static) -> Self {
        self.hooks.panic = Some(CatchDrop::new(Arc::new(hook)));
        self
    }

    /// Sets the hook that is called once, with the final report, when the pool has terminated.
    ///
    /// The shutdown of the owner calls it just before it returns. If the owner
    /// [detaches](ThreadPool#shutdown), or its deadline passes, the last worker to end calls it. If
    /// no worker is left when a cancelling thread detaches the owner, that thread calls it. A panic
    /// of the hook is caught and ignored. The calling thread waits for the hook, regardless of a
    /// deadline.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return Ok(()) }
    /// use std::sync::mpsc;
    ///
    /// let (send, reports) = mpsc::channel();
    /// let pool = last_call::ThreadPool::builder()
    ///     .workers(2)
    ///     .on_terminated(move |report| send.send(report.clone()).expect("the receiver is there"))
    ///     .build()?;
    /// pool.execute(|| ()).expect("the pool is running");
    /// drop(pool); // gives no report itself
    /// assert_eq!(reports.recv().expect("the hook was called").completed, 1);
    /// # Ok::<(), last_call::BuildError>(())
    /// ```
    pub fn on_terminated(mut self, hook: impl Fn(&Report) + Send + Sync + 'static) -> Self {
        self.on_terminated = Some(CatchDrop::new(Arc::new(hook)));
        self
    }

    /// Starts the workers, runs their start hooks and returns the pool.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if an argument is invalid, if a thread cannot be started, or if the start
    /// hook panics. Workers that have started are stopped and joined first, except for those whose
    /// [start hooks](Self::on_start) have not returned.
    pub fn build(self) -> Result<ThreadPool, BuildError> {
        let workers = self.checked_workers()?;
        self.check_thread_name()?;
        self.check_stack_size()?;
        self.check_capacity()?;

        let shared = Arc::new(Shared::new(workers, self.queue, self.capacity, self.on_terminated));
        let mut threads = Vec::with_capacity(workers);
        let fail = |threads, kind| {
            shared.queue.close();
            join(threads);
            shared.drop_report_hook();
            Err(BuildError::new(kind))
        };
        let has_start_hook = self.hooks.start.is_some();
        for worker in 0..workers {
            let name = format!("{}-{worker}", self.thread_name);
            let main = {
                let (shared, hooks) = (Arc::clone(&shared), self.hooks.clone());
                move || worker::main(&shared, worker, hooks)
            };
            match thread::spawn(name, self.stack_size, main) {
                Ok(thread) => threads.push(thread),
                Err(source) => {
                    if has_start_hook {
                        shared.startup.abandon();
                    }
                    return fail(threads, BuildErrorKind::Spawn { worker, workers, source });
                }
            }
        }
        // The workers have their clones, and any of them may be dropped last.
        drop(self.hooks);
        if has_start_hook {
            shared.startup.run_hooks(workers);
            if let Err(failure) = shared.startup.wait_for_hooks() {
                let StartFailure { worker, message, in_hook } = failure;
                let mut number = 0..;
                threads.retain(|_| number.next().is_some_and(|worker| !in_hook.contains(&worker)));
                return fail(threads, BuildErrorKind::StartHook { worker, message });
            }
        }
        Ok(ThreadPool::new_owner(shared, threads))
    }

    fn checked_workers(&self) -> Result<usize, BuildError> {
        let workers = self.workers.unwrap_or_else(thread::available_parallelism);
        if (1..=MAX_WORKERS).contains(&workers) {
            return Ok(workers);
        }
        Err(argument("workers", workers.to_string(), format!("1 to {MAX_WORKERS}")))
    }

    fn check_thread_name(&self) -> Result<(), BuildError> {
        if !self.thread_name.contains('\0') {
            return Ok(());
        }
        let expected = "a name without a NUL character".to_owned();
        Err(argument("thread_name", format!("{:?}", self.thread_name), expected))
    }

    fn check_stack_size(&self) -> Result<(), BuildError> {
        let Some(bytes) = self.stack_size else { return Ok(()) };
        if bytes >= MIN_STACK_SIZE && bytes as u64 <= MAX_STACK_SIZE {
            return Ok(());
        }
        let expected = format!("{MIN_STACK_SIZE} to {MAX_STACK_SIZE}");
        Err(argument("stack_size", format!("{bytes} bytes"), expected))
    }

    fn check_capacity(&self) -> Result<(), BuildError> {
        let Some(jobs) = self.capacity else { return Ok(()) };
        if (1..=MAX_CAPACITY).contains(&jobs) {
            return Ok(());
        }
        Err(argument("capacity", format!("{jobs} jobs"), format!("1 to {MAX_CAPACITY}")))
    }
}

/// Returns the pool of the short forms, which panic.
#[track_caller]
fn built(result: Result<ThreadPool, BuildError>) -> ThreadPool {
    match result {
        Ok(pool) => pool,
        Err(error) => panic!("no thread pool: {error}"),
    }
}

fn argument(name: &'static str, value: String, expected: String) -> BuildError {
    BuildError::new(BuildErrorKind::Argument { name, value, expected })
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("workers", &self.workers)
            .field("thread_name", &self.thread_name)
            .field("stack_size", &self.stack_size)
            .field("capacity", &self.capacity)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}
