//! `GET /v1/products/{id}/recommendations`: what was paid for together, the most frequent first.

use serde_json::{Value, json};
use till::domain::product::Product;

use super::{get_if_none_match, is_public};
use crate::api::shop::{Actor, Shop, all_of};
use crate::api::support::get;

async fn buy(actor: &Actor, key: &str, products: &[&Product]) -> Value {
    let line = |product: &&Product| json!({ "productId": product.id.to_string(), "quantity": 1 });
    let items: Vec<_> = products.iter().map(line).collect();
    let placed = actor.post("/v1/orders", key, &json!({ "items": items })).await;
    assert_eq!(placed.status, 201, "{}", placed.text);
    placed.json()
}

async fn buy_and_pay(actor: &Actor, key: &str, products: &[&Product]) {
    let order = buy(actor, key, products).await;
    let paid = actor.pay(&format!("pay-{key}"), &all_of(&order, "pm_ok")).await;
    assert_eq!(paid.status, 201, "{}", paid.text);
}

fn skus(body: &Value) -> Vec<Value> {
    body["data"].as_array().unwrap().iter().map(|product| product["sku"].clone()).collect()
}

#[tokio::test]
async fn what_was_paid_for_together_is_recommended_the_most_frequent_first() {
    let shop = Shop::open().await;
    let (admin, ada) = (shop.staff("admin").await, shop.customer("ada").await);
    let (mug, tea) = (shop.product("MUG", 9).await, shop.product("TEA", 9).await);
    let (pot, spoon) = (shop.product("POT", 9).await, shop.product("SPOON", 9).await);
    buy_and_pay(&ada, "1", &[&mug, &pot]).await;
    buy_and_pay(&ada, "2", &[&mug, &tea, &pot]).await;
    buy_and_pay(&ada, "3", &[&tea, &spoon]).await;
    buy(&ada, "unpaid", &[&mug, &spoon]).await;

    let place = format!("/v1/products/{}/recommendations", mug.id);
    let listed = get(&shop.router, &place).await;
    assert_eq!(
        (listed.status.as_u16(), skus(&listed.json())),
        (200, vec![json!("POT"), json!("TEA")])
    );
    is_public(&listed);
    let tag = listed.header("etag");
    assert_eq!(get_if_none_match(&shop, &place, tag).await.status, 304);
    admin.delete(&format!("/v1/products/{}", pot.id)).await;
    assert_eq!(skus(&get_if_none_match(&shop, &place, tag).await.json()), ["TEA"]);
}

#[tokio::test]
async fn a_product_that_is_not_for_sale_recommends_nothing() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let mug = shop.product("MUG", 9).await;
    let place = format!("/v1/products/{}/recommendations", mug.id);
    assert_eq!(get(&shop.router, &place).await.json(), json!({ "data": [] }));
    admin.delete(&format!("/v1/products/{}", mug.id)).await;
    get(&shop.router, &place).await.problem(404, "not_found");
}
