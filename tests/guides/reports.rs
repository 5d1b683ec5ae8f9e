//! cargo add reqwest --features json; cargo add serde_json; cargo add time --features formatting;
//! cargo add tokio --features full

use reqwest::{Client, Response};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

type Failure = Box<dyn std::error::Error>;

struct Till {
    client: Client,
    address: String,
    token: String,
}

impl Till {
    async fn get(&self, path: &Value) -> Result<Response, Failure> {
        let url = format!("{}{}", self.address, path.as_str().unwrap_or_default());
        let sent = self.client.get(url).bearer_auth(&self.token).send().await?;
        Ok(sent.error_for_status()?)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.client.post(format!("{}{path}", self.address)).json(body);
        let sent = request.bearer_auth(&self.token).send().await?;
        Ok(sent.error_for_status()?.json().await?)
    }

    /// The report, once nothing more becomes of it.
    async fn made(&self, status: &Value) -> Result<Value, Failure> {
        loop {
            let answer = self.get(status).await?;
            let Some(wait) = answer.headers().get("retry-after") else {
                return Ok(answer.json().await?);
            };
            let seconds = wait.to_str()?.parse()?;
            tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
        }
    }
}

#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let address = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let mut till = Till { client: Client::new(), address, token: String::new() };
    let credentials = json!({ "email": "demo@example.com", "password": "till-demo-password" });
    let session = till.post("/v1/auth/token", &credentials).await?;
    till.token = session["accessToken"].as_str().unwrap_or_default().to_owned();

    let now = OffsetDateTime::now_utc();
    let asked = json!({
        "kind": "orders",
        "format": "csv",
        "from": (now - Duration::days(7)).format(&Rfc3339)?,
        "to": now.format(&Rfc3339)?,
    });
    let job = till.post("/v1/reports/generate", &asked).await?;
    let report = till.made(&job["statusUrl"]).await?;
    let file = till.get(&report["downloadUrl"]).await?.text().await?;
    let head: Vec<_> = file.lines().next().unwrap_or_default().split(',').take(3).collect();
    println!("{}", head.join(","));

    let job = format!("{}/v1/reports/{}", till.address, report["jobId"].as_str().unwrap_or("?"));
    till.client.delete(job).bearer_auth(&till.token).send().await?.error_for_status()?;
    Ok(())
}
