//! The mail to somebody whose payment was captured: how much, with what, and when; for which goods is the order's mail.

use askama::Template;
use futures_util::future::FutureExt;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::SendMailError;
use super::kind::{Draft, MailKind, Words};
use crate::domain::access::Reach;
use crate::domain::event::Event;
use crate::domain::ids::Id;
use crate::domain::money::Money;
use crate::domain::payment::Payment;
use crate::domain::user::User;
use crate::domain::utc::Readable;
use crate::store;

pub(super) static KIND: MailKind = MailKind {
    name: "payment_receipt",
    topic: "payment.succeeded",
    draft: |conn, told| async move { draft(conn, &told.event()?).await }.boxed(),
};

async fn draft(conn: &mut PgConnection, event: &Event) -> Result<Option<Draft>, SendMailError> {
    let &Event::PaymentSucceeded { payment_id, amount, currency, .. } = event else {
        return Err(SendMailError::OtherEvent { expected: "payment that succeeded" });
    };
    let gone = |what| SendMailError::SubjectGone { what, id: payment_id.as_uuid() };
    let payment = store::payments::find(conn, payment_id, Reach::Everyone).await?;
    let payment = payment.ok_or_else(|| gone("payment"))?;
    let captured_at = store::journal::find_capture_time(conn, payment_id).await?;
    let captured_at = captured_at.ok_or_else(|| gone("journal entry of payment"))?;
    // What was taken, which may be less than what the payment was made for.
    let taken = Taken { money: Money { amount, currency }, at: captured_at };
    Ok(Some(Draft::new(payment.customer_id, move |to, _public_url| write(to, &payment, &taken))))
}

struct Taken {
    money: Money,
    at: OffsetDateTime,
}

struct Facts<'a> {
    name: &'a str,
    payment: &'a Payment,
    taken: Money,
    date: Readable,
}

#[derive(Template)]
#[template(path = "payment_receipt.txt")]
struct Text<'a> {
    mail: &'a Facts<'a>,
}

#[derive(Template)]
#[template(path = "payment_receipt.html")]
struct Html<'a> {
    mail: &'a Facts<'a>,
}

fn write(to: &User, payment: &Payment, taken: &Taken) -> Result<Words, askama::Error> {
    let mail = &Facts { name: &to.name, payment, taken: taken.money, date: Readable(taken.at) };
    let subject = format!("Receipt for your payment of {}", mail.taken);
    Words::of(subject, &Text { mail }, &Html { mail })
}
