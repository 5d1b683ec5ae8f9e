//! cargo add reqwest --features json; cargo add serde_json; cargo add uuid --features v4; cargo add tokio --features full

use reqwest::Client;
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

async fn pay(client: &Client, till: &str, token: &str, method: &str) -> Result<Value, Failure> {
    let payment = json!({ "amount": 4900, "currency": "MYR", "paymentMethod": method });
    let request = client
        .post(format!("{till}/v1/payments"))
        .bearer_auth(token)
        .header("idempotency-key", uuid::Uuid::new_v4().to_string())
        .json(&payment);
    Ok(request.send().await?.json().await?)
}

#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let till = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let client = Client::new();
    let credentials = json!({ "email": "demo@example.com", "password": "till-demo-password" });
    let sent = client.post(format!("{till}/v1/auth/token")).json(&credentials).send().await?;
    let session: Value = sent.error_for_status()?.json().await?;
    let token = session["accessToken"].as_str().unwrap_or_default();

    for method in [
        "pm_ok",
        "pm_declined",
        "pm_insufficient_funds",
        "pm_expired",
        "pm_flaky",
        "pm_error_after",
        "pm_async",
    ] {
        let result = pay(&client, &till, token, method).await?;
        let told = result["code"].as_str().or(result["status"].as_str());
        println!("{method}: {}", told.unwrap_or_default());
    }
    Ok(())
}
