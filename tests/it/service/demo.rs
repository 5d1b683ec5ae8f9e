//! The demo over a real database and the real gateway: consistent, told once however often it is interrupted, and never in production.

use std::collections::BTreeMap;

use till::config::{BaseUrl, Stage};
use till::domain::access::Role;
use till::service::check::{GatewayRecord, check};
use till::service::demo::{
    Demo, DemoError, DemoProgress, PASSWORD, Presence, SIGN_INS, SandboxHistory, begin_where_new,
    seed,
};
use time::Duration;

use super::auth::sign_in_as;
use crate::sandbox::support::Sandbox;
use crate::support::factories::customer;
use crate::support::services::GATEWAY_DEADLINE;
use crate::support::{TestServices, services};

/// Orders of a demo that is interrupted.
const WANTED: u32 = 120;

/// What a demo keeps beside the rules of `till check`; each gives no row.
const ALSO_TRUE: [(&str, &str); 3] = [
    (
        "every payment and refund was asked of the gateway once, and answered",
        "SELECT payments.id::text FROM payments
         LEFT JOIN payment_attempts ON payment_id = payments.id AND state = 'settled'
         GROUP BY payments.id
         HAVING count(*) FILTER (WHERE kind = 'charge') <> 1
             OR count(*) FILTER (WHERE kind = 'refund') <>
                (SELECT count(*) FROM refunds WHERE payment_id = payments.id)",
    ),
    (
        "nothing lies in the future or before its cause",
        "SELECT orders.id::text FROM orders LEFT JOIN payments ON order_id = orders.id, demo_progress
         WHERE greatest(orders.updated_at, payments.updated_at) > told_at
            OR orders.updated_at < orders.created_at OR payments.created_at < orders.created_at",
    ),
    (
        "nothing of it is told, so that nobody gets a mail of an invented past",
        "SELECT topic FROM outbox UNION ALL SELECT kind FROM mail_deliveries",
    ),
];

/// A database and a gateway of its own.
struct Stand {
    test: TestServices,
    sandbox: Sandbox,
    demo: Demo,
}

impl Stand {
    async fn new() -> Self {
        let (test, sandbox) = (services().await, Sandbox::start().await);
        let demo = demo_at(&test, &sandbox, Stage::Development);
        Self { test, sandbox, demo }
    }

    async fn seed(&self, orders: u32) -> DemoProgress {
        seed(&self.demo, orders, |_| ()).await.unwrap()
    }

    async fn numbers(&self, query: &'static str) -> BTreeMap<String, i64> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as(query).fetch_all(&*self.test.services.pool).await.unwrap();
        rows.into_iter().collect()
    }

    /// A digest of all that a demo writes but ids of adjustments and password hashes, which nobody tells.
    async fn digest(&self) -> BTreeMap<String, i64> {
        self.numbers(
            "SELECT 'orders', sum(hashtextextended(orders::text, 0) >> 8)::bigint FROM orders
             UNION ALL SELECT 'items', sum(hashtextextended(o::text, 0) >> 8)::bigint FROM order_items o
             UNION ALL SELECT 'payments', sum(hashtextextended(p::text, 0) >> 8)::bigint FROM payments p
             UNION ALL SELECT 'refunds', sum(hashtextextended(r::text, 0) >> 8)::bigint FROM refunds r
             UNION ALL SELECT 'attempts', sum(hashtextextended(a::text, 0) >> 8)::bigint FROM payment_attempts a
             UNION ALL SELECT 'entries', sum(hashtextextended(j::text, 0) >> 8)::bigint FROM journal_entries j
             UNION ALL SELECT 'products', sum(hashtextextended(p::text, 0) >> 8)::bigint FROM products p
             UNION ALL SELECT 'people', count(*) FROM users
             UNION ALL SELECT 'stock', sum(available)::bigint FROM stock",
        )
        .await
    }

    /// Money, stock, journal and the gateway's record agree.
    async fn assert_sound(&self) {
        let gateway = BaseUrl::of(self.sandbox.address);
        let record = GatewayRecord::new(gateway, GATEWAY_DEADLINE).unwrap();
        let pool = &*self.test.services.pool;
        let report = check(&pool.clone().into(), Some(&record), 3).await.unwrap();
        assert!(report.is_clean(), "{:#?}", report.findings);
        let payments = self.numbers("SELECT 'payments', count(*) FROM payments").await["payments"];
        assert_eq!(i64::try_from(report.charges).unwrap(), payments);
        for (fact, query) in ALSO_TRUE {
            let against: Vec<String> =
                sqlx::query_scalar(query).fetch_all(&*self.test.services.pool).await.unwrap();
            assert!(against.is_empty(), "{fact}: not {:?}", against.first());
        }
    }
}

fn demo_at(test: &TestServices, sandbox: &Sandbox, stage: Stage) -> Demo {
    let history = SandboxHistory::new(BaseUrl::of(sandbox.address)).unwrap();
    Demo { services: test.services.clone(), history, stage }
}

#[tokio::test]
async fn the_demo_breaks_no_rule_of_money_or_stock_and_the_gateway_has_the_same_charges() {
    let stand = Stand::new().await;
    assert_eq!(stand.seed(1_500).await.orders, 1_500);
    stand.assert_sound().await;
    let states = stand.numbers("SELECT status, count(*) FROM orders GROUP BY status").await;
    assert!(states.len() == 6 && states.values().all(|orders| *orders >= 10), "{states:?}");
    let states = stand.numbers("SELECT status, count(*) FROM payments GROUP BY status").await;
    assert_eq!(states.keys().collect::<Vec<_>>(), ["failed", "requires_capture", "succeeded"]);
    let partly = "SELECT status, count(*) FROM orders WHERE refunded_amount BETWEEN 1 AND paid_amount - 1 GROUP BY 1";
    assert!(stand.numbers(partly).await["fulfilled"] >= 10);
    let weeks = "SELECT 'weeks', count(DISTINCT date_trunc('week', created_at)) FROM orders";
    assert!(stand.numbers(weeks).await["weeks"] >= 5);
}

#[tokio::test]
async fn what_runs_short_is_delivered_again() {
    let stand = Stand::new().await;
    stand.seed(0).await;
    let stolen = "INSERT INTO stock_adjustments (id, product_id, delta, reason, made_by, created_at)
         SELECT gen_random_uuid(), product_id, -340, 'stolen', (SELECT min(id::text)::uuid FROM users), updated_at
         FROM stock";
    for statement in [stolen, "UPDATE stock SET available = available - 340"] {
        sqlx::query(statement).execute(&*stand.test.services.pool).await.unwrap();
    }
    stand.seed(1_500).await;
    stand.assert_sound().await;
    let again = "SELECT 'again', count(*) - (SELECT count(*) FROM products) FROM stock_adjustments
         WHERE reason = 'delivery'";
    assert!(stand.numbers(again).await["again"] > 0);
}

#[tokio::test]
async fn everybody_of_the_demo_can_sign_in_and_has_their_role() {
    let stand = Stand::new().await;
    stand.seed(0).await;
    let roles = SIGN_INS.map(|sign_in| (sign_in.email, sign_in.role));
    let expected = [
        ("admin@example.com", Role::Admin),
        ("support@example.com", Role::Support),
        ("demo@example.com", Role::Customer),
    ];
    assert_eq!(roles, expected);
    for (email, role) in roles {
        let pair = sign_in_as(&stand.test.services, email, PASSWORD).await.unwrap();
        assert_eq!(pair.scopes, role.scopes(), "{email}");
    }
    assert!(sign_in_as(&stand.test.services, "amina.chen@example.com", PASSWORD).await.is_err());
}

#[tokio::test]
async fn seeding_again_changes_nothing_and_more_orders_are_added_to_those_that_are_there() {
    let stand = Stand::new().await;
    stand.seed(300).await;
    let (digest, record) = (stand.digest().await, stand.sandbox.record().await);
    stand.test.clock.advance(Duration::hours(5));
    assert_eq!(stand.seed(300).await.orders, 300);
    assert_eq!(stand.seed(7).await.orders, 300);
    assert_eq!((stand.digest().await, stand.sandbox.record().await), (digest, record));

    assert_eq!(stand.seed(1_200).await.orders, 1_200);
    stand.assert_sound().await;
    let at_once = Stand::new().await;
    at_once.seed(1_200).await;
    assert_eq!(without_stock(stand.digest().await), without_stock(at_once.digest().await));
}

/// How much was delivered depends on the parts in which it was told.
fn without_stock(mut digest: BTreeMap<String, i64>) -> BTreeMap<String, i64> {
    digest.remove("stock");
    digest
}

#[tokio::test]
async fn whatever_moment_it_is_interrupted_at_the_next_seeding_finishes_it_without_doubles() {
    let whole = Stand::new().await;
    whole.seed(WANTED).await;
    let whole = without_stock(whole.digest().await);
    // Each table in turn takes no row: the gateway has the charges by then, the database has not. The tables of the
    // first row are written before there is any order, the others then and later.
    let before = [("users", None), ("products", None), ("stock_adjustments", None)];
    let later =
        ["orders", "order_items", "payments", "refunds", "payment_attempts", "journal_lines"];
    let later = later.into_iter().flat_map(|table| [(table, None), (table, Some(0))]);
    for (table, orders) in before.into_iter().chain(later) {
        let stand = Stand::new().await;
        if let Some(orders) = orders {
            stand.seed(orders).await;
        }
        let broken = seed_while_refused(&stand, table).await;
        assert!(matches!(broken, Err(DemoError::Store(_))), "{table}: {broken:?}");
        stand.test.clock.advance(Duration::hours(1));
        assert_eq!(stand.seed(WANTED).await.orders, i64::from(WANTED));
        stand.assert_sound().await;
        assert_eq!(without_stock(stand.digest().await), whole, "{table}");
    }
}

/// A seeding that comes upon a table which takes no row; afterwards it does again.
async fn seed_while_refused(stand: &Stand, table: &str) -> Result<DemoProgress, DemoError> {
    let run = async |statement: String| {
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&*stand.test.services.pool)
            .await
            .unwrap();
    };
    run(format!("ALTER TABLE {table} ADD CONSTRAINT refused CHECK (false) NOT VALID")).await;
    let result = seed(&stand.demo, WANTED, |_| ()).await;
    run(format!("ALTER TABLE {table} DROP CONSTRAINT refused")).await;
    result
}

#[tokio::test]
async fn while_the_gateway_is_away_nothing_is_written_and_its_address_is_named() {
    let Stand { test, sandbox, demo } = Stand::new().await;
    let address = sandbox.address.to_string();
    let folder = sandbox.stop().await;
    let error = seed(&demo, 10, |_| ()).await.unwrap_err();
    assert!(matches!(error, DemoError::Gateway { .. }), "{error:?}");
    assert!(error.to_string().contains(&address) && error.to_string().contains("TILL_GATEWAY_URL"));
    let people: i64 = sqlx::query_scalar("SELECT count(*) FROM users")
        .fetch_one(&*test.services.pool)
        .await
        .unwrap();
    assert_eq!(people, 0);
    drop(folder);
}

#[tokio::test]
async fn two_seedings_at_once_come_to_what_one_comes_to() {
    let stand = Stand::new().await;
    let twin = stand.test.twin().await;
    let other = demo_at(&twin, &stand.sandbox, Stage::Development);
    let (one, two) = tokio::join!(seed(&stand.demo, 2_500, |_| ()), seed(&other, 2_500, |_| ()));
    assert_eq!((one.unwrap().orders, two.unwrap().orders), (2_500, 2_500));
    stand.assert_sound().await;
    let alone = Stand::new().await;
    alone.seed(2_500).await;
    assert_eq!(stand.digest().await, alone.digest().await);
}

#[tokio::test]
async fn production_gets_nothing() {
    let stand = Stand::new().await;
    let demo = demo_at(&stand.test, &stand.sandbox, Stage::Production);
    assert!(matches!(seed(&demo, 0, |_| ()).await, Err(DemoError::Production)));
    assert!(matches!(begin_where_new(&demo).await, Err(DemoError::Production)));
    assert_eq!(stand.numbers("SELECT 'rows', count(*) FROM demo_progress").await["rows"], 0);
}

#[tokio::test]
async fn a_database_with_an_account_in_it_is_not_begun_unasked() {
    let stand = Stand::new().await;
    customer(&stand.test).await;
    assert_eq!(begin_where_new(&stand.demo).await.unwrap(), Presence::Absent);
    let empty = Stand::new().await;
    assert_eq!(begin_where_new(&empty.demo).await.unwrap(), Presence::Begun);
    customer(&empty.test).await;
    assert_eq!(begin_where_new(&empty.demo).await.unwrap(), Presence::Begun);
    empty.seed(500).await;
    assert_eq!(begin_where_new(&empty.demo).await.unwrap(), Presence::Complete);
}

#[tokio::test]
async fn somebody_who_has_an_address_of_the_demo_keeps_it() {
    let stand = Stand::new().await;
    customer(&stand.test).await;
    sqlx::query("UPDATE users SET email = 'demo@example.com'")
        .execute(&*stand.test.services.pool)
        .await
        .unwrap();
    let error = seed(&stand.demo, 0, |_| ()).await.unwrap_err();
    assert!(matches!(error, DemoError::Taken(_)), "{error:?}");
    assert_eq!(stand.numbers("SELECT 'people', count(*) FROM users").await["people"], 1);
}
