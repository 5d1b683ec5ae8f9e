//! `GET /v1/payments/{id}`: shown to its customer and to staff, and to nobody else.

use serde_json::json;

use crate::api::shop::Shop;
use crate::api::support::get;

#[tokio::test]
async fn a_payment_is_there_for_its_customer_and_staff_and_for_nobody_else() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let support = shop.staff("support").await;
    let body = json!({ "amount": 100, "currency": "MYR", "paymentMethod": "pm_ok" });
    let paid = ada.pay("k", &body).await;
    let place = paid.header("location");

    assert_eq!(ada.get(place).await.json(), paid.json());
    assert_eq!(support.get(place).await.json(), paid.json());
    let hidden = eve.get(place).await.problem(404, "not_found");
    let absent = eve.get("/v1/payments/01890a5d-ac96-774b-bcce-b302099ab002").await;
    assert_eq!(absent.problem(404, "not_found")["detail"], hidden["detail"]);
    eve.get(&place.to_uppercase().replace("/V1/PAYMENTS", "/v1/payments"))
        .await
        .problem(404, "not_found");
    eve.get("/v1/payments/1").await.problem(404, "not_found");
    get(&shop.router, place).await.problem(401, "unauthenticated");
}
