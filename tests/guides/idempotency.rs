//! cargo add reqwest --features json; cargo add serde_json; cargo add uuid --features v4; cargo add tokio --features full

use reqwest::Client;
use serde_json::{Value, json};

#[tokio::main]
pub async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let till = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let client = Client::new();
    let credentials = json!({ "email": "demo@example.com", "password": "till-demo-password" });
    let sent = client.post(format!("{till}/v1/auth/token")).json(&credentials).send().await?;
    let session: Value = sent.error_for_status()?.json().await?;
    let token = session["accessToken"].as_str().unwrap_or_default();
    let key = uuid::Uuid::new_v4().to_string();

    let order = async |quantity: u32| {
        let product = "01890a5d-ac96-774b-bcce-b302099a9001";
        let items = json!({ "items": [{ "productId": product, "quantity": quantity }] });
        let request = client.post(format!("{till}/v1/orders")).bearer_auth(token);
        request.header("idempotency-key", &key).json(&items).send().await
    };
    let first: Value = order(1).await?.error_for_status()?.json().await?;
    let again = order(1).await?.error_for_status()?;
    let replayed = again.headers().get("idempotency-replayed").cloned();
    let second: Value = again.json().await?;
    if first["id"] == second["id"] {
        println!("one order");
    }
    println!("idempotency-replayed: {}", replayed.ok_or("it is another answer")?.to_str()?);

    // == One key, one request
    let refused: Value = order(2).await?.json().await?;
    println!("{}", refused["code"].as_str().unwrap_or_default());

    // == Ask what became of it
    let asked = client.get(format!("{till}/v1/idempotency-keys/{key}")).bearer_auth(token);
    let known: Value = asked.send().await?.error_for_status()?.json().await?;
    println!("{} {} {}", known["state"], known["status"], known["location"]);
    Ok(())
}
