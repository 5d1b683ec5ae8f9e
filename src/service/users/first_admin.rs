//! The first administrator: made where there is none yet, so that a new shop can be run; nobody is ever promoted by it.

use scoped_futures::ScopedFutureExt;
use secrecy::{ExposeSecret, SecretString};

use super::UserError;
use super::register::taken;
use crate::domain::Violation;
use crate::domain::access::Role;
use crate::domain::event::Event;
use crate::domain::user::{Email, PersonName, User};
use crate::service::audit::{Act, Audited, Author, Entry, Target, record, transact_audited};
use crate::service::auth::passwords::Password;
use crate::service::transact::{AsStoreError, read};
use crate::service::{Cause, Services, outbox};
use crate::store::StoreError;
use crate::store::users::{self, NewUser};

const NAME: &str = "Administrator";

/// What became of the wish for an administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstAdmin {
    Made(Box<User>),
    /// There is one, whoever it is.
    Exists,
}

/// No administrator was made.
#[derive(Debug, thiserror::Error)]
pub enum FirstAdminError {
    #[error("TILL_ADMIN_EMAIL: {0}")]
    Email(#[source] Violation),
    #[error("TILL_ADMIN_PASSWORD: {0}")]
    Password(#[source] Violation),
    /// Whoever has the address registered it by themselves, and must not gain by it.
    #[error(
        "TILL_ADMIN_EMAIL: this address has the account of somebody who is no administrator; choose another one"
    )]
    EmailTaken,
    #[error(transparent)]
    User(#[from] UserError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for FirstAdminError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) | Self::User(UserError::Store(error)) => Some(error),
            _ => None,
        }
    }
}

/// Makes the administrator where there is none. Of processes that try at once, one makes it and the others find it.
///
/// # Errors
/// [`FirstAdminError`].
#[tracing::instrument(name = "service.users.ensure", skip_all)]
pub async fn ensure(
    services: &Services,
    cause: &Cause,
    email: &str,
    password: &SecretString,
) -> Result<FirstAdmin, FirstAdminError> {
    let email = Email::parse(email).map_err(FirstAdminError::Email)?;
    let password = Password::parse(password.expose_secret()).map_err(FirstAdminError::Password)?;
    let name = PersonName::parse(NAME).map_err(FirstAdminError::Email)?;
    let exists = read(&services.pool, |conn| users::has_admin(conn).scope_boxed());
    if exists.await? {
        return Ok(FirstAdmin::Exists);
    }
    let hash = services.auth.passwords().hash(&services.ambient, password).await;
    let hash = hash.map_err(UserError::from)?;
    let id = services.ambient.id();
    let new = NewUser { id, email: &email, name: &name, password_hash: &hash, role: Role::Admin };
    let new = &new;
    transact_audited(&services.pool, |conn| {
        async move {
            users::lock_first_admin(conn).await?;
            if users::has_admin(conn).await? {
                return Ok(Audited::unchanged(FirstAdmin::Exists));
            }
            let inserted = users::insert(conn, new, services.ambient.now()).await;
            let user = inserted.map_err(|error| match taken(error) {
                UserError::EmailTaken => FirstAdminError::EmailTaken,
                other => other.into(),
            })?;
            let event = Event::UserCreated { user_id: user.id };
            outbox::publish(conn, &services.ambient, cause, &[event]).await?;
            let (act, target) = (Act::Register { role: Role::Admin }, Target::User(user.id));
            let (author, made) = (Author::operator(), FirstAdmin::Made(Box::new(user)));
            let entry = Entry { act, target };
            Ok(record(conn, &services.ambient, &author, &[entry], made).await?)
        }
        .scope_boxed()
    })
    .await
}
