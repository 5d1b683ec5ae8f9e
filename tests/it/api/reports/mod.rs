//! `/v1/reports` and what is behind it: asked for over HTTP, made by a worker that the test drains.

mod access;
mod content;
mod download;
mod failures;
mod generate;
mod lifecycle;

use serde_json::{Value, json};
use till::config::BaseUrl;
use till::service::jobs::Jobs;
use till::worker::{Worker, WorkerParts};

use super::shop::{Actor, Shop, all_of};
use super::support::Answered;
use crate::support::smtp::SmtpSink;
use crate::support::worker::{parts_with, run_worker_until_idle};

/// The days around the test's noon.
pub const FROM: &str = "2026-03-01T00:00:00Z";
pub const TO: &str = "2026-03-04T00:00:00Z";

pub fn jobs(shop: &Shop) -> Jobs {
    shop.test.jobs(BaseUrl::of(shop.sandbox.address))
}

/// A worker of this shop, with these long jobs.
pub async fn worker_with(shop: &Shop, jobs: Jobs) -> Worker {
    let sink = SmtpSink::start().await;
    let parts = parts_with(&shop.test, shop.payments.clone(), &sink);
    Worker::in_process(WorkerParts { jobs, ..parts })
}

pub async fn work(shop: &Shop) {
    run_worker_until_idle(&worker_with(shop, jobs(shop)).await, &shop.test).await;
}

pub fn wish(kind: &str, format: &str) -> Value {
    json!({ "kind": kind, "format": format, "from": FROM, "to": TO })
}

/// Asks for a report; its job's id.
pub async fn ask(actor: &Actor, kind: &str, format: &str) -> String {
    let body = wish(kind, format).to_string();
    let asked = actor.post_with("/v1/reports/generate", &[], &body).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let id = asked.json()["jobId"].as_str().unwrap().to_owned();
    assert_eq!(asked.json()["statusUrl"], format!("/v1/reports/{id}/status"));
    assert_eq!(asked.header("location"), format!("/v1/reports/{id}/status"));
    id
}

pub async fn status(actor: &Actor, id: &str) -> Answered {
    actor.get(&format!("/v1/reports/{id}/status")).await
}

pub async fn download(actor: &Actor, id: &str) -> Answered {
    actor.get(&format!("/v1/reports/{id}/download")).await
}

/// The finished file.
pub async fn made(shop: &Shop, actor: &Actor, kind: &str, format: &str) -> Answered {
    let id = ask(actor, kind, format).await;
    work(shop).await;
    let answered = download(actor, &id).await;
    assert_eq!(answered.status, 200, "{}", answered.text);
    answered
}

/// A line of a CSV without its end, split at commas; no test's values have any.
pub fn cells(line: &str) -> Vec<&str> {
    line.split(',').collect()
}

/// The order, paid.
pub async fn paid(actor: &Actor, order: &Value, key: &str) -> Value {
    let answered = actor.pay(key, &all_of(order, "pm_ok")).await;
    assert_eq!(answered.status, 201, "{}", answered.text);
    answered.json()
}
