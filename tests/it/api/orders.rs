//! Buying over HTTP: an account, a sign-in and an order, through every layer down to Postgres.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use till::domain::ids::UserId;
use uuid::Uuid;

use super::support::{Answered, get, router_over, send};
use crate::support::factories::product;
use crate::support::services::{TestServices, services};

/// A shop, and somebody who is signed in to it.
struct Shop {
    test: TestServices,
    router: Router,
    customer: UserId,
    token: String,
}

impl Shop {
    async fn open() -> Self {
        let test = services().await;
        let router = router_over(&test);
        let account = json!({ "email": "ada@example.com", "password": "correct horse battery", "name": "Ada" });
        let registered = post(&router, "/v1/users", &[], &account).await;
        assert_eq!(registered.status, 201, "{}", registered.text);
        let id: Uuid = registered.json()["id"].as_str().unwrap().parse().unwrap();
        let credentials =
            json!({ "email": "Ada@Example.com", "password": "correct horse battery" });
        let signed_in = post(&router, "/v1/auth/token", &[], &credentials).await;
        assert_eq!(signed_in.status, 200, "{}", signed_in.text);
        let token = signed_in.json()["accessToken"].as_str().unwrap().to_owned();
        Self { test, router, customer: id.into(), token }
    }

    async fn order(&self, key: &str, body: &Value) -> Answered {
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
        post(&self.router, "/v1/orders", &headers, body).await
    }
}

async fn post(router: &Router, path: &str, headers: &[(&str, &str)], body: &Value) -> Answered {
    let mut request = Request::post(path).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(router, request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn an_order_placed_twice_with_one_key_is_one_order_with_one_answer() {
    let shop = Shop::open().await;
    let mug = product(&shop.test, "MUG", 5, shop.customer).await;
    let body = json!({ "items": [{ "productId": mug.id.to_string(), "quantity": 2 }] });

    let first = shop.order("k1", &body).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let order = first.json();
    assert_eq!(order["totalAmount"], mug.price.amount.get() * 2);
    assert_eq!(order["customerId"], shop.customer.to_string());

    let again = shop.order("\"k1\"", &body).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("idempotency-replayed"), "true");

    let other = json!({ "items": [{ "productId": mug.id.to_string(), "quantity": 3 }] });
    shop.order("k1", &other).await.problem(422, "idempotency_key_reused");
    shop.order("k2", &json!({ "items": [{ "productId": mug.id.to_string(), "quantity": 4 }] }))
        .await
        .problem(409, "insufficient_stock");
}

#[tokio::test]
async fn what_a_client_may_not_say_is_refused_with_a_pointer() {
    let shop = Shop::open().await;
    let id = Uuid::nil().to_string();
    let priced = json!({ "items": [{ "productId": id, "quantity": 1, "unitAmount": 1 }] });
    let problem = shop.order("k", &priced).await.problem(422, "unknown_field");
    assert_eq!(problem["errors"][0]["pointer"], "/items/0/unitAmount");

    let wrong = json!({ "items": [{ "productId": "x", "quantity": 0 }] });
    let problem = shop.order("k", &wrong).await.problem(422, "validation_failed");
    let pointers: Vec<_> = [0, 1].map(|error| problem["errors"][error]["pointer"].clone()).into();
    assert_eq!(pointers, ["/items/0/productId", "/items/0/quantity"]);
}

#[tokio::test]
async fn nobody_orders_or_reads_without_a_token() {
    let shop = Shop::open().await;
    let anonymous = post(&shop.router, "/v1/orders", &[], &json!({})).await;
    anonymous.problem(401, "unauthenticated");
    assert!(anonymous.header("www-authenticate").starts_with("Bearer"));
    get(&shop.router, "/v1/users/me").await.problem(401, "unauthenticated");
    let forged = [("authorization", "Bearer e30.e30.e30")];
    post(&shop.router, "/v1/orders", &forged, &json!({})).await.problem(401, "token_invalid");
}

#[tokio::test]
async fn the_catalogue_is_paged_without_a_token_and_its_cursors_cannot_be_bent() {
    let shop = Shop::open().await;
    for sku in ["A", "B", "C"] {
        product(&shop.test, sku, 1, shop.customer).await;
    }
    let first = get(&shop.router, "/v1/products?limit=2").await;
    assert_eq!(first.status, 200, "{}", first.text);
    let page = first.json();
    let cursor = page["nextCursor"].as_str().unwrap();
    assert!(first.header("link").ends_with("rel=\"next\""));
    let second = get(&shop.router, &format!("/v1/products?limit=2&cursor={cursor}")).await.json();
    assert_eq!(second["nextCursor"], Value::Null);
    let ids = |page: &Value| -> Vec<String> {
        let rows = page["data"].as_array().unwrap().iter();
        rows.map(|row| row["sku"].as_str().unwrap().to_owned()).collect()
    };
    let mut seen = [ids(&page), ids(&second)].concat();
    seen.sort();
    assert_eq!(seen, ["A", "B", "C"]);
    let foreign = format!("/v1/products?category=kitchen&cursor={cursor}");
    get(&shop.router, &foreign).await.problem(400, "invalid_cursor");
    get(&shop.router, "/v1/products?limit=0").await.problem(422, "validation_failed");
}
