//! A result whose entry is written, as a type: what asks for one can't forget it. It decides nothing about entries.

use scoped_futures::ScopedBoxFuture;
use sqlx::PgConnection;

use crate::domain::ambient::Ambient;
use crate::domain::audit::{Author, Entry};
use crate::service::outcome::Outcome;
use crate::service::pool::Pool;
use crate::service::transact::{AsStoreError, transact};
use crate::store::StoreError;
use crate::store::audit_log::{self, NewEntry};

/// What a change came to, with its entry in the same transaction.
#[derive(Debug, Clone)]
#[must_use]
pub struct Audited<T>(T);

impl<T> Audited<T> {
    /// Nothing was changed, so there is nothing to tell.
    pub(in crate::service) fn unchanged(value: T) -> Self {
        Self(value)
    }

    pub(in crate::service) fn into_inner(self) -> T {
        self.0
    }
}

/// Writes what was done, and hands on what came of it.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub(in crate::service) async fn record<T>(
    conn: &mut PgConnection,
    ambient: &Ambient,
    author: &Author,
    entries: &[Entry],
    value: T,
) -> Result<Audited<T>, StoreError> {
    if entries.is_empty() {
        return Ok(Audited(value));
    }
    let new: Vec<NewEntry<'_>> =
        entries.iter().map(|entry| NewEntry { id: ambient.id(), author, entry }).collect();
    audit_log::insert_all(conn, &new, ambient.now()).await?;
    Ok(Audited(value))
}

/// [`transact`] for work that changes something.
///
/// # Errors
/// Whatever `work` fails with, or a [`StoreError`] turned into it.
pub(in crate::service) async fn transact_audited<'a, T, E, F>(pool: &Pool, work: F) -> Result<T, E>
where
    F: for<'c> Fn(&'c mut PgConnection) -> ScopedBoxFuture<'a, 'c, Result<Audited<T>, E>>
        + Send
        + Sync,
    T: Send,
    E: From<StoreError> + AsStoreError + Send,
{
    transact(pool, work).await.map(Audited::into_inner)
}

impl From<Audited<Outcome>> for Outcome {
    fn from(audited: Audited<Outcome>) -> Self {
        audited.0
    }
}
