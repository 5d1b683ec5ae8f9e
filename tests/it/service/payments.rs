//! Payments over a real provider on a socket: charged once, settled by what the provider says, and by nothing else.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration as StdDuration;

use futures_util::future::{BoxFuture, FutureExt, join_all};
use serde_json::json;
use till::clients::payment_gateway::{
    Charge, ChargeFuture, ChargeOrder, ChargeState, GatewayError, GuardedGateway, PaymentGateway,
    Step,
};
use till::config::BaseUrl;
use till::domain::access::Reach;
use till::domain::ids::UserId;
use till::domain::metadata::Metadata;
use till::domain::money::{Amount, Money};
use till::domain::order::{Order, OrderStatus};
use till::domain::payment::{
    CaptureMethod, CreatePayment, CreatePaymentRefusal, Payment, PaymentStatus,
};
use till::domain::user::PaymentMethod;
use till::sandbox::Settings;
use till::service::Cause;
use till::service::idempotency::KeyError;
use till::service::orders;
use till::service::outcome::{Outcome, Refusal};
use till::service::payments::{self, PaymentError, Payments, Progress, Unsettled};
use time::Duration;

use crate::sandbox::support::{Folder, Sandbox};
use crate::support::factories::{customer, keyed, order_of, product};
use crate::support::{TestServices, author, services};

struct Shop {
    test: TestServices,
    sandbox: Sandbox,
    payments: Payments,
    buyer: UserId,
    order: Order,
    cause: Cause,
}

/// A shop with one pending order of MYR 19.90.
async fn shop() -> Shop {
    shop_with(|_| {}).await
}

/// A shop whose gateway is set up in another way.
async fn shop_with(change: impl FnOnce(&mut Settings)) -> Shop {
    let folder = Folder::new();
    let mut settings = folder.settings();
    settings.delays.hang = StdDuration::from_secs(30);
    change(&mut settings);
    let sandbox = Sandbox::start_with(folder, settings).await;
    let test = services().await;
    let payments = test.payments(BaseUrl::of(sandbox.address));
    let buyer = customer(&test).await;
    let tea = product(&test, "TEA-1", 10, buyer).await;
    let command = order_of(buyer, &[(tea.id, 1)]);
    let answer = orders::place(&test.services, None, &test.cause(), &command).await.unwrap();
    let Outcome::OrderPlaced(order) = answer.outcome else { unreachable!("{:?}", answer.outcome) };
    let cause = test.cause();
    Shop { test, sandbox, payments, buyer, order: *order, cause }
}

impl Shop {
    fn all_of_it(&self, method: &str) -> CreatePayment {
        CreatePayment {
            money: Money { amount: self.order.total, currency: self.order.currency },
            order_id: Some(self.order.id),
            customer_id: self.buyer,
            payment_method: Some(PaymentMethod::parse(method).unwrap()),
            capture_method: CaptureMethod::Automatic,
            metadata: Metadata::default(),
        }
    }

    async fn charge(&self, command: &CreatePayment) -> Progress {
        payments::charge(&self.payments, (author(), &self.test.cause()), None, command)
            .await
            .unwrap()
    }

    async fn order(&self) -> Order {
        let found = orders::find(&self.test.services, self.order.id, Reach::Everyone).await;
        found.unwrap()
    }

    async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&*self.test.services.pool).await.unwrap()
    }
}

fn payment(charged: Progress) -> Payment {
    match charged {
        Progress::Settled(answer) => match answer.outcome {
            Outcome::PaymentCreated(payment) => *payment,
            other => unreachable!("{other:?}"),
        },
        Progress::Processing(Unsettled::Payment(payment)) => *payment,
        Progress::Processing(Unsettled::Refund(refund)) => unreachable!("{refund:?}"),
    }
}

fn refusal(charged: Progress) -> CreatePaymentRefusal {
    match charged {
        Progress::Settled(answer) => match answer.outcome {
            Outcome::Refused(Refusal::CreatePayment(refusal)) => refusal,
            other => unreachable!("{other:?}"),
        },
        Progress::Processing(open) => unreachable!("{open:?}"),
    }
}

#[tokio::test]
async fn a_charge_of_the_whole_total_pays_the_order_and_is_in_the_journal() {
    let shop = shop().await;
    let paid = payment(shop.charge(&shop.all_of_it("pm_ok")).await);
    assert_eq!((paid.status, paid.amount_captured), (PaymentStatus::Succeeded, 1990));
    let order = shop.order().await;
    assert_eq!((order.status, order.paid_amount), (OrderStatus::Paid, 1990));
    let booked = "SELECT sum(amount)::bigint FROM journal_lines WHERE account = 'sales'";
    assert_eq!(shop.count(booked).await, -1990);
    let told = "SELECT count(*) FROM outbox WHERE topic IN ('payment.succeeded', 'order.paid')";
    assert_eq!(shop.count(told).await, 2);

    let again = refusal(shop.charge(&shop.all_of_it("pm_ok")).await);
    assert_eq!(again, CreatePaymentRefusal::OrderNotPayable { status: OrderStatus::Paid });
    assert_eq!(shop.sandbox.record().await.len(), 1);
}

#[tokio::test]
async fn a_declined_charge_says_why_and_gives_the_order_its_time_anew() {
    for (method, code) in
        [("pm_declined", "card_declined"), ("pm_insufficient_funds", "insufficient_funds")]
    {
        let shop = shop().await;
        shop.test.clock.advance(Duration::minutes(20));
        let failed = payment(shop.charge(&shop.all_of_it(method)).await);
        assert_eq!(failed.status, PaymentStatus::Failed);
        assert_eq!(failed.failure.unwrap().code, code);
        let order = shop.order().await;
        assert_eq!((order.status, order.paid_amount), (OrderStatus::Pending, 0));
        assert_eq!(order.expires_at, shop.order.expires_at + Duration::minutes(20));
        assert_eq!(shop.count("SELECT count(*) FROM journal_entries").await, 0);
        let paid = payment(shop.charge(&shop.all_of_it("pm_ok")).await);
        assert_eq!(paid.status, PaymentStatus::Succeeded);
    }
}

#[tokio::test]
async fn a_charge_whose_answer_is_lost_is_settled_by_looking_it_up_and_charged_once() {
    let shop = shop().await;
    let request = keyed(shop.buyer, "k", 1);
    let command = shop.all_of_it("pm_timeout");
    let cause = shop.test.cause();
    let ask = || payments::charge(&shop.payments, (author(), &cause), Some(&request), &command);
    let Progress::Processing(Unsettled::Payment(open)) = ask().await.unwrap() else {
        unreachable!("it never answers")
    };
    assert_eq!(open.status, PaymentStatus::Processing);
    assert!(matches!(
        ask().await.unwrap(),
        Progress::Processing(Unsettled::Payment(same)) if same.id == open.id
    ));
    let more = refusal(shop.charge(&shop.all_of_it("pm_ok")).await);
    assert_eq!(more, CreatePaymentRefusal::AmountExceedsOutstanding { outstanding: 0 });

    assert_eq!(payments::reconcile_due(&shop.payments, 10).await.unwrap(), 0);
    shop.test.clock.advance(Duration::seconds(1));
    assert_eq!(payments::reconcile_due(&shop.payments, 10).await.unwrap(), 1);
    let settled = payment(ask().await.unwrap());
    assert_eq!((settled.id, settled.status), (open.id, PaymentStatus::Succeeded));
    assert_eq!(shop.order().await.status, OrderStatus::Paid);
    assert_eq!(shop.sandbox.record().await.len(), 1);
    assert_eq!(shop.count("SELECT count(*) FROM payment_attempts WHERE state = 'live'").await, 0);
}

#[tokio::test]
async fn a_charge_that_fails_for_a_while_goes_through_under_the_same_key() {
    let shop = shop().await;
    for method in ["pm_flaky", "pm_error_after"] {
        let mut half = shop.all_of_it(method);
        half.money.amount = Amount::new(995).unwrap();
        assert_eq!(payment(shop.charge(&half).await).status, PaymentStatus::Succeeded, "{method}");
    }
    assert_eq!(shop.order().await.status, OrderStatus::Paid);
    assert_eq!(shop.sandbox.record().await.len(), 2);
}

#[tokio::test]
async fn a_charge_that_the_gateway_never_makes_is_given_up_at_last() {
    let shop = shop().await;
    let open = payment(shop.charge(&shop.all_of_it("pm_error")).await);
    assert_eq!(open.status, PaymentStatus::Processing);
    for _ in 0..10 {
        shop.test.clock.advance(Duration::minutes(10));
        assert_eq!(payments::reconcile_due(&shop.payments, 10).await.unwrap(), 1);
    }
    let failed = payments::find(&shop.payments, open.id, Reach::Own(shop.buyer)).await;
    let failed = failed.unwrap().unwrap();
    assert_eq!(failed.status, PaymentStatus::Failed);
    assert_eq!(failed.failure.unwrap().code, "gateway_error");
    assert!(shop.sandbox.record().await.is_empty());
}

#[tokio::test]
async fn charges_that_fail_each_time_keep_no_other_from_being_settled() {
    let shop = shop().await;
    let part_of = |method| {
        let mut part = shop.all_of_it(method);
        part.money.amount = Amount::new(1).unwrap();
        part
    };
    let hopeless = part_of("pm_error");
    join_all((0..12).map(|_| shop.charge(&hopeless))).await;
    // The hopeless ones are due first.
    shop.test.clock.advance(Duration::seconds(1));
    let unheard = payment(shop.charge(&part_of("pm_timeout")).await);
    assert_eq!(unheard.status, PaymentStatus::Processing);
    shop.test.clock.advance(Duration::minutes(10));
    assert_eq!(payments::reconcile_due(&shop.payments, 100).await.unwrap(), 13);
    let settled = payments::find(&shop.payments, unheard.id, Reach::Own(shop.buyer)).await;
    assert_eq!(settled.unwrap().unwrap().status, PaymentStatus::Succeeded);
    let open = "SELECT count(*) FROM payment_attempts WHERE state = 'live'";
    assert_eq!(shop.count(open).await, 12);
}

#[tokio::test]
async fn twenty_requests_under_one_key_make_one_charge() {
    let shop = shop().await;
    let request = keyed(shop.buyer, "k", 1);
    let command = shop.all_of_it("pm_ok");
    let cause = shop.test.cause();
    let ask = || payments::charge(&shop.payments, (author(), &cause), Some(&request), &command);
    for answer in join_all((0..20).map(|_| ask())).await {
        match answer {
            Ok(charged) => assert_eq!(payment(charged).status, PaymentStatus::Succeeded),
            Err(PaymentError::Key(KeyError::InFlight)) => {}
            Err(other) => unreachable!("{other:?}"),
        }
    }
    assert_eq!(shop.sandbox.record().await.len(), 1);
    assert_eq!(shop.count("SELECT count(*) FROM payments").await, 1);
}

#[tokio::test]
async fn parallel_payments_never_take_more_than_the_order_costs() {
    let shop = shop().await;
    let command = shop.all_of_it("pm_ok");
    join_all((0..10).map(|_| shop.charge(&command))).await;
    assert_eq!(shop.sandbox.record().await.len(), 1);
    assert_eq!(shop.order().await.paid_amount, 1990);
}

#[tokio::test]
async fn an_unreachable_gateway_opens_the_circuit_and_nothing_more_is_written() {
    let shop = shop().await;
    shop.sandbox.put_faults(json!({ "down": true })).await;
    let mut part = shop.all_of_it("pm_ok");
    part.money.amount = Amount::new(1).unwrap();
    for _ in 0..20 {
        assert_eq!(payment(shop.charge(&part).await).status, PaymentStatus::Processing);
    }
    let refused =
        payments::charge(&shop.payments, (author(), &shop.test.cause()), None, &part).await;
    assert!(matches!(refused, Err(PaymentError::GatewayUnavailable(_))));
    assert_eq!(shop.count("SELECT count(*) FROM payments").await, 20);
}

#[tokio::test]
async fn who_lost_the_lease_while_it_was_paused_settles_nothing() {
    let shop = shop_with(|settings| settings.delays.slow_answer = StdDuration::from_secs(1)).await;
    let command = shop.all_of_it("pm_slow");
    let another_holds_it = async {
        while shop.sandbox.record().await.is_empty() {}
        let taken = "UPDATE payment_attempts SET lease_token = gen_random_uuid()";
        sqlx::query(taken).execute(&*shop.test.services.pool).await.unwrap();
    };
    let (late, ()) = tokio::join!(shop.charge(&command), another_holds_it);
    assert!(matches!(late, Progress::Processing(_)), "{late:?}");
    assert_eq!(shop.count("SELECT count(*) FROM journal_entries").await, 0);
    shop.test.clock.advance(Duration::seconds(30));
    assert_eq!(payments::reconcile_due(&shop.payments, 10).await.unwrap(), 1);
    assert_eq!(shop.order().await.status, OrderStatus::Paid);
}

#[tokio::test]
async fn what_a_paused_process_hears_after_another_settled_it_changes_nothing() {
    let shop = shop_with(|settings| settings.delays.slow_answer = StdDuration::from_secs(1)).await;
    let request = keyed(shop.buyer, "k", 1);
    let command = shop.all_of_it("pm_slow");
    let cause = shop.test.cause();
    let paused = payments::charge(&shop.payments, (author(), &cause), Some(&request), &command);
    let taken_over = async {
        while shop.sandbox.record().await.is_empty() {}
        shop.test.clock.advance(Duration::seconds(31));
        payments::reconcile_due(&shop.payments, 10).await.unwrap()
    };
    let (late, settled) = tokio::join!(paused, taken_over);
    assert_eq!(settled, 1);
    assert_eq!(payment(late.unwrap()).status, PaymentStatus::Succeeded);
    assert_eq!(shop.count("SELECT count(*) FROM journal_entries").await, 1);
    let told = "SELECT count(*) FROM outbox WHERE topic = 'payment.succeeded'";
    assert_eq!(shop.count(told).await, 1);
    assert_eq!(shop.sandbox.record().await.len(), 1);
}

#[tokio::test]
async fn a_key_whose_process_died_is_taken_over_by_its_next_request_and_finished() {
    let shop = shop().await;
    shop.sandbox.put_faults(json!({ "down": true })).await;
    let request = keyed(shop.buyer, "k", 1);
    let command = shop.all_of_it("pm_ok");
    let cause = shop.test.cause();
    let ask = || payments::charge(&shop.payments, (author(), &cause), Some(&request), &command);
    assert!(matches!(ask().await.unwrap(), Progress::Processing(_)));
    // As it would stand had the process died in its call.
    let died = "UPDATE payment_attempts SET leased_until = $1, next_try_at = $1";
    let until = shop.test.services.ambient.now() + Duration::seconds(30);
    sqlx::query(died).bind(until).execute(&*shop.test.services.pool).await.unwrap();
    assert!(matches!(ask().await, Err(PaymentError::Key(KeyError::InFlight))));

    shop.sandbox.put_faults(json!({})).await;
    shop.test.clock.advance(Duration::seconds(30));
    assert_eq!(payment(ask().await.unwrap()).status, PaymentStatus::Succeeded);
    assert_eq!(shop.order().await.status, OrderStatus::Paid);
    assert_eq!(shop.sandbox.record().await.len(), 1);
}

#[tokio::test]
async fn a_gateway_that_will_not_cancel_a_lapsed_authorisation_is_asked_again_an_hour_later() {
    let shop = shop().await;
    let aside = CreatePayment { capture_method: CaptureMethod::Manual, ..shop.all_of_it("pm_ok") };
    shop.charge(&aside).await;
    let lapse = || payments::lapse_due(&shop.payments, &shop.cause, 10);
    shop.test.clock.advance(Duration::days(7));
    assert_eq!(lapse().await.unwrap(), 1);
    // Refused: the attempt is over, and the money still set aside.
    let refused = "UPDATE payment_attempts SET state = 'settled', settled_at = created_at WHERE kind = 'cancel'";
    sqlx::query(refused).execute(&*shop.test.services.pool).await.unwrap();
    shop.test.clock.advance(Duration::minutes(59));
    assert_eq!(lapse().await.unwrap(), 0);
    shop.test.clock.advance(Duration::minutes(1));
    assert_eq!(lapse().await.unwrap(), 1);
}

#[tokio::test]
async fn an_authorisation_that_nobody_captures_in_seven_days_is_cancelled_at_the_gateway() {
    let shop = shop().await;
    let aside = CreatePayment { capture_method: CaptureMethod::Manual, ..shop.all_of_it("pm_ok") };
    let aside = payment(shop.charge(&aside).await);
    let lapse = || payments::lapse_due(&shop.payments, &shop.cause, 10);
    shop.test.clock.advance(Duration::days(7) - Duration::seconds(1));
    let expire = || orders::expire_due(&shop.test.services, &shop.cause, 10);
    assert_eq!((lapse().await.unwrap(), expire().await.unwrap()), (0, 0));
    shop.test.clock.advance(Duration::seconds(1));
    assert_eq!((lapse().await.unwrap(), lapse().await.unwrap()), (1, 0));
    assert_eq!(expire().await.unwrap(), 0, "it holds its order until the gateway has let go");
    assert_eq!(payments::reconcile_due(&shop.payments, 10).await.unwrap(), 1);
    let found = payments::find(&shop.payments, aside.id, Reach::Everyone).await.unwrap();
    assert_eq!(found.unwrap().status, PaymentStatus::Canceled);
    assert_eq!(shop.sandbox.record().await[0]["status"], "canceled");
    // The order gets the time of an unpaid one to be paid anew.
    assert_eq!(expire().await.unwrap(), 0);
    shop.test.clock.advance(Duration::minutes(30));
    assert_eq!(expire().await.unwrap(), 1);
}

#[tokio::test]
async fn an_order_paid_in_part_keeps_its_stock_for_seven_days_and_then_the_money_goes_back() {
    let shop = shop().await;
    let mut half = shop.all_of_it("pm_ok");
    half.money.amount = Amount::new(995).unwrap();
    let half = payment(shop.charge(&half).await);
    let expire = || orders::expire_due(&shop.test.services, &shop.cause, 10);
    shop.test.clock.advance(Duration::days(7) - Duration::seconds(1));
    assert_eq!(expire().await.unwrap(), 0);
    assert_eq!(shop.count("SELECT available FROM stock").await, 9);
    shop.test.clock.advance(Duration::seconds(1));
    assert_eq!(expire().await.unwrap(), 1);
    assert_eq!(shop.count("SELECT available FROM stock").await, 10);
    assert_eq!(payments::reconcile_due(&shop.payments, 10).await.unwrap(), 1);
    let order = shop.order().await;
    assert_eq!((order.status, order.refunded_amount), (OrderStatus::Expired, 995));
    let found = payments::find(&shop.payments, half.id, Reach::Everyone).await.unwrap();
    assert_eq!(found.unwrap().amount_refunded, 995);
    assert_eq!(shop.sandbox.record().await[0]["amountRefunded"], 995);
}

/// A provider that refuses every request for now, and has charged all the same once it was looked at.
#[derive(Debug, Default)]
struct Belated {
    looks: AtomicU32,
}

impl PaymentGateway for Belated {
    fn charge<'a>(&'a self, _: &'a ChargeOrder) -> BoxFuture<'a, Result<Charge, GatewayError>> {
        ready(Err(GatewayError::Unwilling { status: 429 })).boxed()
    }

    fn find_charge<'a>(
        &'a self,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Option<Charge>, GatewayError>> {
        let state = ChargeState::Captured { captured: Amount::new(1990).unwrap() };
        let looks = self.looks.fetch_add(1, Ordering::Relaxed);
        ready(Ok((looks > 0).then(|| Charge { id: "ch_1".to_owned(), state }))).boxed()
    }

    fn capture<'a>(&'a self, _: Step<'a>, _: Amount) -> ChargeFuture<'a> {
        unreachable!("nothing was set aside")
    }

    fn cancel<'a>(&'a self, _: Step<'a>) -> ChargeFuture<'a> {
        unreachable!("nothing was set aside")
    }

    fn refund<'a>(&'a self, _: Step<'a>, _: Amount) -> BoxFuture<'a, Result<(), GatewayError>> {
        unreachable!("the order takes the money")
    }
}

#[tokio::test]
async fn a_charge_that_comes_while_its_payment_is_given_up_is_not_dropped() {
    let mut shop = shop().await;
    let (clock, deadline) = (shop.test.clock.clone(), StdDuration::from_secs(3));
    shop.payments.gateway = GuardedGateway::new(Arc::new(Belated::default()), clock, deadline);
    let open = payment(shop.charge(&shop.all_of_it("pm_ok")).await);
    assert_eq!(open.status, PaymentStatus::Processing);
    sqlx::query("UPDATE payment_attempts SET tries = 9")
        .execute(&*shop.test.services.pool)
        .await
        .unwrap();
    shop.test.clock.advance(Duration::minutes(5));
    assert_eq!(payments::reconcile_due(&shop.payments, 10).await.unwrap(), 1);
    let found = payments::find(&shop.payments, open.id, Reach::Everyone).await.unwrap();
    assert_eq!(found.unwrap().status, PaymentStatus::Succeeded);
    assert_eq!(shop.order().await.status, OrderStatus::Paid);
    let told = "SELECT count(*) FROM outbox WHERE topic IN ('payment.failed', 'payment.succeeded')";
    assert_eq!(shop.count(told).await, 2, "it was given up first");
}
