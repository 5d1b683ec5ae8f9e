//! The mail to somebody whose order is paid: what was bought, for how much; prices are the order's, never today's.

use askama::Template;
use futures_util::future::FutureExt;
use sqlx::PgConnection;

use super::SendMailError;
use super::kind::{Draft, MailKind, Words};
use crate::domain::access::Reach;
use crate::domain::event::Event;
use crate::domain::ids::{Id, OrderId};
use crate::domain::money::{Amount, Money};
use crate::domain::order::{Order, OrderLine};
use crate::domain::user::User;
use crate::domain::utc::Readable;
use crate::store;

pub(super) static KIND: MailKind = MailKind {
    name: "order_confirmation",
    topic: "order.paid",
    draft: |conn, told| async move { draft(conn, &told.event()?).await }.boxed(),
};

async fn draft(conn: &mut PgConnection, event: &Event) -> Result<Option<Draft>, SendMailError> {
    let &Event::OrderPaid { order_id, .. } = event else {
        return Err(SendMailError::OtherEvent { expected: "paid order" });
    };
    let order = store::orders::find(conn, order_id, Reach::Everyone).await?;
    let gone = SendMailError::SubjectGone { what: "order", id: order_id.as_uuid() };
    let order = order.ok_or(gone)?;
    Ok(Some(Draft::new(order.customer_id, move |to, _public_url| write(to, &order))))
}

struct Facts<'a> {
    name: &'a str,
    id: OrderId,
    placed: Readable,
    items: Vec<Item<'a>>,
    total: Money,
}

struct Item<'a> {
    name: &'a str,
    sku: &'a str,
    quantity: u32,
    /// Of one piece.
    unit: Money,
    /// Of all of them.
    all: Money,
}

impl<'a> Item<'a> {
    fn of(line: &'a OrderLine, money: impl Fn(Amount) -> Money) -> Self {
        Self {
            name: &line.name,
            sku: &line.sku,
            quantity: line.quantity.get(),
            unit: money(line.unit_amount),
            all: money(line.amount),
        }
    }
}

#[derive(Template)]
#[template(path = "order_confirmation.txt")]
struct Text<'a> {
    mail: &'a Facts<'a>,
}

#[derive(Template)]
#[template(path = "order_confirmation.html")]
struct Html<'a> {
    mail: &'a Facts<'a>,
}

fn write(to: &User, order: &Order) -> Result<Words, askama::Error> {
    let money = |amount: Amount| Money { amount, currency: order.currency };
    let mail = &Facts {
        name: &to.name,
        id: order.id,
        placed: Readable(order.created_at),
        items: order.lines.iter().map(|line| Item::of(line, money)).collect(),
        total: money(order.total),
    };
    Words::of(format!("Your order is confirmed: {}", mail.total), &Text { mail }, &Html { mail })
}
