//! The real programs: what one `api` changes another one shows.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::directory::PATIENCE;
use crate::support::processes::{Deployment, Process};

async fn send(at: &Process, method: Method, path: &str, token: &str, body: &Value) -> Value {
    let url = format!("http://{}{path}", at.http);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let sent = client.request(method, url).bearer_auth(token).json(body).send().await.unwrap();
    sent.json().await.unwrap()
}

async fn name_at(at: &Process, path: &str) -> Value {
    let body: Value = at.get(path, "").await.unwrap().json().await.unwrap();
    body["name"].clone()
}

/// What it holds does not grow old while the test looks.
async fn api(shop: &Deployment) -> Process {
    shop.api_with(&[("TILL_CACHE_TTL", "1h".to_owned())]).await
}

async fn comes_to_show(at: &Process, path: &str, name: &Value) {
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let looking = async {
        while name_at(at, path).await != *name {
            looks.tick().await;
        }
    };
    assert!(timeout(PATIENCE, looking).await.is_ok(), "{path} never had the name {name}");
}

async fn hears(at: &Process) {
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let looking = async {
        while !at.metrics().await.contains("cache_hears_changes 1") {
            looks.tick().await;
        }
    };
    assert!(timeout(PATIENCE, looking).await.is_ok(), "it never heard changes");
}

#[tokio::test]
async fn two_apis_show_one_catalogue() {
    let shop = Deployment::up().await;
    let (mut one, mut other) = (api(&shop).await, api(&shop).await);
    one.ready().await;
    other.ready().await;
    hears(&one).await;
    hears(&other).await;
    one.customer("admin").await;
    sqlx::query("UPDATE users SET role = 'admin'").execute(&shop.pool).await.unwrap();
    let credentials = json!({ "email": "admin@example.com", "password": "correct horse battery" });
    let signed_in = send(&one, Method::POST, "/v1/auth/token", "", &credentials).await;
    let admin = signed_in["accessToken"].as_str().unwrap();
    let mug = json!({ "sku": "MUG", "name": "Mug", "category": "kitchen", "unitAmount": 4900, "currency": "MYR" });
    let made = send(&one, Method::POST, "/v1/products", admin, &mug).await;
    let place = format!("/v1/products/{}", made["id"].as_str().unwrap());
    for number in 0..5 {
        let (writer, reader) = if number % 2 == 0 { (&one, &other) } else { (&other, &one) };
        name_at(reader, &place).await;
        let name = json!(format!("Mug {number}"));
        send(writer, Method::PATCH, &place, admin, &json!({ "name": name })).await;
        assert_eq!(name_at(writer, &place).await, name);
        comes_to_show(reader, &place, &name).await;
    }
    let metrics = other.metrics().await;
    assert!(
        metrics.contains("cache_requests_total{cache=\"products\",outcome=\"hit\"}"),
        "{metrics}"
    );
}
