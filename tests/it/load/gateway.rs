//! The payment gateway hangs: payments say so at once after a while, and nothing else notices.

use futures_util::future::join_all;
use serde_json::json;

use crate::api::shop::Shop;
use crate::api::support::get;

#[tokio::test]
async fn l11_a_gateway_that_hangs_holds_up_nothing_else_and_is_found_again() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let body = json!({ "amount": 100, "currency": "MYR", "paymentMethod": "pm_ok" });
    shop.sandbox.put_faults(json!({ "hangRate": 1.0 })).await;
    let keys: Vec<_> = (0..20).map(|nth| format!("k{nth}")).collect();
    let paying = join_all(keys.iter().map(|key| ada.pay(key, &body)));
    let elsewhere = async {
        for path in ["/v1/users/me", "/v1/orders", "/v1/payments"] {
            assert_eq!(ada.get(path).await.status, 200, "{path}");
        }
        assert_eq!(get(&shop.router, "/v1/products").await.status, 200);
    };
    let (paid, ()) = tokio::join!(paying, elsewhere);
    assert!(paid.iter().all(|answered| answered.status == 202));
    for nth in 0..5 {
        ada.pay(&format!("late-{nth}"), &body).await.problem(503, "payment_gateway_unavailable");
    }
    // Nothing of a refused one was written down.
    assert_eq!(shop.count("SELECT count(*) FROM payments").await, 20);
    shop.sandbox.put_faults(json!({})).await;
    shop.test.clock.advance(time::Duration::seconds(10));
    for nth in 0..5 {
        assert_eq!(ada.pay(&format!("late-{nth}"), &body).await.status, 201);
    }
}
