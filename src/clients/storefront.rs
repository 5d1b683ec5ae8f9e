//! Our own public API as a shopper's program meets it: over a socket, with an access token, by its documented paths; it knows
//! nothing of what is behind them.

use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::config::BaseUrl;

/// Connecting to one's own machine takes no time, unless it is full.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Longer than any answer may take: a request has its own deadline.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// The API at one address.
#[derive(Debug, Clone)]
pub struct Storefront {
    http: reqwest::Client,
    url: BaseUrl,
}

/// An answer came, and was not what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum StorefrontError {
    /// 503: not now, and nothing was begun.
    #[error("the API is not available now")]
    Unavailable,
    #[error("the API answered {status}")]
    Refused { status: u16 },
    #[error("the API gave no answer")]
    NoAnswer(#[from] reqwest::Error),
    #[error("the API's answer isn't what its document says")]
    Unreadable(#[from] serde_json::Error),
    #[error("the API's answer is longer than any may be")]
    TooLong,
}

/// What is for sale, as far as a shopper needs it.
#[derive(Debug, Clone, Deserialize)]
pub struct Offer {
    pub id: String,
}

/// An order that was placed.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlacedOrder {
    pub id: String,
    pub total_amount: i64,
    pub currency: String,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Offer>,
}

/// How far a payment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentAnswer {
    /// 201.
    Made,
    /// 202: it is settled later.
    Open,
}

impl Storefront {
    /// # Errors
    /// The machine's TLS can't be set up.
    pub fn new(url: BaseUrl) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { http, url })
    }

    /// A page of what is for sale.
    ///
    /// # Errors
    /// [`StorefrontError`].
    pub async fn browse(&self, token: &SecretString) -> Result<Vec<Offer>, StorefrontError> {
        let request = self.http.get(self.url.join("/v1/products?limit=100"));
        let (_, page): (_, Page) = answer(request, token).await?;
        Ok(page.data)
    }

    /// Looks at one product.
    ///
    /// # Errors
    /// [`StorefrontError`].
    pub async fn look_at(
        &self,
        token: &SecretString,
        offer: &Offer,
    ) -> Result<(), StorefrontError> {
        let request = self.http.get(self.url.join(&format!("/v1/products/{}", offer.id)));
        answer::<Value>(request, token).await.map(|_product| ())
    }

    /// Orders one piece.
    ///
    /// # Errors
    /// [`StorefrontError`].
    pub async fn place_order(
        &self,
        token: &SecretString,
        key: &str,
        offer: &Offer,
    ) -> Result<PlacedOrder, StorefrontError> {
        let body = json!({ "items": [{ "productId": offer.id, "quantity": 1 }] });
        let (_, order) = answer(self.post("/v1/orders", key).json(&body), token).await?;
        Ok(order)
    }

    /// Pays all of an order with a card that is taken.
    ///
    /// # Errors
    /// [`StorefrontError`].
    pub async fn pay(
        &self,
        token: &SecretString,
        key: &str,
        order: &PlacedOrder,
    ) -> Result<PaymentAnswer, StorefrontError> {
        let body = json!({
            "orderId": order.id, "amount": order.total_amount, "currency": order.currency,
            "paymentMethod": "pm_ok",
        });
        let request = self.post("/v1/payments", key).json(&body);
        let (status, _payment): (_, Value) = answer(request, token).await?;
        let open = status == StatusCode::ACCEPTED;
        Ok(if open { PaymentAnswer::Open } else { PaymentAnswer::Made })
    }

    fn post(&self, path: &str, key: &str) -> RequestBuilder {
        self.http.post(self.url.join(path)).header("idempotency-key", key)
    }
}

async fn answer<T: DeserializeOwned>(
    request: RequestBuilder,
    token: &SecretString,
) -> Result<(StatusCode, T), StorefrontError> {
    let mut response = request.bearer_auth(token.expose_secret()).send().await?;
    let status = response.status();
    match status {
        StatusCode::SERVICE_UNAVAILABLE => return Err(StorefrontError::Unavailable),
        _ if !status.is_success() => {
            return Err(StorefrontError::Refused { status: status.as_u16() });
        }
        _ => {}
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(StorefrontError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, serde_json::from_slice(&body)?))
}
