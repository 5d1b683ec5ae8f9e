//! Counts what became of payments and refunds, once it is committed; it decides nothing.

use crate::domain::event::Event;
use crate::domain::payment::PaymentStatus;

/// Reasons for which a payment fails that are named in the API; the provider's other words are no label.
const DECLINE_CODES: [&str; 5] = [
    "card_declined",
    "insufficient_funds",
    "expired_card",
    "invalid_payment_method",
    "gateway_error",
];

/// Counts the ends that these events of one transaction tell of.
pub(super) fn count(events: &[Event]) {
    for event in events {
        match event {
            Event::PaymentSucceeded { .. } => payment(PaymentStatus::Succeeded, ""),
            Event::PaymentAuthorized { .. } => payment(PaymentStatus::RequiresCapture, ""),
            Event::PaymentCanceled { .. } => payment(PaymentStatus::Canceled, ""),
            Event::PaymentFailed { code, .. } => payment(PaymentStatus::Failed, bounded(code)),
            Event::RefundSucceeded { .. } => refund("succeeded"),
            Event::RefundFailed { .. } => refund("failed"),
            Event::UserCreated { .. }
            | Event::OrderCreated { .. }
            | Event::OrderPaid { .. }
            | Event::OrderCancelled { .. }
            | Event::OrderExpired { .. }
            | Event::OrderFulfilled { .. }
            | Event::OrderRefunded { .. }
            | Event::PaymentUnsettled { .. }
            | Event::ReportCompleted { .. }
            | Event::WebhookEndpointDisabled { .. } => {}
        }
    }
}

fn payment(status: PaymentStatus, decline_code: &'static str) {
    let status = status.as_str();
    metrics::counter!("till_payments_total", "status" => status, "decline_code" => decline_code)
        .increment(1);
}

fn refund(status: &'static str) {
    metrics::counter!("till_refunds_total", "status" => status).increment(1);
}

fn bounded(code: &str) -> &'static str {
    DECLINE_CODES.into_iter().find(|known| *known == code).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::bounded;

    #[test]
    fn a_code_that_the_api_does_not_name_makes_no_series_of_its_own() {
        assert_eq!(bounded("expired_card"), "expired_card");
        assert_eq!(bounded("card_declined_at_2026-11-29T14:00:00Z"), "other");
    }
}
