//! Signing out everywhere: ends every session of a user, and with them every access token.

use scoped_futures::ScopedFutureExt;

use super::error::SessionError;
use crate::domain::permission::{Granted, may};
use crate::service::Services;
use crate::service::transact::transact;
use crate::store::{StoreError, sessions};

/// The session that asks for it among them. API keys stay: they are removed by themselves.
///
/// # Errors
/// [`SessionError::Store`].
#[tracing::instrument(name = "service.auth.revoke_all", skip_all)]
pub async fn revoke_all(
    services: &Services,
    user: Granted<may::SignOutEverywhere>,
) -> Result<(), SessionError> {
    transact::<_, StoreError, _>(&services.pool, |conn| {
        sessions::update_all_revoked(conn, user.holder(), services.ambient.now()).scope_boxed()
    })
    .await?;
    Ok(())
}
