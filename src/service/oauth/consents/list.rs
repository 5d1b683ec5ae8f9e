//! Which applications somebody lets act for them; changes nothing.

use scoped_futures::ScopedFutureExt;

use super::ConsentError;
use crate::domain::ids::Id;
use crate::domain::oauth::Consent;
use crate::domain::page::{Page, PageRequest, Position};
use crate::domain::permission::{Granted, may};
use crate::service::Services;
use crate::service::transact::read;
use crate::store::{StoreError, oauth_consents};

/// The newest first.
///
/// # Errors
/// The store's.
#[tracing::instrument(name = "service.oauth.consents.list", skip_all)]
pub async fn list(
    services: &Services,
    user: Granted<may::ReadConsents>,
    page: PageRequest,
) -> Result<Page<Consent>, ConsentError> {
    let rows: Vec<Consent> = read::<_, StoreError, _>(&services.pool, |conn| {
        oauth_consents::list(conn, user.holder(), page).scope_boxed()
    })
    .await?;
    Ok(Page::cut(rows, page.size, |consent| Position {
        created_at: consent.granted_at,
        id: consent.client.as_uuid(),
    }))
}
