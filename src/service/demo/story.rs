//! What became of one order of the demo's past; every state is reached by the domain's own transitions.

use time::{Duration, OffsetDateTime};

use super::DemoError;
use super::dice::Dice;
use super::past::{Answer, Charge, DECLINES, GivenBack, Past};
use crate::domain::ids::{OrderId, UserId};
use crate::domain::metadata::Metadata;
use crate::domain::money::{Amount, Money};
use crate::domain::order::{
    Order, OrderLine, OrderPayments, OrderStatus, Quantity, UNPAID_ORDER_LIVES,
};
use crate::domain::product::Product;

/// Every order falls as this number and its own say.
const SEED: u64 = 0x7469_6c6c;

const NO_PAYMENTS: OrderPayments = OrderPayments { captured: 0, in_flight: 0 };

/// The stage on which the stories play.
#[derive(Debug)]
pub(super) struct Shop {
    /// The present: nothing lies after it.
    pub told_at: OffsetDateTime,
    pub products: Vec<Product>,
    pub customers: Vec<UserId>,
}

/// How an order went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Fulfilled,
    Paid,
    PartlyRefunded,
    Refunded,
    Expired,
    Cancelled,
    /// Placed just now.
    Waiting,
    /// Placed just now, and the card was refused.
    Declined,
    /// The money is set aside and waits for its capture.
    Authorized,
}

impl Fate {
    fn throw(dice: &mut Dice) -> Self {
        match dice.within(1..=100) {
            1..=55 => Self::Fulfilled,
            56..=67 => Self::Paid,
            68..=73 => Self::PartlyRefunded,
            74..=78 => Self::Refunded,
            79..=86 => Self::Expired,
            87..=94 => Self::Cancelled,
            95..=96 => Self::Waiting,
            97..=98 => Self::Declined,
            _ => Self::Authorized,
        }
    }

    /// How long ago such an order was placed: at least and at most.
    fn age(self) -> (Duration, Duration) {
        match self {
            Self::Fulfilled | Self::PartlyRefunded | Self::Refunded => {
                (Duration::days(3), Duration::weeks(6))
            }
            Self::Paid => (Duration::hours(1), Duration::days(3)),
            Self::Expired | Self::Cancelled => (Duration::hours(1), Duration::weeks(6)),
            Self::Waiting | Self::Declined => (Duration::minutes(2), Duration::minutes(20)),
            Self::Authorized => (Duration::hours(1), Duration::days(5)),
        }
    }
}

/// Tells of the order with this number, the same each time.
pub(super) fn tell(shop: &Shop, number: u64, past: &mut Past) -> Result<(), DemoError> {
    let mut dice = Dice::of(SEED, number);
    let dice = &mut dice;
    let fate = Fate::throw(dice);
    let (youngest, oldest) = fate.age();
    let at = shop.told_at - dice.span(youngest, oldest);
    let customer_id = dice.pick(&shop.customers).copied().ok_or(DemoError::Lost)?;
    let lines = lines(shop, dice)?;
    let mut order = place(dice.id(at), customer_id, lines, at)?;
    match fate {
        Fate::Waiting => {}
        Fate::Declined => decline(dice, &mut order, past)?,
        Fate::Authorized => {
            let after = dice.span(Duration::seconds(20), Duration::minutes(9));
            let charge = whole(dice, &order, order.created_at + after);
            past.charge(dice, charge, Answer::Authorized)?;
        }
        Fate::Expired => {
            if dice.within(1..=2) == 1 {
                decline(dice, &mut order, past)?;
            }
            let due = order.expires_at + Duration::seconds(2);
            change(&mut order, due, |order| order.expire(NO_PAYMENTS, due));
        }
        Fate::Cancelled => {
            let after = dice.span(Duration::minutes(1), Duration::minutes(25));
            let at = order.created_at + after;
            change(&mut order, at, |order| order.cancel(NO_PAYMENTS));
        }
        Fate::Paid => pay(dice, &mut order, past)?,
        Fate::Fulfilled => {
            pay(dice, &mut order, past)?;
            fulfil(dice, &mut order);
        }
        Fate::PartlyRefunded => {
            pay(dice, &mut order, past)?;
            fulfil(dice, &mut order);
            let part = part_of(&order)?;
            give_back(dice, &mut order, past, part)?;
        }
        Fate::Refunded => {
            pay(dice, &mut order, past)?;
            if dice.within(1..=2) == 1 {
                fulfil(dice, &mut order);
            }
            let all = order.total;
            give_back(dice, &mut order, past, all)?;
        }
    }
    past.orders.push(order);
    Ok(())
}

/// An order as it is right after it was placed.
pub(super) fn place(
    id: OrderId,
    customer_id: UserId,
    lines: Vec<(&Product, Quantity)>,
    at: OffsetDateTime,
) -> Result<Order, DemoError> {
    let currency = lines.first().map(|(product, _)| product.price.currency);
    let priced = lines.into_iter().map(|(product, quantity)| line(product, quantity));
    let lines: Vec<OrderLine> = priced.collect::<Result<_, DemoError>>()?;
    let total = Amount::new(lines.iter().map(|line| line.amount.get()).sum())?;
    Ok(Order {
        id,
        customer_id,
        status: OrderStatus::Pending,
        currency: currency.ok_or(DemoError::Lost)?,
        total,
        paid_amount: 0,
        refunded_amount: 0,
        lines,
        metadata: Metadata::default(),
        expires_at: at + UNPAID_ORDER_LIVES,
        created_at: at,
        updated_at: at,
    })
}

/// The money arrives.
pub(super) fn receive(order: &mut Order, at: OffsetDateTime) {
    let total = order.total;
    change(order, at, |order| order.receive(total));
    order.paid_amount = total.get();
}

/// A charge of all that the order costs.
pub(super) fn whole(dice: &mut Dice, order: &Order, at: OffsetDateTime) -> Charge {
    Charge {
        id: dice.id(at),
        order_id: Some(order.id),
        customer_id: order.customer_id,
        money: Money { amount: order.total, currency: order.currency },
        at,
    }
}

fn line(product: &Product, quantity: Quantity) -> Result<OrderLine, DemoError> {
    let unit_amount = product.price.amount;
    Ok(OrderLine {
        product_id: product.id,
        sku: product.sku.clone(),
        name: product.name.clone(),
        quantity,
        unit_amount,
        amount: Amount::new(unit_amount.get() * i64::from(quantity.get()))?,
    })
}

/// One to four different products of one currency, up to three pieces of each.
fn lines<'a>(shop: &'a Shop, dice: &mut Dice) -> Result<Vec<(&'a Product, Quantity)>, DemoError> {
    let first = dice.pick(&shop.products).ok_or(DemoError::Lost)?;
    let mut chosen = vec![first];
    for _ in 1..dice.within(1..=4) {
        if let Some(next) = dice.pick(&shop.products)
            && next.price.currency == first.price.currency
            && chosen.iter().all(|taken| taken.id != next.id)
        {
            chosen.push(next);
        }
    }
    chosen
        .into_iter()
        .map(|product| {
            let pieces = i64::try_from(dice.within(1..=3)).unwrap_or(1);
            Ok((product, Quantity::new(pieces)?))
        })
        .collect()
}

/// The payment, at times after a card that was refused.
fn pay(dice: &mut Dice, order: &mut Order, past: &mut Past) -> Result<(), DemoError> {
    if dice.within(1..=10) == 1 {
        decline(dice, order, past)?;
    }
    let at = order.updated_at + dice.span(Duration::seconds(20), Duration::minutes(9));
    let charge = whole(dice, order, at);
    let answered = past.charge(dice, charge, Answer::Captured)?;
    receive(order, answered);
    Ok(())
}

/// A card is refused, and the order's time begins anew.
fn decline(dice: &mut Dice, order: &mut Order, past: &mut Past) -> Result<(), DemoError> {
    let why = dice.pick(&DECLINES).copied().ok_or(DemoError::Lost)?;
    let at = order.created_at + dice.span(Duration::seconds(20), Duration::minutes(1));
    let charge = whole(dice, order, at);
    let answered = past.charge(dice, charge, Answer::Declined(why))?;
    order.expires_at = order.expires_at.max(answered + UNPAID_ORDER_LIVES);
    order.updated_at = answered;
    Ok(())
}

fn fulfil(dice: &mut Dice, order: &mut Order) {
    let at = order.updated_at + dice.span(Duration::hours(2), Duration::hours(30));
    change(order, at, Order::fulfil);
}

fn give_back(
    dice: &mut Dice,
    order: &mut Order,
    past: &mut Past,
    amount: Amount,
) -> Result<(), DemoError> {
    const REASONS: [&str; 4] =
        ["arrived broken", "ordered twice", "not as described", "returned within two weeks"];
    let reason = dice.pick(&REASONS).copied().ok_or(DemoError::Lost)?;
    let at = order.updated_at + dice.span(Duration::hours(3), Duration::hours(30));
    let back = GivenBack { id: dice.id(at), amount, reason, at };
    let answered = past.give_back(dice, back)?;
    order.status = order.give_back(amount);
    order.refunded_amount += amount.get();
    order.updated_at = answered;
    Ok(())
}

/// What one line costs, where there are several; else half of all.
fn part_of(order: &Order) -> Result<Amount, DemoError> {
    match order.lines.as_slice() {
        [first, _, ..] => Ok(first.amount),
        _ => Ok(Amount::new((order.total.get() / 2).max(1))?),
    }
}

/// Moves the order on, where the domain lets it.
fn change(
    order: &mut Order,
    at: OffsetDateTime,
    transition: impl FnOnce(&Order) -> Result<OrderStatus, OrderStatus>,
) {
    order.status = transition(order).unwrap_or_else(|present| present);
    order.updated_at = at;
}
