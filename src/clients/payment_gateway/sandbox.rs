//! The sandbox provider over HTTP: renders and reads its protocol (see [`crate::sandbox`]); believes no answer it hasn't checked.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::{RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Charge, ChargeFuture, ChargeOrder, ChargeState, GatewayError, PaymentGateway, Step};
use crate::clients::http_span::{self, Path};
use crate::config::BaseUrl;
use crate::domain::money::Amount;
use crate::domain::payment::{CaptureMethod, PaymentFailure};

const CHARGES: &str = "/v1/charges";

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The sandbox's adapter.
#[derive(Debug)]
pub struct SandboxGateway {
    http: reqwest::Client,
    url: BaseUrl,
    api_key: SecretString,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChargeAnswer {
    id: String,
    key: String,
    status: StatusAnswer,
    amount: i64,
    currency: String,
    amount_captured: i64,
    failure: Option<PaymentFailure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum StatusAnswer {
    Processing,
    Authorized,
    Captured,
    Declined,
    Canceled,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefundAnswer {
    key: String,
    charge_id: String,
    amount: i64,
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error: ErrorBody,
}

#[derive(Deserialize)]
struct ErrorBody {
    code: String,
    message: String,
}

impl SandboxGateway {
    /// `timeout` bounds one try, connecting included.
    ///
    /// # Errors
    /// The TLS configuration can't be built.
    pub fn new(
        url: BaseUrl,
        api_key: SecretString,
        timeout: Duration,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self { http: http(timeout)?, url, api_key })
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(self.url.join(path)).bearer_auth(self.api_key.expose_secret())
    }

    fn post(&self, path: &str, key: &str) -> RequestBuilder {
        self.http
            .post(self.url.join(path))
            .bearer_auth(self.api_key.expose_secret())
            .header("idempotency-key", key)
    }

    /// `template`: a path with `{id}` where the charge is named.
    async fn step(
        &self,
        step: Step<'_>,
        template: &'static str,
        body: Value,
    ) -> Result<Vec<u8>, GatewayError> {
        let path = template.replace("{id}", step.charge_id);
        accepted(self.post(&path, step.key).json(&body), template).await
    }
}

impl PaymentGateway for SandboxGateway {
    fn charge<'a>(&'a self, order: &'a ChargeOrder) -> BoxFuture<'a, Result<Charge, GatewayError>> {
        let body = json!({
            "amount": order.money.amount,
            "currency": order.money.currency,
            "paymentMethod": order.method.as_str(),
            "capture": order.capture == CaptureMethod::Automatic,
            "callbackUrl": order.callback_url,
        });
        async move {
            let request = self.post(CHARGES, &order.key).json(&body);
            let answer = accepted(request, CHARGES).await?;
            let charge: ChargeAnswer = read(&answer)?;
            let ours = charge.key == order.key
                && charge.amount == order.money.amount.get()
                && charge.currency == order.money.currency.code();
            if !ours {
                return Err(GatewayError::BadAnswer { why: "it speaks of another charge" });
            }
            charge.try_into()
        }
        .boxed()
    }

    fn find_charge<'a>(
        &'a self,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<Charge>, GatewayError>> {
        async move {
            let query: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
            let request = self.get(&format!("{CHARGES}?key={query}"));
            match accepted(request, CHARGES).await {
                Ok(answer) => {
                    let charge: ChargeAnswer = read(&answer)?;
                    if charge.key != key {
                        return Err(GatewayError::BadAnswer { why: "it speaks of another charge" });
                    }
                    charge.try_into().map(Some)
                }
                Err(GatewayError::Refused { code, .. }) if code == "not_found" => Ok(None),
                Err(error) => Err(error),
            }
        }
        .boxed()
    }

    fn capture<'a>(&'a self, step: Step<'a>, amount: Amount) -> ChargeFuture<'a> {
        async move {
            let answer =
                self.step(step, "/v1/charges/{id}/capture", json!({ "amount": amount })).await?;
            of_charge(&answer, step)
        }
        .boxed()
    }

    fn cancel<'a>(&'a self, step: Step<'a>) -> ChargeFuture<'a> {
        async move {
            let answer = self.step(step, "/v1/charges/{id}/cancel", json!({})).await?;
            of_charge(&answer, step)
        }
        .boxed()
    }

    fn refund<'a>(
        &'a self,
        step: Step<'a>,
        amount: Amount,
    ) -> BoxFuture<'a, Result<(), GatewayError>> {
        async move {
            let answer =
                self.step(step, "/v1/charges/{id}/refunds", json!({ "amount": amount })).await?;
            let refund: RefundAnswer = read(&answer)?;
            let ours = refund.key == step.key
                && refund.charge_id == step.charge_id
                && refund.amount == amount.get();
            if ours {
                Ok(())
            } else {
                Err(GatewayError::BadAnswer { why: "it speaks of another refund" })
            }
        }
        .boxed()
    }
}

impl TryFrom<ChargeAnswer> for Charge {
    type Error = GatewayError;

    fn try_from(answer: ChargeAnswer) -> Result<Self, GatewayError> {
        let state = match (answer.status, answer.failure) {
            (StatusAnswer::Processing, _) => ChargeState::Processing,
            (StatusAnswer::Authorized, _) => ChargeState::Authorized,
            (StatusAnswer::Canceled, _) => ChargeState::Canceled,
            (StatusAnswer::Declined, Some(failure)) => ChargeState::Declined(failure),
            (StatusAnswer::Declined, None) => {
                return Err(GatewayError::BadAnswer { why: "declined without a reason" });
            }
            (StatusAnswer::Captured, _) => match Amount::new(answer.amount_captured) {
                Ok(captured) if captured.get() <= answer.amount => {
                    ChargeState::Captured { captured }
                }
                Ok(_) | Err(_) => {
                    return Err(GatewayError::BadAnswer { why: "an impossible amount captured" });
                }
            },
        };
        Ok(Self { id: answer.id, state })
    }
}

fn of_charge(answer: &[u8], step: Step<'_>) -> Result<Charge, GatewayError> {
    let charge: ChargeAnswer = read(answer)?;
    if charge.id != step.charge_id {
        return Err(GatewayError::BadAnswer { why: "it speaks of another charge" });
    }
    charge.try_into()
}

/// A client that goes where it is told and nowhere else; `timeout` bounds one try, connecting included.
pub(super) fn http(timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}

/// The body of a success; everything else as the error it is. `template`: the path, without what is one charge's own.
pub(super) async fn accepted(
    request: RequestBuilder,
    template: &'static str,
) -> Result<Vec<u8>, GatewayError> {
    let response = http_span::send(request, Path::Template(template)).await.map_err(broken)?;
    let status = response.status();
    match status {
        StatusCode::OK | StatusCode::CREATED => bounded(response, LONGEST_ANSWER).await,
        StatusCode::BAD_REQUEST
        | StatusCode::NOT_FOUND
        | StatusCode::CONFLICT
        | StatusCode::UNPROCESSABLE_ENTITY => {
            let ErrorAnswer { error } = read(&bounded(response, LONGEST_ANSWER).await?)?;
            Err(GatewayError::Refused { code: error.code, message: error.message })
        }
        other if other.is_client_error() || other.is_server_error() => {
            Err(GatewayError::Unwilling { status: other.as_u16() })
        }
        _ => Err(GatewayError::BadAnswer { why: "a status that the protocol doesn't have" }),
    }
}

/// The body, if it has at most so many bytes.
pub(super) async fn bounded(
    mut response: Response,
    longest: usize,
) -> Result<Vec<u8>, GatewayError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > longest {
            return Err(GatewayError::BadAnswer { why: "longer than any answer may be" });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

pub(super) fn read<T: DeserializeOwned>(answer: &[u8]) -> Result<T, GatewayError> {
    serde_json::from_slice(answer).map_err(GatewayError::Unreadable)
}

pub(super) fn broken(error: reqwest::Error) -> GatewayError {
    if error.is_timeout() { GatewayError::Timeout } else { GatewayError::Unreachable(error) }
}
