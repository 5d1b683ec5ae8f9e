//! What administrators change about others: role and status, in force at once for every token issued before.

use std::str::FromStr;

use scoped_futures::ScopedFutureExt;

use super::UserError;
use crate::domain::Violation;
use crate::domain::access::Role;
use crate::domain::account_token::TokenPurpose;
use crate::domain::ids::UserId;
use crate::domain::permission::{Granted, may};
use crate::domain::user::{User, UserStatus};
use crate::domain::version::ExpectedVersion;
use crate::service::Services;
use crate::service::audit::{Act, Audited, Author, Entry, Target, record, transact_audited};
use crate::store::{account_tokens, sessions, users};

/// What is to change; everything else stays.
#[derive(Debug, Clone)]
pub struct UpdateUser {
    pub id: UserId,
    pub role: Option<Role>,
    pub standing: Option<Standing>,
    /// What the caller saw; the change is refused where it is another by now.
    pub expected_version: ExpectedVersion,
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

impl FromStr for Standing {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        match text {
            "active" => Ok(Self::Active),
            "disabled" => Ok(Self::Disabled),
            _ => Err(Violation::new("invalid_value", "must be active or disabled")),
        }
    }
}

/// A user who is disabled is signed out everywhere.
///
/// # Errors
/// [`UserError::NotFound`] (an erased user, too), [`UserError::OwnAccount`], [`UserError::LastAdministrator`],
/// [`UserError::Changed`], or it could not be done.
#[tracing::instrument(name = "service.users.update", skip_all)]
pub async fn update(
    services: &Services,
    author: &Author,
    administrator: Granted<may::ChangeAccess>,
    command: &UpdateUser,
) -> Result<User, UserError> {
    if administrator.holder() == command.id {
        return Err(UserError::OwnAccount);
    }
    transact_audited(&services.pool, move |conn| {
        async move {
            let administrators = users::list_administrators_for_update(conn).await?;
            let user = users::find_for_update(conn, command.id)
                .await?
                .filter(|user| user.status != UserStatus::Erased)
                .ok_or(UserError::NotFound)?;
            if !command.expected_version.includes(user.version) {
                return Err(UserError::Changed { version: user.version });
            }
            let role = command.role.unwrap_or(user.role);
            let status = command.standing.map_or(user.status, UserStatus::from);
            if (role, status) == (user.role, user.status) {
                return Ok(Audited::unchanged(user));
            }
            let stays = (role, status) == (Role::Admin, UserStatus::Active);
            if administrators == [user.id] && !stays {
                return Err(UserError::LastAdministrator);
            }
            let now = services.ambient.now();
            if status == UserStatus::Disabled {
                sessions::update_all_revoked(conn, user.id, now).await?;
                account_tokens::update_all_used(conn, user.id, TokenPurpose::ResetPassword, now)
                    .await?;
            }
            let (from, to) = ((user.role, user.status), (role, status));
            let (act, target) = (Act::ChangeAccess { from, to }, Target::User(user.id));
            let changed = users::update_access(conn, user.id, to, now).await?;
            Ok(record(conn, &services.ambient, author, &[Entry { act, target }], changed).await?)
        }
        .scope_boxed()
    })
    .await
}
