//! Forgets what nobody needs any more, a bounded number of rows at a time; several processes may do it at once.

use scoped_futures::ScopedFutureExt;
use time::Duration;

use super::Services;
use super::audit::ORIGINS_LIVE;
use super::transact::read;
use crate::store::{self, StoreError};

/// Sent messages are kept so long for whoever asks what happened.
const SENT_MESSAGES_LIVE: Duration = Duration::days(7);
/// What was handled is remembered for longer than any copy may travel: far past the life of a sent message, after
/// which only a dead letter can bring it back.
const HANDLED_MESSAGES_LIVE: Duration = Duration::days(90);

/// Events, and what became of their deliveries, are kept so long for whoever asks.
const EVENTS_LIVE: Duration = Duration::days(30);

/// Idempotency keys whose time is over; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn purge_idempotency_keys(services: &Services, limit: i64) -> Result<u64, StoreError> {
    let now = services.ambient.now();
    read(&services.pool, |conn| {
        store::idempotency_keys::delete_all_expired(conn, now, limit).scope_boxed()
    })
    .await
}

/// Sessions that are over, with their refresh tokens; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn purge_sessions(services: &Services, limit: i64) -> Result<u64, StoreError> {
    let now = services.ambient.now();
    read(&services.pool, |conn| store::sessions::delete_expired(conn, now, limit).scope_boxed())
        .await
}

/// Mailed tokens that were over for a day: so long they are told from those that never were; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn purge_account_tokens(services: &Services, limit: i64) -> Result<u64, StoreError> {
    let before = services.ambient.now() - Duration::DAY;
    read(&services.pool, |conn| {
        store::account_tokens::delete_expired(conn, before, limit).scope_boxed()
    })
    .await
}

/// Codes that were over for a day, so long one that comes again ends what came of it, and people who were signed in at the
/// page where applications are let in; how many rows.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn purge_oauth(services: &Services, limit: i64) -> Result<u64, StoreError> {
    let now = services.ambient.now();
    read(&services.pool, |conn| {
        async move {
            let codes =
                store::oauth_codes::delete_expired(conn, now - Duration::DAY, limit).await?;
            let browsers = store::browser_sessions::delete_expired(conn, now, limit).await?;
            Ok(codes.max(browsers))
        }
        .scope_boxed()
    })
    .await
}

/// Messages that were sent long ago; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn purge_sent_messages(services: &Services, limit: i64) -> Result<u64, StoreError> {
    let before = services.ambient.now() - SENT_MESSAGES_LIVE;
    read(&services.pool, |conn| store::outbox::delete_sent(conn, before, limit).scope_boxed()).await
}

/// What consumers remember of messages that no copy can come of any more; how many rows.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn purge_handled_messages(services: &Services, limit: i64) -> Result<u64, StoreError> {
    let before = services.ambient.now() - HANDLED_MESSAGES_LIVE;
    read(&services.pool, |conn| {
        async move {
            let mails = store::mail_deliveries::delete_old(conn, before, limit).await?;
            let handled = store::inbox::delete_old(conn, before, limit).await?;
            Ok(mails.max(handled))
        }
        .scope_boxed()
    })
    .await
}

/// Events that happened long ago, and deliveries that ended long ago; how many rows.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn purge_events(services: &Services, limit: i64) -> Result<u64, StoreError> {
    let before = services.ambient.now() - EVENTS_LIVE;
    read(&services.pool, |conn| {
        async move {
            let deliveries = store::webhook_deliveries::delete_ended(conn, before, limit).await?;
            let events = store::events::delete_old(conn, before, limit).await?;
            Ok(deliveries.max(events))
        }
        .scope_boxed()
    })
    .await
}

/// Entries of the audit log that were kept for so long, and from where others came, which goes earlier; how many rows.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn purge_audit_log(
    services: &Services,
    keep: std::time::Duration,
    limit: i64,
) -> Result<u64, StoreError> {
    let now = services.ambient.now();
    read(&services.pool, |conn| {
        async move {
            let origins =
                store::audit_log::delete_old_origins(conn, now - ORIGINS_LIVE, limit).await?;
            let entries = store::audit_log::delete_old(conn, now - keep, limit).await?;
            Ok(origins.max(entries))
        }
        .scope_boxed()
    })
    .await
}
