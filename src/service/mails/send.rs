//! Sends one mail: claims its delivery, speaks to the mailer outside any transaction, marks it; knows no kind's words.

use scoped_futures::ScopedFutureExt;
use serde_json::Value;
use time::Duration;

use super::kind::{Draft, MailKind, Told, Words};
use super::{MailOutcome, Mails, SendMailError};
use crate::clients::mailer::Mail;
use crate::domain::ids::{LeaseToken, MessageId};
use crate::domain::user::{User, UserStatus};
use crate::service::transact::transact;
use crate::store::mail_deliveries::{Claim, MailKey};
use crate::store::outbox::Lease;
use crate::store::{self, StoreError};

/// Longer than the mailer takes at the most, so that nobody else sends meanwhile.
const LEASE: Duration = Duration::seconds(45);

/// Which mail, and what it tells of.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    pub kind: &'static MailKind,
    pub message: MessageId,
    /// What that message says.
    pub payload: &'a Value,
}

impl Wish<'_> {
    fn key(&self) -> MailKey {
        MailKey { message: self.message, kind: self.kind.name }
    }
}

/// Tells a customer of something; once per message.
///
/// # Errors
/// [`SendMailError`]; the mail is not known to be out.
#[tracing::instrument(name = "service.mails.send", skip_all, fields(kind = wish.kind.name))]
pub async fn send(mails: &Mails, wish: Wish<'_>) -> Result<MailOutcome, SendMailError> {
    let key = wish.key();
    // Before anything is claimed: while the server is away every mail comes by again and again.
    if let Some(known_after) = mails.mailer.closed_for() {
        return Err(SendMailError::ServerAway { known_after });
    }
    let token: LeaseToken = mails.services.ambient.id();
    let (user, draft) = match claim(mails, wish, token).await? {
        Ok(claimed) => claimed,
        Err(outcome) => return Ok(outcome),
    };
    let Words { subject, text, html } = (draft.write)(&user, &mails.public_url)?;
    let mail = Mail {
        id: format!("{}.{}", key.kind, key.message),
        to_name: user.name,
        to_address: user.email,
        subject,
        text,
        html,
        date: mails.services.ambient.now(),
    };
    match mails.mailer.send(&mail).await {
        Ok(()) => mark_sent(mails, key).await,
        Err(error) => {
            give_back(mails, key, token).await?;
            Err(error.into())
        }
    }
}

/// The person to write to and what to say once the mail is ours to send, or why nothing is to be sent.
async fn claim(
    mails: &Mails,
    wish: Wish<'_>,
    token: LeaseToken,
) -> Result<Result<(User, Draft), MailOutcome>, SendMailError> {
    let (services, key) = (&mails.services, wish.key());
    transact(&services.pool, |conn| {
        async move {
            let now = services.ambient.now();
            let Some(draft) = (wish.kind.draft)(conn, Told::new(wish, &services.auth, now)).await?
            else {
                store::inbox::insert(conn, key.kind, key.message, now).await?;
                return Ok(Err(MailOutcome::NothingToTell));
            };
            let user = store::users::find(conn, draft.to).await?;
            let Some(user) = user.filter(|user| user.status == UserStatus::Active) else {
                store::inbox::insert(conn, key.kind, key.message, now).await?;
                return Ok(Err(MailOutcome::NobodyToWriteTo));
            };
            let lease = Lease { token, until: now + LEASE };
            match store::mail_deliveries::claim(conn, key, user.id, lease, now).await? {
                Claim::Ours { tries } => {
                    tracing::debug!(message = %key.message, tries, "a mail is claimed");
                    Ok(Ok((user, draft)))
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

async fn mark_sent(mails: &Mails, key: MailKey) -> Result<MailOutcome, SendMailError> {
    let services = &mails.services;
    let first = transact::<_, StoreError, _>(&services.pool, |conn| {
        async move {
            let now = services.ambient.now();
            store::inbox::insert(conn, key.kind, key.message, now).await?;
            store::mail_deliveries::update_sent(conn, key, now).await
        }
        .scope_boxed()
    })
    .await?;
    metrics::counter!("till_mails_sent_total", "kind" => key.kind).increment(1);
    if !first {
        metrics::counter!("till_mail_copies_total", "kind" => key.kind).increment(1);
    }
    Ok(MailOutcome::Sent)
}

async fn give_back(mails: &Mails, key: MailKey, token: LeaseToken) -> Result<(), StoreError> {
    let services = &mails.services;
    transact(&services.pool, |conn| {
        store::mail_deliveries::update_given_back(conn, key, token, services.ambient.now())
            .scope_boxed()
    })
    .await
}
