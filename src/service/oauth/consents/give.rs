//! Gives a consent, or more than before; what was consented to earlier stays.

use sqlx::PgConnection;

use crate::domain::access::ScopeSet;
use crate::domain::ids::{ClientId, UserId};
use crate::service::Services;
use crate::store::{StoreError, oauth_consents};

/// To be called in the transaction that issues the code; the entry is its caller's.
///
/// # Errors
/// The store's.
pub async fn give(
    conn: &mut PgConnection,
    services: &Services,
    pair: (UserId, ClientId),
    scopes: ScopeSet,
) -> Result<(), StoreError> {
    oauth_consents::upsert(conn, pair, scopes, services.ambient.now()).await
}
