//! Deliberately broken explorers, which show that the tests of this crate would notice.

/// A defect of the explorer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the names say it; each is one condition in the explorer
pub enum Broken {
    NotificationsAndWaitsCommute,
    ReadsAndWritesCommute,
    UpdatesCommute,
    NotificationsCommute,
    NoRacesAtDeadlock,
    NoRacesWhenGivenUp,
    NoRacesOfWokenThreads,
    NoRacesOfLocks,
    LatestRaceOnly,
    SleepByWeakInitials,
    SleepForEver,
    SleepOfAnyChoice,
    FirstSleeperOnly,
    NoTimeouts,
    NoLateNotifications,
    NoSpuriousWakeups,
    FirstChoiceOnly,
    SecondThreadFirst,
    ReleasesUnseen,
    FirstReaderOnly,
    RefusalsCommuteWithReleases,
}

impl Broken {
    /// Every defect that matters to readers and attempts only.
    pub const OF_READERS: [Broken; 3] =
        [Broken::ReleasesUnseen, Broken::FirstReaderOnly, Broken::RefusalsCommuteWithReleases];

    /// Every other defect.
    pub const ALL: [Broken; 18] = [
        Broken::NotificationsAndWaitsCommute,
        Broken::ReadsAndWritesCommute,
        Broken::UpdatesCommute,
        Broken::NotificationsCommute,
        Broken::NoRacesAtDeadlock,
        Broken::NoRacesWhenGivenUp,
        Broken::NoRacesOfWokenThreads,
        Broken::NoRacesOfLocks,
        Broken::LatestRaceOnly,
        Broken::SleepByWeakInitials,
        Broken::SleepForEver,
        Broken::SleepOfAnyChoice,
        Broken::FirstSleeperOnly,
        Broken::NoTimeouts,
        Broken::NoLateNotifications,
        Broken::NoSpuriousWakeups,
        Broken::FirstChoiceOnly,
        Broken::SecondThreadFirst,
    ];
}
