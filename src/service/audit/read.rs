//! Reading the audit log; it changes nothing.

use scoped_futures::ScopedFutureExt;

use crate::domain::audit::{AuditFilter, PastEntry};
use crate::domain::ids::Id;
use crate::domain::page::{Page, PageRequest, Position};
use crate::domain::permission::{Granted, may};
use crate::service::Services;
use crate::service::transact::read;
use crate::store::{StoreError, audit_log};

/// Newest first.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "service.audit.list", skip_all)]
pub async fn list(
    services: &Services,
    _: Granted<may::ReadAuditLog>,
    filter: &AuditFilter,
    page: PageRequest,
) -> Result<Page<PastEntry>, StoreError> {
    let rows: Vec<PastEntry> =
        read(&services.pool, |conn| audit_log::list(conn, filter, page).scope_boxed()).await?;
    Ok(Page::cut(rows, page.size, |entry| Position {
        created_at: entry.recorded_at,
        id: entry.id.as_uuid(),
    }))
}
