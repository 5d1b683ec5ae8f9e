//! Money goes back at most once.

use futures_util::future::join_all;
use serde_json::json;

use super::support::Sandbox;

#[tokio::test]
async fn parallel_refunds_never_exceed_what_was_captured() {
    let sandbox = Sandbox::start().await;
    let charge = sandbox.charge("k", "pm_ok").await;
    let path = format!("/v1/charges/{}/refunds", charge.id());
    let calls = (0..20).map(|number| {
        let (sandbox, path) = (&sandbox, &path);
        async move { sandbox.post(path, &format!("r{number}"), json!({ "amount": 300 })).await }
    });
    let answers = join_all(calls).await;
    let given = answers.iter().filter(|answer| answer.status == 201).count();
    let refused = answers.iter().filter(|answer| answer.code() == "refund_exceeds_charge").count();
    assert_eq!((given, refused), (3, 17));

    let record = sandbox.record().await;
    assert_eq!(record[0]["amountRefunded"], 900);
    assert_eq!(record[0]["refunds"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_refund_repeated_under_its_key_gives_back_once() {
    let sandbox = Sandbox::start().await;
    let charge = sandbox.charge("k", "pm_ok").await;
    let path = format!("/v1/charges/{}/refunds", charge.id());
    let first = sandbox.post(&path, "r", json!({ "amount": 400 })).await;
    let again = sandbox.post(&path, "r", json!({ "amount": 400 })).await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.body, again.body);
    assert_eq!(sandbox.record().await[0]["amountRefunded"], 400);
}

#[tokio::test]
async fn only_a_captured_charge_is_refunded() {
    let sandbox = Sandbox::start().await;
    for charge in [sandbox.authorize("a").await, sandbox.charge("b", "pm_declined").await] {
        let path = format!("/v1/charges/{}/refunds", charge.id());
        let refused = sandbox.post(&path, "r", json!({ "amount": 1 })).await;
        assert_eq!((refused.status, refused.code()), (409, "charge_not_refundable"));
    }
}
