//! The mail to somebody who has just registered, with the token that shows that the address is theirs.

use askama::Template;
use futures_util::future::FutureExt;
use sqlx::PgConnection;

use super::kind::{Draft, MailKind, Told, Words};
use super::{SendMailError, token};
use crate::config::BaseUrl;
use crate::domain::account_token::TokenPurpose;
use crate::domain::event::Event;
use crate::domain::user::{User, UserStatus};
use crate::service::auth::account_token::AccountToken;
use crate::store::users;

pub(super) static KIND: MailKind = MailKind {
    name: "welcome_mail",
    topic: "user.created",
    draft: |conn, told| draft(conn, told).boxed(),
};

/// Whoever is gone by now is sent no token.
async fn draft(conn: &mut PgConnection, told: Told<'_>) -> Result<Option<Draft>, SendMailError> {
    let Event::UserCreated { user_id } = told.event()? else {
        return Err(SendMailError::OtherEvent { expected: "new user" });
    };
    let user = users::find(conn, user_id).await?;
    if user.is_none_or(|user| user.status != UserStatus::Active) {
        return Ok(None);
    }
    let token = token::issue(conn, told, (TokenPurpose::VerifyEmail, user_id)).await?;
    Ok(Some(Draft::new(user_id, move |to, url| write(to, url, &token))))
}

struct Facts<'a> {
    name: &'a str,
    email: &'a str,
    url: &'a str,
    docs: String,
    /// Where the token is sent.
    verify: String,
    token: &'a str,
}

#[derive(Template)]
#[template(path = "welcome.txt")]
struct Text<'a> {
    mail: &'a Facts<'a>,
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct Html<'a> {
    mail: &'a Facts<'a>,
}

fn write(to: &User, public_url: &BaseUrl, token: &AccountToken) -> Result<Words, askama::Error> {
    let mail = &Facts {
        name: &to.name,
        email: &to.email,
        url: public_url.as_str(),
        docs: public_url.join("/docs"),
        verify: public_url.join("/v1/auth/verify-email"),
        token: token.expose(),
    };
    Words::of(format!("Welcome to Till, {}", to.name), &Text { mail }, &Html { mail })
}
