//! cargo add reqwest --features json; cargo add serde_json; cargo add tokio --features full

use reqwest::Client;
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

/// As the program that was registered. `form` is encoded as it stands: nothing in a token needs it.
async fn send(url: String, program: &Value, form: String) -> Result<String, Failure> {
    let request = Client::new()
        .post(url)
        .basic_auth(text(program, "id"), Some(text(program, "secret")))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    Ok(request.send().await?.error_for_status()?.text().await?)
}

fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object[member].as_str().unwrap_or_default()
}

#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let till = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let client = Client::new();
    let credentials = json!({ "email": "admin@example.com", "password": "till-demo-password" });
    let sent = client.post(format!("{till}/v1/auth/token")).json(&credentials).send().await?;
    let session: Value = sent.error_for_status()?.json().await?;
    let admin = text(&session, "accessToken");
    let me = client.get(format!("{till}/v1/users/me")).bearer_auth(admin).send().await?;
    let account: Value = me.error_for_status()?.json().await?;

    let wish = json!({
        "name": "Nightly books",
        "kind": "confidential",
        "redirectUris": [],
        "grants": ["client_credentials"],
        "scopes": ["orders:read"],
        "accountId": account["id"],
    });
    let clients = format!("{till}/v1/oauth-clients");
    let made = client.post(&clients).bearer_auth(admin).json(&wish).send().await?;
    let program: Value = made.error_for_status()?.json().await?;

    let form = "grant_type=client_credentials".to_owned();
    let tokens = send(format!("{till}/oauth/token"), &program, form).await?;
    let tokens: Value = serde_json::from_str(&tokens)?;
    println!("{} {}", text(&tokens, "token_type"), text(&tokens, "scope"));

    let token = text(&tokens, "access_token");
    let orders = client.get(format!("{till}/v1/orders")).bearer_auth(token).send().await?;
    println!("orders: {}", orders.status().as_u16());

    let form = format!("token={token}");
    for end in [true, false] {
        let seen = send(format!("{till}/oauth/introspect"), &program, form.clone()).await?;
        println!("good: {}", serde_json::from_str::<Value>(&seen)?["active"]);
        if end {
            send(format!("{till}/oauth/revoke"), &program, form.clone()).await?;
        }
    }
    let this = format!("{clients}/{}", text(&program, "id"));
    let removed = client.delete(this).bearer_auth(admin).send().await?;
    println!("removed: {}", removed.status().as_u16());
    Ok(())
}
