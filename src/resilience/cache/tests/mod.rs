//! The cache alone: loads that tests count and hold up, a clock that they move, a shared tier in memory.

mod law;
mod model;
mod shelf;
mod telling;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration as StdDuration;

use futures_util::future::join_all;
use time::{Duration, OffsetDateTime};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::shelf::Shelf;
use super::{Answer, Cache, CacheSettings, Lifetimes, LoadError, Loaded, Moment, NotLoaded, Peers};
use crate::domain::ambient::Ambient;
use crate::domain::clock::ManualClock;
use crate::domain::entropy::SeededEntropy;

const SPACE: &str = "goods";
const LISTS: &str = "lists";
const SPACES: &[&str] = &[SPACE, LISTS];

#[derive(Debug, thiserror::Error)]
#[error("the origin is away")]
struct Away;

impl LoadError for Away {
    fn is_away(&self) -> bool {
        true
    }
}

fn lifetimes() -> Lifetimes {
    Lifetimes {
        fresh: Duration::seconds(60),
        stale: Duration::seconds(60),
        rescue: Duration::hours(1),
        absent: Duration::seconds(10),
    }
}

fn settings<V>(lifetimes: Lifetimes) -> CacheSettings<V> {
    CacheSettings {
        space: SPACE,
        lifetimes,
        shared_lives: Some(StdDuration::from_secs(600)),
        most: 1_000,
        weight: |_| 1,
        most_absent: 100,
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::starting_at(OffsetDateTime::UNIX_EPOCH + Duration::days(20_000)))
}

fn ambient(clock: &Arc<ManualClock>) -> Ambient {
    Ambient::new(clock.clone(), Arc::new(SeededEntropy::new(7)))
}

/// What is loaded from: one value for every key, loads that are counted, and held up if need be.
struct Origin {
    loads: AtomicUsize,
    /// One permit a load.
    gate: Semaphore,
    away: AtomicBool,
    version: AtomicUsize,
}

/// One instance over an origin.
#[derive(Clone)]
struct House {
    clock: Arc<ManualClock>,
    ambient: Ambient,
    peers: Arc<Peers>,
    cache: Cache<i64, Away>,
    origin: Arc<Origin>,
}

impl House {
    /// It hears all changes, of which there are none but its own.
    fn new() -> Self {
        let house = Self::over(None);
        house.peers.gain();
        house
    }

    fn over(shelf: Option<Arc<Shelf>>) -> Self {
        let clock = clock();
        let ambient = ambient(&clock);
        let tier = shelf.map(|shelf| -> Arc<dyn super::tier::CacheTier> { shelf });
        let peers = Arc::new(Peers::new(tier, SPACES));
        let cache = Cache::new(settings(lifetimes()), &ambient, &peers);
        let origin = Origin {
            loads: AtomicUsize::new(0),
            gate: Semaphore::new(1_000_000),
            away: AtomicBool::new(false),
            version: AtomicUsize::new(1),
        };
        Self { clock, ambient, peers, cache, origin: Arc::new(origin) }
    }

    /// Hears of changes until it is told to stop; it does when this returns.
    async fn follow(&self) -> (JoinHandle<()>, CancellationToken) {
        let (peers, stop) = (Arc::clone(&self.peers), CancellationToken::new());
        let until = stop.clone();
        let following = tokio::spawn(async move { peers.follow(|_| (), &until).await });
        while !self.peers.hears() {
            tokio::task::yield_now().await;
        }
        (following, stop)
    }

    async fn get(&self, key: &str) -> Answer<i64, Away> {
        let origin = Arc::clone(&self.origin);
        let known = key.starts_with("known");
        let load = || {
            let origin = Arc::clone(&origin);
            async move {
                origin.loads.fetch_add(1, Ordering::SeqCst);
                // What is read is read now, however late it comes.
                let version = i64::try_from(origin.version.load(Ordering::SeqCst)).unwrap();
                origin.gate.acquire().await.unwrap().forget();
                if origin.away.load(Ordering::SeqCst) {
                    return Err(Away);
                }
                Ok(known.then_some(Loaded { version, value: version }))
            }
        };
        self.cache.get(key, load).await
    }

    async fn value(&self, key: &str) -> Option<i64> {
        self.get(key).await.unwrap().map(|value| *value)
    }

    /// From now on loads wait until they are let through.
    fn hold_up(&self) {
        self.origin.gate.forget_permits(usize::MAX >> 4);
    }

    fn let_through(&self) {
        self.origin.gate.add_permits(1_000_000);
    }

    fn loads(&self) -> usize {
        self.origin.loads.load(Ordering::SeqCst)
    }

    /// Commits the next version; what the writer does after that is left to the test.
    fn commit(&self) -> (i64, Moment) {
        let moment = Moment::now(&self.ambient, &self.peers);
        let version = self.origin.version.fetch_add(1, Ordering::SeqCst) + 1;
        (i64::try_from(version).unwrap(), moment)
    }

    fn pass(&self, seconds: i64) {
        self.clock.advance(Duration::seconds(seconds));
    }
}

/// Everything that can go on without anybody's doing does.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn five_hundred_who_want_what_is_not_there_wait_for_one_load() {
    let house = House::new();
    house.hold_up();
    let callers: Vec<_> = (0..500)
        .map(|_| {
            let house = house.clone();
            tokio::spawn(async move { house.value("known").await })
        })
        .collect();
    settle().await;
    assert_eq!(house.loads(), 1);
    house.let_through();
    assert!(join_all(callers).await.into_iter().all(|answer| answer.unwrap() == Some(1)));
    assert_eq!(house.loads(), 1);
}

#[tokio::test]
async fn what_is_stale_is_served_while_one_refreshes_and_nobody_waits() {
    let house = House::new();
    house.value("known").await;
    house.commit();
    house.pass(61);
    house.hold_up();
    // No load ends: whoever is answered did not wait.
    let answers = join_all((0..500).map(|_| house.value("known"))).await;
    assert!(answers.into_iter().all(|answer| answer == Some(1)));
    settle().await;
    assert_eq!(house.loads(), 2);
    house.let_through();
    settle().await;
    assert_eq!((house.value("known").await, house.loads()), (Some(2), 2));
}

#[tokio::test]
async fn what_is_older_than_stale_is_waited_for_and_serves_only_where_loading_fails() {
    let house = House::new();
    house.value("known").await;
    house.commit();
    house.pass(121);
    assert_eq!((house.value("known").await, house.loads()), (Some(2), 2));
    house.origin.away.store(true, Ordering::SeqCst);
    house.pass(121);
    assert_eq!((house.value("known").await, house.loads()), (Some(2), 3));
    // From now on it is served at once, and one in half a second looks.
    house.hold_up();
    let answers = join_all((0..100).map(|_| house.value("known"))).await;
    assert!(answers.into_iter().all(|answer| answer == Some(2)));
    settle().await;
    assert_eq!(house.loads(), 3);
    house.pass(1);
    assert_eq!(house.value("known").await, Some(2));
    settle().await;
    assert_eq!(house.loads(), 4);
    house.let_through();
    house.pass(2 * 3_600);
    assert!(matches!(house.get("known").await, Err(NotLoaded::Failed(_) | NotLoaded::Away)));
}

#[tokio::test]
async fn while_the_origin_is_away_what_nobody_holds_is_refused_at_once_but_for_one_who_looks() {
    let house = House::new();
    house.origin.away.store(true, Ordering::SeqCst);
    for key in ["known-1", "known-2", "known-3"] {
        assert!(matches!(house.get(key).await, Err(NotLoaded::Failed(_))));
    }
    for _ in 0..10 {
        assert!(matches!(house.get("known-4").await, Err(NotLoaded::Away)));
    }
    assert_eq!(house.loads(), 3);
    house.origin.away.store(false, Ordering::SeqCst);
    house.pass(1);
    assert_eq!(house.value("known-4").await, Some(1));
    assert_eq!(house.value("known-5").await, Some(1));
}

#[tokio::test]
async fn unknown_keys_are_remembered_for_a_short_time_and_drive_no_value_out() {
    let house = House::new();
    for number in 0..50 {
        house.value(&format!("known-{number}")).await;
    }
    assert_eq!(house.loads(), 50);
    for _ in 0..10 {
        assert_eq!(house.value("nobody").await, None);
    }
    assert_eq!(house.loads(), 51);
    for number in 0..5_000 {
        assert_eq!(house.value(&format!("nobody-{number}")).await, None);
    }
    house.cache.0.absent.run_pending_tasks();
    assert!(house.cache.0.absent.entry_count() <= 100);
    let before = house.loads();
    for number in 0..50 {
        assert_eq!(house.value(&format!("known-{number}")).await, Some(1));
    }
    assert_eq!(house.loads(), before);
    house.value("nobody").await;
    house.pass(10);
    house.value("nobody").await;
    assert!(house.loads() > before);
}

#[tokio::test]
async fn what_was_not_there_is_there_once_it_is_made() {
    let house = House::new();
    assert_eq!(house.value("new").await, None);
    let (version, moment) = house.commit();
    house.cache.change("new", 9, version, moment);
    assert_eq!(house.value("new").await, None, "it is loaded, not put there");
    assert_eq!(house.loads(), 2);
}

#[tokio::test]
async fn a_slow_reader_cannot_put_the_old_value_back() {
    let shelf = Arc::new(Shelf::default());
    let house = House::over(Some(shelf.clone()));
    house.peers.gain();
    house.hold_up();
    let slow = tokio::spawn({
        let house = house.clone();
        async move { house.value("known").await }
    });
    settle().await;
    let (version, moment) = house.commit();
    house.cache.change("known", version, version, moment);
    house.peers.tell().await.unwrap();
    house.let_through();
    // It began before, so it may say what was there before; but nobody after it does.
    assert_eq!(slow.await.unwrap(), Some(1));
    settle().await;
    assert_eq!(house.value("known").await, Some(2));
    assert_eq!(shelf.version_of("known"), Some(2));
}

#[tokio::test]
async fn who_asks_after_a_change_does_not_wait_for_a_load_from_before_it() {
    let house = House::new();
    house.hold_up();
    let slow = tokio::spawn({
        let house = house.clone();
        async move { house.value("known").await }
    });
    settle().await;
    house.commit();
    house.cache.void();
    let next = tokio::spawn({
        let house = house.clone();
        async move { house.value("known").await }
    });
    settle().await;
    house.let_through();
    assert_eq!((slow.await.unwrap(), next.await.unwrap()), (Some(1), Some(2)));
    assert_eq!((house.value("known").await, house.loads()), (Some(2), 2));
}

#[tokio::test]
async fn of_two_changes_the_newer_stays_whichever_comes_last() {
    let house = House::new();
    house.value("known").await;
    let (second, third) = (house.commit(), house.commit());
    house.cache.change("known", third.0, third.0, third.1);
    house.cache.change("known", second.0, second.0, second.1);
    assert_eq!((house.value("known").await, house.loads()), (Some(3), 1));
}

#[tokio::test]
async fn without_a_line_to_the_others_values_live_for_a_second() {
    let house = House::over(None);
    house.value("known").await;
    house.commit();
    house.clock.advance(Duration::milliseconds(499));
    assert_eq!((house.value("known").await, house.loads()), (Some(1), 1));
    house.clock.advance(Duration::milliseconds(501));
    assert_eq!((house.value("known").await, house.loads()), (Some(2), 2));
}

#[tokio::test]
async fn who_asks_a_second_after_a_load_began_is_not_shown_what_it_read() {
    let house = House::over(None);
    house.hold_up();
    let ask = || {
        let house = house.clone();
        tokio::spawn(async move { house.value("known").await })
    };
    let first = ask();
    settle().await;
    house.commit();
    house.pass(1);
    let second = ask();
    settle().await;
    house.let_through();
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (Some(1), Some(2)));
    assert_eq!(house.loads(), 2);
}

#[tokio::test]
async fn when_a_line_is_there_again_what_was_held_before_is_asked_for_anew() {
    let house = House::new();
    house.value("known").await;
    house.commit();
    house.peers.lose();
    house.peers.gain();
    assert_eq!((house.value("known").await, house.loads()), (Some(2), 2));
}

#[tokio::test]
async fn when_a_line_is_there_again_nothing_is_believed_that_the_shared_tier_had() {
    let shelf = Arc::new(Shelf::default());
    let house = House::over(Some(shelf.clone()));
    let (following, stop) = house.follow().await;
    house.value("known").await;
    settle().await;
    assert_eq!(shelf.version_of("known"), Some(1));
    shelf.leave();
    while house.peers.hears() {
        tokio::task::yield_now().await;
    }
    // Made by an instance that does not live to tell it.
    house.commit();
    house.cache.0.values.invalidate("known");
    shelf.come_back();
    while !house.peers.hears() {
        tokio::task::yield_now().await;
    }
    assert_eq!(house.value("known").await, Some(2));
    stop.cancel();
    following.await.unwrap();
    assert!(!house.peers.hears());
}

#[tokio::test]
async fn a_load_that_is_lost_fails_those_who_wait_and_no_others() {
    let house = House::new();
    let lost = house.cache.get("known", || async { std::panic::panic_any("lost") }).await;
    assert!(matches!(lost, Err(NotLoaded::Interrupted)));
    assert_eq!(house.value("known").await, Some(1));
}

#[tokio::test]
async fn what_another_instance_has_loaded_is_not_loaded_again() {
    let shelf = Arc::new(Shelf::default());
    let (one, other) = (House::over(Some(shelf.clone())), House::over(Some(shelf)));
    one.peers.gain();
    other.peers.gain();
    one.value("known").await;
    settle().await;
    assert_eq!((other.value("known").await, other.loads()), (Some(1), 0));
}

#[tokio::test]
async fn what_could_not_be_told_keeps_the_shared_tier_out_until_it_is() {
    let shelf = Arc::new(Shelf::default());
    let house = House::over(Some(shelf.clone()));
    house.peers.gain();
    house.value("known").await;
    settle().await;
    shelf.leave();
    let (version, moment) = house.commit();
    house.cache.change("known", version, version, moment);
    assert!(house.peers.tell().await.is_err());
    shelf.come_back();
    house.cache.0.values.invalidate("known");
    // The shelf has version 1 still.
    assert_eq!(house.value("known").await, Some(2));
    assert_eq!(shelf.version_of("known"), Some(1));
    house.peers.tell().await.unwrap();
    assert_eq!(shelf.version_of("known"), Some(2));
    assert!(house.peers.tier().is_some());
}
