//! The first administrator: made at start where none exists, from two settings that go together.

use secrecy::SecretString;

use super::reader::{Noted, Reader};
use super::{Exposure, Fault, Setting, Stage};

pub const ADMIN_EMAIL: Setting = Setting {
    name: "TILL_ADMIN_EMAIL",
    exposure: Exposure::Plain { flag: "admin-email" },
    expects: "an e-mail address",
    default: None,
    example: "owner@example.com",
    help: "E-mail address of the first administrator; with TILL_ADMIN_PASSWORD.",
};

pub const ADMIN_PASSWORD: Setting = Setting {
    name: "TILL_ADMIN_PASSWORD",
    exposure: Exposure::Secret,
    expects: "a password of 12 to 128 characters",
    default: None,
    example: "choose-a-long-one",
    help: "Password of the first administrator, 12 to 128 characters; with TILL_ADMIN_EMAIL.",
};

/// The password of the demo sign-ins, which everyone knows.
const DEMO_PASSWORD: &str = "till-demo-password";

/// The account that is made where no administrator exists yet.
#[derive(Debug)]
pub struct FirstAdministrator {
    /// Its e-mail address as given (`TILL_ADMIN_EMAIL`).
    pub email: String,
    /// Its password, 12 to 128 characters (`TILL_ADMIN_PASSWORD`).
    pub password: SecretString,
}

pub(super) fn read(
    reader: &mut Reader<'_>,
    stage: Stage,
) -> Result<Option<FirstAdministrator>, Noted> {
    let email = reader.optional(&ADMIN_EMAIL, email);
    let password = reader.optional(&ADMIN_PASSWORD, |text| {
        (12..=128).contains(&text.chars().count()).then(|| text.to_owned())
    });
    match (email?, password?) {
        (None, None) => Ok(None),
        (Some(_), None) => {
            let reason = "TILL_ADMIN_EMAIL needs it";
            Err(reader.note(&ADMIN_PASSWORD, Fault::Missing { reason }))
        }
        (None, Some(_)) => {
            let reason = "TILL_ADMIN_PASSWORD needs it";
            Err(reader.note(&ADMIN_EMAIL, Fault::Missing { reason }))
        }
        (Some(_), Some(password)) if stage == Stage::Production && is_published(&password) => {
            let why = "one that stands in our documents";
            Err(reader.note(&ADMIN_PASSWORD, Fault::Guessable { why }))
        }
        (Some(email), Some(password)) => {
            Ok(Some(FirstAdministrator { email, password: password.into() }))
        }
    }
}

fn is_published(password: &str) -> bool {
    [DEMO_PASSWORD, ADMIN_PASSWORD.example].contains(&password)
}

/// Refuses what can be no address at all; the account's own rules are the domain's.
fn email(text: &str) -> Option<String> {
    let (local, host) = text.rsplit_once('@')?;
    let fits = !local.is_empty()
        && !host.is_empty()
        && text.len() <= 254
        && !text.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    fits.then(|| text.to_owned())
}
