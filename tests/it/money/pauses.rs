//! A process that is stopped in the middle of a payment, through its lease, and woken when another has settled it.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use till::config::BaseUrl;
use till::service::check::{GatewayRecord, check};

use crate::sandbox::support::Sandbox;
use crate::support::db::{database, url_of};
use crate::support::directory::Directory;
use crate::support::processes::{SECRET_KEY, gateway};
use crate::support::program::{Up, UpSettings, up_command};
use crate::support::services::GATEWAY_DEADLINE;

const ADMIN: &str = "admin@example.com";
const PASSWORD: &str = "till-demo-password";

async fn start(directory: &Directory, database: &str, gateway: &Sandbox) -> Up {
    let gateway = format!("http://{}", gateway.address);
    let mut settings = UpSettings::new();
    settings.more = vec![
        ("DATABASE_URL", database),
        ("TILL_DATABASE_POOL_MIN", "0"),
        ("TILL_DATABASE_POOL_MAX", "8"),
        ("TILL_ADMIN_EMAIL", ADMIN),
        ("TILL_ADMIN_PASSWORD", PASSWORD),
        ("TILL_SECRET_KEY", SECRET_KEY),
        ("TILL_GATEWAY_URL", &gateway),
        ("TILL_PUBLIC_URL", "http://till.test"),
        ("RUST_LOG", "error"),
    ];
    Up::await_start(up_command(directory, &settings), settings.ports).await
}

async fn pay(up: &Up, token: &str, body: &Value) -> (u16, String) {
    let request = up.request(Method::POST, "/v1/payments").bearer_auth(token);
    let answer = request.header("idempotency-key", "k").json(body).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn what_a_process_does_that_was_stopped_through_its_lease_and_woken_changes_nothing() {
    let (pool, sandbox) = (database().await, gateway().await);
    let url = url_of(&pool);
    let folders = [Directory::new("paused"), Directory::new("awake")];
    let paused = start(&folders[0], &url, &sandbox).await;
    let awake = start(&folders[1], &url, &sandbox).await;
    let token = paused.token(ADMIN).await.unwrap();
    let body = json!({ "amount": 100, "currency": "MYR", "paymentMethod": "pm_slow" });

    let meddle = async {
        // Charged, and the answer is on its way for three seconds.
        while sandbox.record().await.is_empty() {}
        paused.signal("STOP").await;
        awake.advance_clock("PT31S").await;
        let mut tries = tokio::time::interval(Duration::from_millis(20));
        let settled = loop {
            tries.tick().await;
            let answered = pay(&awake, &token, &body).await;
            if answered.0 == 201 {
                break answered;
            }
        };
        paused.signal("CONT").await;
        settled
    };
    let (late, settled) = tokio::join!(pay(&paused, &token, &body), meddle);
    let id = |text: &str| serde_json::from_str::<Value>(text).unwrap()["id"].clone();
    assert_eq!((late.0, id(&late.1)), (201, id(&settled.1)), "{}", late.1);

    let record = sandbox.record().await;
    assert_eq!((record.len(), &record[0]["amountCaptured"]), (1, &json!(100)));
    for (count, of) in [
        ("SELECT count(*) FROM journal_entries", "entry"),
        ("SELECT count(*) FROM outbox WHERE topic = 'payment.succeeded'", "event"),
        ("SELECT count(*) FROM payments", "payment"),
    ] {
        let found: i64 = sqlx::query_scalar(count).fetch_one(&pool).await.unwrap();
        assert_eq!(found, 1, "{of}");
    }
    let record = GatewayRecord::new(BaseUrl::of(sandbox.address), GATEWAY_DEADLINE).unwrap();
    let report = check(&pool.clone().into(), Some(&record), 10).await.unwrap();
    assert!(report.is_clean(), "{:#?}", report.findings);
    for up in [paused, awake] {
        assert_eq!(up.interrupt().await, Some(0));
    }
}
