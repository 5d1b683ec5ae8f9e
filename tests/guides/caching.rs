//! cargo add reqwest --features json; cargo add serde_json; cargo add tokio --features full

use reqwest::Client;
use reqwest::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use serde_json::{Value, json};

#[tokio::main]
pub async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let till = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let client = Client::new();

    let categories = format!("{till}/v1/categories");
    let copy = client.get(&categories).send().await?;
    let tag = copy.headers().get(ETAG).cloned().ok_or("there is no ETag")?;
    let again = client.get(&categories).header(IF_NONE_MATCH, tag).send().await?;
    println!("{}", again.status().as_u16());

    // == Change what you have seen, and nothing else
    let credentials = json!({ "email": "admin@example.com", "password": "till-demo-password" });
    let sent = client.post(format!("{till}/v1/auth/token")).json(&credentials).send().await?;
    let admin: Value = sent.error_for_status()?.json().await?;
    let token = admin["accessToken"].as_str().unwrap_or_default();
    let mug = format!("{till}/v1/products/01890a5d-ac96-774b-bcce-b302099a9001");
    let read = client.get(&mug).send().await?;
    let seen = read.headers().get(ETAG).cloned().ok_or("there is no ETag")?;

    for _ in 0..2 {
        let change = client.patch(&mug).bearer_auth(token).header(IF_MATCH, &seen);
        let sent = change.json(&json!({ "description": "Holds 350 ml." })).send().await?;
        let changed: Value = sent.json().await?;
        let told = changed["code"].as_str().or(changed["name"].as_str());
        println!("{}", told.unwrap_or_default());
    }
    Ok(())
}
