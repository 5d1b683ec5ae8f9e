//! The list of events: what happened to whom, for how long it can be read, and by whom.

use serde_json::json;
use time::Duration;
use uuid::Uuid;

use super::Stand;
use crate::api::shop::all_of;
use crate::support::worker::dead_letters;

#[tokio::test]
async fn what_happened_to_a_customer_can_be_read_newest_first_by_them_and_by_staff() {
    let stand = Stand::open().await;
    let (ada, eve) = (stand.customer("ada").await, stand.customer("eve").await);
    let support = stand.shop.staff("support").await;
    stand.shop.test.clock.advance(Duration::SECOND);
    let order = ada.order(&stand.shop.product("MUG", 5).await, 1).await;
    stand.shop.test.clock.advance(Duration::SECOND);
    let paid = ada.pay("pay", &all_of(&order, "pm_ok")).await.json();
    stand.shop.test.clock.advance(Duration::SECOND);
    let refund = format!("/v1/payments/{}/refunds", paid["id"].as_str().unwrap());
    assert_eq!(support.post(&refund, "back", &json!({})).await.status, 201);
    stand.work().await;
    let types = |answer: crate::api::support::Answered| -> Vec<String> {
        let body = answer.json();
        let rows = body["data"].as_array().unwrap().iter();
        rows.map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    };
    let mut told = types(ada.get("/v1/events").await);
    assert_eq!(told.pop().as_deref(), Some("user.created"));
    assert_eq!(told.pop().as_deref(), Some("order.created"));
    told.sort();
    assert_eq!(told, ["order.paid", "order.refunded", "payment.succeeded", "refund.succeeded"]);
    assert_eq!(types(ada.get("/v1/events?type=refund.succeeded").await), ["refund.succeeded"]);
    assert_eq!(types(eve.get("/v1/events").await), ["user.created"]);
    assert_eq!(types(support.get("/v1/events?type=order.paid").await), ["order.paid"]);
    let event = ada.get("/v1/events?type=order.paid").await.json()["data"][0].clone();
    let path = format!("/v1/events/{}", event["id"].as_str().unwrap());
    assert_eq!(event["data"], json!({ "orderId": order["id"], "customerId": ada.id.to_string() }));
    for reader in [&ada, &support] {
        assert_eq!(reader.get(&path).await.json(), event);
    }
    eve.get(&path).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_filter_that_is_none_and_a_cursor_of_another_list_are_refused() {
    let stand = Stand::open().await;
    let (ada, eve) = (stand.customer("ada").await, stand.customer("eve").await);
    stand.happen(&ada).await;
    stand.work().await;
    let problem = ada.get("/v1/events?type=order.stolen").await.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/type");
    ada.get("/v1/events?kind=order.paid").await.problem(422, "unknown_field");
    let page = ada.get("/v1/events?limit=1").await.json();
    let cursor = page["nextCursor"].as_str().unwrap();
    eve.get(&format!("/v1/events?limit=1&cursor={cursor}")).await.problem(400, "invalid_cursor");
    let filtered = format!("/v1/events?type=order.paid&cursor={cursor}");
    ada.get(&filtered).await.problem(400, "invalid_cursor");
}

#[tokio::test]
async fn events_and_their_deliveries_are_forgotten_after_thirty_days() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let endpoint = stand.endpoint(&ada).await;
    stand.happen(&ada).await;
    stand.work().await;
    stand.work_after(Duration::days(30) - Duration::SECOND).await;
    assert_eq!(stand.shop.count("SELECT count(*) FROM webhook_deliveries").await, 1);
    stand.work_after(Duration::seconds(2)).await;
    for table in ["SELECT count(*) FROM webhook_deliveries", "SELECT count(*) FROM events"] {
        assert_eq!(stand.shop.count(table).await, 0, "{table}");
    }
    drop(endpoint);
}

#[tokio::test]
async fn an_event_of_somebody_who_was_never_there_is_given_up_with_the_reason() {
    let stand = Stand::open().await;
    let nobody = Uuid::from_u128(8);
    let event = json!({ "type": "order.cancelled", "data": { "orderId": Uuid::nil(), "customerId": nobody } });
    let ambient = &stand.shop.test.services.ambient;
    sqlx::query(
        "INSERT INTO outbox (id, topic, payload, request_id, created_at, due_at)
         VALUES ($1, 'order.cancelled', $2, 'test', $3, $3)",
    )
    .bind(ambient.uuid())
    .bind(event)
    .bind(ambient.now())
    .execute(&*stand.shop.test.services.pool)
    .await
    .unwrap();
    stand.work().await;
    let expected = [("events".to_owned(), format!("there is no user {nobody}"))];
    assert_eq!(dead_letters(&stand.shop.test).await, expected);
}
