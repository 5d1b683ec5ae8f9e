//! cargo add reqwest --features json; cargo add serde_json; cargo add tokio --features full

use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

/// What is left of each limit, and the seconds until all of it is there again.
fn limits(field: &str) -> impl Iterator<Item = (u32, u32)> {
    let number =
        |limit: &str, name| limit.split(';').find_map(|part| part.strip_prefix(name)?.parse().ok());
    field.split(',').filter_map(move |limit| Some((number(limit, "r=")?, number(limit, "t=")?)))
}

async fn get(client: &Client, url: &str, token: &str) -> Result<Response, Failure> {
    loop {
        let answer = client.get(url).bearer_auth(token).send().await?;
        let field = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        if answer.status() == 429 {
            let wait = field("retry-after").ok_or("there is no Retry-After")?.parse()?;
            tokio::time::sleep(Duration::from_secs(wait)).await;
            continue;
        }
        for (left, seconds) in field("ratelimit").into_iter().flat_map(limits) {
            if left < 20 {
                tokio::time::sleep(Duration::from_secs(seconds.into()) / (left + 1)).await;
            }
        }
        return Ok(answer);
    }
}

#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let till = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let client = Client::new();
    let credentials = json!({ "email": "demo@example.com", "password": "till-demo-password" });
    let sent = client.post(format!("{till}/v1/auth/token")).json(&credentials).send().await?;
    let session: Value = sent.error_for_status()?.json().await?;
    let token = session["accessToken"].as_str().unwrap_or_default();

    for _ in 0..3 {
        let answer = get(&client, &format!("{till}/v1/users/me"), token).await?;
        println!("{}", answer.status().as_u16());
    }
    Ok(())
}
