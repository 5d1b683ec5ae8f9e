//! Reading accounts; it changes nothing.

use scoped_futures::ScopedFutureExt;

use super::UserError;
use crate::domain::access::{Principal, Scope};
use crate::domain::ids::{Id, UserId};
use crate::domain::page::{NumberedPage, Page, PageRequest, Position};
use crate::domain::permission::{Granted, may};
use crate::domain::user::User;
use crate::service::Services;
use crate::service::transact::read;
use crate::store::users;

/// One user: oneself, or anybody for who may manage users.
///
/// # Errors
/// [`UserError::NotFound`], for a user that is none of the caller's business just as for none.
#[tracing::instrument(name = "service.users.find", skip_all)]
pub async fn find(services: &Services, caller: &Principal, id: UserId) -> Result<User, UserError> {
    if caller.user_id != id && !caller.scopes.contains(Scope::UsersAdmin) {
        return Err(UserError::NotFound);
    }
    read(&services.pool, |conn| async move { users::find(conn, id).await }.scope_boxed())
        .await?
        .ok_or(UserError::NotFound)
}

/// All users, newest first.
///
/// # Errors
/// [`UserError::Store`].
#[tracing::instrument(name = "service.users.list", skip_all)]
pub async fn list(
    services: &Services,
    _: Granted<may::ManageUsers>,
    page: &PageRequest,
) -> Result<Page<User>, UserError> {
    let rows =
        read(&services.pool, |conn| async move { users::list(conn, page).await }.scope_boxed())
            .await?;
    Ok(Page::cut(rows, page.size, position))
}

/// The same list by the number of the page, and how many users there are, counted up to [`NumberedPage::REACH`].
///
/// # Errors
/// [`UserError::Store`].
#[tracing::instrument(name = "service.users.list_numbered", skip_all)]
pub async fn list_numbered(
    services: &Services,
    _: Granted<may::ManageUsers>,
    page: NumberedPage,
) -> Result<(Page<User>, i64), UserError> {
    read(&services.pool, |conn| {
        async move {
            let rows = users::list_from(conn, page.offset(), page.size.rows_and_one_more()).await?;
            let total = users::count(conn, NumberedPage::REACH).await?;
            Ok((Page::cut(rows, page.size, position), total))
        }
        .scope_boxed()
    })
    .await
}

fn position(user: &User) -> Position {
    Position { created_at: user.created_at, id: user.id.as_uuid() }
}
