//! Signing out everywhere: ends every session of a user, and with them every access token.

use scoped_futures::ScopedFutureExt;

use super::error::SessionError;
use crate::domain::permission::{Granted, may};
use crate::service::Services;
use crate::service::audit::{Act, Author, Entry, Target, record, transact_audited};
use crate::store::{StoreError, sessions};

/// The session that asks for it among them. API keys stay: they are removed by themselves.
///
/// # Errors
/// [`SessionError::Store`].
#[tracing::instrument(name = "service.auth.revoke_all", skip_all)]
pub async fn revoke_all(
    services: &Services,
    author: &Author,
    user: Granted<may::SignOutEverywhere>,
) -> Result<(), SessionError> {
    let (id, now) = (user.holder(), services.ambient.now());
    transact_audited::<_, StoreError, _>(&services.pool, |conn| {
        async move {
            sessions::update_all_revoked(conn, id, now).await?;
            let entry = Entry { act: Act::SignOutEverywhere, target: Target::User(id) };
            record(conn, &services.ambient, author, &[entry], ()).await
        }
        .scope_boxed()
    })
    .await?;
    Ok(())
}
