//! Mails to customers: one per message and kind, however often the message comes.
//!
//! 1. *Claim*: the delivery's row is leased; a mail that was sent, or is being sent, stops here.
//! 2. *Send*: outside any transaction, under a `Message-ID` that every copy bears.
//! 3. *Mark*: the row and the consumer's inbox row in one commit.
//!
//! A process that dies between the server's yes and the mark leaves a mail that is sent once more: the one copy that
//! can't be avoided, since no transaction spans both. It is counted where it can be seen.

mod template;
mod welcome;

use std::sync::Arc;

use scoped_futures::ScopedFutureExt;
use time::Duration;

use super::Services;
use super::transact::transact;
use crate::clients::mailer::{Mail, MailError, Mailer};
use crate::config::BaseUrl;
use crate::domain::ids::{LeaseToken, MessageId, UserId};
use crate::domain::user::{User, UserStatus};
use crate::store::mail_deliveries::{Claim, MailKey};
use crate::store::outbox::Lease;
use crate::store::{self, StoreError};

pub use crate::clients::mailer::{FiledMail, MailFolder};
pub use welcome::{KIND as WELCOME_MAIL, send_welcome};

/// Longer than the mailer takes at the most, so that nobody else sends meanwhile.
const LEASE: Duration = Duration::seconds(45);

/// What the use cases about mails are given.
#[derive(Debug, Clone)]
pub struct Mails {
    pub services: Services,
    pub mailer: Arc<dyn Mailer>,
    /// Where links lead.
    pub public_url: BaseUrl,
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailOutcome {
    Sent,
    /// A copy of the message: its mail is out.
    SentBefore,
    /// The account is gone or disabled: nobody wants this mail any more.
    NobodyToWriteTo,
}

/// Why a mail isn't out.
#[derive(Debug, thiserror::Error)]
pub enum SendMailError {
    /// Somebody else is sending it; after so long it is known whether they could.
    #[error("the mail is being sent by somebody else")]
    BeingSent { known_after: Duration },
    #[error(transparent)]
    Mail(#[from] MailError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl super::transact::AsStoreError for SendMailError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::BeingSent { .. } | Self::Mail(_) => None,
        }
    }
}

/// Which mail, and to whom.
#[derive(Debug, Clone, Copy)]
struct Wish {
    message: MessageId,
    /// Names the template and the consumer that sends it.
    kind: &'static str,
    to: UserId,
}

/// The words of a mail, before they have an address.
#[derive(Debug)]
struct Words {
    subject: String,
    text: String,
    html: String,
}

async fn send(
    mails: &Mails,
    wish: Wish,
    words: impl FnOnce(&User) -> Words + Send,
) -> Result<MailOutcome, SendMailError> {
    let token: LeaseToken = mails.services.ambient.id();
    let user = match claim(mails, wish, token).await? {
        Ok(user) => user,
        Err(outcome) => return Ok(outcome),
    };
    let Words { subject, text, html } = words(&user);
    let mail = Mail {
        id: format!("{}.{}", wish.kind, wish.message),
        to_name: user.name,
        to_address: user.email,
        subject,
        text,
        html,
        date: mails.services.ambient.now(),
    };
    match mails.mailer.send(&mail).await {
        Ok(()) => mark_sent(mails, wish).await,
        Err(error) => {
            give_back(mails, wish, token).await?;
            Err(error.into())
        }
    }
}

/// The person to write to once the mail is ours to send, or why nothing is to be sent.
async fn claim(
    mails: &Mails,
    wish: Wish,
    token: LeaseToken,
) -> Result<Result<User, MailOutcome>, SendMailError> {
    let services = &mails.services;
    transact(&services.pool, |conn| {
        async move {
            let now = services.ambient.now();
            let user = store::users::find(conn, wish.to).await?;
            let Some(user) = user.filter(|user| user.status == UserStatus::Active) else {
                store::inbox::insert(conn, wish.kind, wish.message, now).await?;
                return Ok(Err(MailOutcome::NobodyToWriteTo));
            };
            let lease = Lease { token, until: now + LEASE };
            let key = MailKey { message: wish.message, kind: wish.kind };
            match store::mail_deliveries::claim(conn, key, user.id, lease, now).await? {
                Claim::Ours { tries } => {
                    tracing::debug!(message = %wish.message, kind = wish.kind, tries, "a mail is claimed");
                    Ok(Ok(user))
                }
                Claim::Sent => Ok(Err(MailOutcome::SentBefore)),
                Claim::Theirs { until } => {
                    Err(SendMailError::BeingSent { known_after: until - now })
                }
            }
        }
        .scope_boxed()
    })
    .await
}

async fn mark_sent(mails: &Mails, wish: Wish) -> Result<MailOutcome, SendMailError> {
    let services = &mails.services;
    let key = MailKey { message: wish.message, kind: wish.kind };
    let first = transact::<_, StoreError, _>(&services.pool, |conn| {
        async move {
            let now = services.ambient.now();
            store::inbox::insert(conn, wish.kind, wish.message, now).await?;
            store::mail_deliveries::update_sent(conn, key, now).await
        }
        .scope_boxed()
    })
    .await?;
    metrics::counter!("till_mails_sent_total", "kind" => wish.kind).increment(1);
    if !first {
        metrics::counter!("till_mail_copies_total", "kind" => wish.kind).increment(1);
    }
    Ok(MailOutcome::Sent)
}

async fn give_back(mails: &Mails, wish: Wish, token: LeaseToken) -> Result<(), StoreError> {
    let services = &mails.services;
    let key = MailKey { message: wish.message, kind: wish.kind };
    transact(&services.pool, |conn| {
        store::mail_deliveries::update_given_back(conn, key, token, services.ambient.now())
            .scope_boxed()
    })
    .await
}
