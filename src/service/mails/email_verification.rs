//! The mail to somebody who asks once more for the token that shows that the address is theirs.

use askama::Template;
use futures_util::future::FutureExt;
use serde::Deserialize;
use sqlx::PgConnection;

use super::kind::{Draft, MailKind, Told, Words};
use super::{SendMailError, token};
use crate::config::BaseUrl;
use crate::domain::account_token::TokenPurpose;
use crate::domain::ids::UserId;
use crate::domain::user::{User, UserStatus};
use crate::service::auth::account_token::AccountToken;
use crate::service::auth::resend_verification::REQUESTED;
use crate::store::users;

pub(super) static KIND: MailKind = MailKind {
    name: "email_verification",
    topic: REQUESTED,
    draft: |conn, told| draft(conn, told).boxed(),
};

/// What the message says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Requested {
    user_id: UserId,
}

/// Whoever is gone by now, or has shown it meanwhile, is told nothing.
async fn draft(conn: &mut PgConnection, told: Told<'_>) -> Result<Option<Draft>, SendMailError> {
    let Requested { user_id } = Requested::deserialize(told.payload)?;
    let user = users::find(conn, user_id).await?;
    let waits = |user: &User| user.status == UserStatus::Active && user.email_verified_at.is_none();
    if !user.as_ref().is_some_and(waits) {
        return Ok(None);
    }
    let token = token::issue_asked_for(conn, told, (TokenPurpose::VerifyEmail, user_id)).await?;
    let draft = |token| Draft::new(user_id, move |to, url| write(to, url, &token));
    Ok(token.map(draft))
}

struct Facts<'a> {
    name: &'a str,
    email: &'a str,
    /// Where the token is sent.
    verify: String,
    token: &'a str,
}

#[derive(Template)]
#[template(path = "email_verification.txt")]
struct Text<'a> {
    mail: &'a Facts<'a>,
}

#[derive(Template)]
#[template(path = "email_verification.html")]
struct Html<'a> {
    mail: &'a Facts<'a>,
}

fn write(to: &User, public_url: &BaseUrl, token: &AccountToken) -> Result<Words, askama::Error> {
    let mail = &Facts {
        name: &to.name,
        email: &to.email,
        verify: public_url.join("/v1/auth/verify-email"),
        token: token.expose(),
    };
    Words::of("Verify your e-mail address".to_owned(), &Text { mail }, &Html { mail })
}
