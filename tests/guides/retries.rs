//! cargo add reqwest --features json; cargo add serde_json; cargo add uuid --features v4; cargo add tokio --features full

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let till = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let client = Client::new();
    let account = json!({ "email": "ada", "password": "short", "name": "Ada" });
    let answer = client.post(format!("{till}/v1/users")).json(&account).send().await?;
    let problem: Value = answer.json().await?;
    let text = |of: &Value, member: &str| of[member].as_str().unwrap_or_default().to_owned();
    println!("{}", text(&problem, "code"));
    for error in problem["errors"].as_array().into_iter().flatten() {
        println!("{} {}", text(error, "pointer"), text(error, "code"));
    }

    // == A client that retries
    /// Some part of a pause, by chance.
    fn some_of(pause: Duration) -> Duration {
        let chance = uuid::Uuid::new_v4().as_bytes()[0];
        pause.mul_f32(f32::from(chance) / 255.0)
    }

    /// The answer, an error that counts included; repeats what may be repeated, under one key.
    async fn send(request: RequestBuilder) -> Result<Response, Failure> {
        const TRIES: u32 = 6;
        let key = uuid::Uuid::new_v4().to_string();
        let request = request.header("idempotency-key", key).timeout(Duration::from_secs(15));
        let mut attempt = 1;
        loop {
            let same = request.try_clone().ok_or("the body can be sent only once")?;
            let wait = match same.send().await {
                Ok(answer) => {
                    let wait = answer.headers().get("retry-after");
                    let wait = wait.and_then(|wait| wait.to_str().ok()?.parse().ok());
                    if attempt == TRIES || (wait.is_none() && answer.status() != 500) {
                        return Ok(answer);
                    }
                    Duration::from_secs(wait.unwrap_or_default())
                }
                Err(error) if attempt == TRIES => return Err(error.into()),
                Err(_) => Duration::ZERO,
            };
            let pause = Duration::from_millis(250) * 2_u32.pow(attempt);
            tokio::time::sleep(wait + some_of(pause.min(Duration::from_secs(20)))).await;
            attempt += 1;
        }
    }

    let credentials = json!({ "email": "demo@example.com", "password": "till-demo-password" });
    let sign_in = client.post(format!("{till}/v1/auth/token")).json(&credentials);
    let session: Value = send(sign_in).await?.json().await?;
    let token = session["accessToken"].as_str().unwrap_or_default();
    let product = "01890a5d-ac96-774b-bcce-b302099a9001";
    let items = json!({ "items": [{ "productId": product, "quantity": 1 }] });
    let order = client.post(format!("{till}/v1/orders")).bearer_auth(token).json(&items);
    let order: Value = send(order).await?.json().await?;
    println!("{}", text(&order, "status"));
    Ok(())
}
