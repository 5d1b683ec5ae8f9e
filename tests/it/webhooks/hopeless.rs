//! When an endpoint is sent nothing any more: it says so, it takes nothing for three days, or its owner wishes it.

use serde_json::{Value, json};
use time::Duration;

use super::{Stand, deliveries, now, path_of};
use crate::api::shop::Actor;
use crate::support::receiver::Reply;

#[tokio::test]
async fn an_endpoint_that_answers_410_is_disabled_and_its_owner_can_read_why() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let endpoint = stand.endpoint(&ada).await;
    stand.receiver.plan(&[Reply::Status(500)]);
    stand.happen(&ada).await;
    stand.work().await;
    stand.shop.test.clock.advance(Duration::SECOND);
    stand.receiver.plan(&[Reply::Status(410)]);
    stand.happen(&ada).await;
    stand.work().await;
    let disabled = now(&ada, &endpoint).await;
    assert_eq!(
        (&disabled["status"], &disabled["disabledReason"]),
        (&json!("disabled"), &json!("gone"))
    );
    let all = deliveries(&ada, &endpoint).await;
    let ends: Vec<_> =
        all.iter().map(|delivery| (&delivery["status"], &delivery["error"])).collect();
    let failed = json!("failed");
    let expected =
        [(&failed, &json!("it answered 410")), (&failed, &json!("the endpoint was disabled"))];
    assert_eq!(ends, expected);
    let event =
        ada.get("/v1/events?type=webhook_endpoint.disabled").await.json()["data"][0]["data"]
            .clone();
    assert_eq!(event["endpointId"], endpoint["id"]);
    assert_eq!((&event["reason"], &event["url"]), (&json!("gone"), &Value::Null));
    let mails = stand.told_by_mail();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("It answered 410 (Gone)"), "{}", mails[0]);
    // What happens now is told to nobody.
    stand.happen(&ada).await;
    stand.work().await;
    assert_eq!(stand.receiver.came().len(), 2);
}

/// Lets three days pass in the worker's own steps; who was signed in before has to do it again.
async fn three_days(stand: &Stand, actor: &Actor) -> Actor {
    for _hour in 0..=72 {
        stand.work_after(Duration::HOUR).await;
    }
    stand.shop.sign_in(actor.id, "ada@example.com").await
}

#[tokio::test]
async fn an_endpoint_that_takes_nothing_for_three_days_is_disabled() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let endpoint = stand.endpoint(&ada).await;
    stand.receiver.always(Some(Reply::Status(500)));
    stand.happen(&ada).await;
    let ada = three_days(&stand, &ada).await;
    let disabled = now(&ada, &endpoint).await;
    assert_eq!(disabled["disabledReason"], "failing");
    let delivery = deliveries(&ada, &endpoint).await[0].clone();
    assert_eq!(delivery["status"], "failed");
    assert_eq!(delivery["nextTryAt"], Value::Null);
    let tries = delivery["tries"].as_u64().unwrap();
    assert!((10..=16).contains(&tries), "{tries}");
    // Delivered again, it begins anew: the next try is not half a day away.
    let path = path_of(&endpoint);
    assert_eq!(ada.patch(&path, &json!({ "status": "enabled" })).await.status, 200);
    let again = format!("{path}/deliveries/{}/redeliver", delivery["id"].as_str().unwrap());
    assert_eq!(ada.post_with(&again, &[], "").await.status, 202);
    stand.work().await;
    stand.work_after(Duration::seconds(6)).await;
    assert_eq!(deliveries(&ada, &endpoint).await[0]["tries"], tries + 2);
    let told = ada.get("/v1/events?type=webhook_endpoint.disabled").await.json();
    assert_eq!(told["data"][0]["data"]["reason"], "failing");
    let mails = stand.told_by_mail();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("It took nothing for 3 days."), "{}", mails[0]);
}

#[tokio::test]
async fn an_endpoint_that_takes_something_loses_only_what_it_does_not_take() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let endpoint = stand.endpoint(&ada).await;
    stand.receiver.always(Some(Reply::Status(400)));
    stand.happen(&ada).await;
    stand.work().await;
    stand.receiver.plan(&[Reply::Status(200)]);
    stand.shop.test.clock.advance(Duration::SECOND);
    stand.happen(&ada).await;
    stand.work().await;
    let ada = three_days(&stand, &ada).await;
    assert_eq!(now(&ada, &endpoint).await["status"], "enabled");
    let all = deliveries(&ada, &endpoint).await;
    let ends: Vec<_> = all.iter().map(|delivery| delivery["status"].clone()).collect();
    assert_eq!(ends, [json!("delivered"), json!("failed")]);
}

#[tokio::test]
async fn an_owner_disables_an_endpoint_and_enables_it_again() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let endpoint = stand.endpoint(&ada).await;
    stand.receiver.plan(&[Reply::Status(500)]);
    stand.happen(&ada).await;
    stand.work().await;
    let path = path_of(&endpoint);
    let disabled = ada.patch(&path, &json!({ "status": "disabled" })).await.json();
    assert_eq!(
        (&disabled["status"], &disabled["disabledReason"]),
        (&json!("disabled"), &json!("owner"))
    );
    stand.work().await;
    assert!(stand.told_by_mail().is_empty());
    let given_up = deliveries(&ada, &endpoint).await[0].clone();
    assert_eq!(given_up["status"], "failed");
    let again = format!("{path}/deliveries/{}/redeliver", given_up["id"].as_str().unwrap());
    ada.post_with(&again, &[], "").await.problem(409, "webhook_endpoint_disabled");
    ada.post_with(&format!("{path}/test"), &[], "").await.problem(409, "webhook_endpoint_disabled");
    let enabled = ada.patch(&path, &json!({ "status": "enabled" })).await.json();
    assert_eq!((&enabled["status"], &enabled["disabledReason"]), (&json!("enabled"), &Value::Null));
    assert_eq!(ada.post_with(&again, &[], "").await.status, 202);
    stand.work().await;
    assert_eq!(deliveries(&ada, &endpoint).await[0]["status"], "delivered");
}

#[tokio::test]
async fn the_three_days_begin_with_the_first_try_however_late_that_is() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let endpoint = stand.endpoint(&ada).await;
    stand.receiver.plan(&[Reply::Status(500)]);
    stand.happen(&ada).await;
    // No worker is there for four days.
    stand.work_after(Duration::days(4)).await;
    let ada = stand.shop.sign_in(ada.id, "ada@example.com").await;
    assert_eq!(now(&ada, &endpoint).await["status"], "enabled");
    assert_eq!(deliveries(&ada, &endpoint).await[0]["status"], "pending");
    stand.work_after(Duration::seconds(6)).await;
    assert_eq!(deliveries(&ada, &endpoint).await[0]["status"], "delivered");
}

#[tokio::test]
async fn what_the_old_address_answers_says_nothing_of_the_new_one() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let endpoint = stand.endpoint_at(&ada, &stand.receiver.url("/old")).await;
    stand.receiver.plan(&[Reply::Hang]);
    stand.happen(&ada).await;
    let moved = async {
        stand.receiver.wait_for(1).await;
        let change = json!({ "url": stand.receiver.url("/new") });
        assert_eq!(ada.patch(&path_of(&endpoint), &change).await.status, 200);
        stand.receiver.release_with(410);
    };
    let (worked, ()) = tokio::join!(stand.worker.run_until_idle(), moved);
    worked.unwrap();
    assert_eq!(now(&ada, &endpoint).await["status"], "enabled");
    stand.work_after(Duration::seconds(6)).await;
    assert_eq!(stand.receiver.came().pop().unwrap().path, "/new");
    assert_eq!(deliveries(&ada, &endpoint).await[0]["status"], "delivered");
}
