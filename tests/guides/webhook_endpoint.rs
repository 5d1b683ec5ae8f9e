//! cargo add reqwest --features json; cargo add serde --features derive; cargo add serde_json;
//! cargo add tokio --features full

use std::time::Duration;

use reqwest::{Client, Method, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

#[derive(Serialize, Deserialize)]
struct Endpoint {
    id: String,
    status: String,
    events: Vec<String>,
    secret: String,
}

#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let till = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let client = Client::new();
    let credentials = json!({ "email": "demo@example.com", "password": "till-demo-password" });
    let sent = client.post(format!("{till}/v1/auth/token")).json(&credentials).send().await?;
    let session: Value = sent.error_for_status()?.json().await?;
    let token = session["accessToken"].as_str().unwrap_or_default();
    let endpoints = format!("{till}/v1/webhook-endpoints");

    let receiver = std::env::var("TILL_OPS").unwrap_or("http://127.0.0.1:9090".to_owned());
    let sink = format!("{receiver}/webhooks/sink");
    let wish = json!({ "url": sink, "events": ["order.paid", "refund.succeeded"] });
    let made = client.post(&endpoints).bearer_auth(token).json(&wish).send().await?;
    let endpoint: Endpoint = made.error_for_status()?.json().await?;
    std::fs::write("endpoint.json", serde_json::to_string(&endpoint)?)?;
    println!("{} {:?}", endpoint.status, endpoint.events);

    // == Send a test
    let call = async |method: Method, below: &str| -> Result<Response, Failure> {
        let address = format!("{endpoints}/{}{below}", endpoint.id);
        let sent = client.request(method, address).bearer_auth(token).send().await?;
        Ok(sent.error_for_status()?)
    };
    let sent: Value = call(Method::POST, "/test").await?.json().await?;
    println!("{} {}", sent["eventType"], sent["status"]);

    // == What became of it
    #[derive(Deserialize)]
    struct Deliveries {
        data: Vec<Delivery>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Delivery {
        event_id: String,
        event_type: String,
        status: String,
        tries: u32,
        response_status: Option<u16>,
    }

    let delivery = loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let list: Deliveries = call(Method::GET, "/deliveries?limit=1").await?.json().await?;
        if let Some(last) = list.data.into_iter().next().filter(|last| last.status != "pending") {
            break last;
        }
    };
    let Delivery { event_id, event_type, status, tries, response_status } = delivery;
    println!("{event_type} {status} {tries} {response_status:?}");

    // == What came
    let came = client.get(format!("{receiver}/webhooks/received")).send().await?;
    let mut received: Vec<Value> = came.error_for_status()?.json().await?;
    received.retain(|one| one["id"] == event_id);
    std::fs::write("received.json", serde_json::to_string(&received)?)?;
    for one in &received {
        println!("{} {} {}", one["id"], one["timestamp"], one["signature"]);
        println!("{}", one["body"].as_str().unwrap_or_default());
    }

    // == Replace the secret
    let rotated: Value = call(Method::POST, "/rotate").await?.json().await?;
    println!("{} {} {}", rotated["status"], rotated["secret"], rotated["oldSecretUntil"]);

    // == Be told no more
    println!("{}", call(Method::DELETE, "").await?.status().as_u16());
    Ok(())
}
