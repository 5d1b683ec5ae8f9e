//! The orders, payments and reports that the examples of the OpenAPI document name; all but an import belong to the
//! demo's customer.
//!
//! | id ends in | what it is | so that this succeeds |
//! | --- | --- | --- |
//! | `7001` | an API key | reading, rotating and promoting it |
//! | `7002` | another one | removing it |
//! | `a002`, `b002` | an order that is paid, and its payment | reading them, giving money back |
//! | `a003` | an order that waits, with a year to be paid | cancelling it |
//! | `a004`, `b001` | an order that is paid, and its payment | fulfilling it |
//! | `b003` | money set aside, for seven days | capturing it |
//! | `b004` | money set aside, for seven days | releasing it |
//! | `b005`, `c001` | money taken, and a part of it given back | reading its refunds |
//! | `d001` | a report that the first worker makes | looking at it, downloading it |
//! | `d002` | another one | cancelling or removing it |
//! | `d003` | an import that is over | looking at it |
//! | `e001` | a webhook endpoint, only in `till up` | reading, changing and trying it |
//! | `e002` | another one | removing it |
//! | `f001`, `f101` | an event, and its delivery to `e001` | reading it, redelivering it |
//!
//! `8000` to `8003` are people ([`super::people`]), `9001` and what follows are products ([`super::catalogue`]).

use time::Duration;
use uuid::Uuid;

use super::DemoError;
use super::dice::Dice;
use super::past::{Answer, Charge, GivenBack, Past};
use super::people::demo_customer;
use super::story::{Shop, place, receive, whole};
use crate::domain::ids::{
    ApiKeyId, ClientId, DeliveryId, EventId, JobId, OrderId, PaymentId, RefundId, WebhookEndpointId,
};
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::order::{Order, Quantity};

const FIRST: u128 = 0x0189_0a5d_ac96_774b_bcce_b302_099a_0000;
const SEED: u64 = 0x6578;

fn id(ending: u16) -> Uuid {
    Uuid::from_u128(FIRST + u128::from(ending))
}

/// Everything the examples need.
pub(super) fn tell(shop: &Shop) -> Result<Past, DemoError> {
    let mut past = Past::default();
    let mut dice = Dice::of(SEED, 0);
    let waiting = order(shop, 0xa003)?;
    let expires_at = waiting.created_at + Duration::days(365);
    past.orders.push(Order { expires_at, ..waiting });
    for (order_id, payment) in [(0xa002, 0xb002), (0xa004, 0xb001)] {
        let mut order = order(shop, order_id)?;
        let at = order.created_at + Duration::minutes(2);
        let charge = Charge { id: PaymentId::from(id(payment)), ..whole(&mut dice, &order, at) };
        let answered = past.charge(&mut dice, charge, Answer::Captured)?;
        receive(&mut order, answered);
        past.orders.push(order);
    }
    for (payment, answer) in
        [(0xb003, Answer::Authorized), (0xb004, Answer::Authorized), (0xb005, Answer::Captured)]
    {
        let charge = stand_alone(shop, payment)?;
        past.charge(&mut dice, charge, answer)?;
    }
    let back = GivenBack {
        id: RefundId::from(id(0xc001)),
        amount: Amount::new(900)?,
        reason: "arrived broken",
        at: shop.told_at - Duration::minutes(30),
    };
    past.give_back(&mut dice, back)?;
    Ok(past)
}

/// Reports of the last month, and an import.
pub(super) const REPORTS: [u16; 2] = [0xd001, 0xd002];

pub(super) fn report(ending: u16) -> JobId {
    JobId::from(id(ending))
}

pub(super) fn import() -> JobId {
    JobId::from(id(0xd003))
}

/// What their owner calls them.
pub(super) const KEYS: [(u16, &str); 2] = [(0x7001, "Bookkeeping"), (0x7002, "Old warehouse")];

pub(super) fn key(ending: u16) -> ApiKeyId {
    ApiKeyId::from(id(ending))
}

/// Applications, the first of which the demo customer lets act for them.
pub(super) const CLIENTS: [(u16, &str); 2] = [(0x6001, "Ledger"), (0x6002, "Old ledger")];

pub(super) fn client(ending: u16) -> ClientId {
    ClientId::from(id(ending))
}

/// One for each use.
pub(super) const ENDPOINTS: [u16; 2] = [0xe001, 0xe002];

pub(super) fn endpoint(ending: u16) -> WebhookEndpointId {
    WebhookEndpointId::from(id(ending))
}

/// What the event tells of.
pub(super) fn paid_order() -> OrderId {
    OrderId::from(id(0xa002))
}

pub(super) fn event() -> EventId {
    EventId::from(id(0xf001))
}

pub(super) fn delivery() -> DeliveryId {
    DeliveryId::from(id(0xf101))
}

/// Two of the first product and one of the second, an hour ago.
fn order(shop: &Shop, ending: u16) -> Result<Order, DemoError> {
    let wanted = shop.products.iter().zip([2, 1]);
    let lines = wanted.map(|(product, pieces)| Ok((product, Quantity::new(pieces)?)));
    let lines = lines.collect::<Result<_, DemoError>>()?;
    let at = shop.told_at - Duration::hours(1);
    place(OrderId::from(id(ending)), demo_customer(), lines, at)
}

fn stand_alone(shop: &Shop, ending: u16) -> Result<Charge, DemoError> {
    Ok(Charge {
        id: PaymentId::from(id(ending)),
        order_id: None,
        customer_id: demo_customer(),
        money: Money { amount: Amount::new(4900)?, currency: Currency::parse("MYR")? },
        at: shop.told_at - Duration::hours(1),
    })
}
