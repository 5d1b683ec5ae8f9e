//! Three `api` and two `worker` over one database and one broker: one shop to whoever asks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use serde_json::{Value, json};
use till::domain::ids::{Id, UserId};

use crate::support::processes::{Deployment, Process};

pub async fn count(shop: &Deployment, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(&shop.pool).await.unwrap()
}

/// A product with so many pieces in stock.
pub async fn stocked(shop: &Deployment, pieces: i64) -> Value {
    let keeper: uuid::Uuid =
        sqlx::query_scalar("SELECT id FROM users LIMIT 1").fetch_one(&shop.pool).await.unwrap();
    let test = crate::support::services::over(shop.pool.clone());
    let keeper = UserId::from_uuid(keeper);
    let goods = crate::support::factories::product(&test, "MUG", pieces, keeper).await;
    json!({ "items": [{ "productId": goods.id.to_string(), "quantity": 1 }] })
}

async fn ready(processes: &mut [Process]) {
    for process in processes {
        process.ready().await;
    }
}

/// Welcome mails by the workers' own count.
async fn welcomed(workers: &[Process]) -> usize {
    let texts = join_all(workers.iter().map(Process::metrics)).await;
    let lines = texts.iter().flat_map(|text| text.lines());
    let counts = lines.filter_map(|line| {
        line.strip_prefix("till_mails_sent_total{kind=\"welcome_mail\"} ")?.parse::<usize>().ok()
    });
    counts.sum()
}

#[tokio::test]
async fn one_key_over_three_instances_makes_one_order_and_each_registration_one_mail() {
    let shop = Deployment::up().await;
    let mut apis = [shop.api().await, shop.api().await, shop.api().await];
    let mut workers = [shop.worker().await, shop.worker().await];
    ready(&mut apis).await;
    ready(&mut workers).await;
    let token = apis[0].customer("ada").await;
    let order = stocked(&shop, 10).await;
    let tries =
        (0..12).map(|number| apis[number % 3].post_keyed("/v1/orders", &token, "k1", &order));
    let mut bodies = BTreeSet::new();
    for answer in join_all(tries).await {
        let answer = answer.unwrap();
        match answer.status().as_u16() {
            201 => drop(bodies.insert(answer.text().await.unwrap())),
            status => assert_eq!(status, 409, "{}", answer.text().await.unwrap()),
        }
    }
    assert_eq!(bodies.len(), 1);
    for api in &apis {
        let again = api.post_keyed("/v1/orders", &token, "k1", &order).await.unwrap();
        assert_eq!(again.status(), 201);
        bodies.insert(again.text().await.unwrap());
    }
    assert_eq!(bodies.len(), 1);
    assert_eq!(count(&shop, "SELECT count(*) FROM orders").await, 1);

    join_all((0..9).map(|number| {
        let api = &apis[number % 3];
        async move { api.customer(&format!("customer-{number}")).await }
    }))
    .await;
    shop.sink.wait_for(10).await;
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
    while count(&shop, "SELECT count(*) FROM outbox WHERE sent_at IS NULL").await > 0
        || count(&shop, "SELECT count(*) FROM mail_deliveries WHERE sent_at IS NOT NULL").await < 10
    {
        looks.tick().await;
    }
    let arrived = shop.sink.arrived();
    let people: BTreeSet<&str> = arrived.iter().map(|mail| mail.to.as_str()).collect();
    assert_eq!((arrived.len(), people.len()), (10, 10));
    // A mail is counted once its mark is committed.
    while welcomed(&workers).await < 10 {
        looks.tick().await;
    }
    assert_eq!(welcomed(&workers).await, 10);
    for mut process in workers.into_iter().chain(apis) {
        process.terminate().await;
        assert!(process.ended().await.success());
        assert_eq!(process.count_said("work cut off"), 0);
    }
}

#[tokio::test]
async fn a_stop_under_load_fails_no_request() {
    let shop = Deployment::up().await;
    let mut apis = [shop.api().await, shop.api().await];
    ready(&mut apis).await;
    let token = apis[0].customer("ada").await;
    let order = stocked(&shop, 1_000).await;
    let [mut leaving, staying] = apis;
    let address = leaving.http;
    let gone = Arc::new(AtomicBool::new(false));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let buyers = (0..8).map(|buyer| {
        let (token, order, gone, client) =
            (token.clone(), order.clone(), gone.clone(), client.clone());
        tokio::spawn(async move {
            let mut placed = 0;
            while !gone.load(Ordering::Relaxed) {
                let key = format!("{buyer}-{placed}");
                let request = client.post(format!("http://{address}/v1/orders"));
                let request = request.bearer_auth(&token).header("idempotency-key", key);
                match request.json(&order).send().await {
                    Ok(answer) => assert_eq!(answer.status(), 201, "{:?}", answer.text().await),
                    // Nobody listens any more: a balancer has gone elsewhere by now.
                    Err(error) if error.is_connect() => break,
                    Err(error) => std::panic::panic_any(format!("{error:?}")),
                }
                placed += 1;
            }
            placed
        })
    });
    let buyers: Vec<_> = buyers.collect();
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(5));
    while count(&shop, "SELECT count(*) FROM orders").await < 40 {
        looks.tick().await;
    }
    leaving.terminate().await;
    assert!(leaving.ended().await.success());
    gone.store(true, Ordering::Relaxed);
    let placed: i64 = join_all(buyers).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(count(&shop, "SELECT count(*) FROM orders").await, placed);
    assert_eq!(leaving.count_said("work cut off"), 0);
    assert_eq!(staying.get("/v1/users/me", &token).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_worker_that_is_killed_at_work_loses_no_mail() {
    let shop = Deployment::up().await;
    let mut api = shop.api().await;
    api.ready().await;
    let mut doomed = shop.worker().await;
    doomed.ready().await;
    for number in 0..4 {
        api.customer(&format!("customer-{number}")).await;
    }
    shop.sink.wait_for(1).await;
    doomed.kill().await;
    let mut heir = shop.worker().await;
    heir.ready().await;
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(50));
    loop {
        let arrived = shop.sink.arrived();
        let people: BTreeSet<&str> = arrived.iter().map(|mail| mail.to.as_str()).collect();
        if people.len() == 4 {
            let ids: BTreeSet<&str> =
                arrived.iter().map(|mail| mail.header("Message-ID")).collect();
            assert_eq!(ids.len(), 4, "a copy bears the id of the first");
            break;
        }
        looks.tick().await;
    }
}
