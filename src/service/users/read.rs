//! Reading accounts; it changes nothing.

use scoped_futures::ScopedFutureExt;

use super::UserError;
use crate::domain::access::{Principal, Scope};
use crate::domain::ids::{Id, UserId};
use crate::domain::page::{Page, PageRequest, Position};
use crate::domain::user::User;
use crate::service::Services;
use crate::service::transact::read;
use crate::store::users;

/// One user: oneself, or anybody for who may manage users.
///
/// # Errors
/// [`UserError::NotFound`], for a user that is none of the caller's business just as for none.
pub async fn find(services: &Services, caller: &Principal, id: UserId) -> Result<User, UserError> {
    if caller.user_id != id && !caller.scopes.contains(Scope::UsersAdmin) {
        return Err(UserError::NotFound);
    }
    read(&services.pool, |conn| async move { users::find(conn, id).await }.scope_boxed())
        .await?
        .ok_or(UserError::NotFound)
}

/// All users, newest first; for callers who may manage users.
///
/// # Errors
/// [`UserError::Store`].
pub async fn list(services: &Services, page: &PageRequest) -> Result<Page<User>, UserError> {
    let rows =
        read(&services.pool, |conn| async move { users::list(conn, page).await }.scope_boxed())
            .await?;
    Ok(Page::cut(rows, page.size, |user| Position {
        created_at: user.created_at,
        id: user.id.as_uuid(),
    }))
}
