//! Four small concurrent types, and their models in `tests/models.rs`. With the feature `planted`,
//! each has a defect, which its model convicts.

mod channel;
mod once;
mod pool;
mod semaphore;
mod sync;

pub use channel::Channel;
pub use once::OnceCell;
pub use pool::Pool;
pub use semaphore::Semaphore;
