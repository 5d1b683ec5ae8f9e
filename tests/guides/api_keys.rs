//! cargo add reqwest --features json; cargo add serde_json; cargo add tokio --features full

use reqwest::{Client, Response};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

async fn with_key(url: String, key: &Value) -> Result<Response, Failure> {
    let secret = key["secret"].as_str().unwrap_or_default();
    Ok(Client::new().get(url).header("x-api-key", secret).send().await?)
}

#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let till = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let (client, keys) = (Client::new(), format!("{till}/v1/api-keys"));
    let credentials = json!({ "email": "demo@example.com", "password": "till-demo-password" });
    let sent = client.post(format!("{till}/v1/auth/token")).json(&credentials).send().await?;
    let session: Value = sent.error_for_status()?.json().await?;
    let token = session["accessToken"].as_str().unwrap_or_default();

    let wish = json!({ "name": "Nightly export", "scopes": ["orders:read"] });
    let made = client.post(&keys).bearer_auth(token).json(&wish).send().await?;
    let key: Value = made.error_for_status()?.json().await?;
    let orders = with_key(format!("{till}/v1/orders"), &key).await?;
    println!("orders: {}", orders.status().as_u16());
    let refused: Value = with_key(format!("{till}/v1/payments"), &key).await?.json().await?;
    println!("payments: {} {}", refused["status"], refused["code"].as_str().unwrap_or_default());

    let this = format!("{keys}/{}", key["id"].as_str().unwrap_or_default());
    let rotated = client.post(format!("{this}/rotate")).bearer_auth(token).send().await?;
    let new: Value = rotated.error_for_status()?.json().await?;
    for one in [&key, &new] {
        println!("{}", with_key(format!("{till}/v1/orders"), one).await?.status().as_u16());
    }
    client.delete(this).bearer_auth(token).send().await?.error_for_status()?;
    let ended: Value = with_key(format!("{till}/v1/orders"), &new).await?.json().await?;
    println!("{}", ended["code"].as_str().unwrap_or_default());
    Ok(())
}
