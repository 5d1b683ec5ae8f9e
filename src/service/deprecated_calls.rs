//! Who still calls what is on its way out: counted in memory with every call, added to the database now and then, and read
//! by administrators, who must know whom to write to.
//!
//! A process that is killed loses what it counted since it last wrote, [`EVERY`] at the most; one that is stopped writes
//! first. Of callers without a token there is nothing but their number.

use std::sync::Arc;
use std::time::Duration;

use scoped_futures::ScopedFutureExt;
use time::OffsetDateTime;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Services;
use super::transact::{read, transact};
use crate::domain::ids::UserId;
use crate::domain::page::{Page, PageRequest, Position};
use crate::domain::permission::{Granted, may};
use crate::resilience::counts::Counts;
use crate::store::StoreError;
use crate::store::deprecated_calls::{self as rows, NewCalls};

pub use crate::store::deprecated_calls::DeprecatedCaller;

/// Time between two additions.
pub const EVERY: Duration = Duration::from_secs(15);

/// Callers that are told apart between two additions; more are counted without a name.
const MOST: usize = 10_000;

/// One call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Call {
    /// Method and route.
    pub operation: &'static str,
    /// Whose token it brought, where it brought a good one.
    pub user: Option<UserId>,
}

/// The calls that one process counts; clones share them.
#[derive(Debug, Clone)]
pub struct DeprecatedCalls(Arc<Counts<Call>>);

impl Default for DeprecatedCalls {
    fn default() -> Self {
        Self(Arc::new(Counts::new(MOST, |call| Call { user: None, ..*call })))
    }
}

impl DeprecatedCalls {
    pub fn count(&self, call: Call, now: OffsetDateTime) {
        self.0.count(call, now);
    }

    /// Adds what was counted to what is in the database; what can't be added now is counted on from.
    ///
    /// # Errors
    /// [`StoreError`] where the database doesn't answer.
    #[tracing::instrument(name = "service.deprecated_calls.flush", skip_all)]
    pub async fn flush(&self, services: &Services) -> Result<(), StoreError> {
        let taken = self.0.take();
        if taken.is_empty() {
            return Ok(());
        }
        let new: Vec<NewCalls> = taken
            .iter()
            .map(|(call, counted)| NewCalls {
                id: services.ambient.uuid(),
                operation: call.operation,
                user: call.user,
                calls: i64::from(counted.times),
                first_called_at: counted.first,
                last_called_at: counted.last,
            })
            .collect();
        let new = &new;
        let adding = transact(&services.pool, |conn| {
            async move { rows::add_all(conn, new).await }.scope_boxed()
        });
        let added = adding.await;
        if added.is_err() {
            self.0.give_back(taken);
        }
        added
    }

    /// Adds what was counted again and again, and a last time when told to stop.
    pub async fn keep_flushing(self, services: Services, stop: CancellationToken) {
        loop {
            let stopped = stop.run_until_cancelled(sleep(EVERY)).await.is_none();
            if let Err(error) = self.flush(&services).await {
                tracing::warn!(%error, "calls to deprecated operations can't be written down now");
            }
            if stopped {
                return;
            }
        }
    }
}

/// Who called what is on its way out, whoever began last first.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "service.deprecated_calls.list", skip_all)]
pub async fn list(
    services: &Services,
    _: Granted<may::ManageUsers>,
    operation: Option<&str>,
    page: PageRequest,
) -> Result<Page<DeprecatedCaller>, StoreError> {
    let found: Vec<DeprecatedCaller> =
        read(&services.pool, |conn| rows::list(conn, operation, page).scope_boxed()).await?;
    Ok(Page::cut(found, page.size, |caller| Position {
        created_at: caller.first_called_at,
        id: caller.id,
    }))
}
