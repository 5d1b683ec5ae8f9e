//! A report that is cancelled, removed, given back and taken over: it is made once, whole, or not at all.

use axum::http::Method;
use serde_json::json;
use till::service::jobs::{self, End, MOST_TRIES};
use time::Duration;
use tokio_util::sync::CancellationToken;

use super::{ask, download, jobs, made, status, work, worker_with};
use crate::api::shop::{Actor, Shop};
use crate::support::worker::left_over;

async fn shop_with_orders(orders: i64) -> (Shop, Actor) {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let mug = shop.product("MUG", 1_000).await;
    for pieces in 1..=orders {
        ada.order(&mug, pieces).await;
    }
    (shop, ada)
}

async fn delete(actor: &Actor, id: &str) -> u16 {
    let path = format!("/v1/reports/{id}");
    actor.send(Method::DELETE, &path, &[], "").await.status.as_u16()
}

#[tokio::test]
async fn a_report_that_is_cancelled_before_it_begins_is_never_made() {
    let (shop, ada) = shop_with_orders(1).await;
    let id = ask(&ada, "orders", "csv").await;
    assert_eq!(delete(&ada, &id).await, 204);
    work(&shop).await;
    assert_eq!(status(&ada, &id).await.json()["status"], "cancelled");
    let none = download(&ada, &id).await.problem(404, "not_found");
    assert_eq!(none["detail"], "There is no file: the report is cancelled.");
    assert_eq!(shop.test.files.found(), []);
    assert_eq!(delete(&ada, &id).await, 204);
    status(&ada, &id).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_finished_report_that_is_removed_is_gone_with_its_file() {
    let (shop, ada) = shop_with_orders(1).await;
    let id = ask(&ada, "orders", "csv").await;
    work(&shop).await;
    assert_eq!(delete(&ada, &id).await, 204);
    download(&ada, &id).await.problem(404, "not_found");
    assert_eq!(ada.get("/v1/reports").await.json()["data"], json!([]));
    work(&shop).await;
    assert_eq!(shop.test.files.found(), []);
}

#[tokio::test]
async fn a_worker_that_dies_is_followed_by_another_and_wakes_to_change_nothing() {
    let (shop, ada) = shop_with_orders(7).await;
    let id = ask(&ada, "orders", "csv").await;
    let (dead, never) = (jobs(&shop), CancellationToken::new());
    for _death in 1..MOST_TRIES {
        assert!(jobs::claim_due(&dead).await.unwrap().is_some());
        // While it may be alive, nobody takes its job.
        assert!(jobs::claim_due(&dead).await.unwrap().is_none());
        shop.test.clock.advance(Duration::seconds(61));
    }
    let paused = jobs::claim_due(&dead).await.unwrap().unwrap();
    assert_eq!((paused.job.id.to_string(), paused.job.tries), (id.clone(), 3));
    // Its last word of life was long ago; the clock of the row says so.
    shop.test.clock.advance(Duration::seconds(61));
    sqlx::query("UPDATE jobs SET tries = 1").execute(&*shop.test.services.pool).await.unwrap();
    work(&shop).await;
    let whole = download(&ada, &id).await;
    assert_eq!((whole.status.as_u16(), whole.text.lines().count()), (200, 8));
    let files = shop.test.files.found();
    let told = "SELECT count(*) FROM outbox WHERE topic = 'report.completed'";
    assert_eq!((files.len(), shop.count(told).await), (1, 1));

    assert_eq!(jobs::run(&dead, &paused, &never).await.unwrap(), End::Left);
    assert_eq!((shop.test.files.found(), shop.count(told).await), (files, 1));
    assert_eq!(download(&ada, &id).await.text, whole.text);
}

#[tokio::test]
async fn of_two_workers_with_the_whole_file_the_one_with_the_lease_is_named() {
    let (shop, ada) = shop_with_orders(3).await;
    let id = ask(&ada, "orders", "csv").await;
    let mut late = jobs(&shop);
    // It says no word while it writes, so that it learns of its loss at the very end.
    late.pace.rows = 1_000;
    let first = jobs::claim_due(&late).await.unwrap().unwrap();
    shop.test.clock.advance(Duration::seconds(61));
    let second = jobs::claim_due(&late).await.unwrap().unwrap();
    let never = CancellationToken::new();
    assert_eq!(jobs::run(&late, &second, &never).await.unwrap(), End::Complete);
    assert_eq!(jobs::run(&late, &first, &never).await.unwrap(), End::Left);
    let files = shop.test.files.found();
    assert_eq!(files.len(), 1);
    assert!(files[0].0.starts_with(&second.token.to_string()), "{files:?}");
    assert_eq!(download(&ada, &id).await.text.lines().count(), 4);
    work(&shop).await;
}

#[tokio::test]
async fn two_workers_at_once_make_each_report_once() {
    let (shop, ada) = shop_with_orders(5).await;
    let mut asked = Vec::new();
    for format in ["csv", "xlsx", "ndjson", "csv", "xlsx", "ndjson"] {
        asked.push(ask(&ada, "orders", format).await);
    }
    let (one, other) =
        (worker_with(&shop, jobs(&shop)).await, worker_with(&shop, jobs(&shop)).await);
    let (first, second) = tokio::join!(one.run_until_idle(), other.run_until_idle());
    first.unwrap();
    second.unwrap();
    assert_eq!(left_over(&shop.test).await, Vec::<String>::new());
    let told = "SELECT count(*) FROM outbox WHERE topic = 'report.completed'";
    assert_eq!((shop.test.files.found().len(), shop.count(told).await), (6, 6));
    for id in asked {
        assert_eq!(download(&ada, &id).await.status, 200);
    }
}

#[tokio::test]
async fn a_job_that_no_worker_survives_has_failed_with_the_reason() {
    let (shop, ada) = shop_with_orders(1).await;
    let id = ask(&ada, "orders", "csv").await;
    let doomed = jobs(&shop);
    for _death in 0..MOST_TRIES {
        assert!(jobs::claim_due(&doomed).await.unwrap().is_some());
        shop.test.clock.advance(Duration::seconds(61));
    }
    work(&shop).await;
    let body = status(&ada, &id).await.json();
    assert_eq!(
        (&body["status"], &body["error"]["code"]),
        (&json!("failed"), &json!("workers_lost"))
    );
    assert_eq!(shop.test.files.found(), []);
}

#[tokio::test]
async fn the_message_of_a_job_may_come_twice_and_it_is_made_once() {
    let (shop, ada) = shop_with_orders(1).await;
    made(&shop, &ada, "orders", "csv").await;
    sqlx::query(
        "UPDATE outbox SET sent_at = NULL, due_at = created_at WHERE topic = 'report.requested'",
    )
    .execute(&*shop.test.services.pool)
    .await
    .unwrap();
    work(&shop).await;
    let told = "SELECT count(*) FROM outbox WHERE topic = 'report.completed'";
    assert_eq!((shop.test.files.found().len(), shop.count(told).await), (1, 1));
}

#[tokio::test]
async fn an_erased_account_takes_its_reports_and_their_files_with_it() {
    let (shop, ada) = shop_with_orders(1).await;
    made(&shop, &ada, "orders", "csv").await;
    let waiting = ask(&ada, "orders", "csv").await;
    let admin = shop.staff("admin").await;
    assert_eq!(ada.send(Method::DELETE, "/v1/users/me", &[], "").await.status, 204);
    work(&shop).await;
    assert_eq!(shop.test.files.found(), []);
    status(&admin, &waiting).await.problem(404, "not_found");
    assert_eq!(shop.count("SELECT count(*) FROM jobs WHERE status = 'cancelled'").await, 1);
}

#[tokio::test]
async fn files_of_which_no_job_tells_are_swept_after_a_day_and_no_others() {
    use till::service::imports::Upload;
    let (shop, ada) = shop_with_orders(1).await;
    made(&shop, &ada, "orders", "csv").await;
    let mut lost = Upload::begin(&jobs(&shop));
    lost.write("sku".into()).await.unwrap();
    lost.finish().await.unwrap();
    assert_eq!(shop.test.files.found().len(), 2);
    shop.test.clock.advance(Duration::hours(23));
    work(&shop).await;
    assert_eq!(shop.test.files.found().len(), 2);
    shop.test.clock.advance(Duration::hours(2));
    work(&shop).await;
    assert_eq!(shop.test.files.found().len(), 1);
    let ada = shop.sign_in(ada.id, "ada@example.com").await;
    assert_eq!(ada.get("/v1/reports").await.json()["data"][0]["status"], "complete");
}
