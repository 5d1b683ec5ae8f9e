//! `till keys rotate`: makes a new signing key and says from when on it signs.

use std::io::{self, Write};

use super::shown::instant;
use super::{KeysAction, KeysArgs};
use crate::service::Services;
use crate::service::audit::Author;
use crate::service::auth::keys::{self, KeysError};

/// The keys were not rotated, or nobody could be told.
#[derive(Debug, thiserror::Error)]
pub enum KeysCommandError {
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error("standard output is closed")]
    Output(#[from] io::Error),
}

/// Does it and prints what came of it.
///
/// # Errors
/// [`KeysCommandError`].
pub async fn run(services: &Services, args: &KeysArgs) -> Result<(), KeysCommandError> {
    match args.action {
        KeysAction::Rotate => {
            let rotation = keys::rotate(services, &Author::operator()).await?;
            let mut out = io::stdout().lock();
            writeln!(out, "new key          {}", rotation.kid)?;
            writeln!(out, "published        now, at /.well-known/jwks.json of every instance")?;
            writeln!(out, "signs from       {}", instant(rotation.signs_from))?;
            writeln!(out, "others end at    {}", instant(rotation.others_retire_at))?;
            Ok(())
        }
    }
}
