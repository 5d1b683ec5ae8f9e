//! What clients see while a part of the service is gone or has too much to do: 503, at once, and when to come back.

use std::task::Poll;
use std::thread::available_parallelism;

use futures_util::future::join_all;
use futures_util::poll;
use serde_json::json;

use super::document::operations;
use super::shop::{Shop, call};
use super::support::get;

#[tokio::test]
async fn without_its_database_every_operation_says_so_and_when_to_come_back() {
    let shop = Shop::open().await;
    let admin = shop.staff("admin").await;
    shop.test.services.pool.close().await;
    for operation in operations() {
        let path = operation.example_path();
        let answered = operation.send(&admin, &path, "k", &operation.example_body()).await;
        let name = operation.name();
        // The published keys are remembered; a refresh token that can't be one, and a call-back that isn't signed, are
        // refused unseen.
        if answered.status.is_success() || answered.status == 401 {
            let kept = [
                "/.well-known/jwks.json",
                "/v1/auth/refresh",
                "/v1/auth/revoke",
                "/v1/gateway/callbacks",
                "/v1/rate-limits",
            ];
            assert!(kept.contains(&operation.path.as_str()), "{name}: {}", answered.text);
            continue;
        }
        answered.problem(503, "dependency_unavailable");
        assert_eq!(answered.header("retry-after"), "1", "{name}");
        assert_eq!(answered.header("cache-control"), "no-store", "{name}");
        for internal in ["sqlx", "pool", "Postgres", "closed"] {
            assert!(!answered.text.contains(internal), "{name}: {}", answered.text);
        }
    }
}

#[tokio::test]
async fn more_passwords_than_can_be_hashed_are_refused_at_once_and_other_routes_answer() {
    let shop = Shop::open().await;
    let register = |number: usize| {
        let account = json!({
            "email": format!("{number}@example.com"), "password": "a long enough one", "name": "Ada",
        });
        let router = shop.router.clone();
        Box::pin(async move { call(&router, "/v1/users", &account).await })
    };
    // One for each processor is hashed at a time, and sixteen times as many may wait.
    let bound = available_parallelism().map_or(1, usize::from) * 17;
    let mut waiting = Vec::new();
    let mut refused = None;
    for number in 0..bound * 2 {
        let mut attempt = register(number);
        // Polled once: whoever is refused never waited.
        match poll!(&mut attempt) {
            Poll::Pending => waiting.push(attempt),
            Poll::Ready(answered) => {
                refused = Some(answered);
                break;
            }
        }
    }
    let refused = refused.unwrap();
    refused.problem(503, "overloaded");
    assert_eq!(refused.header("retry-after"), "1");
    assert!(waiting.len() >= bound, "{} of {bound}", waiting.len());

    assert_eq!(get(&shop.router, "/v1/products").await.status, 200);
    let answers = join_all(waiting).await;
    let made = answers.iter().filter(|answered| answered.status == 201).count();
    assert!(made > 0);
    assert_eq!(shop.count("SELECT count(*) FROM users").await, i64::try_from(made).unwrap());
}
