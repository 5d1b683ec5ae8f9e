//! Idempotency: an operation and the record of its outcome commit together, so that there is no moment in which
//! the one exists without the other (draft-ietf-httpapi-idempotency-key-header; Stripe's behaviour).
//!
//! 1. `pg_try_advisory_xact_lock` on the key. Not got: another request runs it now, answer *in flight* at once, so
//!    that nobody waits holding a connection.
//! 2. The key was seen: another request under it is refused, the same one gets the stored outcome.
//! 3. Fresh: the operation runs under a savepoint. What it did commits with its outcome; a refusal rolls back
//!    to the savepoint and commits its outcome alone.
//!
//! Nothing here knows what an operation does or how an outcome looks on the wire.

use scoped_futures::{ScopedBoxFuture, ScopedFutureExt};
use sqlx::{Connection, PgConnection};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::Services;
use super::audit::Audited;
use super::outcome::{Outcome, Refusal, StoredOutcome};
use super::transact::{AsStoreError, read, transact};
use crate::domain::ambient::Ambient;
use crate::domain::idempotency::{IdempotencyKey, KeyedRequest};
use crate::domain::ids::AttemptId;
use crate::store::StoreError;
use crate::store::idempotency_keys::{
    self as keys, DoneKey, KeyLifetime, KeyRecord, KeyState, LockedKey,
};

/// How long an outcome is remembered.
pub const KEY_LIVES: Duration = Duration::hours(24);

/// What an operation that ran, or ran before, came to.
#[derive(Debug, Clone)]
pub struct Answer {
    pub outcome: Outcome,
    pub provenance: Provenance,
}

/// Whether the operation ran just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provenance {
    Fresh,
    /// Stored earlier; `request_id` is that of the request that ran it.
    Replayed {
        request_id: String,
    },
}

/// Why a keyed request has no answer (yet).
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("a request with this idempotency key is being processed")]
    InFlight,
    #[error("this idempotency key was used for another request")]
    Reused,
    #[error("a stored outcome can't be read")]
    Unreadable(#[source] serde_json::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How an operation ends without an effect.
#[derive(Debug)]
pub enum Halt<E> {
    /// Decided on stored state: remembered and replayed.
    Refused(Refusal),
    /// Nothing was decided: the same key may be tried again.
    Failed(E),
}

impl<E> From<Refusal> for Halt<E> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<E: From<StoreError>> From<StoreError> for Halt<E> {
    fn from(error: StoreError) -> Self {
        Self::Failed(E::from(error))
    }
}

/// What is known of a key once it is locked.
#[derive(Debug)]
pub enum Begin {
    Fresh,
    Replay(Answer),
    /// An attempt at the gateway is under way, or was left behind by a process that died.
    Running(AttemptId),
}

/// Locks the key for this transaction and tells what is known of it.
///
/// # Errors
/// [`KeyError::InFlight`], [`KeyError::Reused`], or the store's.
pub async fn begin(
    conn: &mut PgConnection,
    ambient: &Ambient,
    request: &KeyedRequest,
) -> Result<Begin, KeyError> {
    if !keys::try_lock(conn, request).await? {
        return Err(KeyError::InFlight);
    }
    let record = keys::find(conn, request.principal, request.key.as_str()).await?;
    begin_locked(conn, ambient, request, record).await
}

/// The same for many at once, in their order; `None` stands for one without a key. No two may be under one key.
///
/// # Errors
/// The store's; what concerns one of them alone is its own.
pub async fn begin_all(
    conn: &mut PgConnection,
    ambient: &Ambient,
    requests: &[Option<&KeyedRequest>],
) -> Result<Vec<Result<Begin, KeyError>>, StoreError> {
    let keyed: Vec<&KeyedRequest> = requests.iter().flatten().copied().collect();
    let found =
        if keyed.is_empty() { Vec::new() } else { keys::try_lock_all(conn, &keyed).await? };
    let mut found = found.into_iter();
    let mut begun = Vec::with_capacity(requests.len());
    for request in requests {
        let known = match request.and_then(|request| Some((request, found.next()?))) {
            None => Ok(Begin::Fresh),
            Some((_, LockedKey { got: false, .. })) => Err(KeyError::InFlight),
            Some((request, key)) => begin_locked(conn, ambient, request, key.record).await,
        };
        match known {
            Err(KeyError::Store(error)) => return Err(error),
            known => begun.push(known),
        }
    }
    Ok(begun)
}

async fn begin_locked(
    conn: &mut PgConnection,
    ambient: &Ambient,
    request: &KeyedRequest,
    record: Option<KeyRecord>,
) -> Result<Begin, KeyError> {
    let Some(record) = record else { return Ok(Begin::Fresh) };
    let over = record.expires_at <= ambient.now();
    if over && matches!(record.state, KeyState::Done(_)) {
        keys::delete_expired(conn, request, ambient.now()).await?;
        return Ok(Begin::Fresh);
    }
    if record.fingerprint != request.fingerprint {
        return Err(KeyError::Reused);
    }
    match record.state {
        KeyState::Running(attempt) => Ok(Begin::Running(attempt)),
        KeyState::Done(stored) => {
            let provenance = Provenance::Replayed { request_id: record.request_id };
            Ok(Begin::Replay(Answer { outcome: decode(stored)?, provenance }))
        }
    }
}

/// What is known of a key without using it.
#[derive(Debug, Clone)]
pub struct KeyReport {
    pub progress: Progress,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

#[derive(Debug, Clone)]
pub enum Progress {
    Running,
    Done(Outcome),
}

/// What became of a caller's own key; `None` where nothing is known of it, which doesn't say that nothing will happen.
///
/// # Errors
/// [`KeyError::Unreadable`], or the store's.
#[tracing::instrument(name = "service.idempotency.find", skip_all)]
pub async fn find(
    services: &Services,
    principal: Uuid,
    key: &IdempotencyKey,
) -> Result<Option<KeyReport>, KeyError> {
    let found =
        read(&services.pool, move |conn| keys::find(conn, principal, key.as_str()).scope_boxed())
            .await?;
    let Some(record) = found else { return Ok(None) };
    let progress = match record.state {
        KeyState::Running(_) => Progress::Running,
        // The purge may not have come by yet.
        KeyState::Done(_) if record.expires_at <= services.ambient.now() => return Ok(None),
        KeyState::Done(stored) => Progress::Done(decode(stored)?),
    };
    Ok(Some(KeyReport { progress, created_at: record.created_at, expires_at: record.expires_at }))
}

/// [`run`] for an operation that changes something: what it comes to has its entry in the audit log. A refusal has none, since
/// nothing was changed, and a replay has none, since it was changed before.
///
/// # Errors
/// As [`run`].
pub(in crate::service) async fn run_audited<'a, E, F>(
    services: &'a Services,
    request: Option<&'a KeyedRequest>,
    operation: F,
) -> Result<Answer, E>
where
    F: for<'c> Fn(
            &'c mut PgConnection,
        ) -> ScopedBoxFuture<'a, 'c, Result<Audited<Outcome>, Halt<E>>>
        + Send
        + Sync
        + 'a,
    E: From<KeyError> + From<StoreError> + AsStoreError + Send + 'a,
{
    run_into(services, request, operation).await
}

/// Runs an operation once for its key, in one transaction with the record of its outcome.
///
/// # Errors
/// A [`KeyError`], or what the operation fails with; either way nothing was done and the key is free.
pub async fn run<'a, E, F>(
    services: &'a Services,
    request: Option<&'a KeyedRequest>,
    operation: F,
) -> Result<Answer, E>
where
    F: for<'c> Fn(&'c mut PgConnection) -> ScopedBoxFuture<'a, 'c, Result<Outcome, Halt<E>>>
        + Send
        + Sync
        + 'a,
    E: From<KeyError> + From<StoreError> + AsStoreError + Send + 'a,
{
    run_into(services, request, operation).await
}

async fn run_into<'a, O, E, F>(
    services: &'a Services,
    request: Option<&'a KeyedRequest>,
    operation: F,
) -> Result<Answer, E>
where
    F: for<'c> Fn(&'c mut PgConnection) -> ScopedBoxFuture<'a, 'c, Result<O, Halt<E>>>
        + Send
        + Sync
        + 'a,
    O: Into<Outcome> + Send + 'a,
    E: From<KeyError> + From<StoreError> + AsStoreError + Send + 'a,
{
    let operation = &operation;
    transact(&services.pool, |conn| {
        async move {
            if let Some(request) = request {
                match begin(conn, &services.ambient, request).await? {
                    Begin::Fresh => {}
                    Begin::Replay(answer) => return Ok(answer),
                    Begin::Running(_) => return Err(KeyError::InFlight.into()),
                }
            }
            let outcome = under_savepoint(conn, operation).await?;
            if let Some(request) = request {
                remember(conn, &services.ambient, request, &outcome).await?;
            }
            Ok(Answer { outcome, provenance: Provenance::Fresh })
        }
        .scope_boxed()
    })
    .await
}

/// The effect, or the refusal with every trace of the attempt undone.
async fn under_savepoint<'a, O, E, F>(conn: &mut PgConnection, operation: &F) -> Result<Outcome, E>
where
    F: for<'c> Fn(&'c mut PgConnection) -> ScopedBoxFuture<'a, 'c, Result<O, Halt<E>>>
        + Send
        + Sync,
    O: Into<Outcome>,
    E: From<StoreError>,
{
    let mut savepoint = conn.begin().await.map_err(StoreError::from)?;
    match operation(&mut savepoint).await {
        Ok(outcome) => {
            savepoint.commit().await.map_err(StoreError::from)?;
            Ok(outcome.into())
        }
        Err(Halt::Refused(refusal)) => {
            savepoint.rollback().await.map_err(StoreError::from)?;
            Ok(Outcome::Refused(refusal))
        }
        Err(Halt::Failed(error)) => Err(error),
    }
}

/// Stores the outcome of a request that just ran.
///
/// # Errors
/// [`KeyError`] where it can't be stored.
pub async fn remember(
    conn: &mut PgConnection,
    ambient: &Ambient,
    request: &KeyedRequest,
    outcome: &Outcome,
) -> Result<(), KeyError> {
    remember_all(conn, ambient, &[(request, outcome)]).await
}

/// The same for many at once.
///
/// # Errors
/// [`KeyError`] where they can't be stored.
pub async fn remember_all(
    conn: &mut PgConnection,
    ambient: &Ambient,
    settled: &[(&KeyedRequest, &Outcome)],
) -> Result<(), KeyError> {
    let done = settled
        .iter()
        .map(|(request, outcome)| Ok(DoneKey { request, outcome: encode(outcome)? }))
        .collect::<Result<Vec<_>, KeyError>>()?;
    if !done.is_empty() {
        keys::insert_done(conn, &done, lifetime(ambient)).await?;
    }
    Ok(())
}

/// Stores that an attempt at the gateway will settle the request.
///
/// # Errors
/// [`KeyError`] where it can't be stored.
pub async fn remember_running(
    conn: &mut PgConnection,
    ambient: &Ambient,
    request: &KeyedRequest,
    attempt: AttemptId,
) -> Result<(), KeyError> {
    keys::insert_running(conn, request, lifetime(ambient), attempt).await?;
    Ok(())
}

/// The answer stored under a request's key, if it is done; without a lock, for whoever has made sure that it is theirs.
/// It is fresh for the request that used the key first, and a replay for every other, which may have finished it.
///
/// # Errors
/// [`KeyError`] where it can't be read.
pub async fn find_answer(
    conn: &mut PgConnection,
    request: &KeyedRequest,
) -> Result<Option<Answer>, KeyError> {
    let Some(record) = keys::find(conn, request.principal, request.key.as_str()).await? else {
        return Ok(None);
    };
    let KeyState::Done(stored) = record.state else { return Ok(None) };
    let provenance = if record.request_id == request.request_id {
        Provenance::Fresh
    } else {
        Provenance::Replayed { request_id: record.request_id }
    };
    Ok(Some(Answer { outcome: decode(stored)?, provenance }))
}

/// Settles the key that waits for an attempt, if one does; called by whoever settles the attempt.
///
/// # Errors
/// [`KeyError`] where it can't be stored.
pub async fn settle(
    conn: &mut PgConnection,
    attempt: AttemptId,
    outcome: &Outcome,
) -> Result<(), KeyError> {
    keys::update_done_by_attempt(conn, attempt, &encode(outcome)?).await?;
    Ok(())
}

fn lifetime(ambient: &Ambient) -> KeyLifetime {
    let created_at = ambient.now();
    KeyLifetime { created_at, expires_at: created_at + KEY_LIVES }
}

fn encode(outcome: &Outcome) -> Result<serde_json::Value, KeyError> {
    serde_json::to_value(StoredOutcome::V1 { outcome: outcome.clone() })
        .map_err(KeyError::Unreadable)
}

fn decode(stored: serde_json::Value) -> Result<Outcome, KeyError> {
    let StoredOutcome::V1 { outcome } =
        serde_json::from_value(stored).map_err(KeyError::Unreadable)?;
    Ok(outcome)
}
