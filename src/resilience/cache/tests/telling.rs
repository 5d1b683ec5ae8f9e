//! How others are told: piece by piece, and once more at the end.

use std::sync::Arc;

use super::super::tier::{Change, Kept};
use super::shelf::Shelf;
use super::{House, SPACE, StdDuration};

fn changes(count: usize) -> Vec<Change> {
    let change = |number| {
        let kept = Kept { version: 2, bytes: Vec::new(), lives: StdDuration::from_secs(60) };
        Change::Value { space: SPACE, key: format!("known-{number}"), kept }
    };
    (0..count).map(change).collect()
}

#[tokio::test]
async fn what_many_changes_were_told_before_it_failed_is_not_told_again() {
    let shelf = Arc::new(Shelf::default());
    let house = House::over(Some(shelf.clone()));
    house.peers.gain();
    house.peers.note(changes(110));
    shelf.hear_only(2);
    assert!(house.peers.tell().await.is_err());
    assert_eq!(shelf.take_told().len(), 40);
    assert!(house.peers.tier().is_none());
    shelf.hear_all();
    house.peers.tell().await.unwrap();
    assert_eq!(shelf.take_told().len(), 70);
    assert!(house.peers.tier().is_some());
}

#[tokio::test]
async fn what_is_untold_at_the_stop_is_told_before_the_end() {
    let shelf = Arc::new(Shelf::default());
    let house = House::over(Some(shelf.clone()));
    let (following, stop) = house.follow().await;
    house.peers.note(changes(30));
    stop.cancel();
    following.await.unwrap();
    assert_eq!(shelf.take_told().len(), 30);
    assert!(!house.peers.hears());
}
