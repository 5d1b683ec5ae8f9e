//! History is loaded whole, once, and only if it could have happened.

use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Answer, Sandbox, answer, with};

fn past(number: usize) -> Value {
    json!({
        "id": format!("ch_00000000-0000-4000-8000-{number:012}"),
        "key": format!("past-{number}"),
        "status": "captured",
        "amount": 1_000,
        "currency": "JPY",
        "amountCaptured": 900,
        "paymentMethod": "pm_ok",
        "createdAt": "2026-01-02T03:04:05.678Z",
        "refunds": [{
            "id": format!("re_00000000-0000-4000-8000-{number:012}"),
            "key": format!("past-{number}-refund"),
            "amount": 250,
            "createdAt": "2026-01-03T03:04:05Z",
        }],
    })
}

async fn import(sandbox: &Sandbox, charges: &[Value]) -> Answer {
    answer(sandbox.request(Method::POST, "/sandbox/import").json(charges)).await.unwrap()
}

#[tokio::test]
async fn history_is_loaded_once_and_behaves_like_any_charge_after_a_restart() {
    let sandbox = Sandbox::start().await;
    let lines: Vec<_> = (0..3).map(|number| past(number).to_string()).collect();
    let request = sandbox.request(Method::POST, "/sandbox/import");
    let request = request.header("content-type", "application/x-ndjson").body(lines.join("\n"));
    let loaded = answer(request).await.unwrap();
    assert_eq!(loaded.body, json!({ "imported": 3, "skipped": 0 }));
    let again = import(&sandbox, &[past(2), past(3)]).await;
    assert_eq!(again.body, json!({ "imported": 1, "skipped": 1 }));

    let sandbox = sandbox.restart().await;
    assert_eq!(sandbox.record().await.len(), 4);
    let charge = sandbox.get("/v1/charges?key=past-1").await;
    assert_eq!(charge.body["amountRefunded"], 250);
    assert_eq!(charge.body["createdAt"], "2026-01-02T03:04:05.678Z");
    assert_eq!(sandbox.get("/v1/refunds?key=past-1-refund").await.body["currency"], "JPY");
    let path = format!("/v1/charges/{}/refunds", charge.id());
    let too_much = sandbox.post(&path, "r", json!({ "amount": 651 })).await;
    assert_eq!(too_much.code(), "refund_exceeds_charge");
}

#[tokio::test]
async fn impossible_history_is_refused_as_a_whole() {
    let sandbox = Sandbox::start().await;
    for (member, value) in [
        ("amountCaptured", json!(1_001)),
        ("amountCaptured", json!(249)),
        ("amountCaptured", json!(0)),
        ("amountRefunded", json!(1)),
        ("status", json!("declined")),
        ("status", json!("processing")),
        ("currency", json!("XXX")),
        ("amount", json!(0)),
        ("nonsense", json!(1)),
    ] {
        let refused = import(&sandbox, &[past(0), with(past(1), member, value)]).await;
        assert_eq!((refused.status, refused.code()), (422, "invalid_request"), "{member}");
    }
    let taken = with(past(1), "key", json!("past-0"));
    let refused = import(&sandbox, &[past(0), taken]).await;
    assert_eq!((refused.status, refused.code()), (409, "key_taken"));
    let many: Vec<_> = (0..5_001).map(past).collect();
    assert_eq!(import(&sandbox, &many).await.status, 413);
    assert!(sandbox.record().await.is_empty());
}
