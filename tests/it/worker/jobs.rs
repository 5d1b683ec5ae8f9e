//! Timers: what is due by the injected clock happens once, whoever's timer comes first.

use std::sync::Arc;

use serde_json::json;
use till::domain::ambient::Ambient;
use till::domain::clock::ShiftedClock;
use till::domain::entropy::SystemEntropy;
use till::domain::ids::{ProductId, UserId};
use till::domain::order::UNPAID_ORDER_LIVES;
use till::domain::payment::AUTHORIZATION_LIVES;
use till::service::auth::SESSION_LIVES;
use till::service::idempotency::KEY_LIVES;
use till::service::payments::{LiveByAge, UNSETTLED_FOR, count_live};
use till::service::{orders, products};
use till::worker::Worker;
use time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::shop::{Shop, all_of};
use crate::support::factories::{customer, keyed, order_of, product};
use crate::support::smtp::SmtpSink;
use crate::support::worker::{left_over, parts, parts_with, run_worker_until_idle};
use crate::support::{TestServices, services};

async fn count(test: &TestServices, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(&*test.services.pool).await.unwrap()
}

async fn place(test: &TestServices, buyer: UserId, goods: ProductId) {
    let command = order_of(buyer, &[(goods, 1)]);
    orders::place(&test.services, None, &test.cause(), &command).await.unwrap();
}

const EXPIRED: &str = "SELECT count(*) FROM orders WHERE status = 'expired'";
const TOLD: &str =
    "SELECT count(*) FROM outbox WHERE topic = 'order.expired' AND sent_at IS NOT NULL";

#[tokio::test]
async fn an_unpaid_order_expires_by_the_clock_and_its_stock_returns() {
    let test = services().await;
    let buyer = customer(&test).await;
    let goods = product(&test, "TEA", 5, buyer).await;
    place(&test, buyer, goods.id).await;
    let worker = Worker::in_process(parts(&test, &SmtpSink::start().await));
    test.clock.advance(UNPAID_ORDER_LIVES - Duration::MICROSECOND);
    run_worker_until_idle(&worker, &test).await;
    assert_eq!(count(&test, EXPIRED).await, 0);
    test.clock.advance(Duration::MICROSECOND);
    run_worker_until_idle(&worker, &test).await;
    assert_eq!((count(&test, EXPIRED).await, count(&test, TOLD).await), (1, 1));
    assert_eq!(products::find_inventory(&test.services, goods.id).await.unwrap(), 5);
}

#[tokio::test]
async fn two_workers_expire_each_order_once() {
    let test = services().await;
    let buyer = customer(&test).await;
    let goods = product(&test, "TEA", 150, buyer).await;
    for _order in 0..150 {
        place(&test, buyer, goods.id).await;
    }
    test.clock.advance(UNPAID_ORDER_LIVES);
    let (twin, sink) = (test.twin().await, SmtpSink::start().await);
    let workers = [parts(&test, &sink), parts(&twin, &sink)].map(Worker::in_process);
    let (one, two) = tokio::join!(workers[0].run_until_idle(), workers[1].run_until_idle());
    one.unwrap();
    two.unwrap();
    assert_eq!((count(&test, EXPIRED).await, count(&test, TOLD).await), (150, 150));
    assert_eq!(products::find_inventory(&test.services, goods.id).await.unwrap(), 150);
    assert_eq!(left_over(&test).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_running_worker_catches_up_when_the_test_clock_is_moved() {
    let mut test = services().await;
    let clock = Arc::new(ShiftedClock::default());
    test.services.ambient = Ambient::new(clock.clone(), Arc::new(SystemEntropy));
    let buyer = customer(&test).await;
    let goods = product(&test, "TEA", 5, buyer).await;
    place(&test, buyer, goods.id).await;
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    Worker::in_process(parts(&test, &SmtpSink::start().await)).spawn(&tasks, &stop);
    clock.advance(UNPAID_ORDER_LIVES);
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
    while count(&test, TOLD).await == 0 {
        looks.tick().await;
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    assert_eq!(products::find_inventory(&test.services, goods.id).await.unwrap(), 5);
    assert_eq!(left_over(&test).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_payment_whose_answer_was_lost_is_settled() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let unknown = ada.pay("k1", &all_of(&order, "pm_timeout")).await;
    assert_eq!(unknown.status, 202, "{}", unknown.text);
    shop.test.clock.advance(Duration::minutes(2));
    let sink = SmtpSink::start().await;
    let worker = Worker::in_process(parts_with(&shop.test, shop.payments.clone(), &sink));
    run_worker_until_idle(&worker, &shop.test).await;
    let settled = ada.pay("k1", &all_of(&order, "pm_timeout")).await;
    assert_eq!((settled.status.as_u16(), &settled.json()["status"]), (201, &"succeeded".into()));
    assert_eq!(shop.sandbox.record().await.len(), 1);
}

#[tokio::test]
async fn an_authorisation_that_nobody_captured_is_cancelled_by_the_clock() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let mut body = all_of(&order, "pm_ok");
    body["captureMethod"] = "manual".into();
    let held = ada.pay("k1", &body).await.json();
    assert_eq!(held["status"], "requires_capture");
    shop.test.clock.advance(AUTHORIZATION_LIVES + Duration::SECOND);
    let sink = SmtpSink::start().await;
    let worker = Worker::in_process(parts_with(&shop.test, shop.payments.clone(), &sink));
    run_worker_until_idle(&worker, &shop.test).await;
    let canceled = count(&shop.test, "SELECT count(*) FROM payments WHERE status = 'canceled'");
    assert_eq!(canceled.await, 1);
}

#[tokio::test]
async fn what_is_over_is_forgotten_and_nothing_else() {
    let shop = Shop::open().await;
    let test = &shop.test;
    let ada = shop.customer("ada").await;
    let goods = shop.product("MUG", 5).await;
    let command = order_of(ada.id, &[(goods.id, 1)]);
    let key = keyed(ada.id, "k1", 1);
    orders::place(&test.services, Some(&key), &test.cause(), &command).await.unwrap();
    let worker = Worker::in_process(parts(test, &SmtpSink::start().await));
    run_worker_until_idle(&worker, test).await;
    let kept = "SELECT (SELECT count(*) FROM idempotency_keys) * 1000 + (SELECT count(*) FROM sessions) * 100
                     + (SELECT count(*) FROM inbox WHERE consumer = 'welcome_mail') * 10
                     + (SELECT count(*) FROM mail_deliveries)";
    let sent = "SELECT count(*) FROM outbox";
    assert_eq!(count(test, kept).await, 1_111);
    assert!(count(test, sent).await > 0);

    test.clock.advance(KEY_LIVES);
    run_worker_until_idle(&worker, test).await;
    assert_eq!(count(test, kept).await, 111);
    test.clock.advance(Duration::days(7));
    run_worker_until_idle(&worker, test).await;
    assert_eq!(count(test, kept).await, 111);
    // That the order expired was told of a day later than the rest.
    assert_eq!(count(test, sent).await, 1);
    test.clock.advance(SESSION_LIVES);
    run_worker_until_idle(&worker, test).await;
    assert_eq!(count(test, kept).await, 11);
    test.clock.advance(Duration::days(90));
    run_worker_until_idle(&worker, test).await;
    assert_eq!(count(test, kept).await, 0);
    assert_eq!(count(test, "SELECT count(*) FROM inbox").await, 0);
}

#[tokio::test]
async fn a_payment_that_is_open_for_an_hour_is_told_to_a_human_once() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let open = json!({ "amount": 70, "currency": "MYR", "paymentMethod": "pm_async" });
    let payment = ada.pay("k", &open).await.json();
    let sink = SmtpSink::start().await;
    let worker = Worker::in_process(parts_with(&shop.test, shop.payments.clone(), &sink));
    let told = "SELECT count(*) FROM outbox WHERE topic = 'payment.unsettled'";
    shop.test.clock.advance(UNSETTLED_FOR - Duration::MICROSECOND);
    worker.run_until_idle().await.unwrap();
    assert_eq!(shop.count(told).await, 0);
    shop.test.clock.advance(Duration::MICROSECOND);
    worker.run_until_idle().await.unwrap();
    shop.test.clock.advance(UNSETTLED_FOR);
    worker.run_until_idle().await.unwrap();
    assert_eq!(shop.count(told).await, 1);
    let event: serde_json::Value =
        sqlx::query_scalar("SELECT payload FROM outbox WHERE topic = 'payment.unsettled'")
            .fetch_one(&*shop.test.services.pool)
            .await
            .unwrap();
    assert_eq!(event["data"]["paymentId"], payment["id"]);
    assert_eq!(event["data"]["operation"], "charge");
    assert_eq!(event["data"]["since"], "2026-03-02T12:00:00Z");
    let live = count_live(&shop.payments).await.unwrap();
    assert_eq!(live, LiveByAge { within_a_minute: 0, within_an_hour: 0, older: 1 });

    let charge = shop.sandbox.record().await.remove(0);
    let settle = format!("/sandbox/charges/{}/settle", charge["id"].as_str().unwrap());
    shop.sandbox.post(&settle, "s", json!({ "outcome": "captured" })).await;
    shop.test.clock.advance(UNSETTLED_FOR);
    run_worker_until_idle(&worker, &shop.test).await;
    assert_eq!((shop.count(told).await, count_live(&shop.payments).await.unwrap().older), (1, 0));
}
