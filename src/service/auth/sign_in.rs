//! Signing in with e-mail address and password; why it failed is never told, neither by words nor by time.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;

use super::SESSION_LIVES;
use super::error::SessionError;
use super::keys;
use super::passwords::{self, PasswordAttempt, Verdict};
use super::refresh_token::RefreshToken;
use super::tokens::{self, Grant, TokenPair};
use crate::domain::audit::Origin;
use crate::domain::user::{Email, UserStatus};
use crate::service::Services;
use crate::service::audit::{
    Act, Actor, Author, Credential, Entry, Refused, Target, record, transact_audited,
};
use crate::service::transact::read;
use crate::store::sessions::{self, NewSession};
use crate::store::users::{self, Credentials};

/// What somebody signs in with.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// `None` where the text can't be an address: no account, but the same work.
    pub email: Option<Email>,
    pub password: PasswordAttempt,
}

/// Opens a session with all that the user's role may do.
///
/// # Errors
/// [`SessionError::InvalidCredentials`], or it could not be decided.
#[tracing::instrument(name = "service.auth.sign_in", skip_all)]
pub async fn sign_in(
    services: &Services,
    origin: &Origin,
    command: SignIn,
) -> Result<TokenPair, SessionError> {
    let proven = prove(services, origin, command).await?;
    open(services, origin, &proven).await
}

/// Whose password this is, with the same work for an account that is not there; what fails is counted for the audit log.
///
/// # Errors
/// [`SessionError::InvalidCredentials`], or it could not be decided.
pub(in crate::service) async fn prove(
    services: &Services,
    origin: &Origin,
    command: SignIn,
) -> Result<Credentials, SessionError> {
    let found = match &command.email {
        Some(email) => find(services, email).await?,
        None => None,
    };
    let account = found.as_ref().map(|credentials| credentials.user_id);
    // Only active accounts have credentials worth a look: others are treated as if they were not there.
    let found = found.filter(|credentials| credentials.status == UserStatus::Active);
    let hash = found.as_ref().map(|credentials| credentials.password_hash.clone());
    let verdict = services.auth.passwords().verify(command.password, hash).await?;
    match (found, verdict) {
        (Some(credentials), Verdict::Right) => Ok(credentials),
        (None, _) | (Some(_), Verdict::Wrong) => {
            let refused = Refused::SignIn { account, address: origin.address };
            services.auth.refused().count(refused, services.ambient.now());
            Err(SessionError::InvalidCredentials)
        }
    }
}

/// The credentials as they are now, if the password is still the same: it was checked outside of this transaction. What the
/// account may do can have changed since, and is then what it is now.
///
/// # Errors
/// [`SessionError::InvalidCredentials`], or the store's.
pub(in crate::service) async fn still_proven(
    conn: &mut PgConnection,
    proven: &Credentials,
) -> Result<Credentials, SessionError> {
    users::find_credentials_for_share(conn, proven.user_id)
        .await?
        .filter(|user| {
            user.status == UserStatus::Active
                && passwords::is_still(&proven.password_hash, &user.password_hash)
        })
        .ok_or(SessionError::InvalidCredentials)
}

async fn find(services: &Services, email: &Email) -> Result<Option<Credentials>, SessionError> {
    let found = read::<_, SessionError, _>(&services.pool, |conn| {
        async move { Ok(users::find_credentials_by_email(conn, email).await?) }.scope_boxed()
    });
    found.await
}

async fn open(
    services: &Services,
    origin: &Origin,
    proven: &Credentials,
) -> Result<TokenPair, SessionError> {
    let key = keys::current(services).await?;
    let refresh_token = RefreshToken::generate(&services.ambient);
    let hash = refresh_token.hash();
    let grant = transact_audited(&services.pool, |conn| {
        async move {
            let user_id = proven.user_id;
            let current = still_proven(conn, proven).await?;
            let now = services.ambient.now();
            let session = NewSession {
                id: services.ambient.id(),
                user_id,
                application: None,
                scopes: current.role.scopes(),
                created_at: now,
                expires_at: now + SESSION_LIVES,
            };
            sessions::insert(conn, &session).await?;
            sessions::insert_refresh_token(conn, session.id, &hash, now).await?;
            let grant = Grant {
                user_id,
                session_id: session.id,
                application: None,
                access_epoch: current.access_epoch,
                scopes: session.scopes,
            };
            let credential = Credential::Session(session.id);
            let actor = Actor::User { id: user_id, credential };
            let author = Author { actor, origin: origin.clone() };
            let entry = Entry { act: Act::SignIn, target: Target::User(user_id) };
            Ok::<_, SessionError>(record(conn, &services.ambient, &author, &[entry], grant).await?)
        }
        .scope_boxed()
    })
    .await?;
    tokens::pair(services, &key, &grant, refresh_token)
}
