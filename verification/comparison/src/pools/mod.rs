//! An adaptor for each pool, behind one trait.
//!
//! | file | |
//! | --- | --- |
//! | `about.rs` | what a pool offers, as data |
//! | `handle.rs` | a handle that waits for one job |
//! | `pool.rs` | the traits: a pool, its submitter, an operation on any pool |
//! | `awaited.rs` | waits for every job, also on pools that cannot |
//! | `scoped.rs` | the trait of what runs jobs that borrow |
//! | `shared.rs` | a submitter for pools that have none |
//! | `last_call.rs` | this pool, once for each of its queues |
//! | `book.rs` | the pool of *The Rust Programming Language* |
//! | `affinitypool.rs`, `async_executor.rs`, `executors.rs`, `futures_executor.rs`, `rayon.rs`, `rusty_pool.rs`, `scheduled_thread_pool.rs`, `threadpool.rs`, `tokio.rs`, `uvth.rs`, `workerpool.rs` | an adaptor for the package of that name |
//! | `std_threads.rs` | the scoped threads of the standard library, beside the pools |

mod about;
mod awaited;
mod handle;
mod pool;
mod scoped;
mod shared;

mod affinitypool;
mod async_executor;
mod book;
mod executors;
mod futures_executor;
mod last_call;
mod rayon;
mod rusty_pool;
mod scheduled_thread_pool;
mod std_threads;
mod threadpool;
mod tokio;
mod uvth;
mod workerpool;

pub use about::{About, OnDrop, OnPanic, SubmitterOf, Threads, Waits};
pub use awaited::Awaited;
pub use handle::{Handle, NoHandle};
pub use pool::{Pool, Refused, Submit, Visit};
pub use scoped::{Scoped, VisitScoped};

#[cfg(feature = "crossbeam-channel")]
use self::last_call::Channel;
use self::last_call::{Default, LastCall, Locked, WorkStealing};

macro_rules! pools {
    ($($(#[$when:meta])* $pool:ty),+ $(,)?) => {
        /// Every pool, this one first.
        pub static ALL: &[About] = &[$($(#[$when])* <$pool as Pool>::ABOUT),+];

        /// Performs an operation on the pool of that name. Returns `None` if there is no such pool.
        pub fn visit<V: Visit>(name: &str, visitor: V) -> Option<V::Output> {
            $(
                $(#[$when])*
                if name == <$pool as Pool>::ABOUT.name {
                    return Some(visitor.visit::<$pool>());
                }
            )+
            None
        }
    };
}

pools! {
    LastCall<Default>,
    LastCall<Locked>,
    LastCall<WorkStealing>,
    #[cfg(feature = "crossbeam-channel")]
    LastCall<Channel>,
    book::Book,
    rayon::Rayon,
    threadpool::Threadpool,
    threadpool::ThreadpoolCrossbeam,
    rusty_pool::RustyPool,
    workerpool::Workerpool,
    executors::Channel,
    executors::Stealing,
    affinitypool::Affinitypool,
    uvth::Uvth,
    tokio::SpawnBlocking,
    futures_executor::FuturesExecutor,
    scheduled_thread_pool::Scheduled,
    async_executor::AsyncExecutor,
}

macro_rules! scoped {
    ($($(#[$when:meta])* $scoped:ty),+ $(,)?) => {
        /// Everything that has scopes: pools, and what is beside them.
        pub static SCOPED: &[About] = &[$($(#[$when])* <$scoped as Scoped>::ABOUT),+];

        /// Performs an operation on what has scopes, by its name. Returns `None` if nothing of that
        /// name has.
        pub fn visit_scoped<V: VisitScoped>(name: &str, visitor: V) -> Option<V::Output> {
            $(
                $(#[$when])*
                if name == <$scoped as Scoped>::ABOUT.name {
                    return Some(visitor.visit_scoped::<$scoped>());
                }
            )+
            None
        }
    };
}

scoped! {
    LastCall<Default>,
    LastCall<Locked>,
    LastCall<WorkStealing>,
    #[cfg(feature = "crossbeam-channel")]
    LastCall<Channel>,
    rayon::Rayon,
    rayon::InPlace,
    std_threads::StdThreads,
}

/// Returns `true` for a pool: everything in [`ALL`].
pub fn is_pool(about: &About) -> bool {
    ALL.iter().any(|pool| pool.name == about.name)
}

/// Every pool, this one first, and then what has scopes and is not in [`ALL`].
pub fn all_and_beside() -> impl Iterator<Item = &'static About> {
    ALL.iter().chain(SCOPED.iter().filter(|about| !is_pool(about)))
}
