//! cargo add reqwest --features json; cargo add serde_json; cargo add uuid --features v4; cargo add tokio --features full

use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

/// Some part of a pause, by chance: clients that were refused together do not come back together.
fn some_of(pause: Duration) -> Duration {
    let chance = uuid::Uuid::new_v4().as_bytes()[0];
    pause.mul_f32(f32::from(chance) / 255.0)
}

/// The answer, an error that counts included; repeats what may be repeated, under one key.
async fn send(client: &Client, url: &str, token: &str, body: &Value) -> Result<Response, Failure> {
    const TRIES: u32 = 6;
    let key = uuid::Uuid::new_v4().to_string();
    let mut pause = Duration::from_millis(500);
    for attempt in 1.. {
        let request =
            client.post(url).bearer_auth(token).header("idempotency-key", &key).json(body);
        let wait = match request.timeout(Duration::from_secs(15)).send().await {
            Ok(answer) => {
                let wait = answer.headers().get("retry-after").and_then(|wait| wait.to_str().ok());
                let wait = wait.and_then(|wait| wait.parse().ok());
                if attempt == TRIES || (wait.is_none() && answer.status() != 500) {
                    return Ok(answer);
                }
                Duration::from_secs(wait.unwrap_or_default())
            }
            Err(error) if attempt == TRIES => return Err(error.into()),
            Err(_) => Duration::ZERO,
        };
        tokio::time::sleep(wait + some_of(pause)).await;
        pause = (pause * 2).min(Duration::from_secs(20));
    }
    Err("not reached".into())
}

#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let till = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let client = Client::new();
    let credentials = json!({ "email": "demo@example.com", "password": "till-demo-password" });
    let sent = client.post(format!("{till}/v1/auth/token")).json(&credentials).send().await?;
    let session: Value = sent.error_for_status()?.json().await?;
    let token = session["accessToken"].as_str().unwrap_or_default();

    let items = json!([{ "productId": "01890a5d-ac96-774b-bcce-b302099a9001", "quantity": 1 }]);
    let answer =
        send(&client, &format!("{till}/v1/orders"), token, &json!({ "items": items })).await?;
    let order: Value = answer.json().await?;
    println!("{}", order["status"].as_str().unwrap_or_default());
    Ok(())
}
