//! Orders that are gathered while something holds them up: a row or a key that a stranger has, a connection that goes away.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::poll;
use serde_json::Value;
use till::service::idempotency::{Answer, KEY_LIVES, Provenance};
use till::service::orders::OrderError;
use till::store::StoreError;
use till::store::idempotency_keys::{DoneKey, KeyLifetime, insert_done};

use super::orders_gathered::{Asked, Held, available, count, is_placed};
use crate::support::factories::{customer, keyed, order_of, product};
use crate::support::{TestServices, services};

const ORDERS: &str = "SELECT count(*) FROM orders";

fn is_unavailable(answer: &Result<Answer, OrderError>) -> bool {
    matches!(answer, Err(OrderError::Store(StoreError::Unavailable(_))))
}

fn is_fresh(answer: &Result<Answer, OrderError>) -> bool {
    is_placed(answer) && answer.as_ref().unwrap().provenance == Provenance::Fresh
}

/// Waits for a connection, and so to be placed, for this long.
async fn with_patience(test: &TestServices, patience: Duration) -> TestServices {
    let mut twin = test.twin().await;
    let pool = &test.services.pool;
    let options = pool.options().clone().acquire_timeout(patience);
    let database = pool.connect_options().as_ref().clone();
    twin.services.pool = options.connect_with(database).await.unwrap().into();
    twin
}

#[tokio::test]
async fn rows_that_strangers_hold_keep_nobody_waiting_who_wants_another_one() {
    let test = services().await;
    let ada = customer(&test).await;
    let mut products = Vec::new();
    for sku in ["tea", "cup", "mug", "pot"] {
        products.push(product(&test, sku, 100, ada).await.id);
    }
    let one_of = |wanted: &[usize]| {
        let wanted: Vec<_> = wanted.iter().map(|number| (products[*number], 1)).collect();
        Asked::new(order_of(ada, &wanted))
    };
    let (teas, cups, mugs, pots) = (one_of(&[0]), one_of(&[1]), one_of(&[2]), one_of(&[3]));
    let tea_and_pot = one_of(&[0, 3]);
    let rows = [Held::take(&test, products[0]).await, Held::take(&test, products[1]).await];
    let waiting = [
        teas.join(&test).await,
        cups.join(&test).await,
        tea_and_pot.join(&test).await,
        cups.join(&test).await,
    ];
    for asked in [&mugs, &pots, &mugs] {
        assert!(is_placed(&asked.place(&test).await));
    }
    let mut waiting = Box::pin(join_all(waiting));
    assert!(poll!(&mut waiting).is_pending());
    for row in rows {
        row.give_back().await;
    }
    assert!(waiting.await.iter().all(is_placed));
    for (product, left) in products.iter().zip([98, 98, 98, 98]) {
        assert_eq!(available(&test, *product).await, left);
    }
}

#[tokio::test]
async fn who_waits_for_longer_than_one_may_is_refused_and_its_key_is_free() {
    let test = services().await;
    let ada = customer(&test).await;
    let tea = product(&test, "tea", 100, ada).await.id;
    let mug = product(&test, "mug", 100, ada).await.id;
    let hasty = with_patience(&test, Duration::from_millis(500)).await;
    let (first, behind) = (
        Asked::new(order_of(ada, &[(tea, 1)])),
        Asked::under(keyed(ada, "k", 1), order_of(ada, &[(tea, 1), (mug, 1)])),
    );
    let mut row = Held::take(&test, tea).await;
    let first = first.join(&hasty).await;
    row.wanted().await;
    let in_vain = behind.place(&hasty).await;
    assert!(is_unavailable(&in_vain), "{in_vain:?}");
    assert_eq!((count(&test, ORDERS).await, available(&test, mug).await), (0, 100));
    row.give_back().await;
    assert!(is_placed(&first.await));
    assert!(is_fresh(&behind.place(&hasty).await));
    assert_eq!((count(&test, ORDERS).await, available(&test, tea).await), (2, 98));
}

#[tokio::test]
async fn orders_whose_connection_is_lost_are_placed_once_when_they_are_asked_for_again() {
    let test = services().await;
    let ada = customer(&test).await;
    let tea = product(&test, "tea", 100, ada).await.id;
    let mug = product(&test, "mug", 100, ada).await.id;
    let both = |number: usize| {
        let key = keyed(ada, &format!("k{number}"), 1);
        Asked::under(key, order_of(ada, &[(tea, 1), (mug, 1)]))
    };
    let mugs = Asked::new(order_of(ada, &[(mug, 1)]));
    let others: Vec<_> = (0..5).map(both).collect();
    let (mug_row, mut tea_row) = (Held::take(&test, mug).await, Held::take(&test, tea).await);
    let first = mugs.join(&test).await;
    let mut placing = Vec::new();
    for other in &others {
        placing.push(other.join(&test).await);
    }
    mug_row.give_back().await;
    assert!(is_placed(&first.await));
    // Now all of them wait in one transaction.
    tea_row.wanted().await;
    let terminated = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                      WHERE datname = current_database() AND wait_event_type = 'Lock'";
    assert_eq!(count(&test, terminated).await, 1);
    let lost = join_all(placing).await;
    assert!(lost.iter().all(is_unavailable), "{lost:?}");
    assert_eq!(count(&test, ORDERS).await, 1);
    tea_row.give_back().await;
    for other in &others {
        let placed = other.place(&test).await;
        assert!(is_fresh(&placed), "{placed:?}");
        let replay = other.place(&test).await.unwrap();
        assert!(matches!(replay.provenance, Provenance::Replayed { .. }));
        assert_eq!(replay.outcome, placed.unwrap().outcome);
    }
    assert_eq!((count(&test, ORDERS).await, available(&test, tea).await), (6, 95));
}

/// The key is done with by another process between our look at it and our own row.
#[tokio::test]
async fn an_order_whose_key_comes_up_while_it_is_placed_gets_that_ones_answer() {
    let test = services().await;
    let ada = customer(&test).await;
    let tea = product(&test, "tea", 100, ada).await.id;
    let before = Asked::under(keyed(ada, "before", 1), order_of(ada, &[(tea, 1)]));
    let before = before.place(&test).await.unwrap();
    let outcome: Value = sqlx::query_scalar("SELECT outcome FROM idempotency_keys")
        .fetch_one(&*test.services.pool)
        .await
        .unwrap();

    let request = keyed(ada, "k", 1);
    let created_at = test.services.ambient.now();
    let lifetime = KeyLifetime { created_at, expires_at: created_at + KEY_LIVES };
    let mut other = Held(test.services.pool.begin().await.unwrap());
    let done = [DoneKey { request: &request, outcome }];
    insert_done(&mut other.0, &done, lifetime).await.unwrap();

    let asked = Asked::under(keyed(ada, "k", 1), order_of(ada, &[(tea, 1)]));
    let placing = asked.join(&test).await;
    other.wanted().await;
    other.0.commit().await.unwrap();
    let answer = placing.await.unwrap();
    assert_eq!(answer.outcome, before.outcome);
    assert!(matches!(answer.provenance, Provenance::Replayed { .. }), "{answer:?}");
    assert_eq!((count(&test, ORDERS).await, available(&test, tea).await), (1, 99));
}
