//! `POST /v1/products`: a SKU is taken once, and a key creates one product.

use serde_json::{Value, json};

use crate::api::shop::Shop;
use crate::api::support::get;

fn mug() -> Value {
    json!({ "sku": "MUG-350", "name": "Mug", "category": "kitchen", "unitAmount": 4900, "currency": "MYR" })
}

#[tokio::test]
async fn the_location_of_a_new_product_answers_everybody() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let created = admin.post("/v1/products", "k", &mug()).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let place = created.header("location");
    assert_eq!(get(&shop.router, place).await.json(), created.json());
    let stock = get(&shop.router, &format!("{place}/inventory")).await;
    assert_eq!(stock.json()["available"], 0);

    let again = admin.post("/v1/products", "k", &mug()).await;
    assert_eq!((again.status, &again.text), (created.status, &created.text));
    assert_eq!(again.header("idempotency-replayed"), "true");
}

#[tokio::test]
async fn a_sku_is_taken_once_and_the_refusal_is_remembered_with_its_request_id() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    assert_eq!(admin.post("/v1/products", "k1", &mug()).await.status, 201);
    let refused = admin.post("/v1/products", "k2", &mug()).await;
    refused.problem(409, "sku_taken");
    let again = admin.post("/v1/products", "k2", &mug()).await;
    assert_eq!((again.status, &again.text), (refused.status, &refused.text));
    assert_ne!(again.header("x-request-id"), refused.header("x-request-id"));
    // Without a key every try stands for itself.
    let bare = admin.post_with("/v1/products", &[], &mug().to_string()).await;
    bare.problem(409, "sku_taken");
}

#[tokio::test]
async fn amounts_that_are_no_whole_minor_units_are_refused_with_a_pointer() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let amounts =
        ["0", "-1", "1.5", "\"100\"", "1e3", "100000000000", "9223372036854775808", "null"];
    for amount in amounts {
        let body = mug().to_string().replace("4900", amount);
        let problem = admin.post_with("/v1/products", &[], &body).await;
        let problem = problem.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/unitAmount", "{amount}");
    }
    let unknown = mug().to_string().replace("MYR", "XYZ");
    let problem = admin.post_with("/v1/products", &[], &unknown).await;
    assert_eq!(problem.problem(422, "validation_failed")["errors"][0]["pointer"], "/currency");
}
