//! One row per mail: claimed by lease before SMTP is spoken, marked after it; what a mail says is not known here.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::StoreError;
use super::outbox::Lease;
use crate::domain::ids::{Id, LeaseToken, MessageId, UserId};

/// Which mail: of one message there is at most one of each kind.
#[derive(Debug, Clone, Copy)]
pub struct MailKey {
    pub message: MessageId,
    pub kind: &'static str,
}

/// What became of the wish to send a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It is ours to send until the lease ends.
    Ours {
        /// How often it was claimed, this time included.
        tries: i32,
    },
    /// Somebody else is sending it, until then at the longest.
    Theirs {
        until: OffsetDateTime,
    },
    Sent,
}

/// Claims a mail that is neither sent nor being sent.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.mail_deliveries.claim", level = "debug", skip_all)]
pub async fn claim(
    conn: &mut PgConnection,
    mail: MailKey,
    user: UserId,
    lease: Lease,
    now: OffsetDateTime,
) -> Result<Claim, StoreError> {
    let claimed = sqlx::query_scalar!(
        "INSERT INTO mail_deliveries (message_id, kind, user_id, lease_token, leased_until, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (message_id, kind) DO UPDATE
         SET lease_token = excluded.lease_token, leased_until = excluded.leased_until,
             tries = mail_deliveries.tries + 1
         WHERE mail_deliveries.sent_at IS NULL AND mail_deliveries.leased_until <= excluded.created_at
         RETURNING tries",
        mail.message.as_uuid(),
        mail.kind,
        user.as_uuid(),
        lease.token.as_uuid(),
        lease.until,
        now
    )
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(tries) = claimed {
        return Ok(Claim::Ours { tries });
    }
    let row = sqlx::query!(
        "SELECT leased_until, sent_at FROM mail_deliveries WHERE message_id = $1 AND kind = $2",
        mail.message.as_uuid(),
        mail.kind
    )
    .fetch_one(conn)
    .await?;
    Ok(match row.sent_at {
        Some(_) => Claim::Sent,
        None => Claim::Theirs { until: row.leased_until },
    })
}

/// Marks the mail as sent, whoever holds the lease by now: it is a fact. `false` where it was marked before, so
/// that a second copy is out.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.mail_deliveries.update_sent", level = "debug", skip_all)]
pub async fn update_sent(
    conn: &mut PgConnection,
    mail: MailKey,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE mail_deliveries SET sent_at = $3
         WHERE message_id = $1 AND kind = $2 AND sent_at IS NULL",
        mail.message.as_uuid(),
        mail.kind,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends the lease of a mail that was not taken, so that the next try need not wait for its end.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.mail_deliveries.update_given_back", level = "debug", skip_all)]
pub async fn update_given_back(
    conn: &mut PgConnection,
    mail: MailKey,
    token: LeaseToken,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE mail_deliveries SET leased_until = $4
         WHERE message_id = $1 AND kind = $2 AND lease_token = $3 AND sent_at IS NULL",
        mail.message.as_uuid(),
        mail.kind,
        token.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets up to `limit` mails that were first claimed before `before`; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.mail_deliveries.delete_old", level = "debug", skip_all)]
pub async fn delete_old(
    conn: &mut PgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM mail_deliveries WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM mail_deliveries WHERE created_at < $1
             ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        before,
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
