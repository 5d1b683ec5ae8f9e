//! The call between the two transactions: asks the gateway for one operation and says what its answer means; writes nothing.

use super::{PaymentError, Payments};
use crate::clients::payment_gateway::{
    Admission, Charge, ChargeOrder, ChargeState, GatewayError, Step,
};
use crate::domain::money::Amount;
use crate::domain::payment::{GatewayOperation, Payment, PaymentFailure};
use crate::store::payment_attempts::LeasedAttempt;

/// What is certain after an answer.
#[derive(Debug, Clone)]
pub(super) enum Verdict {
    /// How the charge stands at the gateway, whatever was asked of it.
    Captured {
        charge_id: String,
        captured: Amount,
    },
    Authorized {
        charge_id: String,
    },
    Canceled {
        charge_id: String,
    },
    Failed(PaymentFailure),
    Refunded,
    /// The money stays where it is, for good.
    RefundRefused,
}

/// A verdict, or why there is none yet.
pub(super) type Heard = Result<Verdict, String>;

impl Verdict {
    /// Nothing was charged, and not for a reason of the customer's.
    pub(super) fn gateway_error() -> Self {
        Self::Failed(PaymentFailure {
            code: "gateway_error".to_owned(),
            message: "The payment could not be processed.".to_owned(),
        })
    }

    /// How a charge stands; an amount that can't be is no answer.
    pub(super) fn of(charge: Charge, payment: &Payment) -> Heard {
        match charge.state {
            ChargeState::Processing => Err("the gateway is still processing".to_owned()),
            ChargeState::Authorized => Ok(Self::Authorized { charge_id: charge.id }),
            ChargeState::Captured { captured } if captured > payment.amount => {
                tracing::error!(payment = %payment.id, "the gateway captured more than was asked for");
                Err("the gateway captured more than was asked for".to_owned())
            }
            ChargeState::Captured { captured } => {
                Ok(Self::Captured { charge_id: charge.id, captured })
            }
            ChargeState::Declined(failure) => Ok(Self::Failed(failure)),
            ChargeState::Canceled => Ok(Self::Canceled { charge_id: charge.id }),
        }
    }
}

/// Asks the gateway for what the attempt is about, under the attempt's key: asking twice does it once.
pub(super) async fn call(
    payments: &Payments,
    admission: Admission,
    attempt: &LeasedAttempt,
    payment: &Payment,
) -> Result<Heard, PaymentError> {
    let gateway = &payments.gateway;
    let step = || step_of(attempt, payment);
    let answer = match attempt.operation {
        GatewayOperation::Charge => return Ok(charge(payments, admission, attempt, payment).await),
        GatewayOperation::Capture => gateway.capture(admission, step()?, attempt.amount).await,
        GatewayOperation::Cancel => gateway.cancel(admission, step()?).await,
        GatewayOperation::Refund(_) => {
            return Ok(refunded(gateway.refund(admission, step()?, attempt.amount).await));
        }
    };
    match answer {
        Ok(charge) => Ok(Verdict::of(charge, payment)),
        // It was captured, cancelled or has lapsed by another way: how it stands now is what counts.
        Err(GatewayError::Refused { code, message }) => {
            tracing::warn!(payment = %payment.id, code, message, "the gateway refuses a step");
            look_up(payments, payment).await
        }
        Err(error) => Ok(Err(error.to_string())),
    }
}

fn step_of<'a>(attempt: &'a LeasedAttempt, payment: &'a Payment) -> Result<Step<'a>, PaymentError> {
    let charge_id = payment.gateway_charge_id.as_deref();
    let charge_id = charge_id.ok_or(PaymentError::NeverCharged(payment.id))?;
    Ok(Step { key: &attempt.gateway_key, charge_id })
}

async fn charge(
    payments: &Payments,
    admission: Admission,
    attempt: &LeasedAttempt,
    payment: &Payment,
) -> Heard {
    // The same each time, since the key answers for it.
    let order = ChargeOrder {
        key: attempt.gateway_key.clone(),
        money: payment.money(),
        method: payment.payment_method.clone(),
        capture: payment.capture_method,
        callback_url: payments.callback_url.clone(),
    };
    match payments.gateway.charge(admission, &order).await {
        Ok(charge) => Verdict::of(charge, payment),
        Err(GatewayError::Refused { code, message }) if code == "invalid_request" => {
            tracing::error!(code, message, "the gateway refuses our charges");
            Ok(Verdict::gateway_error())
        }
        Err(error) => Err(error.to_string()),
    }
}

fn refunded(answer: Result<(), GatewayError>) -> Heard {
    match answer {
        Ok(()) => Ok(Verdict::Refunded),
        Err(GatewayError::Refused { code, message }) => {
            tracing::error!(code, message, "the gateway refuses a refund");
            Ok(Verdict::RefundRefused)
        }
        Err(error) => Err(error.to_string()),
    }
}

async fn look_up(payments: &Payments, payment: &Payment) -> Result<Heard, PaymentError> {
    let admission = match payments.gateway.admit().await {
        Ok(admission) => admission,
        Err(refusal) => return Ok(Err(refusal.to_string())),
    };
    Ok(match find_charge(payments, admission, payment).await {
        Ok(Some(charge)) => Verdict::of(charge, payment),
        Ok(None) => Err("the gateway doesn't know the charge any more".to_owned()),
        Err(error) => Err(error.to_string()),
    })
}

/// The charge of a payment as the gateway has it: its key is the payment's id.
pub(super) async fn find_charge(
    payments: &Payments,
    admission: Admission,
    payment: &Payment,
) -> Result<Option<Charge>, GatewayError> {
    payments.gateway.find_charge(admission, &payment.id.to_string()).await
}
