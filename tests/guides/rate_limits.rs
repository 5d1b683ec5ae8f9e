//! cargo add reqwest --features json; cargo add serde --features derive; cargo add serde_json;
//! cargo add tokio --features full

use std::time::Duration;

use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let till = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let client = Client::new();
    let credentials = json!({ "email": "demo@example.com", "password": "till-demo-password" });
    let sent = client.post(format!("{till}/v1/auth/token")).json(&credentials).send().await?;
    let session: Value = sent.error_for_status()?.json().await?;
    let token = session["accessToken"].as_str().unwrap_or_default();

    let answer = client.get(format!("{till}/v1/users/me")).bearer_auth(token).send().await?;
    let mut fields = Vec::new();
    for (name, value) in answer.headers() {
        if name.as_str().contains("ratelimit") {
            fields.push(format!("{name}: {}", value.to_str()?));
        }
    }
    fields.sort();
    println!("{}", fields.join("\n"));

    // == Stay inside
    /// What is left of each limit, and the seconds until all of it is there again.
    fn standing(field: &str) -> impl Iterator<Item = (u32, u32)> {
        let number = |limit: &str, name| {
            limit.split(';').find_map(|part| part.strip_prefix(name)?.parse().ok())
        };
        let each = field.split(',');
        each.filter_map(move |limit| Some((number(limit, "r=")?, number(limit, "t=")?)))
    }

    let get = async |path: &str| {
        loop {
            let request = client.get(format!("{till}{path}")).bearer_auth(token);
            let answer = request.send().await?;
            let field = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
            if answer.status() == 429 {
                let wait = field("retry-after").ok_or("there is no Retry-After")?.parse()?;
                tokio::time::sleep(Duration::from_secs(wait)).await;
                continue;
            }
            for (left, seconds) in field("ratelimit").into_iter().flat_map(standing) {
                if left < 20 {
                    tokio::time::sleep(Duration::from_secs(seconds.into()) / (left + 1)).await;
                }
            }
            return Ok::<_, Failure>(answer);
        }
    };

    for _ in 0..3 {
        println!("{}", get("/v1/users/me").await?.status().as_u16());
    }

    // == Which limits there are
    #[derive(Deserialize)]
    struct Limits {
        data: Vec<Limit>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Limit {
        policy: String,
        limit: u32,
        window_seconds: u32,
    }

    let limits: Limits = get("/v1/rate-limits").await?.error_for_status()?.json().await?;
    for Limit { policy, limit, window_seconds } in limits.data {
        println!("{policy} {limit} {window_seconds}");
    }
    Ok(())
}
