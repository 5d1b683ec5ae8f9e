//! cargo add reqwest --features json; cargo add serde_json; cargo add tokio --features full

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

    let old = client.get(format!("{till}/v1/users/me")).bearer_auth(token).send().await?;
    for field in ["deprecation", "sunset", "link"] {
        let value = old.headers().get(field).ok_or("it is not deprecated")?;
        println!("{field}: {}", value.to_str()?);
    }
    let me = client.get(format!("{till}/v2/users/me")).bearer_auth(token).send().await?;
    let me: Value = me.error_for_status()?.json().await?;
    let roles: Vec<_> =
        me["roles"].as_array().into_iter().flatten().flat_map(Value::as_str).collect();
    println!("{}: {}", me["displayName"].as_str().unwrap_or_default(), roles.join(", "));
    Ok(())
}
