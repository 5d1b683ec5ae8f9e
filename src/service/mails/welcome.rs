//! The mail to somebody who has just registered.

use super::template::{fill, fill_html};
use super::{MailOutcome, Mails, SendMailError, Wish, Words, send};
use crate::config::BaseUrl;
use crate::domain::ids::{MessageId, UserId};
use crate::domain::user::User;

/// Also the consumer's name.
pub const KIND: &str = "welcome_mail";

const TEXT: &str = include_str!("welcome.txt");
const HTML: &str = include_str!("welcome.html");

/// Welcomes a user; once per message.
///
/// # Errors
/// [`SendMailError`]; the mail is not known to be out.
pub async fn send_welcome(
    mails: &Mails,
    message: MessageId,
    user: UserId,
) -> Result<MailOutcome, SendMailError> {
    let wish = Wish { message, kind: KIND, to: user };
    send(mails, wish, |user| words(user, &mails.public_url)).await
}

fn words(user: &User, public_url: &BaseUrl) -> Words {
    let (url, docs) = (public_url.as_str(), public_url.join("/docs"));
    let values = [
        ("name", user.name.as_str()),
        ("email", user.email.as_str()),
        ("url", url),
        ("docs", &docs),
    ];
    Words {
        subject: format!("Welcome to Till, {}", user.name),
        text: fill(TEXT, &values),
        html: fill_html(HTML, &values),
    }
}
