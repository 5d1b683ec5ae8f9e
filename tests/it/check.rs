//! `till check`: silent where the money is right, and for each rule loud where it was broken.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};
use till::config::BaseUrl;
use till::service::check::{GatewayRecord, Report, check};
use till::service::housekeeping::purge_idempotency_keys;
use till::service::idempotency::KEY_LIVES;

use crate::api::shop::{Actor, Shop, all_of};
use crate::support::services::GATEWAY_DEADLINE;

/// A shop in which everything has happened once: paid, refunded in part, set aside, declined, cancelled, in doubt.
struct Traded {
    shop: Shop,
    /// The order that was paid, and its payment.
    order: String,
    payment: String,
}

fn id(body: &Value) -> String {
    body["id"].as_str().unwrap().to_owned()
}

async fn refund(actor: &Actor, payment: &str) {
    let path = format!("/v1/payments/{payment}/refunds");
    assert_eq!(actor.post(&path, "r", &json!({ "amount": 500 })).await.status, 201);
}

async fn traded() -> Traded {
    let shop = Shop::open().await;
    let (ada, support) = (shop.customer("ada").await, shop.staff("support").await);
    let mug = shop.product("MUG", 50).await;
    let order = ada.order(&mug, 2).await;
    let payment = id(&ada.pay("k1", &all_of(&order, "pm_ok")).await.json());
    refund(&support, &payment).await;
    let other = ada.order(&mug, 1).await;
    ada.pay("k2", &all_of(&other, "pm_declined")).await.problem(402, "card_declined");
    let mut aside = all_of(&other, "pm_ok");
    aside["captureMethod"] = "manual".into();
    assert_eq!(ada.pay("k3", &aside).await.status, 201);
    let open = json!({ "amount": 70, "currency": "MYR", "paymentMethod": "pm_async" });
    assert_eq!(ada.pay("k4", &open).await.status, 202);
    Traded { shop, order: id(&order), payment }
}

impl Traded {
    fn pool(&self) -> &PgPool {
        &self.shop.test.services.pool
    }

    async fn check(&self) -> Report {
        let gateway = BaseUrl::of(self.shop.sandbox.address);
        let record = GatewayRecord::new(gateway, GATEWAY_DEADLINE).unwrap();
        check(&self.pool().clone().into(), Some(&record), 10).await.unwrap()
    }

    /// Changes rows behind the back of triggers and foreign keys, as a fault of the disk or of a person would.
    async fn break_in(&self, statement: &str) {
        let statement = statement.replace("$order", &self.order).replace("$payment", &self.payment);
        let mut conn = self.pool().acquire().await.unwrap();
        let unguarded = format!(
            "SET session_replication_role = replica; {statement}; RESET session_replication_role"
        );
        sqlx::raw_sql(AssertSqlSafe(unguarded)).execute(&mut *conn).await.unwrap();
    }
}

fn broken(report: &Report) -> Vec<&'static str> {
    let broken = report.findings.iter().filter(|finding| !finding.offences.is_empty());
    broken.map(|finding| finding.rule).collect()
}

#[tokio::test]
async fn a_shop_that_traded_keeps_every_rule_and_what_is_in_doubt_is_counted_apart() {
    let traded = traded().await;
    let report = traded.check().await;
    assert!(report.is_clean(), "{:#?}", report.findings);
    assert_eq!((report.in_doubt.count, report.charges), (1, 4));
    assert_eq!(report.findings.len(), 15);
}

#[tokio::test]
async fn keys_that_were_forgotten_when_their_time_was_over_are_missed_by_nobody() {
    let traded = traded().await;
    traded.shop.test.clock.advance(KEY_LIVES);
    assert!(purge_idempotency_keys(&traded.shop.test.services, 100).await.unwrap() > 5);
    let report = traded.check().await;
    assert!(report.is_clean(), "{:#?}", report.findings);
}

/// Rule, what breaks it, what mends it.
const BREACHES: [(&str, &str, &str); 21] = [
    (
        "an order's total is the sum of its lines",
        "UPDATE order_items SET quantity = 1, amount = unit_amount WHERE order_id = '$order';
         UPDATE stock SET available = available + 1",
        "UPDATE order_items SET quantity = 2, amount = 2 * unit_amount WHERE order_id = '$order';
         UPDATE stock SET available = available - 1",
    ),
    (
        "an order's amounts are the sums of its payments",
        "UPDATE orders SET refunded_amount = 501 WHERE id = '$order'",
        "UPDATE orders SET refunded_amount = 500 WHERE id = '$order'",
    ),
    (
        "no more is captured for an order than it costs",
        "UPDATE payments SET amount = amount + 1 WHERE status = 'requires_capture'",
        "UPDATE payments SET amount = amount - 1 WHERE status = 'requires_capture'",
    ),
    (
        "an order's state and its amounts agree",
        "UPDATE orders SET status = 'pending' WHERE id = '$order'",
        "UPDATE orders SET status = 'paid' WHERE id = '$order'",
    ),
    (
        "an order's state and its amounts agree",
        "UPDATE orders SET status = 'refunded' WHERE id = '$order'",
        "UPDATE orders SET status = 'paid' WHERE id = '$order'",
    ),
    (
        "no more goes back of a payment than came in, and as its refunds say",
        "UPDATE payments SET amount_refunded = 499 WHERE id = '$payment'",
        "UPDATE payments SET amount_refunded = 500 WHERE id = '$payment'",
    ),
    (
        "money has one currency and one customer from order to refund",
        "UPDATE orders SET currency = 'EUR' WHERE id = '$order'",
        "UPDATE orders SET currency = 'MYR' WHERE id = '$order'",
    ),
    (
        "money has one currency and one customer from order to refund",
        "UPDATE refunds SET currency = 'EUR'",
        "UPDATE refunds SET currency = 'MYR'",
    ),
    (
        "whatever awaits an answer is asked for, and nothing else is",
        "UPDATE payment_attempts SET state = 'settled', settled_at = now(), tries = 99 WHERE state = 'live'",
        "UPDATE payment_attempts SET state = 'live', settled_at = NULL WHERE tries = 99",
    ),
    (
        "whatever awaits an answer is asked for, and nothing else is",
        "UPDATE payments SET status = 'canceled' WHERE status = 'processing'",
        "UPDATE payments SET status = 'processing' WHERE status = 'canceled'",
    ),
    (
        "every journal entry is balanced in each currency",
        "UPDATE journal_lines SET amount = amount + 1 WHERE account = 'sales'",
        "UPDATE journal_lines SET amount = amount - 1 WHERE account = 'sales'",
    ),
    (
        "every movement of money is in the journal, once and as it was",
        "UPDATE journal_lines SET amount = 2 * amount",
        "UPDATE journal_lines SET amount = amount / 2",
    ),
    (
        "every movement of money is in the journal, once and as it was",
        "UPDATE journal_lines SET account = 'unapplied_cash' WHERE account = 'sales'",
        "UPDATE journal_lines SET account = 'sales' WHERE account = 'unapplied_cash'",
    ),
    (
        "nothing is in the journal that did not happen",
        "UPDATE refunds SET status = 'failed'",
        "UPDATE refunds SET status = 'succeeded'",
    ),
    (
        "stock is what was put in less what living orders hold",
        "UPDATE stock SET available = available + 1",
        "UPDATE stock SET available = available - 1",
    ),
    (
        "what an idempotency key tells of is there",
        "UPDATE idempotency_keys SET outcome = jsonb_set(outcome, '{outcome,order_placed,total}', '1')
         WHERE outcome @? '$.outcome.order_placed' AND outcome @> '{\"outcome\":{\"order_placed\":{\"total\":3980}}}'",
        "UPDATE idempotency_keys SET outcome = jsonb_set(outcome, '{outcome,order_placed,total}', '3980')
         WHERE outcome @> '{\"outcome\":{\"order_placed\":{\"total\":1}}}'",
    ),
    (
        "what was asked under an idempotency key is told of by it",
        "UPDATE idempotency_keys SET attempt_id = NULL, request_id = attempt_id::text WHERE key = 'k1'",
        "UPDATE idempotency_keys SET attempt_id = request_id::uuid WHERE key = 'k1'",
    ),
    (
        "what was asked under an idempotency key is told of by it",
        "UPDATE idempotency_keys SET outcome = outcome #- '{outcome,order_placed,id}'
                                 || jsonb_build_object('kept', outcome #> '{outcome,order_placed,id}')
         WHERE outcome #>> '{outcome,order_placed,id}' = '$order'",
        "UPDATE idempotency_keys SET outcome = jsonb_set(outcome, '{outcome,order_placed,id}', outcome -> 'kept') - 'kept'
         WHERE outcome ->> 'kept' = '$order'",
    ),
    (
        "every charge of the gateway is a payment of ours, as it is there",
        "UPDATE payments SET status = 'canceled' WHERE status = 'requires_capture'",
        "UPDATE payments SET status = 'requires_capture' WHERE status = 'canceled'",
    ),
    (
        "every charge of the gateway is a payment of ours, as it is there",
        "UPDATE payments SET currency = 'EUR' WHERE status = 'failed'",
        "UPDATE payments SET currency = 'MYR' WHERE status = 'failed'",
    ),
    (
        "every payment of ours with money in it is a charge of the gateway",
        "INSERT INTO payments (id, customer_id, status, amount, currency, payment_method, capture_method,
                               metadata, created_at, updated_at)
         SELECT '01890a5d-ac96-774b-bcce-b302099a8001', customer_id, 'requires_capture', 1, 'MYR', 'pm_ok',
                'manual', '{}', now(), now() FROM payments LIMIT 1",
        "DELETE FROM payments WHERE id = '01890a5d-ac96-774b-bcce-b302099a8001'",
    ),
];

#[tokio::test]
async fn each_rule_is_seen_broken_and_the_rows_are_named() {
    let traded = traded().await;
    for (rule, breach, mend) in BREACHES {
        traded.break_in(breach).await;
        let report = traded.check().await;
        assert!(broken(&report).contains(&rule), "{breach}\nbroken: {:?}", broken(&report));
        traded.break_in(mend).await;
        let mended = traded.check().await;
        assert!(mended.is_clean(), "{mend}\n{:#?}", broken(&mended));
    }
    let all: Vec<_> = traded.check().await.findings.iter().map(|finding| finding.rule).collect();
    let tried = |rule: &&str| BREACHES.iter().any(|(broken, ..)| broken == rule);
    assert!(all.iter().all(tried), "every rule has a breach");
}
