//! What administrators change about others: role and status, in force at once for every token issued before.

use scoped_futures::ScopedFutureExt;

use super::UserError;
use crate::domain::access::{Principal, Role};
use crate::domain::ids::UserId;
use crate::domain::user::{User, UserStatus};
use crate::service::Services;
use crate::service::transact::transact;
use crate::store::{sessions, users};

/// What is to change; everything else stays.
#[derive(Debug, Clone, Copy)]
pub struct UpdateUser {
    pub id: UserId,
    pub role: Option<Role>,
    pub standing: Option<Standing>,
    /// Refuse where the user has another version by now (`If-Match`).
    pub if_version: Option<i64>,
}

/// What an administrator may set; erasing is the user's own act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Active,
    Disabled,
}

impl From<Standing> for UserStatus {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Active => Self::Active,
            Standing::Disabled => Self::Disabled,
        }
    }
}

/// For callers who may manage users. A user who is disabled is signed out everywhere.
///
/// # Errors
/// [`UserError::NotFound`] (an erased user, too), [`UserError::OwnAccount`], [`UserError::Changed`], or it could
/// not be done.
pub async fn update(
    services: &Services,
    caller: &Principal,
    command: UpdateUser,
) -> Result<User, UserError> {
    if caller.user_id == command.id {
        return Err(UserError::OwnAccount);
    }
    transact(&services.pool, |conn| {
        async move {
            let user = users::find_for_update(conn, command.id)
                .await?
                .filter(|user| user.status != UserStatus::Erased)
                .ok_or(UserError::NotFound)?;
            if command.if_version.is_some_and(|version| version != user.version) {
                return Err(UserError::Changed { version: user.version });
            }
            let role = command.role.unwrap_or(user.role);
            let status = command.standing.map_or(user.status, UserStatus::from);
            if (role, status) == (user.role, user.status) {
                return Ok(user);
            }
            let now = services.ambient.now();
            if status == UserStatus::Disabled {
                sessions::update_all_revoked(conn, user.id, now).await?;
            }
            Ok(users::update_access(conn, user.id, (role, status), now).await?)
        }
        .scope_boxed()
    })
    .await
}
