//! `PATCH /v1/products/{id}`: what is absent stays, and nobody overwrites what they have not seen.

use serde_json::json;

use crate::api::shop::Shop;
use crate::api::support::get;

#[tokio::test]
async fn what_is_absent_stays_and_orders_keep_their_price() {
    let shop = Shop::open().await;
    let (admin, ada) = (shop.staff("admin").await, shop.customer("ada").await);
    let mug = shop.product("MUG", 5).await;
    let order = ada.order(&mug, 1).await;
    let place = format!("/v1/products/{}", mug.id);
    let before = get(&shop.router, &place).await;
    let changed = admin.patch(&place, &json!({ "unitAmount": 2990, "name": "Big mug" })).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let mut expected = before.json();
    (expected["unitAmount"], expected["name"]) = (json!(2990), json!("Big mug"));
    expected["updatedAt"] = changed.json()["updatedAt"].clone();
    assert_eq!(changed.json(), expected);
    let after = get(&shop.router, &place).await;
    assert_eq!((after.json(), after.header("etag")), (changed.json(), changed.header("etag")));
    assert_ne!(after.header("etag"), before.header("etag"));
    let order_now = ada.get(&format!("/v1/orders/{}", order["id"].as_str().unwrap())).await;
    assert_eq!(order_now.json()["items"][0]["unitAmount"], 1990);
}

#[tokio::test]
async fn of_two_changes_from_one_tag_the_second_is_refused() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let place = format!("/v1/products/{}", shop.product("MUG", 5).await.id);
    let tag = get(&shop.router, &place).await.header("etag").to_owned();
    let (one, two) = (json!({ "name": "One" }), json!({ "name": "Two" }));
    let (first, second) =
        tokio::join!(admin.patch_if(&place, &tag, &one), admin.patch_if(&place, &tag, &two));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    // A client that sends a bad body learns of that; one that may not change anything learns of that first.
    let eve = shop.customer("eve").await;
    eve.patch_if(&place, &tag, &one).await.problem(403, "insufficient_scope");
    let bad = admin.patch_if(&place, &tag, &json!({ "name": "" })).await;
    bad.problem(422, "validation_failed");
}

#[tokio::test]
async fn a_new_currency_needs_a_new_amount_and_nothing_can_be_null() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    let place = format!("/v1/products/{}", shop.product("MUG", 5).await.id);
    let refused = [
        (json!({ "currency": "JPY" }), "/unitAmount"),
        (json!({ "name": null }), "/name"),
        (json!({ "active": "no" }), "/active"),
        (json!({ "unitAmount": 1.5 }), "/unitAmount"),
    ];
    for (body, pointer) in refused {
        let problem = admin.patch(&place, &body).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
    admin.patch(&place, &json!({ "sku": "OTHER" })).await.problem(422, "unknown_field");
    let both = admin.patch(&place, &json!({ "currency": "JPY", "unitAmount": 600 })).await.json();
    assert_eq!(json!([both["currency"], both["unitAmount"]]), json!(["JPY", 600]));
    let absent = "/v1/products/01890a5d-ac96-774b-bcce-b302099a9001";
    admin.patch(absent, &json!({})).await.problem(404, "not_found");
}
