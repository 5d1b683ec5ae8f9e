//! cargo add reqwest --features json; cargo add serde_json; cargo add uuid --features v4; cargo add tokio --features full

use reqwest::{Client, Response};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let till = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let client = Client::new();
    let credentials = json!({ "email": "demo@example.com", "password": "till-demo-password" });
    let sent = client.post(format!("{till}/v1/auth/token")).json(&credentials).send().await?;
    let session: Value = sent.error_for_status()?.json().await?;
    let token = session["accessToken"].as_str().unwrap_or_default().to_owned();
    let key = uuid::Uuid::new_v4().to_string();

    let order = async || -> Result<Response, Failure> {
        let items = json!([{ "productId": "01890a5d-ac96-774b-bcce-b302099a9001", "quantity": 1 }]);
        let request = client.post(format!("{till}/v1/orders")).bearer_auth(&token);
        let request = request.header("idempotency-key", &key).json(&json!({ "items": items }));
        Ok(request.send().await?.error_for_status()?)
    };
    let first: Value = order().await?.json().await?;
    let again = order().await?;
    let replayed = again.headers().get("idempotency-replayed").cloned();
    let second: Value = again.json().await?;
    if first["id"] == second["id"] {
        println!("one order");
    }
    println!(
        "idempotency-replayed: {}",
        replayed.as_ref().map_or(Ok("no"), |value| value.to_str())?
    );
    Ok(())
}
