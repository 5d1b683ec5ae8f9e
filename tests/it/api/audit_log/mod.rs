//! The audit log: what is written of a change, what never is, who may read it, and that nobody changes it.

mod entries;
mod kept;
mod list;
mod personal;
mod refused;

use serde_json::Value;
use time::Duration;

use super::shop::{Actor, Shop};

const LOG: &str = "/v1/audit-log";

/// A shop in which one thing is done after the other, so that the newest entry is the last.
async fn open() -> Shop {
    let shop = Shop::open().await;
    shop.test.clock.tick(Duration::microseconds(1));
    shop
}

/// What an administrator is shown, the newest first.
async fn log(admin: &Actor, query: &str) -> Vec<Value> {
    let answered = admin.get(&format!("{LOG}{query}")).await;
    assert_eq!(answered.status, 200, "{}", answered.text);
    answered.json()["data"].as_array().unwrap().clone()
}

/// The newest entry.
async fn newest(admin: &Actor) -> Value {
    log(admin, "?limit=1").await.remove(0)
}

/// How many entries there are.
async fn size(shop: &Shop) -> i64 {
    shop.count("SELECT count(*) FROM audit_log").await
}

/// Everything that is kept of everybody, as text.
async fn whole(shop: &Shop) -> String {
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT l::text || coalesce(o::text, '') FROM audit_log l LEFT JOIN audit_origins o ON o.entry_id = l.id",
    )
    .fetch_all(&*shop.test.services.pool)
    .await
    .unwrap();
    rows.join("\n")
}
