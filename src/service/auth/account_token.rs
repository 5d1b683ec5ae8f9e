//! Tokens that are mailed: 256 bits that follow from the message they are mailed for, so that every copy of a mail says the
//! same; the database knows only the SHA-256.

use secrecy::{ExposeSecret, SecretString};

use super::mac::mac;
use super::opaque_token::{hashed, parsed, written};
use crate::config::DerivedKey;
use crate::domain::account_token::TokenPurpose;
use crate::domain::ids::{Id, MessageId, UserId};
use crate::store::account_tokens::TokenHash;

/// A prefix that says what it is for, and 43 characters of base64url.
#[derive(Debug, Clone)]
pub struct AccountToken(SecretString);

impl AccountToken {
    /// The token that goes to this user with the mail of this message.
    pub(in crate::service) fn of(
        key: &DerivedKey,
        purpose: TokenPurpose,
        (message, user): (MessageId, UserId),
    ) -> Self {
        let (message, user) = (message.as_uuid(), user.as_uuid());
        let bits = mac(key, purpose.prefix().as_bytes(), &[message.as_bytes(), user.as_bytes()]);
        Self(written(purpose.prefix(), &bits))
    }

    /// `None` for what can't be a token for that.
    pub fn parse(purpose: TokenPurpose, input: &str) -> Option<Self> {
        parsed(purpose.prefix(), input).map(Self)
    }

    pub(in crate::service) fn hash(&self) -> TokenHash {
        hashed(&self.0)
    }

    /// For the mail.
    pub(in crate::service) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::AccountToken;
    use crate::config::RootKey;
    use crate::domain::account_token::TokenPurpose::{ResetPassword, VerifyEmail};

    #[test]
    fn a_token_follows_from_purpose_message_and_user_and_from_nothing_less() {
        let key = RootKey::new([7; 32]).derive("tokens");
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let token = |purpose, message: Uuid, user: Uuid| {
            AccountToken::of(&key, purpose, (message.into(), user.into()))
        };
        let first = token(VerifyEmail, one, one);
        assert_eq!(first.expose(), token(VerifyEmail, one, one).expose());
        for other in [
            token(ResetPassword, one, one),
            token(VerifyEmail, two, one),
            token(VerifyEmail, one, two),
        ] {
            assert_ne!(first.hash(), other.hash());
        }
        let read = AccountToken::parse(VerifyEmail, first.expose()).unwrap();
        assert_eq!(read.hash(), first.hash());
        assert!(AccountToken::parse(ResetPassword, first.expose()).is_none());
        assert!(AccountToken::parse(VerifyEmail, "tillev_short").is_none());
        assert!(!format!("{first:?}").contains("tillev_"));
    }
}
