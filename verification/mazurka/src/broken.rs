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
}

impl Broken {
    /// Every defect.
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
