//! What a database with the present schema needs before anybody can sign in: a signing key and, if named, an administrator.

use super::AppError;
use crate::config::Config;
use crate::service::auth::keys;
use crate::service::users::first_admin::{self, FirstAdmin};
use crate::service::{Cause, Services};

/// Makes what is missing; several processes may try at once, one does it.
///
/// # Errors
/// The database doesn't answer, its keys can't be opened, or the administrator can't be made as named.
pub async fn install(config: &Config, services: &Services) -> Result<(), AppError> {
    keys::ensure(services).await?;
    let Some(wanted) = &config.first_administrator else { return Ok(()) };
    let cause = Cause { request_id: "till migrate".to_owned(), trace_parent: None };
    match first_admin::ensure(services, &cause, &wanted.email, &wanted.password).await? {
        FirstAdmin::Made(user) => {
            tracing::info!(user = %user.id, "the first administrator was made");
        }
        FirstAdmin::Exists => {
            tracing::info!("there is an administrator: TILL_ADMIN_EMAIL isn't used");
        }
    }
    Ok(())
}
