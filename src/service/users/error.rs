//! How use cases of accounts fail; which status that is, is the edge's business.

use crate::service::auth::passwords::HashError;
use crate::service::transact::AsStoreError;
use crate::store::StoreError;

/// Nothing was read or changed.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// There is none, or the caller may not know of it.
    #[error("there is no such user")]
    NotFound,
    #[error("this e-mail address has an account")]
    EmailTaken,
    /// The current password that was given is not the account's.
    #[error("the current password is wrong")]
    WrongPassword,
    /// The user changed since it was read; `version` is the current one.
    #[error("the user was changed since it was read")]
    Changed { version: i64 },
    /// An administrator's own role and status are changed by another one.
    #[error("nobody changes their own role or status")]
    OwnAccount,
    /// Nobody could let anybody in again.
    #[error("one administrator must remain")]
    LastAdministrator,
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for UserError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}
