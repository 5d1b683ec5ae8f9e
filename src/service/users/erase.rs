//! Erasure: personal data goes, the row stays for the financial record and is signed out everywhere.

use scoped_futures::ScopedFutureExt;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::UserError;
use crate::domain::access::Role;
use crate::domain::ids::UserId;
use crate::domain::user::{User, UserStatus};
use crate::service::Services;
use crate::service::audit::{Act, Author, Entry, Target, record, transact_audited};
use crate::service::auth::passwords::NO_PASSWORD;
use crate::store::users::Erasure;
use crate::store::{
    StoreError, api_keys, audit_log, dead_letters, deprecated_calls, job_files, oauth_consents,
    outbox, sessions, users, webhook_endpoints,
};

/// Erases an account; its address may be registered again.
///
/// # Errors
/// [`UserError::NotFound`] (erased before, too), [`UserError::LastAdministrator`], or it could not be done.
#[tracing::instrument(name = "service.users.erase", skip_all)]
pub async fn erase(services: &Services, author: &Author, id: UserId) -> Result<(), UserError> {
    transact_audited(&services.pool, |conn| {
        async move {
            let user = users::find(conn, id).await?.ok_or(UserError::NotFound)?;
            if user.role == Role::Admin {
                let administrators = users::list_administrators_for_update(conn).await?;
                if administrators == [id] {
                    return Err(UserError::LastAdministrator);
                }
            }
            let user = users::find_for_update(conn, id)
                .await?
                .filter(|user| user.status != UserStatus::Erased)
                .ok_or(UserError::NotFound)?;
            let now = services.ambient.now();
            // `.invalid` is nobody's domain (RFC 2606 §2).
            let email = format!("{id}@erased.invalid");
            let rest = Erasure { email: &email, name: "Erased user", password_hash: NO_PASSWORD };
            erase_traces(conn, &user, &rest, now).await?;
            users::update_erased(conn, id, &rest, now).await?;
            // From where they came is theirs, too; of this very request nothing is kept, since they are erased by now.
            audit_log::delete_origins_of(conn, id).await?;
            let entry = Entry { act: Act::EraseAccount, target: Target::User(id) };
            Ok(record(conn, &services.ambient, author, &[entry], ()).await?)
        }
        .scope_boxed()
    })
    .await
}

/// What is kept of somebody in other places than their row.
async fn erase_traces(
    conn: &mut PgConnection,
    user: &User,
    rest: &Erasure<'_>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let id = user.id;
    sessions::update_all_revoked(conn, id, now).await?;
    api_keys::delete_all_of(conn, id).await?;
    oauth_consents::delete_all_of(conn, id).await?;
    // Files of reports tell of a person, too.
    job_files::update_removed_of_owner(conn, id, now).await?;
    // So does what their programs called.
    deprecated_calls::delete_of_user(conn, id).await?;
    // An address of somebody's own tells of them, and nobody is left to hear.
    webhook_endpoints::update_all_removed(conn, id, now).await?;
    // Mails that nobody took stay for an operator, but not to whom they went.
    dead_letters::update_address_erased(conn, &user.email, rest.email).await?;
    outbox::update_address_erased(conn, &user.email, rest.email).await
}
