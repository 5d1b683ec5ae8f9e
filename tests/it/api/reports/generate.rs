//! `POST /v1/reports/generate`.

use serde_json::json;

use super::{ask, status, wish, work};
use crate::api::shop::Shop;

#[tokio::test]
async fn what_is_no_report_is_refused_member_by_member() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let cases = [
        (
            json!({ "kind": "everything", "format": "CSV", "from": "now", "to": "later" }),
            vec!["/format", "/from", "/kind", "/to"],
        ),
        (
            json!({ "kind": "orders", "format": "csv", "from": "2026-03-02T00:00:00Z", "to": "2026-03-02T00:00:00Z" }),
            vec!["/to"],
        ),
        // A hundred years.
        (
            json!({ "kind": "orders", "format": "csv", "from": "1926-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z" }),
            vec!["/to"],
        ),
    ];
    for (body, pointers) in cases {
        let refused = ada.post_with("/v1/reports/generate", &[], &body.to_string()).await;
        let problem = refused.problem(422, "validation_failed");
        let errors = problem["errors"].as_array().unwrap().iter();
        let mut named: Vec<_> = errors.map(|error| error["pointer"].as_str().unwrap()).collect();
        named.sort_unstable();
        assert_eq!(named, pointers);
    }
    assert_eq!(shop.count("SELECT count(*) FROM jobs").await, 0);
}

#[tokio::test]
async fn asking_twice_under_one_key_makes_one_report_and_the_same_answer() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let body = wish("orders", "csv");
    let first = ada.post("/v1/reports/generate", "k", &body).await;
    let again = ada.post("/v1/reports/generate", "k", &body).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (202, 202));
    assert_eq!((&first.text, first.header("location")), (&again.text, again.header("location")));
    assert_eq!(again.header("idempotency-replayed"), "true");
    let other = ada.post("/v1/reports/generate", "k", &wish("orders", "xlsx")).await;
    other.problem(422, "idempotency_key_reused");
    assert_eq!(shop.count("SELECT count(*) FROM jobs").await, 1);
    work(&shop).await;
    let done = ada.post("/v1/reports/generate", "k", &body).await;
    assert_eq!(done.text, first.text);
}

#[tokio::test]
async fn a_finished_report_is_told_as_an_event_with_its_completion() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let id = ask(&ada, "orders", "csv").await;
    work(&shop).await;
    let events: Vec<serde_json::Value> =
        sqlx::query_scalar("SELECT payload FROM outbox WHERE topic = 'report.completed'")
            .fetch_all(&*shop.test.services.pool)
            .await
            .unwrap();
    let data = json!({ "jobId": id, "customerId": ada.id.to_string(), "kind": "orders",
        "format": "csv", "rows": 0 });
    assert_eq!(events, [json!({ "type": "report.completed", "data": data })]);
    let shown = status(&ada, &id).await;
    assert_eq!(shown.header("retry-after"), "");
    let body = shown.json();
    assert_eq!((&body["status"], &body["progress"]), (&json!("complete"), &json!(100)));
    assert_eq!(body["downloadUrl"], format!("/v1/reports/{id}/download"));
    assert_eq!(body["expiresAt"], "2026-03-09T12:00:00.000Z");
}
