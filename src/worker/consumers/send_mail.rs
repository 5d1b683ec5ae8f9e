//! Sends the mail of one kind for each message of its topic; it knows no kind by name.

use std::slice;

use futures_util::future::{BoxFuture, FutureExt};

use super::Consume;
use crate::domain::message::Message;
use crate::service::mails::{MailKind, Mails, Wish, send};
use crate::worker::delivery::Failure;

#[derive(Debug)]
pub(super) struct SendMail {
    kind: &'static MailKind,
    mails: Mails,
}

impl SendMail {
    pub(super) fn new(kind: &'static MailKind, mails: Mails) -> Self {
        Self { kind, mails }
    }

    async fn tell(&self, message: &Message) -> Result<(), Failure> {
        let wish = Wish { kind: self.kind, message: message.id, payload: &message.payload };
        let outcome = send(&self.mails, wish).await?;
        tracing::debug!(?outcome, "told by mail");
        Ok(())
    }
}

impl Consume for SendMail {
    fn name(&self) -> &'static str {
        self.kind.name
    }

    fn topics(&self) -> &'static [&'static str] {
        slice::from_ref(&self.kind.topic)
    }

    fn consume<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), Failure>> {
        self.tell(message).boxed()
    }
}
