//! `GET /v1/users`: everybody once, by cursor or by the number of the page, for administrators.

use serde_json::{Value, json};

use crate::api::shop::{Actor, Shop};
use crate::support::factories::customer;

async fn page(actor: &Actor, path: &str) -> (Vec<Value>, Value, String) {
    let answered = actor.get(path).await;
    assert_eq!(answered.status, 200, "{}", answered.text);
    let body = answered.json();
    let ids = body["data"].as_array().unwrap().iter().map(|user| user["id"].clone()).collect();
    (ids, body, answered.header("link").to_owned())
}

/// A shop with an administrator and six customers, and all ids as the whole list shows them.
async fn with_seven() -> (Shop, Actor, Vec<Value>) {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    for _ in 0..6 {
        customer(&shop.test).await;
    }
    let (all, body, link) = page(&admin, "/v1/users").await;
    assert_eq!((all.len(), &body["nextCursor"], link.as_str()), (7, &Value::Null, ""));
    assert_eq!(body.get("totalCount"), None);
    (shop, admin, all)
}

#[tokio::test]
async fn following_the_cursor_visits_everybody_once() {
    let (_shop, admin, all) = with_seven().await;
    let mut seen = Vec::new();
    let mut path = "/v1/users?limit=3".to_owned();
    loop {
        let (ids, body, link) = page(&admin, &path).await;
        seen.extend(ids);
        let Some(cursor) = body["nextCursor"].as_str() else { break };
        path = format!("/v1/users?limit=3&cursor={cursor}");
        assert_eq!(link, format!("<{path}>; rel=\"next\""));
    }
    assert_eq!(seen, all);
}

#[tokio::test]
async fn numbered_pages_show_everybody_once_and_say_how_many_there_are() {
    let (_shop, admin, all) = with_seven().await;
    let mut seen = Vec::new();
    for number in 1..=3 {
        let (ids, body, link) = page(&admin, &format!("/v1/users?page={number}&limit=3")).await;
        seen.extend(ids);
        let numbers = json!([body["page"], body["totalPages"], body["totalCount"]]);
        assert_eq!(numbers, json!([number, 3, 7]));
        let next = format!("</v1/users?limit=3&page={}>; rel=\"next\"", number + 1);
        assert_eq!(link, if number < 3 { next } else { String::new() });
    }
    assert_eq!(seen, all);
    let (beyond, body, _) = page(&admin, "/v1/users?page=4&limit=3").await;
    assert!(beyond.is_empty() && body["nextCursor"].is_null());
}

#[tokio::test]
async fn a_page_that_would_read_half_the_table_is_refused() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    for query in ["page=0", "page=-1", "page=501", "page=1e9", "limit=101", "page=1&limit=0"] {
        let answered = admin.get(&format!("/v1/users?{query}")).await;
        answered.problem(422, "validation_failed");
    }
    let both = admin.get("/v1/users?page=1&cursor=x").await.problem(422, "validation_failed");
    assert_eq!(both["errors"][0]["pointer"], "/cursor");
    admin.get("/v1/users?cursor=x").await.problem(400, "invalid_cursor");
    assert_eq!(admin.get("/v1/users?page=500").await.status, 200);
}
