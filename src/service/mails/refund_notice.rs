//! The mail to somebody whose money went back: how much, of which payment, and why where a reason was given.

use askama::Template;
use futures_util::future::FutureExt;
use sqlx::PgConnection;

use super::SendMailError;
use super::kind::{Draft, MailKind, Words};
use crate::domain::access::Reach;
use crate::domain::event::Event;
use crate::domain::ids::Id;
use crate::domain::money::Money;
use crate::domain::payment::Payment;
use crate::domain::refund::{Refund, RefundReason};
use crate::domain::user::User;
use crate::domain::utc::Readable;
use crate::store;

pub(super) static KIND: MailKind = MailKind {
    name: "refund_notice",
    topic: "refund.succeeded",
    draft: |conn, told| async move { draft(conn, &told.event()?).await }.boxed(),
};

async fn draft(conn: &mut PgConnection, event: &Event) -> Result<Option<Draft>, SendMailError> {
    let &Event::RefundSucceeded { refund_id, .. } = event else {
        return Err(SendMailError::OtherEvent { expected: "refund that succeeded" });
    };
    let refund = store::refunds::find(conn, refund_id).await?;
    let gone = SendMailError::SubjectGone { what: "refund", id: refund_id.as_uuid() };
    let refund = refund.ok_or(gone)?;
    let payment = store::payments::find(conn, refund.payment_id, Reach::Everyone).await?;
    let gone = SendMailError::SubjectGone { what: "payment", id: refund.payment_id.as_uuid() };
    let payment = payment.ok_or(gone)?;
    Ok(Some(Draft::new(payment.customer_id, move |to, _public_url| write(to, &refund, &payment))))
}

struct Facts<'a> {
    name: &'a str,
    refund: &'a Refund,
    payment: &'a Payment,
    back: Money,
    reason: Option<&'a str>,
    date: Readable,
}

#[derive(Template)]
#[template(path = "refund_notice.txt")]
struct Text<'a> {
    mail: &'a Facts<'a>,
}

#[derive(Template)]
#[template(path = "refund_notice.html")]
struct Html<'a> {
    mail: &'a Facts<'a>,
}

fn write(to: &User, refund: &Refund, payment: &Payment) -> Result<Words, askama::Error> {
    let mail = &Facts {
        name: &to.name,
        refund,
        payment,
        back: Money { amount: refund.amount, currency: refund.currency },
        reason: refund.reason.as_ref().map(RefundReason::as_str),
        // A refund that succeeded changes no more.
        date: Readable(refund.updated_at),
    };
    Words::of(format!("Your refund of {}", mail.back), &Text { mail }, &Html { mail })
}
