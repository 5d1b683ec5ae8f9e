//! `GET /v1/payments`: each payment once, only one's own, and only those asked for.

use std::slice::from_ref;

use serde_json::{Value, json};

use crate::api::shop::{Actor, Shop, all_of};

async fn ids(actor: &Actor, path: &str) -> Vec<Value> {
    let page = actor.get(path).await;
    assert_eq!(page.status, 200, "{}", page.text);
    page.json()["data"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect()
}

#[tokio::test]
async fn pages_show_the_callers_payments_once_newest_first() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let body = json!({ "amount": 100, "currency": "MYR", "paymentMethod": "pm_ok" });
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(ada.pay(&format!("k{number}"), &body).await.json()["id"].clone());
        shop.test.clock.advance(time::Duration::seconds(1));
    }
    made.reverse();
    let foreign = eve.pay("k", &body).await.json()["id"].clone();

    let mut seen = Vec::new();
    let mut path = "/v1/payments?limit=2".to_owned();
    loop {
        seen.extend(ids(&ada, &path).await);
        let page = ada.get(&path).await;
        let Some(cursor) = page.json()["nextCursor"].as_str().map(str::to_owned) else { break };
        path = format!("/v1/payments?limit=2&cursor={cursor}");
        assert_eq!(page.header("link"), format!("<{path}>; rel=\"next\""));
        eve.get(&path).await.problem(400, "invalid_cursor");
    }
    assert_eq!(seen, made);
    assert_eq!(ids(&eve, "/v1/payments").await, from_ref(&foreign));
    let all = ids(&shop.staff("support").await, "/v1/payments").await;
    assert_eq!(all.len(), 6);
    assert!(all.contains(&foreign));
}

#[tokio::test]
async fn filters_by_order_and_status_leave_the_others_out() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let order = ada.order(&shop.product("MUG", 5).await, 1).await;
    let failed =
        ada.pay("k1", &all_of(&order, "pm_declined")).await.json()["payment"]["id"].clone();
    let paid = ada.pay("k2", &all_of(&order, "pm_ok")).await.json()["id"].clone();
    let alone = json!({ "amount": 100, "currency": "MYR", "paymentMethod": "pm_ok" });
    ada.pay("k3", &alone).await;

    let of_order = format!("/v1/payments?orderId={}", order["id"].as_str().unwrap());
    let both = ids(&ada, &of_order).await;
    assert!(both.len() == 2 && both.contains(&failed) && both.contains(&paid), "{both:?}");
    assert_eq!(ids(&ada, &format!("{of_order}&status=succeeded")).await, [paid]);
    assert_eq!(ids(&ada, "/v1/payments?status=failed").await, [failed]);
    assert!(ids(&ada, "/v1/payments?status=canceled").await.is_empty());
    for query in ["status=paid", "orderId=1", "limit=0", "limit=101", "limit=1e9"] {
        let problem = ada.get(&format!("/v1/payments?{query}")).await;
        problem.problem(422, "validation_failed");
    }
    ada.get("/v1/payments?order_id=1").await.problem(422, "unknown_field");
}
