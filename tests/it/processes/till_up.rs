//! `till up` as one meets it: mails are seen on a page, and the test clock makes what is due happen.

use std::time::Duration;

use serde_json::{Value, json};
use till::domain::ids::{Id, UserId};

use crate::support::processes::Deployment;

#[tokio::test]
async fn moving_the_test_clock_expires_an_order_and_a_registration_is_seen_as_mail() {
    let shop = Deployment::up().await;
    let mut till = shop.till_up().await;
    till.ready().await;
    let token = till.customer("ada").await;
    let me: Value = till.get("/v1/users/me", &token).await.unwrap().json().await.unwrap();
    let id: uuid::Uuid = me["id"].as_str().unwrap().parse().unwrap();
    let test = crate::support::services::over(shop.pool.clone());
    let goods = crate::support::factories::product(&test, "MUG", 3, UserId::from_uuid(id)).await;
    let order = json!({ "items": [{ "productId": goods.id.to_string(), "quantity": 3 }] });
    let placed = till.post_keyed("/v1/orders", &token, "k1", &order).await.unwrap();
    let placed: Value = placed.json().await.unwrap();
    let ops = format!("http://{}", till.ops);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let moved = client.post(format!("{ops}/sandbox/clock")).json(&json!({ "advance": "PT30M" }));
    assert_eq!(moved.send().await.unwrap().status(), 200);

    let stock = format!("/v1/products/{}/inventory", goods.id);
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    loop {
        let stock: Value = till.get(&stock, &token).await.unwrap().json().await.unwrap();
        if stock["available"] == 3 {
            break;
        }
        looks.tick().await;
    }
    let path = format!("/v1/orders/{}", placed["id"].as_str().unwrap());
    // The token is of half an hour ago.
    let credentials = json!({ "email": "ada@example.com", "password": "correct horse battery" });
    let token: Value = till.post("/v1/auth/token", &credentials).await.json().await.unwrap();
    let token = token["accessToken"].as_str().unwrap();
    let order: Value = till.get(&path, token).await.unwrap().json().await.unwrap();
    assert_eq!(order["status"], "expired");
    loop {
        let page = client.get(format!("{ops}/mail")).send().await.unwrap().text().await.unwrap();
        if page.contains("ada@example.com") {
            assert_eq!(page.matches("Welcome to Till, ada").count(), 1);
            break;
        }
        looks.tick().await;
    }
    till.terminate().await;
    assert!(till.ended().await.success());
}
