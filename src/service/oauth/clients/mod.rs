//! Applications as administrators register them: what they are, where browsers come back to, what they may ever ask for.
//!
//! A secret is shown once, and only a keyed hash of it is kept; a rotated one stays good for a day. Removing a client ends
//! all that was granted to it, in the same transaction.

mod create;
mod error;
mod read;
mod remove;
mod rotate_secret;
mod update;

use secrecy::SecretString;
use sqlx::PgConnection;
use time::Duration;

use crate::domain::ids::UserId;
use crate::domain::oauth::{Client, ClientFault};
use crate::domain::user::UserStatus;
use crate::store::users;

pub use create::{CreateClient, create};
pub use error::ClientError;
pub use read::{find, list};
pub use remove::remove;
pub use rotate_secret::rotate_secret;
pub use update::{AccountChange, ClientChange, UpdateClient, update};

/// How long the secret before a new one stays good.
pub const OLD_SECRET_LIVES: Duration = Duration::DAY;

/// A client with the secret that is shown this once; none of a public one.
#[derive(Debug, Clone)]
pub struct ClientWithSecret {
    pub client: Client,
    /// `tillcs_…`.
    pub secret: Option<SecretString>,
}

/// Refuses what does not go together, and an account that nobody could act on.
async fn check(conn: &mut PgConnection, client: &Client) -> Result<(), ClientError> {
    client.check()?;
    match client.account {
        Some(account) => check_account(conn, account).await,
        None => Ok(()),
    }
}

async fn check_account(conn: &mut PgConnection, account: UserId) -> Result<(), ClientError> {
    let user = users::find_credentials_for_share(conn, account).await?;
    if user.is_some_and(|user| user.status == UserStatus::Active) {
        return Ok(());
    }
    Err(ClientFault::UnknownAccount.into())
}
