//! Orders that come at the same time: one commit for many, and to each its own outcome.
//!
//! A test holds the stock row, so that the first order waits for it with its transaction open and all others gather behind
//! it; `xmin`, which names the transaction that wrote a row, tells who was committed together.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::poll;
use serde_json::json;
use sqlx::{Postgres, Transaction};
use till::domain::idempotency::KeyedRequest;
use till::domain::ids::{Id, ProductId, UserId};
use till::domain::metadata::Metadata;
use till::domain::order::{PlaceOrder, PlaceOrderRefusal};
use till::service::Cause;
use till::service::check::check;
use till::service::idempotency::{Answer, KEY_LIVES, KeyError, Provenance};
use till::service::orders::{self, OrderError};
use till::service::outcome::{Outcome, Refusal};
use till::store::StoreError;
use till::store::idempotency_keys::{DoneKey, KeyLifetime, insert_done};
use tokio_util::task::TaskTracker;

use crate::support::factories::{customer, keyed, order_of, product};
use crate::support::{TestServices, services};

pub(super) type Placing<'a> = Pin<Box<dyn Future<Output = Result<Answer, OrderError>> + Send + 'a>>;

/// An order and the request behind it.
pub(super) struct Asked {
    pub(super) request: Option<KeyedRequest>,
    command: PlaceOrder,
}

impl Asked {
    pub(super) fn new(command: PlaceOrder) -> Self {
        Self { request: None, command }
    }

    pub(super) fn under(request: KeyedRequest, command: PlaceOrder) -> Self {
        Self { request: Some(request), command }
    }

    pub(super) fn place<'a>(&'a self, test: &'a TestServices) -> Placing<'a> {
        Box::pin(async move {
            let name = self.request.as_ref().map_or("keyless", |request| &request.request_id);
            let cause = Cause { request_id: name.to_owned(), trace_parent: None };
            orders::place(&test.services, self.request.as_ref(), &cause, &self.command).await
        })
    }

    /// Asks, up to the point where there is nothing left but to wait.
    pub(super) async fn join<'a>(&'a self, test: &'a TestServices) -> Placing<'a> {
        let mut placing = self.place(test);
        assert!(poll!(&mut placing).is_pending());
        placing
    }
}

/// A row that nobody else gets.
pub(super) struct Held(pub(super) Transaction<'static, Postgres>);

impl Held {
    pub(super) async fn take(test: &TestServices, product: ProductId) -> Self {
        let mut stranger = test.services.pool.begin().await.unwrap();
        sqlx::query("SELECT FROM stock WHERE product_id = $1 FOR UPDATE")
            .bind(product.as_uuid())
            .execute(&mut *stranger)
            .await
            .unwrap();
        Self(stranger)
    }

    /// Until somebody waits for it.
    pub(super) async fn wanted(&mut self) {
        let waiting = "SELECT count(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        // Within a transaction the view is remembered otherwise.
        let forget = "SELECT pg_stat_clear_snapshot()";
        loop {
            sqlx::query(forget).execute(&mut *self.0).await.unwrap();
            let found: i64 = sqlx::query_scalar(waiting).fetch_one(&mut *self.0).await.unwrap();
            if found > 0 {
                return;
            }
        }
    }

    pub(super) async fn give_back(self) {
        self.0.rollback().await.unwrap();
    }
}

/// One order waits for its row, and these have gathered behind it; what all came to, the first one's first.
async fn gathered(
    test: &TestServices,
    held: ProductId,
    (first, others): (&Asked, &[Asked]),
) -> Vec<Result<Answer, OrderError>> {
    let mut row = Held::take(test, held).await;
    let mut placing = vec![first.join(test).await];
    row.wanted().await;
    for other in others {
        placing.push(other.place(test));
    }
    let mut answers = Box::pin(join_all(placing));
    assert!(poll!(&mut answers).is_pending());
    row.give_back().await;
    answers.await
}

pub(super) async fn count(test: &TestServices, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(&*test.services.pool).await.unwrap()
}

/// How many transactions wrote the orders that there are.
async fn commits(test: &TestServices) -> i64 {
    count(test, "SELECT count(DISTINCT xmin::text) FROM orders").await
}

pub(super) async fn available(test: &TestServices, product: ProductId) -> i64 {
    sqlx::query_scalar("SELECT available FROM stock WHERE product_id = $1")
        .bind(product.as_uuid())
        .fetch_one(&*test.services.pool)
        .await
        .unwrap()
}

async fn assert_nothing_is_wrong(test: &TestServices) {
    let report = check(&test.services.pool, None, 10).await.unwrap();
    assert!(report.findings.iter().all(|found| found.offences.is_empty()), "{report:?}");
}

pub(super) fn is_placed(answer: &Result<Answer, OrderError>) -> bool {
    matches!(answer, Ok(Answer { outcome: Outcome::OrderPlaced(_), .. }))
}

fn refusal_in(answer: &Result<Answer, OrderError>) -> &PlaceOrderRefusal {
    let refusal = match answer {
        Ok(Answer { outcome: Outcome::Refused(Refusal::PlaceOrder(refusal)), .. }) => Some(refusal),
        _ => None,
    };
    refusal.unwrap()
}

#[tokio::test]
async fn thirty_two_orders_that_come_while_one_is_written_take_one_commit() {
    let test = services().await;
    let ada = customer(&test).await;
    let tea = product(&test, "oolong", 100, ada).await.id;
    let asked =
        |number| Asked::under(keyed(ada, &format!("k{number}"), 1), order_of(ada, &[(tea, 1)]));
    let others: Vec<_> = (1..=32).map(asked).collect();
    let answers = gathered(&test, tea, (&asked(0), &others)).await;
    assert!(answers.iter().all(is_placed), "{answers:?}");
    assert_eq!((commits(&test).await, available(&test, tea).await), (2, 67));
    assert_nothing_is_wrong(&test).await;
}

#[tokio::test]
async fn in_one_commit_each_order_has_its_own_outcome_key_and_cause() {
    let test = services().await;
    let (ada, eve) = (customer(&test).await, customer(&test).await);
    let tea = product(&test, "oolong", 11, ada).await.id;
    let (nobody, unknown) = (test.services.ambient.id(), test.services.ambient.id());
    let one = || order_of(ada, &[(tea, 1)]);
    let before = Asked::under(keyed(ada, "before", 1), one());
    let replayed = before.place(&test).await.unwrap();
    assert!(is_placed(&Asked::under(keyed(ada, "used", 1), one()).place(&test).await));
    let others = [
        Asked::under(keyed(ada, "k", 1), order_of(ada, &[(tea, 3)])),
        Asked::under(keyed(eve, "k", 1), order_of(eve, &[(tea, 4)])),
        Asked::under(keyed(ada, "too-many", 1), order_of(ada, &[(tea, 2)])),
        Asked::under(keyed(ada, "nobody", 1), order_of(nobody, &[(tea, 1)])),
        Asked::under(keyed(ada, "unknown", 1), order_of(ada, &[(tea, 1), (unknown, 1)])),
        before,
        Asked::under(keyed(ada, "used", 2), one()),
        // The key of one that waits.
        Asked::under(keyed(ada, "k", 1), order_of(ada, &[(tea, 3)])),
        Asked::under(keyed(ada, "last", 1), one()),
    ];
    let first = Asked::under(keyed(ada, "first", 1), one());
    let answers = gathered(&test, tea, (&first, &others)).await;

    let [head @ .., of_unknown, again, reused, in_flight, last] = &answers[..] else {
        panic!("{answers:?}");
    };
    let [first_answer, three, four, too_many, of_nobody] = head else { panic!("{answers:?}") };
    assert!([first_answer, three, four, last].into_iter().all(is_placed), "{answers:?}");
    assert!(matches!(refusal_in(too_many), PlaceOrderRefusal::InsufficientStock { .. }));
    assert!(matches!(refusal_in(of_nobody), PlaceOrderRefusal::UnknownCustomer));
    assert!(matches!(refusal_in(of_unknown), PlaceOrderRefusal::UnknownProduct { index: 1 }));
    let again = again.as_ref().unwrap();
    assert_eq!(again.outcome, replayed.outcome);
    let request_id = keyed(ada, "before", 1).request_id;
    assert_eq!(again.provenance, Provenance::Replayed { request_id });
    assert!(matches!(reused, Err(OrderError::Key(KeyError::Reused))), "{reused:?}");
    assert!(matches!(in_flight, Err(OrderError::Key(KeyError::InFlight))), "{in_flight:?}");

    assert_eq!((commits(&test).await, available(&test, tea).await), (4, 0));
    let caused = "SELECT count(*) FROM outbox JOIN idempotency_keys USING (request_id)
                  WHERE outbox.payload->'data'->>'orderId' = outcome#>>'{outcome,order_placed,id}'";
    assert_eq!(count(&test, caused).await, 6);
    for (asked, answer) in others.iter().zip(&answers[1..]).filter(|(_, answer)| answer.is_ok()) {
        let replay = asked.place(&test).await.unwrap();
        assert_eq!(replay.outcome, answer.as_ref().unwrap().outcome);
        assert!(matches!(replay.provenance, Provenance::Replayed { .. }));
    }
    assert_nothing_is_wrong(&test).await;
}

#[tokio::test]
async fn one_that_can_not_be_written_is_nobody_elses_failure() {
    let test = services().await;
    let ada = customer(&test).await;
    let tea = product(&test, "oolong", 100, ada).await.id;
    sqlx::query("ALTER TABLE orders ADD CHECK (NOT metadata ? 'poison')")
        .execute(&*test.services.pool)
        .await
        .unwrap();
    let asked = |number: usize| {
        let mut command = order_of(ada, &[(tea, 1)]);
        if number == 2 {
            let poison = BTreeMap::from([("poison".to_owned(), "yes".to_owned())]);
            command.metadata = Metadata::parse(poison).unwrap();
        }
        Asked::under(keyed(ada, &format!("k{number}"), 1), command)
    };
    let others: Vec<_> = (1..6).map(asked).collect();
    let answers = gathered(&test, tea, (&asked(0), &others)).await;
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(is_placed(answer), number != 2, "{number}: {answer:?}");
    }
    assert!(matches!(answers[2], Err(OrderError::Store(_))), "{:?}", answers[2]);
    assert_eq!((commits(&test).await, available(&test, tea).await), (5, 95));
    // Its key is free for the same order without the poison's cause.
    sqlx::query("ALTER TABLE orders DROP CONSTRAINT orders_metadata_check")
        .execute(&*test.services.pool)
        .await
        .unwrap();
    assert!(is_placed(&asked(2).place(&test).await));
    assert_nothing_is_wrong(&test).await;
}

#[tokio::test]
async fn orders_whose_clients_went_away_are_placed_and_waited_for_before_the_process_ends() {
    let mut test = services().await;
    let tasks = TaskTracker::new();
    test.services.gatherer = test.services.gatherer.tracked_by(&tasks);
    let ada = customer(&test).await;
    let tea = product(&test, "oolong", 100, ada).await.id;
    let asked: Vec<_> = (0..5)
        .map(|number| {
            Asked::under(keyed(ada, &format!("k{number}"), 1), order_of(ada, &[(tea, 1)]))
        })
        .collect();
    let mut row = Held::take(&test, tea).await;
    for one in &asked {
        drop(one.join(&test).await);
    }
    row.wanted().await;
    row.give_back().await;
    tasks.close();
    tasks.wait().await;
    assert_eq!((commits(&test).await, available(&test, tea).await), (2, 95));
    for one in &asked {
        let replay = one.place(&test).await.unwrap();
        assert!(matches!(replay.provenance, Provenance::Replayed { .. }), "{replay:?}");
    }
    assert_nothing_is_wrong(&test).await;
}

#[tokio::test]
async fn a_row_that_somebody_holds_keeps_only_those_waiting_who_want_it() {
    let test = services().await;
    let ada = customer(&test).await;
    let tea = product(&test, "oolong", 100, ada).await.id;
    let mug = product(&test, "mug", 100, ada).await.id;
    let (teas, mugs) =
        (Asked::new(order_of(ada, &[(tea, 1)])), Asked::new(order_of(ada, &[(mug, 1)])));
    let mut row = Held::take(&test, tea).await;
    let waiting = [teas.join(&test).await, teas.join(&test).await, teas.join(&test).await];
    row.wanted().await;
    for _ in 0..3 {
        assert!(is_placed(&mugs.place(&test).await));
    }
    let mut waiting = Box::pin(join_all(waiting));
    assert!(poll!(&mut waiting).is_pending());
    row.give_back().await;
    assert!(waiting.await.iter().all(is_placed));
}

/// The key is looked for and locked in one statement: between its view of the rows and its lock another one may be done.
#[tokio::test]
async fn a_key_that_came_up_since_it_was_looked_for_has_the_transaction_run_again() {
    let test = services().await;
    let request = keyed(customer(&test).await, "k", 1);
    let created_at = test.services.ambient.now();
    let lifetime = KeyLifetime { created_at, expires_at: created_at + KEY_LIVES };
    let mut conn = test.services.pool.acquire().await.unwrap();
    let done = || [DoneKey { request: &request, outcome: json!("done") }];
    insert_done(&mut conn, &done(), lifetime).await.unwrap();
    let again = insert_done(&mut conn, &done(), lifetime).await;
    assert!(matches!(again, Err(StoreError::Retry(_))), "{again:?}");
}

#[tokio::test]
async fn with_one_order_for_each_commit_nobody_waits_for_anybody() {
    let mut test = services().await;
    test.services.gatherer = orders::Gatherer::new(1);
    let ada = customer(&test).await;
    let tea = product(&test, "oolong", 100, ada).await.id;
    let asked: Vec<_> = (0..8).map(|_| Asked::new(order_of(ada, &[(tea, 1)]))).collect();
    let answers = join_all(asked.iter().map(|one| one.place(&test))).await;
    assert!(answers.iter().all(is_placed), "{answers:?}");
    assert_eq!(commits(&test).await, 8);
}

/// A generator of Knuth's constants; chances need no better one.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// One key in five is asked for twice; one order in four wants two products.
fn drawn(dice: &mut Dice, ada: UserId, products: &[ProductId]) -> Vec<Asked> {
    let mut asked = Vec::new();
    for number in 0..60 {
        let mut product = || products[usize::try_from(dice.below(4)).unwrap()];
        let mut wanted = vec![(product(), 1)];
        let other = product();
        if dice.below(4) == 0 {
            wanted.push((other, 2));
        }
        let copies = if dice.below(5) == 0 { 2 } else { 1 };
        for _ in 0..copies {
            let request = keyed(ada, &format!("k{number}"), 1);
            asked.push(Asked::under(request, order_of(ada, &wanted)));
        }
    }
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_for_at_once_each_key_is_one_outcome_and_no_piece_is_sold_twice() {
    for seed in 1..=3 {
        let test = Arc::new(services().await);
        let ada = customer(&test).await;
        let mut products = Vec::new();
        for (sku, pieces) in [("a", 3), ("b", 8), ("c", 20), ("d", 1_000)] {
            products.push(product(&test, sku, pieces, ada).await.id);
        }
        let asked: Arc<Vec<Asked>> = Arc::new(drawn(&mut Dice(seed), ada, &products));
        let placing = (0..asked.len()).map(|number| {
            let (test, asked) = (Arc::clone(&test), Arc::clone(&asked));
            tokio::spawn(async move { asked[number].place(&test).await })
        });
        let answers = join_all(placing).await;
        let mut outcomes: BTreeMap<String, Outcome> = BTreeMap::new();
        for (asked, answer) in asked.iter().zip(answers) {
            let key = asked.request.as_ref().unwrap().key.as_str().to_owned();
            match answer.unwrap() {
                Ok(answer) => {
                    let known = outcomes.entry(key).or_insert_with(|| answer.outcome.clone());
                    assert_eq!(*known, answer.outcome);
                }
                Err(OrderError::Key(KeyError::InFlight)) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(outcomes.len(), 60);
        for asked in asked.iter() {
            let replay = asked.place(&test).await.unwrap();
            assert_eq!(outcomes[asked.request.as_ref().unwrap().key.as_str()], replay.outcome);
        }
        let placed = outcomes.values().filter(|one| matches!(one, Outcome::OrderPlaced(_))).count();
        assert_eq!(
            count(&test, "SELECT count(*) FROM orders").await,
            i64::try_from(placed).unwrap()
        );
        assert_eq!(
            count(&test, "SELECT count(*) FROM outbox WHERE topic = 'order.created'").await,
            i64::try_from(placed).unwrap()
        );
        let wrong = "SELECT count(*) FROM stock JOIN (
                         SELECT product_id, sum(delta) AS delivered FROM stock_adjustments GROUP BY 1) AS all_of
                         USING (product_id)
                     LEFT JOIN (SELECT product_id, sum(quantity) AS sold FROM order_items GROUP BY 1) AS gone
                         USING (product_id)
                     WHERE available < 0 OR available <> delivered - coalesce(sold, 0)";
        assert_eq!(count(&test, wrong).await, 0);
        assert_nothing_is_wrong(&test).await;
    }
}
