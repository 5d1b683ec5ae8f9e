//! `POST /v1/api-keys`: nobody gives a key more than they hold, and its secret is shown once.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{ask, make, orders};
use crate::api::shop::Shop;

#[tokio::test]
async fn a_key_acts_in_its_owners_name_with_the_scopes_it_was_made_for_and_no_others() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let key = make(&ada, &["orders:read", "orders:write"]).await;
    assert!(key.secret.len() == 69 && key.secret.starts_with("till_"));
    let order = key.program.order(&shop.product("MUG", 5).await, 1).await;
    assert_eq!(order["customerId"], ada.id.to_string());
    assert_eq!(orders(&key.program).await.json()["data"][0]["id"], order["id"]);
    key.program.get("/v1/payments").await.problem(403, "insufficient_scope");
}

#[tokio::test]
async fn a_request_is_one_for_its_key_whether_a_person_or_their_program_repeats_it() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let key = make(&ada, &["orders:write"]).await;
    let mug = shop.product("MUG", 5).await;
    let wish = json!({ "items": [{ "productId": mug.id.to_string(), "quantity": 1 }] });
    let first = key.program.post("/v1/orders", "once", &wish).await;
    let again = ada.post("/v1/orders", "once", &wish).await;
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (201, "true"));
    assert_eq!(again.text, first.text);
}

#[tokio::test]
async fn the_secret_is_in_the_answer_that_made_it_and_nowhere_else() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let wish = json!({ "name": "Books", "scopes": ["orders:read"] });
    let answered = ask(&ada, &wish).await;
    assert_eq!(answered.header("cache-control"), "no-store");
    let body = answered.json();
    let (id, secret) = (body["id"].as_str().unwrap(), body["secret"].as_str().unwrap());
    assert_eq!(answered.header("location"), format!("/v1/api-keys/{id}"));
    assert!(secret.ends_with(body["hint"].as_str().unwrap()));
    let shown = ada.get(&format!("/v1/api-keys/{id}")).await;
    let mut expected = body.clone();
    expected.as_object_mut().unwrap().remove("secret");
    assert_eq!(shown.json(), expected);
    assert_eq!(ada.get("/v1/api-keys").await.json()["data"], json!([expected]));

    let row: String = sqlx::query_scalar("SELECT row_to_json(k)::text FROM api_keys k")
        .fetch_one(&*shop.test.services.pool)
        .await
        .unwrap();
    let plain: String = Sha256::digest(secret).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!row.contains(secret) && !row.contains(&plain), "a hash without a key: {row}");
    assert!(!row.contains(secret.get(5..40).unwrap()), "{row}");
}

#[tokio::test]
async fn nobody_gives_a_key_more_than_they_hold() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let wish = |scopes: Value| json!({ "name": "A program", "scopes": scopes });
    let refused = ask(&ada, &wish(json!(["orders:read", "refunds:write"]))).await;
    refused.problem(403, "insufficient_scope");
    assert!(refused.header("www-authenticate").ends_with("scope=\"refunds:write\""));
    let premium = json!({ "name": "Fast", "scopes": ["orders:read"], "tier": "premium" });
    ask(&ada, &premium).await.problem(403, "forbidden");
    let admin = shop.staff("admin").await;
    assert_eq!(ask(&admin, &premium).await.json()["tier"], "premium");
    assert_eq!(shop.count("SELECT count(*) FROM api_keys").await, 1);
}

#[tokio::test]
async fn a_wish_that_makes_no_sense_is_refused_with_a_pointer() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let yesterday = "2026-03-01T12:00:00Z";
    for (wish, pointer, code) in [
        (json!({ "name": "", "scopes": ["orders:read"] }), "/name", "too_short"),
        (json!({ "name": "A", "scopes": [] }), "/scopes", "too_short"),
        (json!({ "name": "A", "scopes": ["orders:all"] }), "/scopes/0", "unknown_scope"),
        (
            json!({ "name": "A", "scopes": ["orders:read", "keys:manage"] }),
            "/scopes/1",
            "not_for_keys",
        ),
        (
            json!({ "name": "A", "scopes": ["orders:read"], "tier": "gold" }),
            "/tier",
            "invalid_value",
        ),
        (
            json!({ "name": "A", "scopes": ["orders:read"], "expiresAt": yesterday }),
            "/expiresAt",
            "out_of_range",
        ),
    ] {
        let problem = ask(&ada, &wish).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{wish}");
        assert_eq!(problem["errors"][0]["code"], code, "{wish}");
    }
}

#[tokio::test]
async fn an_owner_has_thirty_two_keys_at_most_also_when_two_are_made_at_once() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    for _ in 0..31 {
        make(&ada, &["orders:read"]).await;
    }
    let wish = json!({ "name": "The last", "scopes": ["orders:read"] });
    let (one, other) = tokio::join!(ask(&ada, &wish), ask(&ada, &wish));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    ask(&ada, &wish).await.problem(409, "too_many_api_keys");
    let eve = shop.customer("eve").await;
    make(&eve, &["orders:read"]).await;
}
