//! How a request stands among the others, and what that entitles it to: places, room to wait, and patience.

use std::time::Duration;

/// How much depends on a request: under strain the last one goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Critical,
    Normal,
    Low,
}

impl Class {
    pub const ALL: [Self; 3] = [Self::Critical, Self::Normal, Self::Low];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }

    /// Its place in [`Self::ALL`].
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Critical => 0,
            Self::Normal => 1,
            Self::Low => 2,
        }
    }
}

/// Who goes before whom: the classes, the critical one in two, since refusing the second half of something loses the
/// work of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Critical, and goes on with what was begun.
    GoesOn,
    /// Critical, and begins something.
    Begins,
    Normal,
    Low,
}

impl Rank {
    pub const ALL: [Self; 4] = [Self::GoesOn, Self::Begins, Self::Normal, Self::Low];

    pub const fn class(self) -> Class {
        match self {
            Self::GoesOn | Self::Begins => Class::Critical,
            Self::Normal => Class::Normal,
            Self::Low => Class::Low,
        }
    }

    /// Its place in [`Self::ALL`].
    pub(super) const fn index(self) -> usize {
        match self {
            Self::GoesOn => 0,
            Self::Begins => 1,
            Self::Normal => 2,
            Self::Low => 3,
        }
    }

    /// How many may be at work, whoever they are, for one of this rank to enter.
    pub(super) const fn share(self, limit: usize) -> usize {
        let share = match self {
            Self::GoesOn => limit,
            Self::Begins => limit - limit.div_ceil(8),
            Self::Normal => limit * 3 / 4,
            Self::Low => limit / 2,
        };
        if share == 0 { 1 } else { share }
    }

    /// How many of this rank may wait: about what is done in a tenth of a second, checkouts being dearer than reads.
    pub(super) const fn queue(self, limit: usize) -> usize {
        match self {
            Self::GoesOn | Self::Begins => limit * 8,
            Self::Normal | Self::Low => limit * 32,
        }
    }

    /// How long one waits in a queue that comes and goes. Who may take fewer places finds none more often.
    pub(super) const fn patience(self) -> Duration {
        Duration::from_millis(match self {
            Self::GoesOn | Self::Begins => 60,
            Self::Normal | Self::Low => 200,
        })
    }

    /// A queue that was not empty for so long stands.
    pub(super) const fn stands_after(self) -> Duration {
        Duration::from_millis(match self {
            Self::GoesOn | Self::Begins => 60,
            Self::Normal | Self::Low => 300,
        })
    }

    /// How long one waits in one that stands; none where nobody joins it.
    pub(super) const fn patience_standing(self) -> Option<Duration> {
        match self {
            Self::GoesOn | Self::Begins | Self::Normal => Some(Duration::from_millis(20)),
            Self::Low => None,
        }
    }
}
