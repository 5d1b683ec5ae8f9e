//! Verifying an address: whoever sends the token of the welcome mail reads what is mailed there.

use scoped_futures::ScopedFutureExt;

use super::account_token::AccountToken;
use super::error::SessionError;
use crate::domain::account_token::TokenPurpose;
use crate::domain::audit::Origin;
use crate::domain::user::UserStatus;
use crate::service::Services;
use crate::service::audit::{Act, Audited, Author, Entry, Target, record, transact_audited};
use crate::store::{account_tokens, users};

/// Succeeds again for a token that did it before: a link is clicked twice.
///
/// # Errors
/// [`SessionError::InvalidAccountToken`], [`SessionError::ExpiredAccountToken`], or it could not be done.
#[tracing::instrument(name = "service.auth.verify_email", skip_all)]
pub async fn verify_email(
    services: &Services,
    origin: &Origin,
    token: &AccountToken,
) -> Result<(), SessionError> {
    let hash = token.hash();
    transact_audited(&services.pool, |conn| {
        async move {
            let now = services.ambient.now();
            let known = account_tokens::find(conn, &hash, TokenPurpose::VerifyEmail).await?;
            let known = known.ok_or(SessionError::InvalidAccountToken)?;
            if known.expires_at <= now {
                return Err(SessionError::ExpiredAccountToken);
            }
            users::find_for_update(conn, known.user_id)
                .await?
                .filter(|user| user.status == UserStatus::Active)
                .ok_or(SessionError::InvalidAccountToken)?;
            if !account_tokens::update_used(conn, &hash, now).await? {
                return Ok(Audited::unchanged(()));
            }
            users::update_email_verified(conn, known.user_id, now).await?;
            let author = Author::stranger(origin.clone());
            let entry = Entry { act: Act::VerifyEmail, target: Target::User(known.user_id) };
            Ok(record(conn, &services.ambient, &author, &[entry], ()).await?)
        }
        .scope_boxed()
    })
    .await
}
