//! Looks up, with each use of a credential, what it is good for right now; those who look at the same time do it in one
//! query. It remembers nothing.

use std::fmt;
use std::io;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use crate::domain::ids::{ApiKeyId, SessionId, UserId};
use crate::resilience::gather::{AskError, Gather};
use crate::service::pool::Pool;
use crate::service::transact::read;
use crate::store::StoreError;
use crate::store::api_keys::{self, KeyAccess};
use crate::store::sessions::{self, SessionAccess};

pub(super) type Found<T> = Result<Option<T>, StoreError>;

/// How long anybody waits for another one's look, which may hang for reasons of its own; many times what a look takes.
const PATIENCE: Duration = Duration::from_millis(50);

/// What a credential is looked up by.
pub(super) trait LookedUp: Copy + Send + Sync + 'static {
    /// What its use is decided by.
    type Access: Send + 'static;

    /// One answer for each, in their order.
    fn list<'c>(
        conn: &'c mut PgConnection,
        wanted: &'c [Self],
    ) -> BoxFuture<'c, Result<Vec<Found<Self::Access>>, StoreError>>;
}

impl LookedUp for (SessionId, UserId) {
    type Access = SessionAccess;

    fn list<'c>(
        conn: &'c mut PgConnection,
        wanted: &'c [Self],
    ) -> BoxFuture<'c, Result<Vec<Found<SessionAccess>>, StoreError>> {
        sessions::list_access(conn, wanted).boxed()
    }
}

impl LookedUp for ApiKeyId {
    type Access = KeyAccess;

    fn list<'c>(
        conn: &'c mut PgConnection,
        wanted: &'c [Self],
    ) -> BoxFuture<'c, Result<Vec<Found<KeyAccess>>, StoreError>> {
        api_keys::list_access(conn, wanted).boxed()
    }
}

/// Those who look now.
pub(super) struct Lookups<K: LookedUp>(Gather<K, Found<K::Access>>);

impl<K: LookedUp> Lookups<K> {
    pub(super) fn new() -> Self {
        Self(Gather::new(PATIENCE))
    }

    /// What belongs to this one, as it is now.
    pub(super) async fn find(&self, pool: &Pool, one: K) -> Found<K::Access> {
        let look = move |wanted: Vec<K>| async move {
            let wanted = &wanted;
            read(pool, |conn| async move { K::list(conn, wanted).await }.scope_boxed()).await
        };
        match self.0.ask(one, look).await {
            Ok(found) => found,
            Err(AskError::Failed(error)) => Err(error),
            Err(AskError::FailedForAll) => {
                let error = io::Error::other("the look at many credentials failed");
                Err(StoreError::Unavailable(sqlx::Error::Io(error)))
            }
        }
    }
}

impl<K: LookedUp> fmt::Debug for Lookups<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookups").finish_non_exhaustive()
    }
}
