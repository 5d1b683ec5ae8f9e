//! One limit over three `api`; Redis goes away and comes back.

use futures_util::future::join_all;
use reqwest::StatusCode;

use crate::support::processes::{Deployment, Process};

async fn three(shop: &Deployment, limit: &str) -> Vec<Process> {
    let settings = [
        ("TILL_RATE_LIMIT_USER", limit.to_owned()),
        // So many at once may be too many for a busy machine.
        ("TILL_LOAD_SHED", "off".to_owned()),
    ];
    let mut apis = Vec::new();
    for _ in 0..3 {
        apis.push(shop.api_with(&settings).await);
    }
    for api in &mut apis {
        api.ready().await;
    }
    apis
}

/// How many of so many requests at once, spread over all instances, pass; the others are refused.
async fn passing(apis: &[Process], token: &str, requests: usize) -> usize {
    let asked = (0..requests).map(|n| apis[n % apis.len()].get("/v1/users/me", token));
    let statuses = join_all(asked).await.into_iter().map(|answer| answer.unwrap().status());
    let statuses: Vec<_> = statuses.collect();
    let known = [StatusCode::OK, StatusCode::TOO_MANY_REQUESTS];
    assert!(statuses.iter().all(|status| known.contains(status)), "{statuses:?}");
    statuses.iter().filter(|status| **status == StatusCode::OK).count()
}

#[tokio::test]
async fn l12_three_instances_enforce_one_limit() {
    let shop = Deployment::up().await;
    let apis = three(&shop, "fixed_window:20/1d").await;
    let token = apis[0].customer("ada").await;
    assert_eq!(passing(&apis, &token, 60).await, 20);
}

#[tokio::test]
async fn l1_without_redis_all_goes_on_each_instance_by_itself_and_the_log_says_it_once() {
    let shop = Deployment::up().await;
    let apis = three(&shop, "fixed_window:20/1d").await;
    let token = apis[0].customer("ada").await;
    assert_eq!(passing(&apis, &token, 30).await, 20);
    shop.redis.cut().await;
    assert_eq!(passing(&apis, &token, 90).await, 60);
    for api in &apis {
        assert_eq!(api.count_said("the circuit is open"), 1);
        let metrics = api.metrics().await;
        assert!(metrics.contains("circuit_breaker_state{name=\"redis\"} 2"), "{metrics}");
        assert!(!metrics.contains("\nrate_limit_fallbacks_total 0\n"), "{metrics}");
    }
    shop.redis.open().await;
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
    // What was counted there is still known there.
    while apis[0].count_said("the circuit is closed again") == 0 {
        assert_eq!(passing(&apis[..1], &token, 1).await, 0);
        looks.tick().await;
    }
}
