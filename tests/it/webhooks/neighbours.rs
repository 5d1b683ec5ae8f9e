//! One endpoint's trouble is its own: its circuit opens, its queue waits, and the others are told at once.

use std::sync::Arc;

use till::service::events::record;
use till::service::outbox;
use till::service::webhooks::lease_due;
use time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Stand, path_of};
use crate::support::receiver::{Receiver, Reply};
use crate::support::services::WEBHOOK_DEADLINE;

#[tokio::test]
async fn an_endpoint_that_keeps_failing_is_left_alone_for_a_minute_and_then_probed() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let endpoint = stand.endpoint(&ada).await;
    stand.receiver.always(Some(Reply::Status(500)));
    for _event in 0..5 {
        stand.happen(&ada).await;
        stand.work().await;
    }
    assert_eq!(stand.receiver.came().len(), 5);
    for _event in 0..20 {
        stand.happen(&ada).await;
    }
    // Nothing is sent: the new events wait with the old ones.
    stand.worker.run_until_idle().await.unwrap();
    stand.shop.test.clock.advance(Duration::seconds(59));
    stand.worker.run_until_idle().await.unwrap();
    assert_eq!(stand.receiver.came().len(), 5);
    // One probe, whose failure opens it again.
    stand.shop.test.clock.advance(Duration::SECOND);
    stand.worker.run_until_idle().await.unwrap();
    assert_eq!(stand.receiver.came().len(), 6);
    // The probe that is taken lets all that waited through.
    stand.receiver.always(None);
    stand.work_after(Duration::minutes(5)).await;
    let all = ada.get(&format!("{}/deliveries?limit=100", path_of(&endpoint))).await.json();
    let data = all["data"].as_array().unwrap();
    assert_eq!(data.len(), 25);
    assert!(data.iter().all(|delivery| delivery["status"] == "delivered"), "{data:#?}");
}

#[tokio::test]
async fn while_one_endpoint_hangs_with_a_long_queue_the_others_are_told() {
    let (stand, slow) = (Stand::open().await, Receiver::start().await);
    let (ada, eve) = (stand.customer("ada").await, stand.customer("eve").await);
    slow.always(Some(Reply::Hang));
    let webhooks = stand.shop.test.webhooks_at(
        WEBHOOK_DEADLINE,
        &[&slow, &stand.receiver],
        Arc::clone(&stand.lookup),
    );
    let pool = &*stand.shop.test.services.pool;
    let hanging = stand.endpoint(&ada).await;
    let lead = sqlx::query("UPDATE webhook_endpoints SET url = $1");
    lead.bind(slow.url("/hooks")).execute(pool).await.unwrap();
    // What waits for the slow one has waited longest, and is more than any worker takes at a time.
    sqlx::query(
        "WITH past AS (INSERT INTO events (id, type, customer_id, data, created_at)
                       SELECT gen_random_uuid(), 'order.paid', owner_id, '{}', $1 - interval '1 hour'
                       FROM webhook_endpoints, generate_series(1, 2000) RETURNING id)
         INSERT INTO webhook_deliveries (id, endpoint_id, event_id, status, due_at, created_at)
         SELECT gen_random_uuid(), (SELECT id FROM webhook_endpoints), id, 'pending', $1 - interval '1 hour', $1
         FROM past",
    )
    .bind(stand.shop.test.services.ambient.now())
    .execute(pool)
    .await
    .unwrap();
    stand.endpoint(&eve).await;
    stand.happen(&eve).await;
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    // The places of an endpoint are the same for all workers.
    for _worker in 0..2 {
        let worker = Stand::worker_over(&stand.shop, webhooks.clone(), &stand.mails);
        worker.spawn(&tasks, &stop);
    }
    let came = stand.receiver.wait_for(1).await;
    assert_eq!(came[0].json()["data"]["customerId"], eve.id.to_string());
    slow.wait_for(8).await;
    slow.always(None);
    slow.release();
    slow.wait_for(200).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    assert!(slow.most_open() <= 16, "{}", slow.most_open());
    let all = ada.get(&format!("{}/deliveries?status=failed", path_of(&hanging))).await.json();
    assert_eq!(all["data"], serde_json::json!([]));
}

#[tokio::test]
async fn an_owner_of_many_endpoints_has_a_few_places_and_others_take_their_turn() {
    let stand = Stand::open().await;
    let (ada, eve) = (stand.customer("ada").await, stand.customer("eve").await);
    for _endpoint in 0..4 {
        stand.endpoint(&ada).await;
    }
    for _event in 0..20 {
        stand.happen(&ada).await;
    }
    // Hers is the newest of all.
    let own = stand.endpoint_at(&eve, &stand.receiver.url("/eve")).await;
    stand.shop.test.clock.advance(Duration::SECOND);
    assert_eq!(eve.post_with(&format!("{}/test", path_of(&own)), &[], "").await.status, 202);
    // The outbox alone: nothing is sent yet.
    record_all(&stand).await;
    let first = lease_due(&stand.webhooks, 3).await.unwrap().deliveries;
    let urls: Vec<_> = first.iter().map(|delivery| delivery.url.as_url().path()).collect();
    assert!(urls.contains(&"/eve"), "{urls:?}");
    let rest = lease_due(&stand.webhooks, 100).await.unwrap().deliveries;
    assert_eq!(first.len() + rest.len(), 16 + 1);
    assert!(lease_due(&stand.webhooks, 100).await.unwrap().deliveries.is_empty());
}

/// Every event is remembered, and no webhook is sent.
async fn record_all(stand: &Stand) {
    let batch = outbox::lease_due(&stand.shop.test.services, 1_000).await.unwrap();
    for leased in &batch.messages {
        let event = serde_json::from_value(leased.message.payload.clone()).unwrap();
        record(&stand.shop.test.services, &leased.message, &event).await.unwrap();
    }
}
