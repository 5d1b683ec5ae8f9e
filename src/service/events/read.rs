//! Looks events up; changes nothing.

use scoped_futures::ScopedFutureExt;

use crate::domain::access::Reach;
use crate::domain::event::PastEvent;
use crate::domain::ids::{EventId, Id};
use crate::domain::page::{Page, PageRequest, Position};
use crate::service::Services;
use crate::service::transact::read;
use crate::store::{self, StoreError};

/// The event, where the caller may see it.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "service.events.find", skip_all)]
pub async fn find(
    services: &Services,
    id: EventId,
    reach: Reach,
) -> Result<Option<PastEvent>, StoreError> {
    read(&services.pool, |conn| store::events::find(conn, id, reach).scope_boxed()).await
}

/// Newest first; of one topic, where one is named.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "service.events.list", skip_all)]
pub async fn list(
    services: &Services,
    reach: Reach,
    topic: Option<&'static str>,
    page: PageRequest,
) -> Result<Page<PastEvent>, StoreError> {
    let rows: Vec<PastEvent> =
        read(&services.pool, |conn| store::events::list(conn, reach, topic, page).scope_boxed())
            .await?;
    let position =
        |event: &PastEvent| Position { created_at: event.created_at, id: event.id.as_uuid() };
    Ok(Page::cut(rows, page.size, position))
}
