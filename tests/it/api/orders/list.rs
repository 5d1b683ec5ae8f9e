//! `GET /v1/orders`: each order once, only one's own, and only those asked for.

use serde_json::{Value, json};
use time::Duration;

use crate::api::shop::{Actor, Shop};

async fn ids(actor: &Actor, path: &str) -> Vec<Value> {
    let page = actor.get(path).await;
    assert_eq!(page.status, 200, "{}", page.text);
    page.json()["data"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect()
}

/// Four orders at noon and one, two and three seconds later, as they are listed.
async fn four_orders(shop: &Shop, actor: &Actor) -> Vec<Value> {
    let mug = shop.product("MUG", 100).await;
    let mut made = Vec::new();
    for quantity in 1..=4 {
        made.push(actor.order(&mug, quantity).await["id"].clone());
        shop.test.clock.advance(Duration::seconds(1));
    }
    made.reverse();
    made
}

#[tokio::test]
async fn pages_show_the_callers_orders_once_newest_first_also_while_new_ones_come() {
    let shop = Shop::open().await;
    let (ada, eve) = (shop.customer("ada").await, shop.customer("eve").await);
    let made = four_orders(&shop, &ada).await;
    let tea = shop.product("TEA", 100).await;
    let foreign = eve.order(&tea, 1).await["id"].clone();
    let mut seen = Vec::new();
    let mut path = "/v1/orders?limit=2".to_owned();
    loop {
        let page = ada.get(&path).await;
        seen.extend(page.json()["data"].as_array().unwrap().iter().map(|row| row["id"].clone()));
        let Some(cursor) = page.json()["nextCursor"].as_str().map(str::to_owned) else { break };
        path = format!("/v1/orders?limit=2&cursor={cursor}");
        assert_eq!(page.header("link"), format!("<{path}>; rel=\"next\""));
        eve.get(&path).await.problem(400, "invalid_cursor");
        ada.order(&tea, i64::try_from(seen.len()).unwrap()).await;
    }
    assert_eq!(seen, made);
    assert_eq!(ids(&eve, "/v1/orders").await, std::slice::from_ref(&foreign));
    let all = ids(&shop.staff("support").await, "/v1/orders").await;
    assert!(all.len() > made.len() && all.contains(&foreign));
}

#[tokio::test]
async fn filters_by_status_and_time_leave_the_others_out() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    let made = four_orders(&shop, &ada).await;
    let cancel = format!("/v1/orders/{}/cancel", made[0].as_str().unwrap());
    assert_eq!(ada.post(&cancel, "k", &json!({})).await.status, 200);
    let of = async |query: &str| ids(&ada, &format!("/v1/orders?{query}")).await;
    assert_eq!(of("status=cancelled").await, made[..1]);
    assert_eq!(of("status=pending").await, made[1..]);
    assert_eq!(of("createdAfter=2026-03-02T12:00:02Z").await, made[..2]);
    assert_eq!(of("createdBefore=2026-03-02T12:00:02Z").await, made[2..]);
    let between = "createdAfter=2026-03-02T20:00:01%2B08:00&createdBefore=2026-03-02T12:00:03Z";
    assert_eq!(of(between).await, made[1..3]);
    assert!(of("createdAfter=2126-01-01T00:00:00Z").await.is_empty());
    let first = ada.get("/v1/orders?limit=1&createdAfter=2026-03-02T12:00:00Z").await.json();
    let cursor = first["nextCursor"].as_str().unwrap();
    let shifted = format!("/v1/orders?limit=1&createdAfter=2026-03-02T12:00:01Z&cursor={cursor}");
    ada.get(&shifted).await.problem(400, "invalid_cursor");
}

#[tokio::test]
async fn what_is_no_filter_is_refused() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    for query in [
        "status=Paid",
        "status=",
        "createdAfter=yesterday",
        "createdAfter=2026-03-02",
        "createdBefore=2026-02-30T00:00:00Z",
        "createdBefore=1e9",
        "createdAfter=9999-12-31T23:59:59-23:59",
        "limit=0",
        "limit=1e9",
    ] {
        let problem = ada.get(&format!("/v1/orders?{query}")).await;
        problem.problem(422, "validation_failed");
    }
    ada.get("/v1/orders?created_after=x").await.problem(422, "unknown_field");
}
