//! A process that dies at any step of a payment: whoever comes next finishes it, once, whichever step it was.

use std::fs;
use std::os::unix::process::ExitStatusExt;

use futures_util::stream::{StreamExt, iter};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use till::config::BaseUrl;
use till::service::check::{GatewayRecord, check};

use crate::support::db::{database, url_of};
use crate::support::directory::Directory;
use crate::support::program::{Up, UpSettings, up_command};
use crate::support::services::GATEWAY_DEADLINE;

const ADMIN: &str = "admin@example.com";
const PASSWORD: &str = "till-demo-password";

/// Every step of claim, call and settle.
const POINTS: [&str; 5] = [
    "payments.claiming",
    "payments.claimed",
    "payments.answered",
    "payments.settling",
    "payments.settled",
];

/// Processes of one test that run at a time.
const AT_ONCE: usize = 3;

/// `abort` ends a process by this signal.
const SIGABRT: i32 = 6;

/// What is asked for when the process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Charge,
    Capture,
    Cancel,
    Refund,
}

/// The request that is repeated until its end is known.
struct Asked {
    path: String,
    body: Value,
}

/// One process after the other over the same database and the same record of the gateway.
struct House {
    directory: Directory,
    pool: PgPool,
}

impl House {
    async fn new(name: &str) -> Self {
        Self { directory: Directory::new(name), pool: database().await }
    }

    async fn start(&self, fail_point: &str) -> Up {
        let url = url_of(&self.pool);
        let mut settings = UpSettings::new();
        settings.more = vec![
            ("DATABASE_URL", url.as_str()),
            ("TILL_DATABASE_POOL_MIN", "0"),
            ("TILL_DATABASE_POOL_MAX", "8"),
            ("TILL_ADMIN_EMAIL", ADMIN),
            ("TILL_ADMIN_PASSWORD", PASSWORD),
            ("FAIL_POINT", fail_point),
            ("RUST_LOG", "error"),
        ];
        Up::await_start(up_command(&self.directory, &settings), settings.ports).await
    }

    async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.pool).await.unwrap()
    }

    async fn assert_right(&self, up: &Up) {
        let gateway = BaseUrl::parse(&up.gateway_url).unwrap();
        let record = GatewayRecord::new(gateway, GATEWAY_DEADLINE).unwrap();
        let report = check(&self.pool.clone().into(), Some(&record), 10).await.unwrap();
        assert!(report.is_clean(), "{:#?}", report.findings);
        assert_eq!(report.in_doubt.count, 0);
    }
}

/// What was answered: status, body, and whether it was a replay.
type Answer = (u16, String, bool);

async fn post(up: &Up, token: &str, key: &str, asked: &Asked) -> reqwest::Result<Answer> {
    let request = up.request(Method::POST, &asked.path).bearer_auth(token);
    let answer = request.header("idempotency-key", key).json(&asked.body).send().await?;
    let replayed = answer.headers().contains_key("idempotency-replayed");
    Ok((answer.status().as_u16(), answer.text().await?, replayed))
}

async fn made(up: &Up, token: &str, path: &str, body: Value) -> Value {
    let asked = Asked { path: path.to_owned(), body };
    let (status, text, _) = post(up, token, path, &asked).await.unwrap();
    assert!((200..300).contains(&status), "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// Repeats the request until its end is known.
async fn ask_until_settled(up: &Up, token: &str, key: &str, asked: &Asked) -> Answer {
    let mut tries = tokio::time::interval(std::time::Duration::from_millis(20));
    loop {
        tries.tick().await;
        let answer = post(up, token, key, asked).await.unwrap();
        let in_use = answer.0 == 409 && answer.1.contains("idempotency_key_in_use");
        if answer.0 != 202 && !in_use {
            return answer;
        }
    }
}

impl Operation {
    /// The passage of a point that is this operation's, after the charge that it needs.
    fn passage(self) -> u32 {
        if self == Self::Charge { 1 } else { 2 }
    }

    /// Buys something, up to the request itself.
    async fn prepare(self, up: &Up, token: &str) -> Asked {
        let product = json!({
            "sku": "MUG", "name": "Mug", "category": "tea", "unitAmount": 1990, "currency": "MYR",
        });
        let product = made(up, token, "/v1/products", product).await;
        let id = product["id"].as_str().unwrap();
        let stock = json!({ "delta": 5, "reason": "first delivery" });
        made(up, token, &format!("/v1/products/{id}/inventory"), stock).await;
        let items = json!({ "items": [{ "productId": id, "quantity": 1 }] });
        let order = made(up, token, "/v1/orders", items).await;
        let capture = match self {
            Self::Charge | Self::Refund => "automatic",
            Self::Capture | Self::Cancel => "manual",
        };
        let charge = json!({
            "orderId": order["id"], "amount": 1990, "currency": "MYR", "paymentMethod": "pm_ok",
            "captureMethod": capture,
        });
        if self == Self::Charge {
            return Asked { path: "/v1/payments".to_owned(), body: charge };
        }
        let payment = made(up, token, "/v1/payments", charge).await;
        let payment = payment["id"].as_str().unwrap();
        let (verb, body) = match self {
            Self::Charge | Self::Capture => ("capture", json!({})),
            Self::Cancel => ("cancel", json!({})),
            Self::Refund => ("refunds", json!({ "amount": 990 })),
        };
        Asked { path: format!("/v1/payments/{payment}/{verb}"), body }
    }

    /// What the client hears at last: status and state.
    fn end(self) -> (u16, &'static str) {
        match self {
            Self::Charge | Self::Refund => (201, "succeeded"),
            Self::Capture => (200, "succeeded"),
            Self::Cancel => (200, "canceled"),
        }
    }

    /// The one charge at the gateway: its state, what was taken and what went back.
    fn at_the_gateway(self) -> (&'static str, i64, i64) {
        match self {
            Self::Charge | Self::Capture => ("captured", 1990, 0),
            Self::Cancel => ("canceled", 0, 0),
            Self::Refund => ("captured", 1990, 990),
        }
    }
}

async fn dies_and_is_finished(operation: Operation, point: &'static str) {
    let house = House::new(&format!("{operation:?}-{point}")).await;
    let up = house.start(&format!("{point}#{}", operation.passage())).await;
    let token = up.token(ADMIN).await.unwrap();
    let asked = operation.prepare(&up, &token).await;
    let lost = post(&up, &token, "k", &asked).await;
    assert!(lost.is_err(), "{point}: {lost:?}");
    assert_eq!(up.ended().await.signal(), Some(SIGABRT), "{operation:?} at {point}");

    let up = house.start("").await;
    // The issuer of tokens is another one at another address; who pays is the same.
    let token = up.token(ADMIN).await.unwrap();
    up.advance_clock("PT31S").await;
    let (status, text, _) = ask_until_settled(&up, &token, "k", &asked).await;
    let body: Value = serde_json::from_str(&text).unwrap();
    let told = (status, body["status"].as_str().unwrap());
    assert_eq!(told, operation.end(), "{operation:?} at {point}: {text}");
    let again = post(&up, &token, "k", &asked).await.unwrap();
    assert_eq!(again, (status, text, true), "{operation:?} at {point}");

    let record = up.gateway("/sandbox/charges?limit=1000").await;
    let charges = record["data"].as_array().unwrap();
    assert_eq!(charges.len(), 1, "{operation:?} at {point}: {record}");
    let (state, captured, refunded) = operation.at_the_gateway();
    assert_eq!(charges[0]["status"], state, "{operation:?} at {point}");
    assert_eq!(charges[0]["amountCaptured"], captured, "{operation:?} at {point}");
    assert_eq!(charges[0]["amountRefunded"], refunded, "{operation:?} at {point}");
    let live = "SELECT count(*) FROM payment_attempts WHERE state = 'live'";
    assert_eq!(house.count(live).await, 0, "{operation:?} at {point}");
    house.assert_right(&up).await;
    assert_eq!(up.interrupt().await, Some(0));
}

async fn dies_at_each_step(operation: Operation) {
    iter(POINTS).for_each_concurrent(AT_ONCE, |point| dies_and_is_finished(operation, point)).await;
}

#[tokio::test]
async fn a_charge_whose_process_dies_at_any_step_is_made_once_and_settled() {
    dies_at_each_step(Operation::Charge).await;
}

#[tokio::test]
async fn a_capture_whose_process_dies_at_any_step_is_made_once_and_settled() {
    dies_at_each_step(Operation::Capture).await;
}

#[tokio::test]
async fn a_cancellation_whose_process_dies_at_any_step_is_made_once_and_settled() {
    dies_at_each_step(Operation::Cancel).await;
}

#[tokio::test]
async fn a_refund_whose_process_dies_at_any_step_is_made_once_and_settled() {
    dies_at_each_step(Operation::Refund).await;
}

#[tokio::test]
async fn a_message_whose_process_dies_before_it_is_marked_has_its_effect_once() {
    let house = House::new("outbox-published").await;
    let up = house.start("").await;
    let waiting = "SELECT count(*) FROM outbox WHERE sent_at IS NULL";
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
    while house.count(waiting).await > 0 {
        looks.tick().await;
    }
    assert_eq!(up.interrupt().await, Some(0));

    let up = house.start("outbox.published").await;
    let account =
        json!({ "email": "ada@example.com", "password": "correct horse battery", "name": "Ada" });
    // The answer may be there before the end is.
    drop(up.request(Method::POST, "/v1/users").json(&account).send().await);
    assert_eq!(up.ended().await.signal(), Some(SIGABRT));
    assert_eq!(house.count(waiting).await, 1);

    let up = house.start("").await;
    up.advance_clock("PT61S").await;
    while house.count(waiting).await > 0 {
        looks.tick().await;
    }
    assert_eq!(mails_to(&house.directory, "ada@example.com"), 1);
    assert_eq!(up.interrupt().await, Some(0));
}

/// Mails in the folder to this address.
fn mails_to(directory: &Directory, address: &str) -> usize {
    let mails = fs::read_dir(directory.0.join("mail")).unwrap().map(|mail| mail.unwrap().path());
    let letters = mails.filter(|path| path.extension().is_some_and(|end| end == "eml"));
    letters
        .filter(|path| fs::read_to_string(path).unwrap().contains(&format!("<{address}>")))
        .count()
}
