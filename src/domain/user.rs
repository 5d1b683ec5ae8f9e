//! People who can sign in: the values that make one up, and what may be done to an account.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use unicode_normalization::UnicodeNormalization;

use super::Violation;
use super::access::Role;
use super::ids::UserId;
use super::violation::text;

/// What may stand in a local part beside letters and digits (RFC 5322 §3.2.3, dots included).
const ATOM: &str = "!#$%&'*+-/=?^_`{|}~.";

/// An address in the form that identifies an account: NFC, lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Accepts what a mail server would: one `@`, a local part of 1–64 bytes without quotes, a domain with a dot. Of
    /// what is not ASCII only letters and digits: nobody sees a space of no width, and no mailer takes one.
    ///
    /// # Errors
    /// `invalid_format` or `too_long` (more than 254 bytes, RFC 5321 §4.5.3.1.3).
    pub fn parse(input: &str) -> Result<Self, Violation> {
        let invalid = || {
            Violation::new("invalid_format", "must be an e-mail address, such as ada@example.com")
        };
        let normal: String = input.nfc().collect::<String>().to_lowercase().nfc().collect();
        if normal.len() > 254 {
            return Err(Violation::new("too_long", "must have at most 254 bytes"));
        }
        let (local, domain) = normal.rsplit_once('@').ok_or_else(invalid)?;
        let plain = |part: &str| part.chars().all(|c| c.is_alphanumeric() || ATOM.contains(c));
        let labels = domain.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        });
        let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
        if local.is_empty()
            || local.len() > 64
            || dots
            || !plain(local)
            || !labels
            || !domain.contains('.')
        {
            return Err(invalid());
        }
        Ok(Self(normal))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a person wants to be called: 1–200 characters on one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonName(String);

impl PersonName {
    /// # Errors
    /// `too_short`, `too_long` or `invalid_character`.
    pub fn parse(input: &str) -> Result<Self, Violation> {
        text(input, 1, 200)?;
        if input.contains(['\n', '\t']) {
            return Err(Violation::new("invalid_character", "must be on one line"));
        }
        Ok(Self(input.nfc().collect()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a customer pays when a payment names no method: the gateway's own identifier, such as `pm_ok`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PaymentMethod(String);

impl PaymentMethod {
    /// # Errors
    /// `invalid_format` unless it is `pm_` and 1–60 lower-case letters, digits or underscores.
    pub fn parse(input: &str) -> Result<Self, Violation> {
        let valid = input.strip_prefix("pm_").is_some_and(|rest| {
            (1..=60).contains(&rest.len())
                && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        });
        if valid {
            Ok(Self(input.to_owned()))
        } else {
            Err(Violation::new("invalid_format", "must be a payment method, such as pm_ok"))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether an account may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    Active,
    Disabled,
    /// Personal data is gone; the row stays for the financial record.
    Erased,
}

impl UserStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Erased => "erased",
        }
    }
}

impl FromStr for UserStatus {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        match text {
            "active" => Ok(Self::Active),
            "disabled" => Ok(Self::Disabled),
            "erased" => Ok(Self::Erased),
            _ => Err(Violation::new("invalid_value", "must be active, disabled or erased")),
        }
    }
}

/// A user as others may see one; no password hash in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub name: String,
    pub role: Role,
    pub status: UserStatus,
    pub default_payment_method: Option<PaymentMethod>,
    pub email_verified_at: Option<OffsetDateTime>,
    /// Raised by one with each change; the ETag.
    pub version: i64,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

#[cfg(test)]
mod tests {
    use super::Email;

    #[test]
    fn one_address_written_in_two_ways_is_one_account() {
        let composed = Email::parse("JOS\u{c9}@Example.com").unwrap();
        let decomposed = Email::parse("jose\u{301}@example.COM").unwrap();
        assert_eq!(composed, decomposed);
    }

    #[test]
    fn what_no_mail_server_takes_is_refused() {
        for bad in [
            "",
            "ada",
            "ada@",
            "@example.com",
            "ada@example",
            "a b@example.com",
            "ada@-x.com",
            "ada@example..com",
            "ada\r\n@example.com",
            "<ada@example.com>",
            ".ada@example.com",
            "a@b@c.com",
            // Nobody sees how these differ from another customer's address.
            "ada\u{200b}@example.com",
            "\u{feff}ada@example.com",
            "\u{202e}ada@example.com",
            "ada\u{e0001}@example.com",
            "\u{300}@example.com",
            "\u{1f600}@example.com",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn letters_of_any_script_and_the_signs_of_an_atom_are_taken() {
        for good in ["o'brien+till/2=x@example.com", "zoë@exämple.com", "张伟@例子.公司"] {
            assert!(Email::parse(good).is_ok(), "{good:?}");
        }
    }
}
