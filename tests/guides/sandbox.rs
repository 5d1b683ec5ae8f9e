//! cargo add reqwest --features json; cargo add serde_json; cargo add uuid --features v4; cargo add tokio --features full

use reqwest::Client;
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let till = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let client = Client::new();
    let credentials = json!({ "email": "demo@example.com", "password": "till-demo-password" });
    let sent = client.post(format!("{till}/v1/auth/token")).json(&credentials).send().await?;
    let session: Value = sent.error_for_status()?.json().await?;
    let token = session["accessToken"].as_str().unwrap_or_default();

    let pay = async |method: &str| -> Result<String, Failure> {
        let payment = json!({ "amount": 4900, "currency": "MYR", "paymentMethod": method });
        let key = uuid::Uuid::new_v4().to_string();
        let request = client.post(format!("{till}/v1/payments")).bearer_auth(token);
        let sent = request.header("idempotency-key", key).json(&payment).send().await?;
        let result: Value = sent.json().await?;
        let told = result["code"].as_str().or(result["status"].as_str());
        Ok(told.unwrap_or_default().to_owned())
    };

    for method in [
        "pm_ok",
        "pm_declined",
        "pm_insufficient_funds",
        "pm_expired",
        "pm_flaky",
        "pm_error_after",
        "pm_async",
    ] {
        println!("{method}: {}", pay(method).await?);
    }

    // == Let all of it fail
    let gateway = std::env::var("TILL_GATEWAY").unwrap_or("http://127.0.0.1:8090".to_owned());
    let faults = async |wanted: Value| {
        let sent = client.put(format!("{gateway}/sandbox/faults")).json(&wanted).send().await?;
        sent.error_for_status()
    };

    faults(json!({ "errorRate": 1 })).await?;
    println!("all calls fail: {}", pay("pm_ok").await?);
    faults(json!({})).await?;

    // == Move time
    let operators = std::env::var("TILL_OPS").unwrap_or("http://127.0.0.1:9090".to_owned());
    let clock = client.post(format!("{operators}/sandbox/clock"));
    let moved = clock.json(&json!({ "advance": "PT31M" })).send().await?;
    let ahead: Value = moved.error_for_status()?.json().await?;
    println!("{}", ahead["aheadSeconds"]);
    Ok(())
}
