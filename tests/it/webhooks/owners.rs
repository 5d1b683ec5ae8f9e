//! Whose events an endpoint hears of: its owner's, everybody's for staff, and only for as long as that is so.

use till::domain::ids::Id;

use super::{Stand, deliveries, now, path_of};
use crate::api::shop::Actor;
use crate::support::receiver::Reply;

async fn demote(stand: &Stand, staff: &Actor) {
    sqlx::query("UPDATE users SET role = 'customer' WHERE id = $1")
        .bind(staff.id.as_uuid())
        .execute(&*stand.shop.test.services.pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_customer_hears_of_their_own_events_and_staff_of_everybodys() {
    let stand = Stand::open().await;
    let (ada, eve) = (stand.customer("ada").await, stand.customer("eve").await);
    let support = stand.shop.staff("support").await;
    stand.work().await;
    for (owner, path) in [(&ada, "/ada"), (&eve, "/eve"), (&support, "/support")] {
        stand.endpoint_at(owner, &stand.receiver.url(path)).await;
    }
    stand.happen(&ada).await;
    stand.work().await;
    let mut paths: Vec<_> = stand.receiver.came().into_iter().map(|request| request.path).collect();
    paths.sort();
    assert_eq!(paths, ["/ada", "/support"]);
}

#[tokio::test]
async fn whoever_is_no_longer_staff_hears_no_more_of_others_not_even_of_what_waits() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let support = stand.shop.staff("support").await;
    stand.work().await;
    let endpoint = stand.endpoint(&support).await;
    stand.receiver.plan(&[Reply::Status(500)]);
    stand.happen(&ada).await;
    stand.work().await;
    demote(&stand, &support).await;
    stand.work_after(time::Duration::minutes(1)).await;
    stand.receiver.only();
    let demoted = stand.shop.sign_in(support.id, "support@example.com").await;
    let delivery = &deliveries(&demoted, &endpoint).await[0];
    assert_eq!(delivery["status"], "failed");
    assert_eq!(delivery["error"], "the endpoint's owner may no longer hear of this event");
    stand.happen(&ada).await;
    stand.work().await;
    stand.receiver.only();
}

#[tokio::test]
async fn an_account_that_is_erased_takes_its_endpoints_with_it_and_a_disabled_one_is_told_nothing()
{
    let stand = Stand::open().await;
    let (ada, eve) = (stand.customer("ada").await, stand.customer("eve").await);
    stand.endpoint(&ada).await;
    let kept = stand.endpoint(&eve).await;
    stand.receiver.plan(&[Reply::Status(500), Reply::Status(500)]);
    stand.happen(&ada).await;
    stand.happen(&eve).await;
    stand.work().await;
    assert_eq!(ada.delete("/v1/users/me").await.status, 204);
    sqlx::query("UPDATE users SET status = 'disabled' WHERE id = $1")
        .bind(eve.id.as_uuid())
        .execute(&*stand.shop.test.services.pool)
        .await
        .unwrap();
    stand.work_after(time::Duration::minutes(1)).await;
    assert_eq!(stand.receiver.came().len(), 2);
    let left: Vec<String> = sqlx::query_scalar("SELECT id::text FROM webhook_endpoints")
        .fetch_all(&*stand.shop.test.services.pool)
        .await
        .unwrap();
    assert_eq!(left, [kept["id"].as_str().unwrap()]);
}

#[tokio::test]
async fn an_endpoint_of_another_is_as_if_it_were_not_there_also_for_staff() {
    let stand = Stand::open().await;
    let ada = stand.customer("ada").await;
    let (eve, admin) = (stand.customer("eve").await, stand.shop.staff("admin").await);
    stand.work().await;
    let endpoint = stand.endpoint(&ada).await;
    stand.happen(&ada).await;
    stand.work().await;
    let delivery = deliveries(&ada, &endpoint).await[0]["id"].as_str().unwrap().to_owned();
    let others = stand.endpoint(&eve).await;
    for stranger in [&eve, &admin] {
        let path = path_of(&endpoint);
        stranger.get(&path).await.problem(404, "not_found");
        stranger.delete(&path).await.problem(404, "not_found");
        stranger
            .patch(&path, &serde_json::json!({ "events": ["*"] }))
            .await
            .problem(404, "not_found");
        stranger.get(&format!("{path}/deliveries")).await.problem(404, "not_found");
        for verb in ["rotate", "test"] {
            stranger.post_with(&format!("{path}/{verb}"), &[], "").await.problem(404, "not_found");
        }
        let again = format!("{path}/deliveries/{delivery}/redeliver");
        stranger.post_with(&again, &[], "").await.problem(404, "not_found");
        let ids: Vec<_> = stranger.get("/v1/webhook-endpoints").await.json()["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|listed| listed["id"].clone())
            .collect();
        assert!(!ids.contains(&endpoint["id"]));
    }
    // Nor is a delivery found at an endpoint that it isn't of.
    let mixed = format!("{}/deliveries/{delivery}/redeliver", path_of(&others));
    eve.post_with(&mixed, &[], "").await.problem(404, "not_found");
    assert_eq!(now(&ada, &endpoint).await["updatedAt"], endpoint["updatedAt"]);
}
