//! Mails that are not to be sent: nobody is there to read them, there is nothing to tell, or the subject is gone.

use serde_json::json;
use till::domain::ids::{Id, UserId};
use till::service::dead_letters::{Choice, choose, replay};
use till::service::jobs::FILES_LIVE;
use till::service::users::erase::erase;
use time::Duration;
use uuid::Uuid;

use super::{Mailed, mailed};
use crate::api::reports::ask;
use crate::api::shop::Actor;
use crate::support::factories::customer;
use crate::support::smtp::Ending;
use crate::support::worker::dead_letters;

#[tokio::test]
async fn whoever_erased_their_account_is_written_to_no_more() {
    let scene = mailed().await;
    let ada = scene.shop.customer("ada").await;
    scene.everything(&ada).await;
    erase(&scene.shop.test.services, crate::support::author(), ada.id).await.unwrap();
    scene.work().await;
    let arrived = scene.sink.arrived();
    let readers: Vec<&str> = arrived.iter().map(|mail| mail.to.as_str()).collect();
    assert_eq!(readers, ["support@example.com"]);
    assert_eq!(dead_letters(&scene.shop.test).await, []);
}

/// Everything that is kept of messages of which nobody knows what becomes, as text.
async fn kept(scene: &Mailed) -> Vec<String> {
    let rows =
        "SELECT d::text FROM dead_letters d UNION ALL SELECT o::text FROM outbox o ORDER BY 1";
    sqlx::query_scalar(rows).fetch_all(&*scene.shop.test.services.pool).await.unwrap()
}

#[tokio::test]
async fn with_an_account_goes_its_address_from_the_mails_that_were_given_up() {
    let scene = mailed().await;
    let ada = scene.shop.customer("ada").await;
    scene.sink.always(Some(Ending::Refuse("550 <ada@example.com>: no such mailbox")));
    scene.forget_password("ada").await;
    scene.work().await;
    let eve = scene.shop.customer("eve").await;
    scene.sink.always(Some(Ending::Refuse("550 no such mailbox")));
    scene.forget_password("eve").await;
    scene.work().await;
    let letters = dead_letters(&scene.shop.test).await.len();
    assert_eq!(letters, 4, "of each a welcome and a reset");
    let named = |rows: &[String], name: &str| rows.iter().filter(|row| row.contains(name)).count();
    let before = kept(&scene).await;
    // The server's words name Ada, the requests for a reset each of them, and these are also among what was sent on.
    assert_eq!((named(&before, "ada@"), named(&before, "eve@")), (3, 2));

    erase(&scene.shop.test.services, crate::support::author(), eve.id).await.unwrap();
    let after = kept(&scene).await;
    assert_eq!((named(&after, "ada@"), named(&after, "eve@")), (3, 0));
    erase(&scene.shop.test.services, crate::support::author(), ada.id).await.unwrap();
    assert_eq!(named(&kept(&scene).await, "ada@"), 0);

    // An operator may still have them tried again, and nobody is written to.
    scene.sink.always(None);
    let services = &scene.shop.test.services;
    let keys = choose(services, &Choice::default()).await.unwrap();
    assert_eq!(replay(services, crate::support::author(), &keys).await.unwrap().len(), letters);
    scene.worker.run_until_idle().await.unwrap();
    assert_eq!((scene.sink.arrived().len(), dead_letters(&scene.shop.test).await.len()), (0, 0));
}

#[tokio::test]
async fn whoever_may_not_sign_in_is_written_to_no_more() {
    let scene = mailed().await;
    let ada = scene.shop.customer("ada").await;
    scene.everything(&ada).await;
    let disable = sqlx::query("UPDATE users SET status = 'disabled' WHERE id = $1");
    let pool = &*scene.shop.test.services.pool;
    disable.bind(ada.id.as_uuid()).execute(pool).await.unwrap();
    scene.work().await;
    assert!(scene.sink.arrived().iter().all(|mail| mail.to == "support@example.com"));
    assert_eq!(dead_letters(&scene.shop.test).await, []);
}

/// A report is made while the mail server takes nothing; whose it is, and its id.
async fn report_without_a_mail(scene: &Mailed) -> (Actor, String) {
    let ada = scene.shop.customer("ada").await;
    let report = ask(&ada, "orders", "csv").await;
    scene.sink.always(Some(Ending::Refuse("451 later")));
    scene.worker.run_until_idle().await.unwrap();
    scene.sink.always(None);
    (ada, report)
}

#[tokio::test]
async fn a_report_that_was_removed_before_its_mail_is_not_told_of() {
    let scene = mailed().await;
    let (ada, report) = report_without_a_mail(&scene).await;
    assert_eq!(ada.delete(&format!("/v1/reports/{report}")).await.status, 204);
    scene.shop.test.clock.advance(Duration::MINUTE);
    scene.worker.run_until_idle().await.unwrap();
    assert!(scene.to_ada("report_ready").is_empty());
    assert_eq!(scene.to_ada("welcome_mail").len(), 1, "mails are sent again");
    assert_eq!(dead_letters(&scene.shop.test).await, []);
}

#[tokio::test]
async fn a_report_whose_time_was_over_before_its_mail_is_not_told_of() {
    for (passed, told) in [(FILES_LIVE - Duration::SECOND, 1), (FILES_LIVE, 0)] {
        let scene = mailed().await;
        report_without_a_mail(&scene).await;
        scene.shop.test.clock.advance(passed);
        scene.worker.run_until_idle().await.unwrap();
        assert_eq!(scene.to_ada("report_ready").len(), told, "after {passed}");
        assert_eq!(dead_letters(&scene.shop.test).await, []);
    }
}

#[tokio::test]
async fn a_mail_of_something_that_is_gone_is_given_up_with_what_is_missing() {
    let gone = Uuid::from_u128(7);
    let data = |customer: UserId| {
        json!({
            "paymentId": gone, "refundId": gone, "orderId": gone, "customerId": customer, "amount": 1,
            "currency": "MYR",
        })
    };
    for (kind, topic, what) in [
        ("order_confirmation", "order.paid", "order"),
        ("payment_receipt", "payment.succeeded", "payment"),
        ("refund_notice", "refund.succeeded", "refund"),
    ] {
        let scene = mailed().await;
        let data = data(customer(&scene.shop.test).await);
        scene.write_message(topic, json!({ "type": topic, "data": data })).await;
        scene.work().await;
        let reason = format!("there is no {what} {gone}");
        // Whom a refund of nothing concerns nobody can say either.
        let letters = dead_letters(&scene.shop.test).await;
        assert!(letters.contains(&(kind.to_owned(), reason)), "{letters:?}");
        assert!(scene.sink.arrived().is_empty());
    }
}

#[tokio::test]
async fn a_message_that_tells_of_something_else_than_its_topic_is_given_up() {
    let other = json!({ "type": "order.expired", "data": { "orderId": Uuid::nil(), "customerId": Uuid::nil() } });
    for (kind, topic, expected) in [
        ("welcome_mail", "user.created", "new user"),
        ("order_confirmation", "order.paid", "paid order"),
        ("payment_receipt", "payment.succeeded", "payment that succeeded"),
        ("refund_notice", "refund.succeeded", "refund that succeeded"),
        ("report_ready", "report.completed", "finished report"),
        (
            "webhook_endpoint_disabled",
            "webhook_endpoint.disabled",
            "webhook endpoint that was disabled",
        ),
    ] {
        let scene = mailed().await;
        scene.write_message(topic, other.clone()).await;
        scene.work().await;
        let letters = dead_letters(&scene.shop.test).await;
        assert!(letters.contains(&(kind.to_owned(), format!("it tells of no {expected}"))));
        let of_events = ("events".to_owned(), "it tells of order.expired".to_owned());
        assert!(letters.len() == 2 && letters.contains(&of_events), "{letters:?}");
    }
}
