//! Three `api` behind the deployment's proxy: one is killed, another is stopped, and who tries once more notices nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use serde_json::Value;

use super::deployment::{count, stocked};
use crate::support::balancer::Balancer;
use crate::support::processes::{Deployment, Process};

const BUYERS: usize = 8;

/// Buys with fresh keys until told to stop; how many orders it was answered, and how often it had to try once more.
struct Buyers {
    tasks: Vec<tokio::task::JoinHandle<Bought>>,
    stop: tokio_util::sync::CancellationToken,
    placed: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Bought {
    orders: usize,
    repeated: usize,
}

impl Buyers {
    fn start(proxy: SocketAddr, token: &str, order: &Value) -> Self {
        let stop = tokio_util::sync::CancellationToken::new();
        let placed = Arc::<AtomicUsize>::default();
        let tasks = (0..BUYERS)
            .map(|buyer| {
                let (stop, placed, token, order) =
                    (stop.clone(), Arc::clone(&placed), token.to_owned(), order.clone());
                tokio::spawn(async move {
                    let client = reqwest::Client::builder().no_proxy().build().unwrap();
                    let mut bought = Bought::default();
                    while !stop.is_cancelled() {
                        let request = client
                            .post(format!("http://{proxy}/v1/orders"))
                            .bearer_auth(&token)
                            .header("idempotency-key", format!("{buyer}-{}", bought.orders))
                            .json(&order);
                        if let Tried::Broken = place(&request).await {
                            bought.repeated += 1;
                            assert_eq!(place(&request).await, Tried::Placed);
                        }
                        bought.orders += 1;
                        placed.fetch_add(1, Ordering::Relaxed);
                    }
                    bought
                })
            })
            .collect();
        Self { tasks, stop, placed }
    }

    /// Waits until so many more orders were placed.
    async fn go_on(&self, orders: usize) {
        let goal = self.placed.load(Ordering::Relaxed) + orders;
        let mut looks = tokio::time::interval(std::time::Duration::from_millis(5));
        while self.placed.load(Ordering::Relaxed) < goal {
            looks.tick().await;
            assert!(!self.tasks.iter().any(tokio::task::JoinHandle::is_finished), "one failed");
        }
    }

    async fn end(self) -> Bought {
        self.stop.cancel();
        let each = join_all(self.tasks).await.into_iter().map(Result::unwrap);
        each.fold(Bought::default(), |sum, one| Bought {
            orders: sum.orders + one.orders,
            repeated: sum.repeated + one.repeated,
        })
    }
}

#[derive(Debug, PartialEq)]
enum Tried {
    Placed,
    /// The connection broke: ours, or the proxy's to the instance.
    Broken,
}

/// Where the first try may still be running at an instance that is being killed, waits as long as it is told.
async fn place(request: &reqwest::RequestBuilder) -> Tried {
    loop {
        let Ok(answer) = request.try_clone().unwrap().send().await else { return Tried::Broken };
        let status = answer.status().as_u16();
        let wait = answer
            .headers()
            .get("retry-after")
            .map(|seconds| seconds.to_str().unwrap().parse().unwrap());
        let text = answer.text().await.unwrap_or_default();
        match (status, wait) {
            (201, _) => return Tried::Placed,
            (502 | 504, _) => return Tried::Broken,
            (409, Some(seconds)) if text.contains("idempotency_key_in_use") => {
                tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
            }
            (_, _) => unreachable!("{status}: {text}"),
        }
    }
}

async fn three(shop: &Deployment) -> [Process; 3] {
    let mut apis = [shop.api().await, shop.api().await, shop.api().await];
    for api in &mut apis {
        api.ready().await;
    }
    apis
}

#[tokio::test]
async fn l8_one_of_three_instances_is_killed_and_another_stopped_and_one_more_try_is_enough() {
    let shop = Deployment::up().await;
    let apis = three(&shop).await;
    let proxy = Balancer::before(&apis.each_ref().map(|api| api.http)).await;
    let token = apis[0].customer("ada").await;
    let order = stocked(&shop, 100_000).await;
    let buyers = Buyers::start(proxy.address, &token, &order);
    buyers.go_on(60).await;
    let [killed, mut stopped, staying] = apis;
    killed.kill().await;
    buyers.go_on(60).await;
    stopped.terminate().await;
    assert!(stopped.ended().await.success());
    buyers.go_on(60).await;
    let bought = buyers.end().await;
    // What was answered is there, once; a killed instance may have placed what its client then asked for again.
    let placed = usize::try_from(count(&shop, "SELECT count(*) FROM orders").await).unwrap();
    assert_eq!(placed, bought.orders);
    assert!(bought.repeated <= BUYERS, "{} had to try once more", bought.repeated);
    assert_eq!(stopped.count_said("work cut off"), 0);
    assert_eq!(staying.get("/v1/users/me", &token).await.unwrap().status(), 200);
}
