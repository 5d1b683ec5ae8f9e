//! A report whose workers are killed on the way, by processes of their own: the one that lives makes it whole.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::processes::Deployment;

/// As many as take a worker a second or two.
const ORDERS: i64 = 60_000;

async fn insert_orders(shop: &Deployment, customer: Uuid) {
    sqlx::query(
        "INSERT INTO orders (id, customer_id, status, currency, total_amount, metadata, expires_at, created_at,
                             updated_at)
         SELECT gen_random_uuid(), $1, 'cancelled', 'MYR', number, '{}', at, at, at
         FROM generate_series(1, $2) AS number, LATERAL (SELECT now() - number * interval '1 second' AS at) AS times",
    )
    .bind(customer)
    .bind(ORDERS)
    .execute(&shop.pool)
    .await
    .unwrap();
}

/// Waits until another worker than the last one is on its way; its lease.
async fn on_its_way(shop: &Deployment, before: Option<Uuid>) -> Uuid {
    let mut looks = tokio::time::interval(Duration::from_millis(2));
    loop {
        looks.tick().await;
        let found: Option<Uuid> = sqlx::query_scalar(
            "SELECT lease_token FROM jobs
             WHERE status = 'processing' AND rows_done BETWEEN 1 AND $1 - 1 AND lease_token IS DISTINCT FROM $2",
        )
        .bind(ORDERS)
        .bind(before)
        .fetch_optional(&shop.pool)
        .await
        .unwrap();
        if let Some(token) = found {
            return token;
        }
        let over: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT FROM jobs WHERE status = 'complete')")
                .fetch_one(&shop.pool)
                .await
                .unwrap();
        assert!(!over, "it was complete before its worker could be killed");
    }
}

#[tokio::test]
async fn a_report_whose_worker_is_killed_twice_is_complete_and_exact() {
    let shop = Deployment::up().await;
    let mut api = shop.api().await;
    api.ready().await;
    let token = api.customer("ada").await;
    let me: Value = api.get("/v1/users/me", &token).await.unwrap().json().await.unwrap();
    let ada: Uuid = me["id"].as_str().unwrap().parse().unwrap();
    insert_orders(&shop, ada).await;
    let day = |days: i64| {
        let now = till::domain::ambient::Ambient::system().now();
        till::domain::utc::Utc(now + time::Duration::days(days)).to_string()
    };
    let wish = json!({ "kind": "orders", "format": "csv", "from": day(-30), "to": day(1) });
    let asked = api.post_keyed("/v1/reports/generate", &token, "k", &wish).await.unwrap();
    assert_eq!(asked.status(), 202);
    let asked: Value = asked.json().await.unwrap();
    let id = asked["jobId"].as_str().unwrap();

    let mut lease = None;
    for _death in 0..2 {
        let doomed = shop.worker().await;
        lease = Some(on_its_way(&shop, lease).await);
        doomed.kill().await;
        // A minute passes.
        let lapse = "UPDATE jobs SET due_at = now() - interval '1 second' WHERE lease_token = $1";
        let lapsed = sqlx::query(lapse).bind(lease).execute(&shop.pool).await.unwrap();
        assert_eq!(lapsed.rows_affected(), 1, "it was killed on its way");
    }
    let mut heir = shop.worker().await;
    heir.ready().await;
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    loop {
        let status = format!("/v1/reports/{id}/status");
        let report: Value = api.get(&status, &token).await.unwrap().json().await.unwrap();
        assert_ne!(report["status"], "failed", "{report}");
        if report["status"] == "complete" {
            assert_eq!(report["rows"], ORDERS);
            break;
        }
        looks.tick().await;
    }
    let file = api.get(&format!("/v1/reports/{id}/download"), &token).await.unwrap();
    let written = file.text().await.unwrap();
    let expected: Vec<String> = sqlx::query_scalar(
        "SELECT concat_ws(',', id, customer_id, status, currency, total_amount, 0, 0, at, at)
         FROM orders, LATERAL (SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') AS at) AS t
         WHERE customer_id = $1 ORDER BY created_at, id",
    )
    .bind(ada)
    .fetch_all(&shop.pool)
    .await
    .unwrap();
    assert_eq!(written.lines().count(), expected.len() + 1);
    assert!(written.lines().skip(1).eq(&expected), "the rows are not those of the database");
    let told = "SELECT count(*) FROM outbox WHERE topic = 'report.completed'";
    let told: i64 = sqlx::query_scalar(told).fetch_one(&shop.pool).await.unwrap();
    assert_eq!(told, 1);
    heir.terminate().await;
    assert!(heir.ended().await.success());
}
