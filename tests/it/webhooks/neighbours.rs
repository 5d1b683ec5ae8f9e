//! One endpoint's trouble is its own: its circuit opens, its queue waits, and the others are told at once.

use time::Duration;

use super::{Stand, deliveries};
use crate::support::receiver::Reply;

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
    // Nothing is sent: the new events wait with the old ones. They count as tried by nobody.
    stand.worker.run_until_idle().await.unwrap();
    stand.shop.test.clock.advance(Duration::seconds(59));
    stand.worker.run_until_idle().await.unwrap();
    assert_eq!(stand.receiver.came().len(), 5);
    let untried = |all: &[serde_json::Value]| all.iter().filter(|one| one["tries"] == 0).count();
    let all = ada.get(&format!("{}/deliveries?limit=100", super::path_of(&endpoint))).await.json();
    assert_eq!(untried(all["data"].as_array().unwrap()), 20);
    stand.shop.test.clock.advance(Duration::seconds(1));
    stand.worker.run_until_idle().await.unwrap();
    assert_eq!(stand.receiver.came().len(), 6);
    // The probe that succeeds lets all that waited through.
    stand.receiver.always(None);
    stand.shop.test.clock.advance(Duration::minutes(2));
    stand.worker.run_until_idle().await.unwrap();
    assert_eq!(stand.receiver.came().len(), 7);
    stand.work_after(Duration::SECOND).await;
    stand.work_after(Duration::minutes(2)).await;
    let all = ada.get(&format!("{}/deliveries?limit=100", super::path_of(&endpoint))).await.json();
    let data = all["data"].as_array().unwrap();
    assert!(data.iter().all(|delivery| delivery["status"] == "delivered"), "{data:#?}");
}

#[tokio::test]
async fn while_one_endpoint_hangs_the_others_are_told() {
    let stand = Stand::open().await;
    let (ada, eve) = (stand.customer("ada").await, stand.customer("eve").await);
    let slow = crate::support::receiver::Receiver::start().await;
    slow.always(Some(Reply::Hang));
    let webhooks = stand.shop.test.webhooks_at(
        crate::support::services::WEBHOOK_DEADLINE,
        &[&slow, &stand.receiver],
        stand.lookup.clone(),
    );
    // More than an endpoint's places.
    let at_slow = sqlx::query("UPDATE webhook_endpoints SET url = $1").bind(slow.url("/hooks"));
    let hanging = stand.endpoint(&ada).await;
    at_slow.execute(&stand.shop.test.services.pool).await.unwrap();
    for _event in 0..20 {
        stand.happen(&ada).await;
    }
    stand.endpoint(&eve).await;
    stand.happen(&eve).await;
    let worker = Stand::worker_over(&stand.shop, webhooks, &stand.mails);
    let (tasks, stop) =
        (tokio_util::task::TaskTracker::new(), tokio_util::sync::CancellationToken::new());
    worker.spawn(&tasks, &stop);
    let came = stand.receiver.wait_for(1).await;
    assert_eq!(came[0].json()["data"]["customerId"], eve.id.to_string());
    // No more than its places are under way to the one that hangs.
    slow.wait_for(8).await;
    assert_eq!(slow.came().len(), 8);
    slow.always(None);
    slow.release();
    // What found no place comes again a second later, by the clock that only this test moves.
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
    let all_came = slow.wait_for(20);
    let mut all_came = std::pin::pin!(all_came);
    while tokio::select! { _ = &mut all_came => false, _ = ticks.tick() => true } {
        stand.shop.test.clock.advance(Duration::SECOND);
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    assert!(
        deliveries(&ada, &hanging).await.iter().all(|delivery| delivery["status"] == "delivered")
    );
}
