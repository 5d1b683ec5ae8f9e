//! What a kind of mail is: its name, the event it tells of, and how its words come about; it sends nothing.

use std::fmt;

use askama::Template;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{SendMailError, Wish};
use crate::config::BaseUrl;
use crate::domain::account_token::TokenPurpose;
use crate::domain::event::Event;
use crate::domain::ids::{MessageId, UserId};
use crate::domain::user::User;
use crate::service::auth::Auth;
use crate::service::auth::account_token::AccountToken;

/// A mail that is sent for each message of one topic.
pub struct MailKind {
    /// Names its consumer with queue and inbox rows, and its deliveries; it never changes.
    pub name: &'static str,
    /// The event it tells of, `order.paid` …, or the errand that asks for it.
    pub topic: &'static str,
    pub(super) draft: DraftMail,
}

/// Reads the facts, in the transaction that claims the mail; `None` where there is nothing to tell any more by now.
pub(super) type DraftMail = for<'a> fn(
    &'a mut PgConnection,
    Told<'a>,
) -> BoxFuture<'a, Result<Option<Draft>, SendMailError>>;

/// What a mail is to tell of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    pub message: MessageId,
    pub payload: &'a Value,
    pub now: OffsetDateTime,
    auth: &'a Auth,
}

impl<'a> Told<'a> {
    pub fn new(wish: Wish<'a>, auth: &'a Auth, now: OffsetDateTime) -> Self {
        Self { message: wish.message, payload: wish.payload, now, auth }
    }

    /// # Errors
    /// [`SendMailError::Unreadable`]: one that this program doesn't know is for an operator, not for another try.
    pub fn event(&self) -> Result<Event, SendMailError> {
        Ok(Event::deserialize(self.payload)?)
    }

    /// The token that goes to this user with each copy of this mail.
    pub fn token(&self, purpose: TokenPurpose, user: UserId) -> AccountToken {
        self.auth.account_token(purpose, (self.message, user))
    }
}

impl fmt::Debug for MailKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailKind").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A mail whose facts are known, and whose reader's name is not yet.
pub(super) struct Draft {
    pub to: UserId,
    pub write: WriteWords,
}

/// The words for this reader; links begin with the address.
pub(super) type WriteWords =
    Box<dyn FnOnce(&User, &BaseUrl) -> Result<Words, askama::Error> + Send>;

impl Draft {
    pub fn new(
        to: UserId,
        write: impl FnOnce(&User, &BaseUrl) -> Result<Words, askama::Error> + Send + 'static,
    ) -> Self {
        Self { to, write: Box::new(write) }
    }
}

/// The words of a mail, before they have an address.
#[derive(Debug)]
pub(super) struct Words {
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Words {
    /// Both forms, filled.
    ///
    /// # Errors
    /// A value can't be written.
    pub fn of(
        subject: String,
        text: &impl Template,
        html: &impl Template,
    ) -> Result<Self, askama::Error> {
        Ok(Self { subject, text: text.render()?, html: html.render()? })
    }
}
