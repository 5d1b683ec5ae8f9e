//! cargo add reqwest --features json; cargo add serde --features derive; cargo add serde_json;
//! cargo add uuid --features v4; cargo add tokio --features full

use std::time::Duration;

use reqwest::{Client, Response};
use serde::Deserialize;
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    access_token: String,
    refresh_token: String,
    token_type: String,
    expires_in: u32,
    scope: String,
}

#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let till = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let client = Client::new();
    let post = async |path: &str, body: &Value| -> Result<Response, Failure> {
        let sent = client.post(format!("{till}{path}")).json(body).send().await?;
        Ok(sent.error_for_status()?)
    };

    let credentials = json!({ "email": "demo@example.com", "password": "till-demo-password" });
    let session: Session = post("/v1/auth/token", &credentials).await?.json().await?;
    println!("{} {} {}", session.token_type, session.expires_in, session.scope);

    // == Call something
    let me = client.get(format!("{till}/v1/users/me")).bearer_auth(&session.access_token);
    let me: Value = me.send().await?.error_for_status()?.json().await?;
    println!("{} {}", me["email"], me["role"]);

    // == Stay signed in
    let renew = json!({ "refreshToken": session.refresh_token });
    let session: Session = post("/v1/auth/refresh", &renew).await?.json().await?;
    println!("{}", session.token_type);

    // == Sign out
    let gone = json!({ "refreshToken": session.refresh_token });
    println!("{}", post("/v1/auth/revoke", &gone).await?.status().as_u16());

    // == Programs of your own
    #[derive(Deserialize)]
    struct Key {
        id: String,
        secret: String,
    }

    let session: Session = post("/v1/auth/token", &credentials).await?.json().await?;
    let token = &session.access_token;

    let keys = format!("{till}/v1/api-keys");
    let wish = json!({ "name": "Nightly export", "scopes": ["orders:read"] });
    let made = client.post(&keys).bearer_auth(token).json(&wish).send().await?;
    let key: Key = made.error_for_status()?.json().await?;

    let with_key = async |path: &str, secret: &str| {
        client.get(format!("{till}{path}")).header("x-api-key", secret).send().await
    };
    println!("orders: {}", with_key("/v1/orders", &key.secret).await?.status().as_u16());
    let refused: Value = with_key("/v1/payments", &key.secret).await?.json().await?;
    println!("payments: {} {}", refused["status"], refused["code"].as_str().unwrap_or_default());

    // == A new secret, and the end of both
    let this = format!("{keys}/{}", key.id);
    let rotated = client.post(format!("{this}/rotate")).bearer_auth(token).send().await?;
    let new: Key = rotated.error_for_status()?.json().await?;
    for secret in [&key.secret, &new.secret] {
        println!("{}", with_key("/v1/orders", secret).await?.status().as_u16());
    }
    client.delete(this).bearer_auth(token).send().await?.error_for_status()?;
    let ended: Value = with_key("/v1/orders", &new.secret).await?.json().await?;
    println!("{}", ended["code"].as_str().unwrap_or_default());

    // == A forgotten password
    let grace = format!("grace-{}@example.com", uuid::Uuid::new_v4());
    let account =
        json!({ "email": grace, "password": "soon to be forgotten", "name": "Grace Hopper" });
    post("/v1/users", &account).await?;
    post("/v1/auth/password-reset", &json!({ "email": grace })).await?;

    let mails = std::env::var("TILL_OPS").unwrap_or("http://127.0.0.1:9090".to_owned());
    let read = async |path: &str| client.get(format!("{mails}{path}")).send().await?.text().await;
    let mail = loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let list = read("/mail").await?;
        let hers = list.lines().filter(|line| line.contains(&grace));
        let mut links = hers.flat_map(|line| line.split('"'));
        if let Some(link) = links.find(|part| part.starts_with("/mail/password_reset")) {
            break read(link).await?;
        }
    };
    let (_, found) = mail.split_once("tillpr_").ok_or("there is no token in the mail")?;
    let end = |letter: char| !letter.is_ascii_alphanumeric() && !"-_".contains(letter);
    let reset = format!("tillpr_{}", found.split(end).next().unwrap_or_default());
    let password = "correct horse battery";
    post("/v1/auth/password-reset/confirm", &json!({ "token": reset, "password": password }))
        .await?;

    let again = json!({ "email": grace, "password": password });
    let session: Session = post("/v1/auth/token", &again).await?.json().await?;
    let erase = client.delete(format!("{till}/v1/users/me")).bearer_auth(session.access_token);
    println!("{}", erase.send().await?.status().as_u16());
    Ok(())
}
