//! The mail to somebody who has just registered; what it says is all in the account.

use std::future::ready;

use askama::Template;
use futures_util::future::FutureExt;

use super::SendMailError;
use super::kind::{Draft, MailKind, Words};
use crate::config::BaseUrl;
use crate::domain::event::Event;
use crate::domain::user::User;

pub(super) static KIND: MailKind = MailKind {
    name: "welcome_mail",
    topic: "user.created",
    draft: |_conn, event, _now| ready(draft(event).map(Some)).boxed(),
};

fn draft(event: &Event) -> Result<Draft, SendMailError> {
    let Event::UserCreated { user_id } = event else {
        return Err(SendMailError::OtherEvent { expected: "new user" });
    };
    Ok(Draft::new(*user_id, write))
}

struct Facts<'a> {
    name: &'a str,
    email: &'a str,
    url: &'a str,
    docs: String,
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

fn write(to: &User, public_url: &BaseUrl) -> Result<Words, askama::Error> {
    let mail = &Facts {
        name: &to.name,
        email: &to.email,
        url: public_url.as_str(),
        docs: public_url.join("/docs"),
    };
    Words::of(format!("Welcome to Till, {}", to.name), &Text { mail }, &Html { mail })
}
