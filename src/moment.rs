//! The time at which a job began.

use std::time::Duration;

use clock::Instant;

/// A point in monotonic time.
///
/// The clock is read for each job. With the feature `coarse-clock` a reading is only as exact as
/// the system tick, a few ms, and costs a seventh.
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

// Not on every system: on others coarsetime reads the time of day, which is not monotonic.
#[cfg(all(feature = "coarse-clock", any(target_os = "linux", target_os = "macos", windows)))]
mod clock {
    use std::time::Duration;

    #[derive(Clone, Copy, Debug)]
    pub(super) struct Instant(coarsetime::Instant);

    impl Instant {
        #[inline]
        pub(super) fn now() -> Self {
            // `now` would also write the reading to a location that all threads share.
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
