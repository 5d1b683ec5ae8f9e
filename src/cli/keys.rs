//! `till keys rotate`: makes a new signing key and says from when on it signs.

use std::io::{self, Write};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{KeysAction, KeysArgs};
use crate::service::Services;
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
            let rotation = keys::rotate(services).await?;
            let mut out = io::stdout().lock();
            writeln!(out, "new key          {}", rotation.kid)?;
            writeln!(out, "published        now, at /.well-known/jwks.json of every instance")?;
            writeln!(out, "signs from       {}", shown(rotation.signs_from))?;
            writeln!(out, "others end at    {}", shown(rotation.others_retire_at))?;
            Ok(())
        }
    }
}

/// RFC 3339 to the second: nobody plans by the millisecond.
fn shown(at: OffsetDateTime) -> String {
    let to_the_second = at.replace_nanosecond(0).unwrap_or(at);
    to_the_second.format(&Rfc3339).unwrap_or_else(|_unwritable| to_the_second.to_string())
}
