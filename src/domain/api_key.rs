//! API keys: what a program calls with in its owner's name, and how much of that name it may use; knows no secret.

use std::str::FromStr;

use time::OffsetDateTime;

use super::Violation;
use super::access::{Scope, ScopeSet};
use super::ids::{ApiKeyId, UserId};
use super::violation::text;

/// How many requests a key may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyTier {
    Standard,
    /// An administrator's to give.
    Premium,
}

impl KeyTier {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Premium => "premium",
        }
    }
}

impl FromStr for KeyTier {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        [Self::Standard, Self::Premium]
            .into_iter()
            .find(|tier| tier.as_str() == text)
            .ok_or_else(|| Violation::new("invalid_value", "must be standard or premium"))
    }
}

/// What an owner calls a key: 1–100 characters on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName(String);

impl KeyName {
    /// # Errors
    /// `too_short`, `too_long` or `invalid_character`.
    pub fn parse(input: &str) -> Result<Self, Violation> {
        text(input, 1, 100)?;
        if input.contains(['\n', '\t']) {
            return Err(Violation::new("invalid_character", "must stand on one line"));
        }
        Ok(Self(input.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub owner_id: UserId,
    pub name: KeyName,
    pub tier: KeyTier,
    /// What it was made for; of this it may do what its owner may, at the time of each use.
    pub scopes: ScopeSet,
    /// The last characters of the secret.
    pub hint: String,
    /// Until when the secret before the present one is good, too.
    pub old_secret_until: Option<OffsetDateTime>,
    pub expires_at: Option<OffsetDateTime>,
    pub last_used_at: Option<OffsetDateTime>,
    pub created_at: OffsetDateTime,
}

/// A scope that a key may be made with: keys are managed by people, so that one that leaks makes no others.
///
/// # Errors
/// `unknown_scope` or `not_for_keys`.
pub fn scope_of_key(name: &str) -> Result<Scope, Violation> {
    match name.parse()? {
        Scope::KeysManage => Err(Violation::new("not_for_keys", "is for people who signed in")),
        scope => Ok(scope),
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyName, KeyTier, scope_of_key};
    use crate::domain::access::Scope;

    #[test]
    fn a_key_holds_any_scope_but_the_one_that_makes_keys() {
        for scope in Scope::ALL {
            let held = scope_of_key(scope.as_str());
            assert_eq!(held.is_ok(), *scope != Scope::KeysManage, "{scope}");
        }
        assert_eq!(scope_of_key("orders:all").unwrap_err().code, "unknown_scope");
    }

    #[test]
    fn a_name_stands_on_one_line_and_a_tier_is_known() {
        assert!(KeyName::parse("Night batch").is_ok());
        assert_eq!(KeyName::parse("a\nb").unwrap_err().code, "invalid_character");
        assert_eq!(KeyName::parse(" ").unwrap_err().code, "too_short");
        assert_eq!("premium".parse(), Ok(KeyTier::Premium));
        assert!("gold".parse::<KeyTier>().is_err());
    }
}
