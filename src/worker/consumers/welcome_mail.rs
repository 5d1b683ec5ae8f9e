//! Welcomes whoever has registered, by mail.

use futures_util::future::{BoxFuture, FutureExt};

use super::{Consume, event};
use crate::domain::event::Event;
use crate::domain::message::Message;
use crate::service::mails::{Mails, WELCOME_MAIL, send_welcome};
use crate::worker::delivery::Failure;

#[derive(Debug)]
pub(super) struct WelcomeMail {
    mails: Mails,
}

impl WelcomeMail {
    pub(super) fn new(mails: Mails) -> Self {
        Self { mails }
    }

    async fn welcome(&self, message: &Message) -> Result<(), Failure> {
        let Event::UserCreated { user_id } = event(message)? else {
            return Err(Failure::Permanent("it tells of no new user".into()));
        };
        let outcome = send_welcome(&self.mails, message.id, user_id).await?;
        tracing::debug!(?outcome, "welcomed");
        Ok(())
    }
}

impl Consume for WelcomeMail {
    fn name(&self) -> &'static str {
        WELCOME_MAIL
    }

    fn topics(&self) -> &'static [&'static str] {
        &["user.created"]
    }

    fn consume<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), Failure>> {
        self.welcome(message).boxed()
    }
}
