//! A forgotten password: a token is mailed to whoever has the account, and chooses a new one; that an account is there is
//! never told.
//!
//! The request writes one message, whatever the address. Whether it is anybody's is found out by the worker, when nobody
//! waits for an answer any more.

use scoped_futures::ScopedFutureExt;
use serde_json::json;

use super::account_token::AccountToken;
use super::error::SessionError;
use super::passwords::Password;
use crate::domain::account_token::TokenPurpose;
use crate::domain::audit::Origin;
use crate::domain::user::{Email, UserStatus};
use crate::service::audit::{Act, Author, Entry, Target, record, transact_audited};
use crate::service::transact::{read, transact};
use crate::service::{Cause, Services, outbox};
use crate::store::{StoreError, account_tokens, sessions, users};

/// The message that asks for a mail: `{"email": …}`.
pub const REQUESTED: &str = "password_reset.requested";

/// Asks for the mail.
///
/// # Errors
/// [`SessionError::Store`].
#[tracing::instrument(name = "service.auth.request_password_reset", skip_all)]
pub async fn request(
    services: &Services,
    cause: &Cause,
    email: &Email,
) -> Result<(), SessionError> {
    transact::<_, StoreError, _>(&services.pool, |conn| {
        let wish = (REQUESTED, json!({ "email": email }));
        outbox::send(conn, &services.ambient, cause, wish).scope_boxed()
    })
    .await?;
    Ok(())
}

/// Sets the password, once for each token. Every session ends, and whatever else was mailed for that is good for nothing;
/// who read the mail has shown that the address is theirs, too.
///
/// # Errors
/// [`SessionError::InvalidAccountToken`], [`SessionError::ExpiredAccountToken`], or it could not be done.
#[tracing::instrument(name = "service.auth.confirm_password_reset", skip_all)]
pub async fn confirm(
    services: &Services,
    origin: &Origin,
    token: &AccountToken,
    password: Password,
) -> Result<(), SessionError> {
    let hash = token.hash();
    // Before anything is hashed: that costs more than a look.
    let known = read(&services.pool, |conn| {
        async move { account_tokens::find(conn, &hash, TokenPurpose::ResetPassword).await }
            .scope_boxed()
    })
    .await?;
    let known =
        known.filter(|known| known.used_at.is_none()).ok_or(SessionError::InvalidAccountToken)?;
    if known.expires_at <= services.ambient.now() {
        return Err(SessionError::ExpiredAccountToken);
    }
    let password = &services.auth.passwords().hash(&services.ambient, password).await?;
    let user_id = known.user_id;
    transact_audited(&services.pool, |conn| {
        async move {
            let now = services.ambient.now();
            users::find_for_update(conn, user_id)
                .await?
                .filter(|user| user.status == UserStatus::Active)
                .ok_or(SessionError::InvalidAccountToken)?;
            // Of two who use one token at once, the second finds it used.
            if !account_tokens::update_used(conn, &hash, now).await? {
                return Err(SessionError::InvalidAccountToken);
            }
            let purpose = TokenPurpose::ResetPassword;
            account_tokens::update_all_used(conn, user_id, purpose, now).await?;
            users::update_password(conn, user_id, password, now).await?;
            users::update_email_verified(conn, user_id, now).await?;
            sessions::update_all_revoked(conn, user_id, now).await?;
            let author = Author::stranger(origin.clone());
            let entry = Entry { act: Act::ResetPassword, target: Target::User(user_id) };
            Ok(record(conn, &services.ambient, &author, &[entry], ()).await?)
        }
        .scope_boxed()
    })
    .await
}
