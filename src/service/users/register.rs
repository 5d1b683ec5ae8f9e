//! Registering: the account and the message that it exists commit together; nothing here sends mail.

use scoped_futures::ScopedFutureExt;

use super::UserError;
use crate::domain::access::Role;
use crate::domain::event::Event;
use crate::domain::user::{Email, PersonName, User};
use crate::service::audit::{Act, Author, Entry, Target, record, transact_audited};
use crate::service::auth::passwords::Password;
use crate::service::{Cause, Services, outbox};
use crate::store::StoreError;
use crate::store::error::Constraint;
use crate::store::users::{self, NewUser};

/// A new account; its role is never the caller's choice.
#[derive(Debug, Clone)]
pub struct Register {
    pub email: Email,
    pub name: PersonName,
    pub password: Password,
    pub role: Role,
}

/// # Errors
/// [`UserError::EmailTaken`], or it could not be done.
#[tracing::instrument(name = "service.users.register", skip_all)]
pub async fn register(
    services: &Services,
    (author, cause): (&Author, &Cause),
    command: Register,
) -> Result<User, UserError> {
    let Register { email, name, password, role } = command;
    let hash = services.auth.passwords().hash(&services.ambient, password).await?;
    let user = NewUser {
        id: services.ambient.id(),
        email: &email,
        name: &name,
        password_hash: &hash,
        role,
    };
    let user = &user;
    transact_audited(&services.pool, |conn| {
        async move {
            let user = users::insert(conn, user, services.ambient.now()).await.map_err(taken)?;
            let event = Event::UserCreated { user_id: user.id };
            outbox::publish(conn, &services.ambient, cause, &[event]).await?;
            let (act, target) = (Act::Register { role }, Target::User(user.id));
            Ok(record(conn, &services.ambient, author, &[Entry { act, target }], user).await?)
        }
        .scope_boxed()
    })
    .await
}

pub(super) fn taken(error: StoreError) -> UserError {
    match error.constraint() {
        Some(Constraint::EmailTaken) => UserError::EmailTaken,
        _ => error.into(),
    }
}
