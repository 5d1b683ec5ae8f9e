//! Orders: what one is made of, and the only ways its state may change.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::Violation;
use super::ids::{OrderId, ProductId, UserId};
use super::metadata::Metadata;
use super::money::{Amount, Currency};

/// How long an unpaid order holds its stock.
pub const UNPAID_ORDER_LIVES: Duration = Duration::minutes(30);

/// How long an order that is paid in part holds its stock before what was paid goes back.
pub const PARTLY_PAID_ORDER_LIVES: Duration = Duration::days(7);

/// The most lines an order may have.
pub const MAX_LINES: usize = 100;

/// 1–1000 pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Quantity(u32);

impl Quantity {
    /// # Errors
    /// `out_of_range` outside 1–1000.
    pub fn new(pieces: i64) -> Result<Self, Violation> {
        u32::try_from(pieces)
            .ok()
            .filter(|pieces| (1..=1000).contains(pieces))
            .map(Self)
            .ok_or_else(|| Violation::new("out_of_range", "must be between 1 and 1000"))
    }

    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<i64> for Quantity {
    type Error = Violation;

    fn try_from(pieces: i64) -> Result<Self, Violation> {
        Self::new(pieces)
    }
}

impl From<Quantity> for i64 {
    fn from(quantity: Quantity) -> Self {
        Self::from(quantity.0)
    }
}

/// Where an order stands. `pending → paid → fulfilled`; `pending → cancelled | expired`;
/// `paid | fulfilled → refunded` when all is refunded. No other transition exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    Pending,
    Paid,
    Fulfilled,
    Refunded,
    Cancelled,
    Expired,
}

impl OrderStatus {
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Paid,
        Self::Fulfilled,
        Self::Refunded,
        Self::Cancelled,
        Self::Expired,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Fulfilled => "fulfilled",
            Self::Refunded => "refunded",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Whether an order in this state keeps the stock it reserved.
    pub fn holds_stock(self) -> bool {
        match self {
            Self::Pending | Self::Paid | Self::Fulfilled | Self::Refunded => true,
            Self::Cancelled | Self::Expired => false,
        }
    }
}

impl FromStr for OrderStatus {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            Violation::new(
                "invalid_value",
                "must be pending, paid, fulfilled, refunded, cancelled or expired",
            )
        })
    }
}

/// What a customer asks for; the price comes from the catalogue.
#[derive(Debug, Clone)]
pub struct RequestedLine {
    pub product_id: ProductId,
    pub quantity: Quantity,
}

/// A command: place one order.
#[derive(Debug, Clone)]
pub struct PlaceOrder {
    pub customer_id: UserId,
    /// 1 to [`MAX_LINES`] lines.
    pub lines: Vec<RequestedLine>,
    pub metadata: Metadata,
}

/// One line as it was when the order was placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    pub product_id: ProductId,
    pub sku: String,
    pub name: String,
    pub quantity: Quantity,
    pub unit_amount: Amount,
    pub amount: Amount,
}

/// Lines with their prices, and their sum.
#[derive(Debug, Clone)]
pub struct PricedOrder {
    pub currency: Currency,
    pub total: Amount,
    pub lines: Vec<OrderLine>,
}

/// Not enough of one product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shortage {
    pub product_id: ProductId,
    pub requested: i64,
    pub available: i64,
}

/// Why an order was not placed, decided on the state of the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceOrderRefusal {
    InsufficientStock {
        items: Vec<Shortage>,
    },
    /// No such product, or not for sale; `index` counts the request's lines from 0.
    UnknownProduct {
        index: usize,
    },
    MixedCurrencies {
        index: usize,
        first: Currency,
        other: Currency,
    },
    TotalOutOfRange,
    /// `customerId` names nobody who could buy.
    UnknownCustomer,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub id: OrderId,
    pub customer_id: UserId,
    pub status: OrderStatus,
    pub currency: Currency,
    pub total: Amount,
    /// Captured so far, in minor units; 0 or more.
    pub paid_amount: i64,
    /// Given back so far, in minor units; at most `paid_amount`.
    pub refunded_amount: i64,
    pub lines: Vec<OrderLine>,
    pub metadata: Metadata,
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

/// What other payments of an order leave to be paid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrderPayments {
    /// Sum captured, in minor units.
    pub captured: i64,
    /// Sum of payments in `processing` or `requires_capture`, in minor units.
    pub in_flight: i64,
}

impl Order {
    /// What may still be charged: total − captured − in flight.
    pub fn outstanding(&self, payments: OrderPayments) -> i64 {
        self.total.get() - payments.captured - payments.in_flight
    }

    /// # Errors
    /// The present state, where the order isn't waiting or has a live or captured payment.
    pub fn cancel(&self, payments: OrderPayments) -> Result<OrderStatus, OrderStatus> {
        if self.status == OrderStatus::Pending && payments.captured == 0 && payments.in_flight == 0
        {
            Ok(OrderStatus::Cancelled)
        } else {
            Err(self.status)
        }
    }

    /// Its time is up: also where it was paid in part, which is then given back.
    ///
    /// # Errors
    /// The present state, where the order may not expire at `now`.
    pub fn expire(
        &self,
        payments: OrderPayments,
        now: OffsetDateTime,
    ) -> Result<OrderStatus, OrderStatus> {
        let waits = self.status == OrderStatus::Pending && payments.in_flight == 0;
        if waits && self.expires_at <= now { Ok(OrderStatus::Expired) } else { Err(self.status) }
    }

    /// # Errors
    /// The present state, where the order isn't paid.
    pub fn fulfil(&self) -> Result<OrderStatus, OrderStatus> {
        match self.status {
            OrderStatus::Paid => Ok(OrderStatus::Fulfilled),
            other => Err(other),
        }
    }

    /// The state after `captured` more minor units arrived: `paid` once the whole total has.
    ///
    /// # Errors
    /// The present state, where the order no longer takes money.
    pub fn receive(&self, captured: Amount) -> Result<OrderStatus, OrderStatus> {
        match self.status {
            OrderStatus::Pending if self.paid_amount + captured.get() >= self.total.get() => {
                Ok(OrderStatus::Paid)
            }
            OrderStatus::Pending => Ok(OrderStatus::Pending),
            other => Err(other),
        }
    }

    /// The state after `amount` more minor units went back: `refunded` once everything paid has.
    pub fn give_back(&self, amount: Amount) -> OrderStatus {
        let all_is_back = self.refunded_amount + amount.get() >= self.paid_amount;
        match self.status {
            OrderStatus::Paid | OrderStatus::Fulfilled if all_is_back => OrderStatus::Refunded,
            other => other,
        }
    }
}

/// Which orders a list shows; all within reach where nothing is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct OrderFilter {
    pub status: Option<OrderStatus>,
    /// Created at this time or later.
    pub created_after: Option<OffsetDateTime>,
    /// Created earlier than this.
    pub created_before: Option<OffsetDateTime>,
}

#[cfg(test)]
mod tests {
    use time::{Duration, OffsetDateTime};

    use super::{Order, OrderPayments, OrderStatus};
    use crate::domain::ambient::Ambient;
    use crate::domain::metadata::Metadata;
    use crate::domain::money::{Amount, Currency};

    fn order(status: OrderStatus, expires_at: OffsetDateTime) -> Order {
        let ambient = Ambient::system();
        Order {
            id: ambient.id(),
            customer_id: ambient.id(),
            status,
            currency: Currency::parse("MYR").unwrap(),
            total: Amount::new(100).unwrap(),
            paid_amount: 0,
            refunded_amount: 0,
            lines: Vec::new(),
            metadata: Metadata::default(),
            expires_at,
            created_at: expires_at,
            updated_at: expires_at,
        }
    }

    #[test]
    fn only_a_pending_order_without_a_live_payment_expires_and_at_its_time() {
        let at = OffsetDateTime::UNIX_EPOCH;
        let (idle, live) =
            (OrderPayments::default(), OrderPayments { captured: 0, in_flight: 100 });
        let pending = order(OrderStatus::Pending, at);
        assert_eq!(pending.expire(idle, at), Ok(OrderStatus::Expired));
        assert!(pending.expire(idle, at - Duration::NANOSECOND).is_err());
        assert!(pending.expire(live, at).is_err());
        let partly = OrderPayments { captured: 50, in_flight: 0 };
        assert_eq!(pending.expire(partly, at), Ok(OrderStatus::Expired));
        for settled in [
            OrderStatus::Paid,
            OrderStatus::Fulfilled,
            OrderStatus::Refunded,
            OrderStatus::Cancelled,
            OrderStatus::Expired,
        ] {
            assert_eq!(order(settled, at).expire(idle, at), Err(settled));
        }
    }
}
