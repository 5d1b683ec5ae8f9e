//! An order's time is over at the instant at which it is paid: one of the two wins, and the stock is counted once.

use std::sync::Arc;

use till::domain::order::UNPAID_ORDER_LIVES;
use till::service::orders::expire_due;

use super::assert_right;
use crate::api::shop::{Shop, all_of};

const ROUNDS: i64 = 30;

#[tokio::test(flavor = "multi_thread")]
async fn of_expiry_and_payment_at_one_instant_one_wins_and_the_stock_is_counted_once() {
    let shop = Arc::new(Shop::open().await);
    let ada = shop.customer("ada").await;
    let goods = shop.product("MUG", ROUNDS).await;
    let mut paid = 0;
    for round in 0..ROUNDS {
        let wish = serde_json::json!({
            "items": [{ "productId": goods.id.to_string(), "quantity": 1 }],
        });
        // By the clock of the test its token is too old by now.
        let ada = shop.sign_in(ada.id, "ada@example.com").await;
        let order = ada.post("/v1/orders", &format!("o{round}"), &wish).await.json();
        shop.test.clock.advance(UNPAID_ORDER_LIVES);
        let ada = shop.sign_in(ada.id, "ada@example.com").await;
        let ends = {
            let shop = Arc::clone(&shop);
            tokio::spawn(async move {
                expire_due(&shop.test.services, &shop.test.cause(), 10).await.unwrap()
            })
        };
        let answered = ada.pay(&format!("k{round}"), &all_of(&order, "pm_ok")).await;
        let expired = ends.await.unwrap();
        let place = format!("/v1/orders/{}", order["id"].as_str().unwrap());
        let end = ada.get(&place).await.json()["status"].clone();
        match (answered.status.as_u16(), expired) {
            (201, 0) => {
                assert_eq!(end, "paid");
                paid += 1;
            }
            (409, 1) => {
                let refused = answered.problem(409, "order_not_payable");
                assert_eq!(
                    (&refused["currentStatus"], &end),
                    (&"expired".into(), &"expired".into())
                );
            }
            other => unreachable!("{other:?}: {}", answered.text),
        }
        assert_eq!(shop.count("SELECT available FROM stock").await, ROUNDS - paid);
    }
    assert_eq!(i64::try_from(shop.sandbox.record().await.len()).unwrap(), paid);
    assert_right(&shop).await;
}
