//! Looks sessions up, with each use of a token; those who look at the same time do it in one query. It remembers nothing.

use std::fmt;
use std::io;
use std::time::Duration;

use scoped_futures::ScopedFutureExt;

use crate::domain::ids::{SessionId, UserId};
use crate::resilience::gather::{AskError, Gather};
use crate::service::pool::Pool;
use crate::service::transact::read;
use crate::store::StoreError;
use crate::store::sessions::{self as rows, SessionAccess};

type Found = Result<Option<SessionAccess>, StoreError>;

/// How long anybody waits for another one's look, which may hang for reasons of its own; many times what a look takes.
const PATIENCE: Duration = Duration::from_millis(50);

/// Those who look now.
pub(super) struct Sessions(Gather<(SessionId, UserId), Found>);

impl Sessions {
    pub(super) fn new() -> Self {
        Self(Gather::new(PATIENCE))
    }

    /// The session of this user as it is now.
    pub(super) async fn find(&self, pool: &Pool, session: SessionId, user: UserId) -> Found {
        let look = move |wanted: Vec<(SessionId, UserId)>| async move {
            let wanted = &wanted;
            read(pool, |conn| async move { rows::list_access(conn, wanted).await }.scope_boxed())
                .await
        };
        match self.0.ask((session, user), look).await {
            Ok(found) => found,
            Err(AskError::Failed(error)) => Err(error),
            Err(AskError::FailedForAll) => {
                let error = io::Error::other("the look at many sessions failed");
                Err(StoreError::Unavailable(sqlx::Error::Io(error)))
            }
        }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}
