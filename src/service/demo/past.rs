//! The books of a past that is told: what each charge and refund leaves behind, complete and consistent.

use std::collections::BTreeMap;

use time::{Duration, OffsetDateTime};

use super::DemoError;
use super::dice::Dice;
use crate::clients::payment_gateway::PastCharge;
use crate::domain::ids::{OrderId, PaymentId, ProductId, RefundId, UserId};
use crate::domain::ledger::Entry;
use crate::domain::metadata::Metadata;
use crate::domain::money::{Amount, Money};
use crate::domain::order::Order;
use crate::domain::payment::{CaptureMethod, Payment, PaymentFailure, PaymentStatus};
use crate::domain::refund::{Refund, RefundReason, RefundStatus};
use crate::domain::user::PaymentMethod;
use crate::store::demo::past::{PastEntry, SettledAttempt};

/// How long the gateway took to answer.
const ANSWERED_AFTER: Duration = Duration::seconds(1);

/// What happened, in the form in which it is kept.
#[derive(Debug, Default)]
pub(super) struct Past {
    pub orders: Vec<Order>,
    pub payments: Vec<Payment>,
    pub refunds: Vec<Refund>,
    pub attempts: Vec<SettledAttempt>,
    pub entries: Vec<PastEntry>,
}

/// Money that was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charge {
    pub id: PaymentId,
    pub order_id: Option<OrderId>,
    pub customer_id: UserId,
    pub money: Money,
    pub at: OffsetDateTime,
}

/// Why a card was refused: the payment method that stands for it, the code and the gateway's words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decline(&'static str, &'static str, &'static str);

pub(super) const DECLINES: [Decline; 3] = [
    Decline("pm_declined", "card_declined", "The card was declined."),
    Decline("pm_insufficient_funds", "insufficient_funds", "The card has insufficient funds."),
    Decline("pm_expired", "expired_card", "The card has expired."),
];

/// What the gateway said to a charge.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    Captured,
    /// Set aside for a capture that hasn't come yet.
    Authorized,
    Declined(Decline),
}

/// Money that went back.
#[derive(Debug, Clone, Copy)]
pub(super) struct GivenBack {
    pub id: RefundId,
    pub amount: Amount,
    pub reason: &'static str,
    pub at: OffsetDateTime,
}

impl Past {
    /// Keeps a charge with its attempt and, where money moved, its entry; returns when it was answered.
    pub(super) fn charge(
        &mut self,
        dice: &mut Dice,
        charge: Charge,
        answer: Answer,
    ) -> Result<OffsetDateTime, DemoError> {
        let Charge { id, order_id, customer_id, money, at } = charge;
        let answered = at + ANSWERED_AFTER;
        let charge_id = format!("ch_{id}");
        let mut payment = Payment {
            id,
            order_id,
            customer_id,
            status: PaymentStatus::Succeeded,
            amount: money.amount,
            amount_captured: 0,
            amount_refunded: 0,
            currency: money.currency,
            payment_method: PaymentMethod::parse("pm_ok")?,
            capture_method: CaptureMethod::Automatic,
            failure: None,
            metadata: Metadata::default(),
            gateway_charge_id: Some(charge_id),
            applied: true,
            authorized_at: None,
            created_at: at,
            updated_at: answered,
        };
        match answer {
            Answer::Captured => {
                payment.amount_captured = money.amount.get();
                let entry = Entry::capture(&payment, money);
                self.entries.push(PastEntry {
                    id: dice.id(answered),
                    entry,
                    recorded_at: answered,
                });
            }
            Answer::Authorized => {
                payment.status = PaymentStatus::RequiresCapture;
                payment.capture_method = CaptureMethod::Manual;
                payment.authorized_at = Some(answered);
            }
            Answer::Declined(Decline(method, code, message)) => {
                payment.status = PaymentStatus::Failed;
                payment.payment_method = PaymentMethod::parse(method)?;
                let (code, message) = (code.to_owned(), message.to_owned());
                payment.failure = Some(PaymentFailure { code, message });
                payment.gateway_charge_id = None;
            }
        }
        self.attempts.push(SettledAttempt {
            id: dice.id(at),
            payment_id: id,
            refund_id: None,
            amount: money.amount.get(),
            gateway_key: id.to_string(),
            lease_token: dice.id(at),
            created_at: at,
            settled_at: answered,
        });
        self.payments.push(payment);
        Ok(answered)
    }

    /// Gives back a part of the latest charge, which was captured; returns when that was answered.
    pub(super) fn give_back(
        &mut self,
        dice: &mut Dice,
        back: GivenBack,
    ) -> Result<OffsetDateTime, DemoError> {
        let GivenBack { id, amount, reason, at } = back;
        let answered = at + ANSWERED_AFTER;
        let Some(payment) = self.payments.last_mut() else { return Ok(answered) };
        payment.amount_refunded += amount.get();
        payment.updated_at = answered;
        let money = Money { amount, currency: payment.currency };
        let entry = Entry::refund(payment, id, money);
        self.entries.push(PastEntry { id: dice.id(answered), entry, recorded_at: answered });
        self.attempts.push(SettledAttempt {
            id: dice.id(at),
            payment_id: payment.id,
            refund_id: Some(id),
            amount: amount.get(),
            gateway_key: id.to_string(),
            lease_token: dice.id(at),
            created_at: at,
            settled_at: answered,
        });
        self.refunds.push(Refund {
            id,
            payment_id: payment.id,
            status: RefundStatus::Succeeded,
            amount,
            currency: payment.currency,
            reason: Some(RefundReason::parse(reason)?),
            created_at: at,
            updated_at: answered,
        });
        Ok(answered)
    }

    /// The payments as the gateway has them.
    pub(super) fn charges(&self) -> Vec<PastCharge<'_>> {
        let mut given_back: BTreeMap<PaymentId, Vec<&Refund>> = BTreeMap::new();
        for refund in &self.refunds {
            given_back.entry(refund.payment_id).or_default().push(refund);
        }
        let charge = |payment: &'_ Payment| (format!("ch_{}", payment.id), payment.id.to_string());
        self.payments
            .iter()
            .map(|payment| {
                let (charge_id, key) = charge(payment);
                let refunds = given_back.remove(&payment.id).unwrap_or_default();
                PastCharge { charge_id, key, payment, refunds }
            })
            .collect()
    }

    /// How many pieces of each product the orders hold.
    pub(super) fn held(&self) -> BTreeMap<ProductId, i64> {
        let mut held = BTreeMap::new();
        let holding = self.orders.iter().filter(|order| order.status.holds_stock());
        for line in holding.flat_map(|order| &order.lines) {
            *held.entry(line.product_id).or_default() += i64::from(line.quantity.get());
        }
        held
    }
}
