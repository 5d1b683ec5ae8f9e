//! Tokens in mails: kept by their hash in the transaction that claims the mail, before anybody is sent one.

use sqlx::PgConnection;
use time::Duration;

use super::kind::Told;
use crate::domain::account_token::TokenPurpose;
use crate::domain::ids::UserId;
use crate::service::auth::account_token::AccountToken;
use crate::store::StoreError;
use crate::store::account_tokens::{self, NewToken, Occasion, TokenHash};

/// How long somebody is sent no second mail of this kind: whoever asks again and again fills nobody's letter box.
pub(super) const APART: Duration = Duration::MINUTE;

/// The token for a mail that tells of an event.
pub(super) async fn issue(
    conn: &mut PgConnection,
    told: Told<'_>,
    (purpose, user_id): (TokenPurpose, UserId),
) -> Result<AccountToken, StoreError> {
    let token = told.token(purpose, user_id);
    let hash = token.hash();
    account_tokens::insert(conn, new(told, &hash, (purpose, user_id), Occasion::Event)).await?;
    Ok(token)
}

/// The token for a mail that somebody asked for; `None` where another was asked for and mailed a moment ago.
pub(super) async fn issue_asked_for(
    conn: &mut PgConnection,
    told: Told<'_>,
    (purpose, user_id): (TokenPurpose, UserId),
) -> Result<Option<AccountToken>, StoreError> {
    let token = told.token(purpose, user_id);
    let hash = token.hash();
    let new = new(told, &hash, (purpose, user_id), Occasion::AskedFor);
    if account_tokens::has_other_since(conn, new, told.now - APART).await? {
        return Ok(None);
    }
    account_tokens::insert(conn, new).await?;
    Ok(Some(token))
}

fn new<'a>(
    told: Told<'_>,
    hash: &'a TokenHash,
    (purpose, user_id): (TokenPurpose, UserId),
    occasion: Occasion,
) -> NewToken<'a> {
    let (issued_at, expires_at) = (told.now, told.now + purpose.lives());
    NewToken { hash, user_id, purpose, occasion, issued_at, expires_at }
}
