//! Double-entry bookkeeping: every movement of money as lines that sum to zero; nothing is ever changed or removed.

use super::ids::{OrderId, PaymentId, RefundId};
use super::money::{Currency, Money};

/// Where money stands in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Account {
    /// An asset: what the payment provider holds for us.
    GatewayReceivable,
    /// Income: what was sold.
    Sales,
    /// Against income: what was given back.
    Refunds,
}

impl Account {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GatewayReceivable => "gateway_receivable",
            Self::Sales => "sales",
            Self::Refunds => "refunds",
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
    /// Money arrived: the provider owes it to us, and it was earned.
    pub fn capture(payment_id: PaymentId, order_id: Option<OrderId>, money: Money) -> Self {
        let movement = Movement::Capture { payment_id };
        Self {
            movement,
            order_id,
            lines: transfer(Account::GatewayReceivable, Account::Sales, money),
        }
    }

    /// Money went back.
    pub fn refund(
        payment_id: PaymentId,
        refund_id: RefundId,
        order_id: Option<OrderId>,
        money: Money,
    ) -> Self {
        let movement = Movement::Refund { payment_id, refund_id };
        Self {
            movement,
            order_id,
            lines: transfer(Account::Refunds, Account::GatewayReceivable, money),
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
