//! When a job began.

use std::time::Duration;

use clock::Instant;

/// A moment of the monotonic clock.
///
/// It is read for each job, so with the feature `coarse-clock` it is only as exact as the system's
/// tick, some milliseconds, and a seventh of the price.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(Instant);

impl Moment {
    #[inline]
    pub(crate) fn now() -> Self {
        Moment(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

// Not everywhere: on some systems coarsetime takes the time of day, which is not monotonic.
#[cfg(all(feature = "coarse-clock", any(target_os = "linux", target_os = "macos", windows)))]
mod clock {
    use std::time::Duration;

    #[derive(Clone, Copy, Debug)]
    pub(super) struct Instant(coarsetime::Instant);

    impl Instant {
        #[inline]
        pub(super) fn now() -> Self {
            // The plain `now` also writes what it read where every thread would write it.
            Instant(coarsetime::Instant::now_without_cache_update())
        }

        pub(super) fn elapsed(self) -> Duration {
            (Instant::now().0 - self.0).into()
        }
    }
}

#[cfg(not(all(feature = "coarse-clock", any(target_os = "linux", target_os = "macos", windows))))]
mod clock {
    pub(super) use std::time::Instant;
}
