//! cargo add reqwest --features json; cargo add serde_json; cargo add tokio --features full

use std::time::Duration;

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

struct Till {
    client: Client,
    address: String,
    token: String,
}

impl Till {
    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Response, Failure> {
        let mut request = self.client.request(method, format!("{}{path}", self.address));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        Ok(request.send().await?.error_for_status()?)
    }
}

#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let address = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let mut till = Till { client: Client::new(), address, token: String::new() };
    let credentials = json!({ "email": "demo@example.com", "password": "till-demo-password" });
    let session = till.send(Method::POST, "/v1/auth/token", &credentials).await?;
    let session: Value = session.json().await?;
    till.token = session["accessToken"].as_str().unwrap_or_default().to_owned();

    let receiver = std::env::var("TILL_OPS").unwrap_or("http://127.0.0.1:9090".to_owned());
    let sink = format!("{receiver}/webhooks/sink");
    let wish = json!({ "url": sink, "events": ["order.paid", "refund.succeeded"] });
    let made = till.send(Method::POST, "/v1/webhook-endpoints", &wish).await?;
    let endpoint: Value = made.json().await?;
    println!("{}", endpoint["status"].as_str().unwrap_or_default());

    let this = format!("/v1/webhook-endpoints/{}", endpoint["id"].as_str().unwrap_or_default());
    till.send(Method::POST, &format!("{this}/test"), &Value::Null).await?;
    let status = loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let path = format!("{this}/deliveries?limit=1");
        let list: Value = till.send(Method::GET, &path, &Value::Null).await?.json().await?;
        match list["data"][0]["status"].as_str() {
            None | Some("pending") => {}
            Some(other) => break other.to_owned(),
        }
    };
    println!("{status}");

    let gone = till.send(Method::DELETE, &this, &Value::Null).await?;
    println!("{}", gone.status().as_u16());
    Ok(())
}
