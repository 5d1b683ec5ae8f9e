//! Double-entry bookkeeping: every movement of money as lines that sum to zero; nothing is ever changed or removed.

use super::ids::{OrderId, PaymentId, RefundId};
use super::money::{Currency, Money};
use super::payment::Payment;

/// Where money stands in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Account {
    /// An asset: what the payment provider holds for us.
    GatewayReceivable,
    /// Income: what was sold.
    Sales,
    /// Against income: what was given back.
    Refunds,
    /// A liability: what customers paid that no order takes, until it is given back.
    UnappliedCash,
}

impl Account {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GatewayReceivable => "gateway_receivable",
            Self::Sales => "sales",
            Self::Refunds => "refunds",
            Self::UnappliedCash => "unapplied_cash",
        }
    }
}

/// One line of an entry: a debit is positive, a credit negative, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    pub account: Account,
    pub currency: Currency,
    pub amount: i64,
}

/// What moved, and for which payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    Capture { payment_id: PaymentId },
    Refund { payment_id: PaymentId, refund_id: RefundId },
}

/// A balanced entry; only the constructors make one, so there is no other kind.
#[derive(Debug, Clone)]
pub struct Entry {
    movement: Movement,
    order_id: Option<OrderId>,
    lines: [Line; 2],
}

impl Entry {
    /// Money arrived: the provider owes it to us, and it was earned, or is owed back where nothing takes it.
    pub fn capture(payment: &Payment, money: Money) -> Self {
        let earned = if payment.applied { Account::Sales } else { Account::UnappliedCash };
        Self {
            movement: Movement::Capture { payment_id: payment.id },
            order_id: payment.order_id,
            lines: transfer(Account::GatewayReceivable, earned, money),
        }
    }

    /// Money went back.
    pub fn refund(payment: &Payment, refund_id: RefundId, money: Money) -> Self {
        let given = if payment.applied { Account::Refunds } else { Account::UnappliedCash };
        Self {
            movement: Movement::Refund { payment_id: payment.id, refund_id },
            order_id: payment.order_id,
            lines: transfer(given, Account::GatewayReceivable, money),
        }
    }

    pub fn movement(&self) -> Movement {
        self.movement
    }

    pub fn order_id(&self) -> Option<OrderId> {
        self.order_id
    }

    pub fn lines(&self) -> &[Line] {
        &self.lines
    }
}

fn transfer(debit: Account, credit: Account, money: Money) -> [Line; 2] {
    let (amount, currency) = (money.amount.get(), money.currency);
    [Line { account: debit, currency, amount }, Line { account: credit, currency, amount: -amount }]
}
