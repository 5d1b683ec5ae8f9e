//! `GET /v1/orders/{id}`: shown to its customer and to staff, and to nobody else.

use crate::api::shop::Shop;

#[tokio::test]
async fn an_order_is_there_for_its_customer_and_staff_and_for_nobody_else() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let support = shop.staff("support").await;
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let place = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    let own = ada.get(&place).await;
    assert_eq!((own.json(), own.header("cache-control")), (order.clone(), "no-store"));
    assert_eq!(support.get(&place).await.json(), order);
    let hidden = eve.get(&place).await.problem(404, "not_found");
    let absent = eve.get("/v1/orders/01890a5d-ac96-774b-bcce-b302099aa002").await;
    assert_eq!(absent.problem(404, "not_found")["detail"], hidden["detail"]);
    ada.get(&place.to_uppercase().replace("/V1/ORDERS", "/v1/orders"))
        .await
        .problem(404, "not_found");
}
