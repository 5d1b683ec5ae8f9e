//! Whose reports one sees: one's own, and an administrator all; of those of others not even that they exist.

use axum::http::Method;
use till::domain::ids::Id;

use super::{ask, download, status, work};
use crate::api::shop::Shop;

#[tokio::test]
async fn anothers_report_is_as_if_it_were_not_there_and_an_administrator_sees_it() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let (support, admin) = (shop.staff("support").await, shop.staff("admin").await);
    let id = ask(&ada, "orders", "csv").await;
    work(&shop).await;
    for stranger in [&eve, &support] {
        status(stranger, &id).await.problem(404, "not_found");
        download(stranger, &id).await.problem(404, "not_found");
        let path = format!("/v1/reports/{id}");
        stranger.send(Method::DELETE, &path, &[], "").await.problem(404, "not_found");
        assert_eq!(stranger.get("/v1/reports").await.json()["data"], serde_json::json!([]));
    }
    assert_eq!(download(&admin, &id).await.status, 200);
    assert_eq!(admin.get("/v1/reports").await.json()["data"][0]["jobId"], id);
    assert_eq!(download(&ada, &id).await.status, 200);
}

#[tokio::test]
async fn a_report_of_everybody_is_out_of_sight_once_its_owner_is_no_longer_staff() {
    let shop = Shop::open().await;
    let support = shop.staff("support").await;
    let id = ask(&support, "orders", "csv").await;
    work(&shop).await;
    assert_eq!(download(&support, &id).await.status, 200);
    sqlx::query("UPDATE users SET role = 'customer' WHERE id = $1")
        .bind(support.id.as_uuid())
        .execute(&*shop.test.services.pool)
        .await
        .unwrap();
    let demoted = shop.sign_in(support.id, "support@example.com").await;
    download(&demoted, &id).await.problem(404, "not_found");
    assert_eq!(demoted.get("/v1/reports").await.json()["data"], serde_json::json!([]));
}

#[tokio::test]
async fn the_list_is_walked_newest_first_and_each_report_is_seen_once() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let mut asked = Vec::new();
    for _report in 0..5 {
        asked.push(ask(&ada, "orders", "csv").await);
    }
    let (mut seen, mut path) = (Vec::new(), "/v1/reports?limit=2".to_owned());
    loop {
        let page = ada.get(&path).await.json();
        let ids = page["data"].as_array().unwrap().iter();
        seen.extend(ids.map(|report| report["jobId"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/v1/reports?limit=2&cursor={cursor}");
    }
    seen.reverse();
    asked.sort();
    assert_eq!(seen, asked);
    work(&shop).await;
}
