//! Webhooks over real HTTP: registered at the API, sent by a worker that the test drains, received by a server of its own.

mod deliveries;
mod endpoints;
mod events;
mod hopeless;
mod neighbours;
mod owners;
mod secrets;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use till::service::webhooks::Webhooks;
use till::worker::{Worker, WorkerParts};

use super::api::shop::{Actor, Shop};
use super::api::support::{Answered, router_with_webhooks};
use crate::support::lookup::TestLookup;
use crate::support::receiver::Receiver;
use crate::support::services::WEBHOOK_DEADLINE;
use crate::support::smtp::{Arrived, SmtpSink};
use crate::support::worker::{parts_with, run_worker_until_idle};

/// A shop with a receiver that it may send to, although it is on this machine.
pub struct Stand {
    pub shop: Shop,
    pub receiver: Receiver,
    pub lookup: Arc<TestLookup>,
    pub webhooks: Webhooks,
    pub worker: Worker,
    pub mails: SmtpSink,
}

impl Stand {
    pub async fn open() -> Self {
        Self::open_with(WEBHOOK_DEADLINE).await
    }

    /// An endpoint has so long to answer.
    pub async fn open_with(deadline: Duration) -> Self {
        let mut shop = Shop::open().await;
        let (receiver, lookup) = (Receiver::start().await, Arc::new(TestLookup::default()));
        let webhooks = shop.test.webhooks_at(deadline, &[&receiver], Arc::clone(&lookup));
        shop.router = router_with_webhooks(&shop.test, shop.payments.clone(), webhooks.clone());
        let mails = SmtpSink::start().await;
        let worker = Self::worker_over(&shop, webhooks.clone(), &mails);
        Self { shop, receiver, lookup, webhooks, worker, mails }
    }

    fn worker_over(shop: &Shop, webhooks: Webhooks, mails: &SmtpSink) -> Worker {
        let parts = parts_with(&shop.test, shop.payments.clone(), mails);
        Worker::in_process(WorkerParts { webhooks, ..parts })
    }

    /// The worker does all that is due.
    pub async fn work(&self) {
        run_worker_until_idle(&self.worker, &self.shop.test).await;
    }

    /// Time passes, and the worker does what has become due.
    pub async fn work_after(&self, time: time::Duration) {
        self.shop.test.clock.advance(time);
        self.work().await;
    }

    /// Somebody who was told of already, so that only what follows is new.
    pub async fn customer(&self, name: &str) -> Actor {
        let actor = self.shop.customer(name).await;
        self.work().await;
        actor
    }

    /// The texts of the mails about endpoints that were disabled.
    pub fn told_by_mail(&self) -> Vec<String> {
        let about = |mail: &Arrived| mail.header("Subject").contains("webhook endpoint");
        self.mails.arrived().into_iter().filter(about).map(|mail| mail.letter).collect()
    }

    /// An endpoint at the receiver that hears of everything, as it was answered.
    pub async fn endpoint(&self, owner: &Actor) -> Value {
        self.endpoint_at(owner, &self.receiver.url("/hooks")).await
    }

    pub async fn endpoint_at(&self, owner: &Actor, url: &str) -> Value {
        let made = register(owner, &json!({ "url": url, "events": ["*"] })).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()
    }

    /// Something happens that concerns this customer alone: an event `payment.succeeded`.
    pub async fn happen(&self, customer: &Actor) {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let body = json!({ "amount": 100, "currency": "MYR", "paymentMethod": "pm_ok" });
        let paid = customer.pay(&format!("happen-{number}"), &body).await;
        assert_eq!(paid.status, 201, "{}", paid.text);
    }
}

pub async fn register(owner: &Actor, body: &Value) -> Answered {
    owner.post_with("/v1/webhook-endpoints", &[], &body.to_string()).await
}

pub fn path_of(endpoint: &Value) -> String {
    format!("/v1/webhook-endpoints/{}", endpoint["id"].as_str().unwrap())
}

/// The endpoint's deliveries, newest first.
pub async fn deliveries(owner: &Actor, endpoint: &Value) -> Vec<Value> {
    let listed = owner.get(&format!("{}/deliveries", path_of(endpoint))).await;
    assert_eq!(listed.status, 200, "{}", listed.text);
    listed.json()["data"].as_array().unwrap().clone()
}

/// The endpoint as it is now.
pub async fn now(owner: &Actor, endpoint: &Value) -> Value {
    owner.get(&path_of(endpoint)).await.json()
}
