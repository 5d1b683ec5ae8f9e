//! cargo add reqwest --features json; cargo add serde_json; cargo add uuid --features v4; cargo add tokio --features full

use reqwest::{Client, Method};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

struct Till {
    client: Client,
    address: String,
    token: Option<String>,
}

impl Till {
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Failure> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.address))
            .header("idempotency-key", uuid::Uuid::new_v4().to_string());
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let ok = answer.status().is_success();
        let result: Value = answer.json().await?;
        if ok {
            Ok(result)
        } else {
            Err(format!("{}: {}", result["code"], result["detail"]).into())
        }
    }
}

#[tokio::main]
pub async fn main() -> Result<(), Failure> {
    let address = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let mut till = Till { client: Client::new(), address, token: None };

    let email = format!("ada-{}@example.com", uuid::Uuid::new_v4());
    let password = "correct horse battery";
    let account = json!({ "email": email, "password": password, "name": "Ada Lovelace" });
    till.call(Method::POST, "/v1/users", Some(account)).await?;
    let credentials = json!({ "email": email, "password": password });
    let session = till.call(Method::POST, "/v1/auth/token", Some(credentials)).await?;
    till.token = session["accessToken"].as_str().map(str::to_owned);

    let products = till.call(Method::GET, "/v1/products?q=stoneware&limit=1", None).await?;
    let items = json!([{ "productId": products["data"][0]["id"], "quantity": 2 }]);
    let order = till.call(Method::POST, "/v1/orders", Some(json!({ "items": items }))).await?;
    let payment = json!({
        "orderId": order["id"],
        "amount": order["totalAmount"],
        "currency": order["currency"],
        "paymentMethod": "pm_ok",
    });
    till.call(Method::POST, "/v1/payments", Some(payment)).await?;

    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap_or_default());
    let paid = till.call(Method::GET, &path, None).await?;
    let word = |member: &str| paid[member].to_string().replace('"', "");
    println!(
        "{}: {} of {} {}",
        word("status"),
        word("paidAmount"),
        word("totalAmount"),
        word("currency")
    );
    Ok(())
}
