//! Injected failures happen as they are ordered, and only those.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use till::config::BaseUrl;
use till::service::rehearsal::{GatewayRehearsal, Mood, SandboxFaults};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::support::{API_KEY, Sandbox, answer, order};

#[tokio::test]
async fn down_closes_the_connection_without_a_byte_and_charges_nothing() {
    let sandbox = Sandbox::start().await;
    sandbox.put_faults(json!({ "down": true })).await;

    let body = order("pm_ok").to_string();
    let mut stream = TcpStream::connect(sandbox.address).await.unwrap();
    let request = format!(
        "POST /v1/charges HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {API_KEY}\r\n\
         idempotency-key: k\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // Closed in order or reset: both are an end without an answer.
    let closed = timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.unwrap();
    assert!(matches!(closed, Ok(0) | Err(_)));
    assert_eq!(answer, b"");

    assert!(sandbox.record().await.is_empty(), "the sandbox's own controls still answer");
    sandbox.put_faults(json!({})).await;
    assert_eq!(sandbox.charge("k", "pm_ok").await.status, 201);
}

#[tokio::test]
async fn new_faults_replace_the_old_and_what_is_left_out_is_off() {
    let sandbox = Sandbox::start().await;
    sandbox.put_faults(json!({ "latencyMs": 1, "errorRate": 1.0 })).await;
    assert_eq!(sandbox.charge("k", "pm_ok").await.status, 500);
    sandbox.put_faults(json!({ "duplicateCallbacks": true })).await;
    let off = json!({
        "latencyMs": 0, "errorRate": 0.0, "hangRate": 0.0, "down": false,
        "duplicateCallbacks": true, "shuffleCallbacks": false,
    });
    assert_eq!(sandbox.get("/sandbox/faults").await.body, off);
}

#[tokio::test]
async fn a_gateway_with_any_fault_that_is_no_mood_is_not_called_well() {
    let sandbox = Sandbox::start().await;
    let url = BaseUrl::parse(&format!("http://{}", sandbox.address)).unwrap();
    let rehearsal = GatewayRehearsal::new(SandboxFaults::new(url).unwrap());
    let off = sandbox.get("/sandbox/faults").await.body;
    assert_eq!(rehearsal.look().await.unwrap(), Some(Mood::Well));
    for (fault, value) in off.as_object().unwrap() {
        let on = if value.is_boolean() { json!(true) } else { json!(0.5) };
        let on = if fault == "latencyMs" { json!(7) } else { on };
        sandbox.put_faults(json!({ fault: on })).await;
        assert_eq!(rehearsal.look().await.unwrap(), None, "{fault}");
    }
    rehearsal.set(Mood::Well).await.unwrap();
    assert_eq!(sandbox.get("/sandbox/faults").await.body, off);
}

#[tokio::test]
async fn faults_out_of_range_or_unknown_are_refused_and_change_nothing() {
    let sandbox = Sandbox::start().await;
    let before = sandbox.put_faults(json!({ "latencyMs": 7 })).await.body;
    for wrong in [
        json!({ "errorRate": 1.1 }),
        json!({ "hangRate": -0.1 }),
        json!({ "latencyMs": 60_001 }),
        json!({ "latencyMs": -1 }),
        json!({ "dwon": true }),
    ] {
        let refused = sandbox.put_faults(wrong).await;
        assert_eq!((refused.status, refused.code()), (422, "invalid_request"));
    }
    assert_eq!(sandbox.get("/sandbox/faults").await.body, before);
}

#[tokio::test]
async fn injected_errors_and_hangs_come_before_or_after_the_charge() {
    let sandbox = Sandbox::start().await;
    for (faults, prefix) in [(json!({ "errorRate": 1.0 }), "e"), (json!({ "hangRate": 1.0 }), "h")]
    {
        sandbox.put_faults(faults).await;
        for number in 0..30 {
            let key = format!("{prefix}{number}");
            let hit = sandbox.try_post("/v1/charges", &key, &order("pm_ok")).await;
            assert!(hit.is_err() == (prefix == "h"));
            assert!(hit.is_err() || hit.unwrap().code() == "injected_error");
        }
    }
    let record = sandbox.record().await;
    for prefix in ["e", "h"] {
        let charged =
            record.iter().filter(|charge| charge["key"].as_str().unwrap().starts_with(prefix));
        assert!((1..30).contains(&charged.count()), "some before, some after");
    }
}

#[tokio::test]
async fn controls_need_no_key() {
    let sandbox = Sandbox::start().await;
    let url = format!("http://{}/sandbox/faults", sandbox.address);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(answer(http.request(Method::GET, url)).await.unwrap().status, 200);
}
