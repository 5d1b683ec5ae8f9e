//! A program whose parts are not there yet says so once, waits for what it needs, and goes on without the rest.

use serde_json::json;

use crate::support::processes::Deployment;

#[tokio::test]
async fn api_and_worker_wait_for_a_database_that_refuses_them_and_say_so_once() {
    let shop = Deployment::down().await;
    shop.redis.open().await;
    shop.rabbit.line.open().await;
    for program in ["api", "worker"] {
        // One after the other: the second one must not find the line that was opened for the first.
        let mut process = if program == "api" { shop.api().await } else { shop.worker().await };
        let line = process.said("waiting_for").await;
        assert!(line.contains("postgres") && line.contains("refused"), "{line}");
        assert_eq!(process.readiness(503).await["code"], "dependency_unavailable");
        shop.postgres.open().await;
        process.ready().await;
        assert_eq!(process.count_said("waiting_for"), 1);
        process.terminate().await;
        assert!(process.ended().await.success());
        shop.postgres.cut().await;
    }
}

#[tokio::test]
async fn api_and_worker_wait_for_migrations_and_make_none() {
    let shop = Deployment::up().await;
    let last = "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations) RETURNING version, description, success, checksum, execution_time";
    let (version, description, success, checksum, time): (i64, String, bool, Vec<u8>, i64) =
        sqlx::query_as(last).fetch_one(&shop.pool).await.unwrap();
    let mut processes = [shop.api().await, shop.worker().await];
    for process in &mut processes {
        let line = process.said("waiting_for").await;
        assert!(line.contains("till migrate"), "{line}");
        process.readiness(503).await;
    }
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(version)
    .bind(description)
    .bind(success)
    .bind(checksum)
    .bind(time)
    .execute(&shop.pool)
    .await
    .unwrap();
    for process in &mut processes {
        process.ready().await;
    }
}

#[tokio::test]
async fn api_and_worker_start_without_redis_and_broker_say_so_and_use_them_once_they_are_there() {
    let shop = Deployment::down().await;
    shop.postgres.open().await;
    let (mut api, mut worker) = (shop.api().await, shop.worker().await);
    for process in [&mut api, &mut worker] {
        let line = process.said("going on without").await;
        assert!(line.contains("redis (") && line.contains("rabbitmq ("), "{line}");
        let answer = process.readiness(200).await;
        assert_eq!(answer["status"], "degraded", "{answer}");
        assert_eq!(process.count_said("going on without"), 1);
    }
    api.customer("ada").await;
    assert_eq!(shop.sink.arrived().len(), 0);
    shop.redis.open().await;
    shop.rabbit.line.open().await;
    assert_eq!(shop.sink.wait_for(1).await.len(), 1);
    for process in [&mut api, &mut worker] {
        let mut looks = tokio::time::interval(std::time::Duration::from_millis(50));
        while process.readiness(200).await["status"] != json!("ready") {
            looks.tick().await;
        }
    }
}

#[tokio::test]
async fn a_stop_while_waiting_ends_at_once_and_cleanly() {
    let shop = Deployment::down().await;
    for mut process in [shop.api().await, shop.worker().await] {
        process.said("waiting_for").await;
        process.terminate().await;
        assert!(process.ended().await.success());
    }
}
