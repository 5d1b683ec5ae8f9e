//! Hands the sandbox provider charges of the past, so that demo data is on its record too; no other provider has such a door.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::GatewayError;
use super::sandbox::{accepted, http, read};
use crate::config::BaseUrl;
use crate::domain::payment::{Payment, PaymentStatus};
use crate::domain::refund::Refund;

const IMPORT: &str = "/sandbox/import";

/// A load of thousands is checked and written to disk before it is answered.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A charge that was settled long ago, and what was given back of it.
#[derive(Debug, Clone)]
pub struct PastCharge<'a> {
    /// The provider's name of the charge.
    pub charge_id: String,
    /// Our key: the payment's id.
    pub key: String,
    pub payment: &'a Payment,
    pub refunds: Vec<&'a Refund>,
}

/// The sandbox's door for history.
#[derive(Debug, Clone)]
pub struct SandboxHistory {
    http: reqwest::Client,
    url: BaseUrl,
}

#[derive(Deserialize)]
struct Imported {
    imported: usize,
    skipped: usize,
}

impl SandboxHistory {
    /// # Errors
    /// The machine's TLS can't be set up.
    pub fn new(url: BaseUrl) -> Result<Self, reqwest::Error> {
        Ok(Self { http: http(TIMEOUT)?, url })
    }

    /// Where the provider is asked.
    pub fn url(&self) -> &BaseUrl {
        &self.url
    }

    /// Puts these charges on the provider's record; those that are there already stay as they are.
    ///
    /// # Errors
    /// [`GatewayError`]: then none of them may be there.
    pub async fn import(&self, charges: &[PastCharge<'_>]) -> Result<(), GatewayError> {
        let body: Vec<Value> = charges.iter().map(rendered).collect();
        let request = self.http.post(self.url.join(IMPORT)).json(&body);
        let Imported { imported, skipped } = read(&accepted(request, IMPORT).await?)?;
        if imported + skipped == charges.len() {
            Ok(())
        } else {
            Err(GatewayError::BadAnswer { why: "it took another number of charges" })
        }
    }
}

fn rendered(charge: &PastCharge<'_>) -> Value {
    let payment = charge.payment;
    let status = match payment.status {
        PaymentStatus::Processing | PaymentStatus::RequiresCapture => "authorized",
        PaymentStatus::Succeeded => "captured",
        PaymentStatus::Failed => "declined",
        PaymentStatus::Canceled => "canceled",
    };
    let refunds: Vec<Value> = charge.refunds.iter().map(|refund| given_back(refund)).collect();
    json!({
        "id": charge.charge_id,
        "key": charge.key,
        "status": status,
        "amount": payment.amount,
        "currency": payment.currency,
        "amountCaptured": payment.amount_captured,
        "paymentMethod": payment.payment_method,
        "failure": payment.failure.as_ref().map(|failure| json!({ "code": failure.code })),
        "createdAt": time(payment.created_at),
        "updatedAt": time(payment.updated_at),
        "refunds": refunds,
    })
}

fn given_back(refund: &Refund) -> Value {
    json!({
        "id": format!("re_{}", refund.id),
        "key": refund.id,
        "amount": refund.amount,
        "createdAt": time(refund.created_at),
    })
}

/// RFC 3339 writes every time of this era.
fn time(at: OffsetDateTime) -> Option<String> {
    at.format(&Rfc3339).ok()
}
