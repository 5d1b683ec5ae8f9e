//! This process among others that change the same things: what it has told them, and whether it hears them; it keeps
//! no value.
//!
//! While changes are heard, values in memory are good for as long as they may be, and the shared tier is asked before
//! one is loaded. Without that line, values in memory live for a second, and the shared tier is left alone: nobody
//! knows what it missed. So it is, too, while something that was changed here has not reached it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::entry::Trust;
use super::tier::{CacheTier, Change, Notice, TierAway};

/// Between two tries to tell what could not be told.
const AGAIN: Duration = Duration::from_millis(100);

/// Longest time of the last try, when the process stops.
const LAST_TELLING: Duration = Duration::from_secs(1);

/// Told at a time: so many at once are done within the bound of one call.
const PIECE: usize = 20;

/// Between two tries to get a line: doubled from the first up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// With more than this untold, all of it is told as one doubt.
const MOST_UNTOLD: usize = 1_000;

/// One process's ties to the others.
pub struct Peers {
    tier: Option<Arc<dyn CacheTier>>,
    spaces: &'static [&'static str],
    /// Twice the number of lines there were, and one more while there is one.
    line: AtomicU64,
    untold: Mutex<Untold>,
    told_lost: AtomicBool,
}

#[derive(Default)]
struct Untold {
    next: u64,
    changes: BTreeMap<Subject, (u64, Change)>,
}

/// What a later change says more of than an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Key(&'static str, String),
    Space(&'static str),
    Everything,
}

impl Subject {
    fn of(change: &Change) -> Self {
        match change {
            Change::Value { space, key, .. } => Self::Key(space, key.clone()),
            Change::Void { space } => Self::Space(space),
            Change::Doubt { .. } => Self::Everything,
        }
    }
}

impl Peers {
    /// `spaces`: all there are. Without a tier the others are neither told nor heard.
    pub fn new(tier: Option<Arc<dyn CacheTier>>, spaces: &'static [&'static str]) -> Self {
        let (line, told_lost) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { tier, spaces, line, untold: Mutex::default(), told_lost }
    }

    /// Of the line; what was loaded in another epoch may be old.
    pub fn epoch(&self) -> u64 {
        self.line.load(Ordering::SeqCst) >> 1
    }

    /// For a value that was loaded in this epoch.
    pub fn trust(&self, epoch: u64) -> Trust {
        let line = self.line.load(Ordering::SeqCst);
        match (line >> 1 == epoch, line & 1 == 1) {
            (false, _) => Trust::Missed,
            (true, false) => Trust::Apart,
            (true, true) => Trust::Heard,
        }
    }

    pub fn hears(&self) -> bool {
        self.line.load(Ordering::SeqCst) & 1 == 1
    }

    /// The shared tier, while it knows all that is known here and the other way round.
    pub fn tier(&self) -> Option<&Arc<dyn CacheTier>> {
        let tier = self.tier.as_ref()?;
        (self.hears() && self.lock().changes.is_empty()).then_some(tier)
    }

    /// Keeps changes until they are told; before anything in memory follows from them.
    pub fn note(&self, changes: Vec<Change>) {
        if self.tier.is_none() {
            return;
        }
        let mut untold = self.lock();
        for change in changes {
            untold.add(change);
        }
        if untold.changes.len() > MOST_UNTOLD {
            untold.changes.clear();
            untold.add(Change::Doubt { spaces: self.spaces });
        }
    }

    /// All that is in memory may be old, and so may what others have.
    pub fn doubt(&self) {
        self.note(vec![Change::Doubt { spaces: self.spaces }]);
        self.distrust();
    }

    /// What is in memory is asked for anew before it is believed.
    pub fn distrust(&self) {
        self.line.fetch_add(2, Ordering::SeqCst);
    }

    /// Tells what is untold, the oldest first; where that fails the rest stays, to be told later.
    ///
    /// # Errors
    /// [`TierAway`].
    pub async fn tell(&self) -> Result<(), TierAway> {
        let Some(tier) = &self.tier else { return Ok(()) };
        // What is noted from now on is told by whoever noted it.
        let before = self.lock().next;
        loop {
            let (numbers, changes) = self.lock().oldest(before);
            if changes.is_empty() {
                return Ok(());
            }
            let told = tier.tell(&changes).await;
            let outcome = if told.is_ok() { "told" } else { "failed" };
            metrics::counter!("cache_changes_total", "outcome" => outcome).increment(1);
            told?;
            let mut untold = self.lock();
            untold.changes.retain(|_, (number, _)| numbers.binary_search(number).is_err());
        }
    }

    /// Hears of changes and tells those that could not be told, until it is told to stop; then once more.
    pub async fn follow(&self, hear: impl Fn(&Notice), stop: &CancellationToken) {
        let Some(tier) = &self.tier else { return };
        let telling = async {
            loop {
                sleep(AGAIN).await;
                // It is counted, and tried again.
                drop(self.tell().await);
            }
        };
        let both = async { tokio::join!(self.listen(tier, hear, stop), telling) };
        stop.run_until_cancelled(both).await;
        // What is still untold then is in no process any more.
        drop(timeout(LAST_TELLING, self.tell()).await);
        self.lose();
    }

    async fn listen(
        &self,
        tier: &Arc<dyn CacheTier>,
        hear: impl Fn(&Notice),
        stop: &CancellationToken,
    ) {
        let mut wait = FIRST_WAIT;
        let mut first = true;
        while !stop.is_cancelled() {
            if let Ok(mut line) = tier.subscribe().await
                && (first || tier.renew(self.spaces).await.is_ok())
            {
                (first, wait) = (false, FIRST_WAIT);
                self.gain();
                while let Some(notice) = line.next().await {
                    hear(&notice);
                }
                self.lose();
            }
            self.tell_lost();
            sleep(wait).await;
            wait = LONGEST_WAIT.min(wait * 2);
        }
    }

    /// What was heard by then may have been old; what is loaded from now on is told when it is.
    pub(super) fn gain(&self) {
        let next = |line: u64| Some((line >> 1).wrapping_add(1) << 1 | 1);
        let _before = self.line.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next);
        metrics::gauge!("cache_hears_changes").set(1.0);
        if self.told_lost.swap(false, Ordering::Relaxed) {
            tracing::info!("changes by other instances are heard again");
        }
    }

    pub(super) fn lose(&self) {
        self.line.fetch_and(!1, Ordering::SeqCst);
        metrics::gauge!("cache_hears_changes").set(0.0);
    }

    /// Once, however often it is tried.
    fn tell_lost(&self) {
        if !self.told_lost.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "changes by other instances are not heard: what is in memory lives for a second"
            );
        }
    }

    fn lock(&self) -> MutexGuard<'_, Untold> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Untold {
    fn add(&mut self, change: Change) {
        let subject = Subject::of(&change);
        // Two changes of one key may come here in any order.
        if let (Some((_, Change::Value { kept: known, .. })), Change::Value { kept, .. }) =
            (self.changes.get(&subject), &change)
            && known.version > kept.version
        {
            return;
        }
        self.changes.insert(subject, (self.next, change));
        self.next += 1;
    }

    /// A piece of those with a lower number than this, with their numbers, in order.
    fn oldest(&self, before: u64) -> (Vec<u64>, Vec<Change>) {
        let mut known: Vec<_> =
            self.changes.values().filter(|(number, _)| *number < before).collect();
        known.sort_unstable_by_key(|(number, _)| *number);
        known.truncate(PIECE);
        known.into_iter().map(|(number, change)| (*number, change.clone())).unzip()
    }
}
