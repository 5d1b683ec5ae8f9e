//! One event on its way: at least once, under one id, with growing waits, whatever the endpoint answers.

use serde_json::{Value, json};
use till::service::webhooks::{Batch, deliver, lease_due};
use time::Duration;

use super::{Stand, deliveries, now, path_of};
use crate::support::receiver::Reply;
use crate::worker::forget_that_it_was_sent;

#[tokio::test]
async fn an_event_reaches_the_endpoint_once_and_tells_what_the_list_of_events_tells() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let endpoint = stand.endpoint(&ada).await;
    stand.happen(&ada).await;
    stand.work().await;
    let came = stand.receiver.only();
    assert_eq!((came.path.as_str(), came.header("content-type")), ("/hooks", "application/json"));
    let listed = ada.get("/v1/events?type=payment.succeeded").await.json()["data"][0].clone();
    assert_eq!(came.header("webhook-id"), listed["id"]);
    let told = json!({
        "id": listed["id"], "type": "payment.succeeded", "timestamp": listed["createdAt"], "data": listed["data"],
    });
    assert_eq!(came.json(), told);
    assert_eq!(listed["data"]["customerId"], ada.id.to_string());
    let delivery = &deliveries(&ada, &endpoint).await[0];
    assert_eq!((&delivery["status"], &delivery["tries"]), (&json!("delivered"), &json!(1)));
    assert_eq!(delivery["responseStatus"], 204);
}

#[tokio::test]
async fn a_copy_of_the_message_makes_no_second_event_and_no_second_delivery() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    stand.endpoint(&ada).await;
    stand.happen(&ada).await;
    stand.work().await;
    let events = ada.get("/v1/events").await.json();
    forget_that_it_was_sent(&stand.shop.test).await;
    stand.work().await;
    assert_eq!(ada.get("/v1/events").await.json(), events);
    stand.receiver.only();
}

#[tokio::test]
async fn what_an_endpoint_does_not_take_comes_again_with_the_same_webhook_id_and_body() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let endpoint = stand.endpoint(&ada).await;
    stand.receiver.plan(&[Reply::Status(500), Reply::Status(404)]);
    stand.happen(&ada).await;
    stand.work().await;
    let failed = &deliveries(&ada, &endpoint).await[0];
    assert_eq!((&failed["status"], &failed["responseStatus"]), (&json!("pending"), &json!(500)));
    assert_eq!(failed["error"], "it answered 500");
    // Not before its time.
    stand.work_after(Duration::seconds(3)).await;
    stand.receiver.only();
    stand.work_after(Duration::seconds(3)).await;
    stand.work_after(Duration::seconds(24)).await;
    let came = stand.receiver.came();
    assert_eq!(came.len(), 3);
    for later in &came[1..] {
        assert_eq!(later.header("webhook-id"), came[0].header("webhook-id"));
        assert_eq!(later.body, came[0].body);
        assert_ne!(later.header("webhook-timestamp"), came[0].header("webhook-timestamp"));
    }
    let delivered = &deliveries(&ada, &endpoint).await[0];
    assert_eq!((&delivered["status"], &delivered["tries"]), (&json!("delivered"), &json!(3)));
    assert_eq!(delivered["error"], Value::Null);
}

#[tokio::test]
async fn an_endpoint_that_hangs_is_left_at_its_deadline_and_tried_again() {
    let stand = Stand::open_with(std::time::Duration::from_millis(200)).await;
    let ada = stand.customer("ada").await;
    let endpoint = stand.endpoint(&ada).await;
    stand.receiver.plan(&[Reply::Hang]);
    stand.happen(&ada).await;
    stand.work().await;
    let hung = &deliveries(&ada, &endpoint).await[0];
    assert_eq!(
        (&hung["status"], &hung["error"]),
        (&json!("pending"), &json!("no answer within 0.2 s"))
    );
    assert_eq!(hung["responseStatus"], Value::Null);
    assert!(hung["nextTryAt"].is_string());
    assert_eq!(now(&ada, &endpoint).await["status"], "enabled");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_counts_as_not_taken() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let endpoint = stand.endpoint(&ada).await;
    for status in [301, 302, 303, 307, 308] {
        stand.receiver.plan(&[Reply::With(status, "location", stand.receiver.url("/elsewhere"))]);
        // So that it is the newest.
        stand.shop.test.clock.advance(Duration::MILLISECOND);
        stand.happen(&ada).await;
        stand.work().await;
        let delivery = &deliveries(&ada, &endpoint).await[0];
        assert_eq!(
            (&delivery["status"], &delivery["responseStatus"]),
            (&json!("pending"), &json!(status))
        );
    }
    assert!(stand.receiver.came().iter().all(|request| request.path == "/hooks"));
}

#[tokio::test]
async fn a12_a_name_that_leads_to_a_private_address_by_now_is_not_connected_to() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let port = stand.receiver.address.port();
    for (number, leads_to) in [
        &["127.0.0.1"][..],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["10.0.0.1"],
        &["169.254.169.254"],
        &["fd00::1"],
        // One private address spoils the public one beside it.
        &["93.184.216.34", "127.0.0.1"],
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("rebound-{number}.test");
        let endpoint = stand.endpoint_at(&ada, &format!("https://{name}:{port}/hooks")).await;
        stand.lookup.lead(&name, leads_to);
        stand.happen(&ada).await;
        stand.work().await;
        let delivery = &deliveries(&ada, &endpoint).await[0];
        assert_eq!(delivery["error"], "the URL must lead to a public address", "{leads_to:?}");
        assert_eq!(delivery["status"], "pending");
        assert_eq!(ada.delete(&path_of(&endpoint)).await.status, 204);
    }
    assert!(stand.receiver.came().is_empty());
}

#[tokio::test]
async fn an_endpoint_that_asks_for_time_is_given_it() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    stand.endpoint(&ada).await;
    stand.receiver.plan(&[Reply::With(429, "retry-after", "600".to_owned())]);
    stand.happen(&ada).await;
    stand.work().await;
    stand.work_after(Duration::seconds(599)).await;
    stand.receiver.only();
    stand.work_after(Duration::seconds(1)).await;
    assert_eq!(stand.receiver.came().len(), 2);
}

#[tokio::test]
async fn a_delivery_whose_worker_died_is_made_by_the_next_one_with_the_same_webhook_id() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let endpoint = stand.endpoint(&ada).await;
    stand.happen(&ada).await;
    // It dies after the endpoint took the event and before that was written down.
    sqlx::query(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'killed'; END $$",
    )
    .execute(&*stand.shop.test.services.pool)
    .await
    .unwrap();
    sqlx::query(
        "CREATE TRIGGER die BEFORE UPDATE ON webhook_deliveries FOR EACH ROW WHEN (new.status = 'delivered') EXECUTE FUNCTION die()",
    )
    .execute(&*stand.shop.test.services.pool)
    .await
    .unwrap();
    assert!(stand.worker.run_until_idle().await.is_err());
    sqlx::query("DROP TRIGGER die ON webhook_deliveries")
        .execute(&*stand.shop.test.services.pool)
        .await
        .unwrap();
    stand.worker.run_until_idle().await.unwrap();
    stand.receiver.only();
    stand.work_after(Duration::minutes(2)).await;
    let came = stand.receiver.came();
    assert_eq!(came.len(), 2);
    assert_eq!(came[0].header("webhook-id"), came[1].header("webhook-id"));
    assert_eq!(deliveries(&ada, &endpoint).await[0]["status"], "delivered");
}

#[tokio::test]
async fn what_was_delivered_or_given_up_can_be_delivered_again_under_the_same_webhook_id() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let endpoint = stand.endpoint(&ada).await;
    stand.happen(&ada).await;
    stand.work().await;
    let delivery = deliveries(&ada, &endpoint).await[0].clone();
    let path =
        format!("{}/deliveries/{}/redeliver", path_of(&endpoint), delivery["id"].as_str().unwrap());
    let again = ada.post_with(&path, &[], "").await;
    assert_eq!((again.status.as_u16(), &again.json()["status"]), (202, &json!("pending")));
    stand.work().await;
    let came = stand.receiver.came();
    assert_eq!(came.len(), 2);
    assert_eq!(came[0].header("webhook-id"), came[1].header("webhook-id"));
    assert_eq!(deliveries(&ada, &endpoint).await[0]["tries"], 2);
}

#[tokio::test]
async fn an_endpoint_can_be_tried_out_with_an_event_of_its_own() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let wish = json!({ "url": stand.receiver.url("/hooks"), "events": ["order.paid"] });
    let endpoint = super::register(&ada, &wish).await.json();
    let other = stand.endpoint_at(&ada, &stand.receiver.url("/other")).await;
    let tried = ada.post_with(&format!("{}/test", path_of(&endpoint)), &[], "").await;
    assert_eq!(tried.status, 202, "{}", tried.text);
    stand.work().await;
    let came = stand.receiver.only();
    assert_eq!(
        (came.path.as_str(), &came.json()["type"]),
        ("/hooks", &json!("webhook_endpoint.test"))
    );
    assert_eq!(came.header("webhook-id"), tried.json()["eventId"]);
    assert!(deliveries(&ada, &other).await.is_empty());
}

#[tokio::test]
async fn the_trace_of_a_request_travels_with_its_event_to_the_endpoint() {
    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    stand.endpoint(&ada).await;
    let order =
        json!({ "items": [{ "productId": stand.shop.product("MUG", 5).await.id, "quantity": 1 }] });
    for (key, trace, carried) in [("traced", TRACE, TRACE), ("none", "00-0-0-00", "")] {
        let headers = [("idempotency-key", key.as_bytes()), ("traceparent", trace.as_bytes())];
        let placed = ada.post_with("/v1/orders", &headers, &order.to_string()).await;
        assert_eq!(placed.status, 201, "{}", placed.text);
        stand.work().await;
        assert_eq!(stand.receiver.came().pop().unwrap().header("traceparent"), carried);
    }
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_changes_nothing_any_more() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let endpoint = stand.endpoint(&ada).await;
    let tried = ada.post_with(&format!("{}/test", path_of(&endpoint)), &[], "").await;
    assert_eq!(tried.status, 202);
    let Batch { token, deliveries: leased } = lease_due(&stand.webhooks, 10).await.unwrap();
    assert_eq!(leased.len(), 1);
    // Nobody else has it while the lease is good.
    stand.worker.run_until_idle().await.unwrap();
    assert!(stand.receiver.came().is_empty());
    stand.work_after(Duration::minutes(2)).await;
    let delivered = deliveries(&ada, &endpoint).await;
    assert_eq!(delivered[0]["status"], "delivered");
    stand.receiver.plan(&[Reply::Status(500)]);
    deliver(&stand.webhooks, token, &leased[0]).await.unwrap();
    assert_eq!(deliveries(&ada, &endpoint).await, delivered);
    assert_eq!(now(&ada, &endpoint).await["status"], "enabled");
}

#[tokio::test]
async fn what_is_delivered_again_while_it_is_under_way_is_not_sent_beside_itself() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let endpoint = stand.endpoint(&ada).await;
    let path = path_of(&endpoint);
    let tried = ada.post_with(&format!("{path}/test"), &[], "").await.json();
    stand.receiver.plan(&[Reply::Hang]);
    let again = format!("{path}/deliveries/{}/redeliver", tried["id"].as_str().unwrap());
    let meanwhile = async {
        stand.receiver.wait_for(1).await;
        for _wish in 0..3 {
            assert_eq!(ada.post_with(&again, &[], "").await.status, 202);
            assert!(lease_due(&stand.webhooks, 10).await.unwrap().deliveries.is_empty());
        }
        stand.receiver.release_with(500);
    };
    let (worked, ()) = tokio::join!(stand.worker.run_until_idle(), meanwhile);
    worked.unwrap();
    stand.receiver.only();
    let failed = &deliveries(&ada, &endpoint).await[0];
    assert_eq!((&failed["tries"], &failed["error"]), (&json!(1), &json!("it answered 500")));
}
