//! Messages that a consumer gave up: kept with the reason, and tried again, or dropped, when an operator says so.

use scoped_futures::ScopedFutureExt;

use super::Services;
use super::audit::{Act, Author, Entry, Target, record, transact_audited};
use super::transact::read;
use crate::store::{self, StoreError};

pub use crate::store::dead_letters::{
    Choice, DeadLetter as Kept, Key, NewDeadLetter as DeadLetter,
};

/// Keeps a message that is given up; `false` where it was kept before.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn keep(services: &Services, letter: DeadLetter<'_>) -> Result<bool, StoreError> {
    let now = services.ambient.now();
    read(&services.pool, |conn| store::dead_letters::insert(conn, letter, now).scope_boxed()).await
}

/// Up to `limit` of these dead letters, the newest first.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn newest(
    services: &Services,
    choice: &Choice,
    limit: i64,
) -> Result<Vec<Kept>, StoreError> {
    read(&services.pool, |conn| store::dead_letters::find_newest(conn, choice, limit).scope_boxed())
        .await
}

/// All these dead letters, the oldest first, by their keys alone: what dies again later is not among them.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
pub async fn choose(services: &Services, choice: &Choice) -> Result<Vec<Key>, StoreError> {
    read(&services.pool, |conn| store::dead_letters::find_keys(conn, choice).scope_boxed()).await
}

/// Gives dead letters back to the consumers that gave them up, and to nobody else, by the outbox; each counts its tries
/// anew, and one that was handled meanwhile passes over the copy. Returns those that were still there.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer: then none was given back.
pub async fn replay(
    services: &Services,
    author: &Author,
    keys: &[Key],
) -> Result<Vec<Key>, StoreError> {
    let ambient = &services.ambient;
    transact_audited(&services.pool, |conn| {
        async move {
            let taken = store::dead_letters::delete(conn, keys).await?;
            let replays: Vec<_> = taken
                .iter()
                .map(|(key, message)| store::outbox::Replay {
                    row: ambient.id(),
                    message: message.clone(),
                    consumer: key.consumer.clone(),
                })
                .collect();
            store::outbox::insert_replays(conn, &replays, ambient.now()).await?;
            let keys: Vec<Key> = taken.into_iter().map(|(key, _message)| key).collect();
            let entries = told(&keys, |consumer| Act::ReplayDeadLetter { consumer });
            record(conn, ambient, author, &entries, keys).await
        }
        .scope_boxed()
    })
    .await
}

/// Removes dead letters for good. Returns those that were still there.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer: then none was removed.
pub async fn drop_for_good(
    services: &Services,
    author: &Author,
    keys: &[Key],
) -> Result<Vec<Key>, StoreError> {
    transact_audited(&services.pool, |conn| {
        async move {
            let taken = store::dead_letters::delete(conn, keys).await?;
            let keys: Vec<Key> = taken.into_iter().map(|(key, _message)| key).collect();
            let entries = told(&keys, |consumer| Act::DropDeadLetter { consumer });
            record(conn, &services.ambient, author, &entries, keys).await
        }
        .scope_boxed()
    })
    .await
}

fn told(keys: &[Key], act: impl Fn(String) -> Act) -> Vec<Entry> {
    let entry =
        |key: &Key| Entry { act: act(key.consumer.clone()), target: Target::Message(key.message) };
    keys.iter().map(entry).collect()
}
