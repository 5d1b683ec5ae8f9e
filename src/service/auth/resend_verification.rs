//! The token that shows that an address is one's own, mailed once more to whoever did not get it or let it expire.

use scoped_futures::ScopedFutureExt;
use serde_json::json;

use super::error::SessionError;
use crate::domain::permission::{Granted, may};
use crate::service::transact::transact;
use crate::service::{Cause, Services, outbox};
use crate::store::StoreError;

/// The message that asks for a mail: `{"userId": …}`.
pub const REQUESTED: &str = "email_verification.requested";

/// Asks for the mail; where the address is verified by then, none is sent.
///
/// # Errors
/// [`SessionError::Store`].
#[tracing::instrument(name = "service.auth.resend_verification", skip_all)]
pub async fn resend_verification(
    services: &Services,
    cause: &Cause,
    user: Granted<may::WriteProfile>,
) -> Result<(), SessionError> {
    transact::<_, StoreError, _>(&services.pool, |conn| {
        let wish = (REQUESTED, json!({ "userId": user.holder() }));
        outbox::send(conn, &services.ambient, cause, wish).scope_boxed()
    })
    .await?;
    Ok(())
}
