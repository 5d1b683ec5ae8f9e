//! Sums and numbers of pieces that are none: refused where they stand, and nothing wraps.

use serde_json::json;

use super::assert_right;
use crate::api::shop::Shop;

#[tokio::test]
async fn sums_that_overflow_and_pieces_that_are_none_are_refused_with_a_pointer() {
    let shop = Shop::open().await;
    let (admin, ada) = (shop.staff("admin").await, shop.customer("ada").await);
    let dear = shop.product("DEAR", 5000).await.id.to_string();
    let price = json!({ "unitAmount": 99_999_999_999_i64 });
    assert_eq!(admin.patch(&format!("/v1/products/{dear}"), &price).await.status, 200);

    let line = |pieces: i64| json!({ "productId": dear, "quantity": pieces });
    for items in [json!([line(2)]), json!([line(1000)]), json!([line(1), line(1)])] {
        let refused = ada.post("/v1/orders", &items.to_string(), &json!({ "items": items })).await;
        let problem = refused.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/items", "{items}");
    }
    for pieces in
        ["0", "-1", "1.5", "\"1\"", "1e3", "1001", "9007199254740993", "9223372036854775808"]
    {
        let body = format!(r#"{{"items":[{{"productId":"{dear}","quantity":{pieces}}}]}}"#);
        let refused = ada.post_with("/v1/orders", &[("idempotency-key", b"k")], &body).await;
        let problem = refused.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/items/0/quantity", "{pieces}");
    }
    assert_eq!(shop.count("SELECT count(*) FROM orders").await, 0);
    assert_eq!(shop.count("SELECT available FROM stock").await, 5000);
    let most = ada.post("/v1/orders", "k", &json!({ "items": [line(1)] })).await;
    assert_eq!(most.json()["totalAmount"], 99_999_999_999_i64, "{}", most.text);
    assert_right(&shop).await;
}
