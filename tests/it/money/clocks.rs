//! Two instances whose clocks differ by an hour: what one takes for dead the other still works on, and nothing is doubled.

use std::sync::Arc;
use std::time::Duration as StdDuration;

use serde_json::json;
use till::config::BaseUrl;
use till::domain::ambient::Ambient;
use till::domain::clock::{Clock, ManualClock};
use till::domain::entropy::SystemEntropy;
use till::domain::order::UNPAID_ORDER_LIVES;
use till::service::orders::expire_due;
use till::service::payments::{Payments, lapse_due, reconcile_due};
use time::Duration;

use super::assert_right;
use crate::api::shop::{Actor, PASSWORD, Shop, all_of, call};
use crate::api::support::router_with;
use crate::support::TestServices;

/// The instance whose clock is an hour ahead.
struct Ahead {
    test: TestServices,
    payments: Payments,
}

impl Ahead {
    async fn of(shop: &Shop) -> Self {
        let mut test = shop.test.twin().await;
        let clock = ManualClock::starting_at(shop.test.clock.now() + Duration::HOUR);
        test.clock = Arc::new(clock);
        test.services.ambient = Ambient::new(test.clock.clone(), Arc::new(SystemEntropy));
        let payments = test.payments(BaseUrl::of(shop.sandbox.address));
        Self { test, payments }
    }

    /// The person signed in there: each instance judges tokens by its own clock.
    async fn sign_in(&self, actor: &Actor) -> Actor {
        let router = router_with(&self.test, self.payments.clone());
        let credentials = json!({ "email": "ada@example.com", "password": PASSWORD });
        Actor::of(&router, actor.id, &call(&router, "/v1/auth/token", &credentials).await)
    }
}

/// A shop whose gateway takes a second for `pm_slow`.
async fn slow_shop() -> Shop {
    Shop::open_with(|settings| settings.delays.slow_answer = StdDuration::from_secs(1)).await
}

#[tokio::test]
async fn a_payment_that_is_under_way_by_one_clock_and_dead_by_the_other_is_charged_once() {
    let shop = slow_shop().await;
    let ahead = Ahead::of(&shop).await;
    let ada = shop.customer("ada").await;
    let there = ahead.sign_in(&ada).await;
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let body = all_of(&order, "pm_slow");
    let meddle = async {
        while shop.sandbox.record().await.is_empty() {}
        let settled = reconcile_due(&ahead.payments, 10).await.unwrap();
        (settled, there.pay("k", &body).await)
    };
    let (late, (settled, replayed)) = tokio::join!(ada.pay("k", &body), meddle);
    assert_eq!(settled, 1, "its lease is over by the clock that is ahead");
    assert_eq!((late.status.as_u16(), replayed.status.as_u16()), (201, 201), "{}", late.text);
    assert_eq!(late.json()["id"], replayed.json()["id"]);
    assert_eq!(shop.count("SELECT count(*) FROM journal_entries").await, 1);
    let told = "SELECT count(*) FROM outbox WHERE topic IN ('payment.succeeded', 'order.paid')";
    assert_eq!(shop.count(told).await, 2);
    assert_eq!(shop.sandbox.record().await.len(), 1);
    assert_right(&shop).await;
}

#[tokio::test]
async fn an_order_that_is_over_by_one_clock_alone_ends_once_and_takes_no_money_after() {
    let shop = Shop::open().await;
    let ahead = Ahead::of(&shop).await;
    let ada = shop.customer("ada").await;
    let goods = shop.product("MUG", 5).await;
    let (cause, order) = (shop.test.cause(), ada.order(&goods, 2).await);
    let ends = |test: &TestServices| {
        let (services, cause) = (test.services.clone(), cause.clone());
        async move { expire_due(&services, &cause, 10).await.unwrap() }
    };
    assert_eq!((ends(&shop.test).await, ends(&ahead.test).await), (0, 1));
    let refused = ada.pay("k", &all_of(&order, "pm_ok")).await;
    assert_eq!(refused.problem(409, "order_not_payable")["currentStatus"], "expired");
    // The other clock comes to that time too.
    shop.test.clock.advance(UNPAID_ORDER_LIVES);
    assert_eq!((ends(&shop.test).await, ends(&ahead.test).await), (0, 0));
    assert_eq!(shop.count("SELECT available FROM stock").await, 5);
    let told = "SELECT count(*) FROM outbox WHERE topic = 'order.expired'";
    assert_eq!(shop.count(told).await, 1);
    assert_eq!(lapse_due(&ahead.payments, &cause, 10).await.unwrap(), 0);
    assert_right(&shop).await;
}

#[tokio::test]
async fn a_clock_that_jumps_an_hour_while_a_payment_is_called_changes_nothing_about_its_end() {
    let shop = slow_shop().await;
    let ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let body = all_of(&order, "pm_slow");
    let jump = async {
        while shop.sandbox.record().await.is_empty() {}
        shop.test.clock.advance(Duration::HOUR);
        // The worker's jobs run on it at once.
        let cause = shop.test.cause();
        expire_due(&shop.test.services, &cause, 10).await.unwrap()
    };
    let (answered, expired) = tokio::join!(ada.pay("k", &body), jump);
    assert_eq!((answered.status.as_u16(), expired), (201, 0), "{}", answered.text);
    assert_eq!(shop.count("SELECT count(*) FROM journal_entries").await, 1);
    assert_right(&shop).await;
}
