//! Takes a consent back, with every token that came of it.

use scoped_futures::ScopedFutureExt;

use super::ConsentError;
use crate::domain::access::Mandate;
use crate::domain::ids::ClientId;
use crate::domain::permission::{Granted, may};
use crate::service::Services;
use crate::service::audit::{Act, Author, Entry, Target, record, transact_audited};
use crate::store::{oauth_codes, oauth_consents, sessions, users};

/// In force everywhere once it returns: every use of a token looks its session up.
///
/// # Errors
/// [`ConsentError::NotFound`], or the store's.
#[tracing::instrument(name = "service.oauth.consents.withdraw", skip_all)]
pub async fn withdraw(
    services: &Services,
    author: &Author,
    user: Granted<may::WithdrawConsents>,
    client: ClientId,
) -> Result<(), ConsentError> {
    let (user, now) = (user.holder(), services.ambient.now());
    transact_audited(&services.pool, |conn| {
        async move {
            // Whoever issues or trades in a code for this user holds the user: what they make is seen below, or they see that there
            // is no consent any more.
            users::find_for_update(conn, user).await?;
            if !oauth_consents::delete(conn, (user, client)).await? {
                return Err(ConsentError::NotFound);
            }
            // First the codes: who makes a session of one holds it, so that the session is seen.
            oauth_codes::delete_unused_for(conn, (user, client)).await?;
            let right = (client, Mandate::Consent);
            sessions::update_all_revoked_of_client(conn, right, Some(user), now).await?;
            let entry = Entry { act: Act::WithdrawConsent, target: Target::OauthClient(client) };
            Ok(record(conn, &services.ambient, author, &[entry], ()).await?)
        }
        .scope_boxed()
    })
    .await
}
