//! When a job began.

use std::time::Duration;

#[cfg(feature = "coarse-clock")]
use coarsetime::Instant;
#[cfg(not(feature = "coarse-clock"))]
use std::time::Instant;

/// A moment of the monotonic clock.
///
/// It is read for each job, so with the feature `coarse-clock` it is only as exact as the system's
/// tick, some milliseconds, and a seventh of the price.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(Instant);

impl Moment {
    #[inline]
    pub(crate) fn now() -> Self {
        #[cfg(feature = "coarse-clock")]
        // Its plain `now` also writes what it read where every thread would write it.
        return Moment(Instant::now_without_cache_update());
        #[cfg(not(feature = "coarse-clock"))]
        return Moment(Instant::now());
    }

    pub(crate) fn elapsed(self) -> Duration {
        #[cfg(feature = "coarse-clock")]
        return (Instant::now_without_cache_update() - self.0).into();
        #[cfg(not(feature = "coarse-clock"))]
        return self.0.elapsed();
    }
}
