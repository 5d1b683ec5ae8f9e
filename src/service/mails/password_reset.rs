//! The mail to somebody who asked for another password, or in whose name it was asked: the token that chooses one.

use askama::Template;
use futures_util::future::FutureExt;
use serde::Deserialize;
use sqlx::PgConnection;

use super::kind::{Draft, MailKind, Told, Words};
use super::{SendMailError, token};
use crate::config::BaseUrl;
use crate::domain::account_token::TokenPurpose;
use crate::domain::user::{Email, User, UserStatus};
use crate::service::auth::account_token::AccountToken;
use crate::service::auth::reset_password::REQUESTED;
use crate::store::users;

pub(super) static KIND: MailKind = MailKind {
    name: "password_reset",
    topic: REQUESTED,
    draft: |conn, told| draft(conn, told).boxed(),
};

/// What the message says.
#[derive(Deserialize)]
struct Requested {
    email: Email,
}

/// An address may be nobody's, or of an account that is closed; whoever asked is told of neither.
async fn draft(conn: &mut PgConnection, told: Told<'_>) -> Result<Option<Draft>, SendMailError> {
    let Requested { email } = Requested::deserialize(told.payload)?;
    let found = users::find_credentials_by_email(conn, &email).await?;
    let Some(user) = found.filter(|user| user.status == UserStatus::Active) else {
        return Ok(None);
    };
    let user_id = user.user_id;
    let token = token::issue_asked_for(conn, told, (TokenPurpose::ResetPassword, user_id)).await?;
    let draft = |token| Draft::new(user_id, move |to, url| write(to, url, &token));
    Ok(token.map(draft))
}

struct Facts<'a> {
    name: &'a str,
    email: &'a str,
    /// Where the token is sent.
    confirm: String,
    token: &'a str,
}

#[derive(Template)]
#[template(path = "password_reset.txt")]
struct Text<'a> {
    mail: &'a Facts<'a>,
}

#[derive(Template)]
#[template(path = "password_reset.html")]
struct Html<'a> {
    mail: &'a Facts<'a>,
}

fn write(to: &User, public_url: &BaseUrl, token: &AccountToken) -> Result<Words, askama::Error> {
    let mail = &Facts {
        name: &to.name,
        email: &to.email,
        confirm: public_url.join("/v1/auth/password-reset/confirm"),
        token: token.expose(),
    };
    Words::of("Choose another password".to_owned(), &Text { mail }, &Html { mail })
}
