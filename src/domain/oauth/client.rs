//! What a client is: its kind, the ways in which it comes by tokens, and which of these go together.

use std::str::FromStr;

use time::OffsetDateTime;

use super::RedirectUri;
use crate::domain::Violation;
use crate::domain::access::{Scope, ScopeSet};
use crate::domain::ids::{ClientId, UserId};
use crate::domain::violation::text;

/// What people read on the page that asks for their consent: 1–100 characters on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientName(String);

impl ClientName {
    /// # Errors
    /// `too_short`, `too_long` or `invalid_character`.
    pub fn parse(input: &str) -> Result<Self, Violation> {
        text(input, 1, 100)?;
        if input.contains(['\n', '\t']) || input.chars().any(turns_text) {
            return Err(Violation::new(
                "invalid_character",
                "must stand on one line and turn no text around",
            ));
        }
        Ok(Self(input.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Marks that turn a text around (Unicode UAX #9) or are not seen: a name must not hide what it says.
fn turns_text(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}'
    )
}

/// Whether a client can keep a secret (OAuth 2.1 draft §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// It runs where only its makers look.
    Confidential,
    /// It runs at people's own, and any secret of it is everybody's.
    Public,
}

impl ClientKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confidential => "confidential",
            Self::Public => "public",
        }
    }
}

impl FromStr for ClientKind {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        [Self::Confidential, Self::Public]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| Violation::new("invalid_value", "must be confidential or public"))
    }
}

/// A way to come by tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GrantType {
    AuthorizationCode,
    RefreshToken,
    ClientCredentials,
}

impl GrantType {
    pub const ALL: [Self; 3] =
        [Self::AuthorizationCode, Self::RefreshToken, Self::ClientCredentials];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
        }
    }
}

impl FromStr for GrantType {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text).ok_or_else(|| {
            let detail = "must be authorization_code, refresh_token or client_credentials";
            Violation::new("invalid_value", detail)
        })
    }
}

/// An application that an administrator registered, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub id: ClientId,
    pub name: ClientName,
    pub kind: ClientKind,
    /// Where browsers may be sent with a code.
    pub redirect_uris: Vec<RedirectUri>,
    /// Each once, in the order of [`GrantType::ALL`].
    pub grants: Vec<GrantType>,
    /// All that it may ever ask for.
    pub scopes: ScopeSet,
    /// The account that it acts on by itself.
    pub account: Option<UserId>,
    /// Until when the secret before the present one is good, too.
    pub old_secret_until: Option<OffsetDateTime>,
    pub version: i64,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// What does not go together in a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientFault {
    /// Who sends browsers to be asked must say where they come back to.
    NoRedirectUri,
    /// Addresses that no browser will ever come back to.
    UnusedRedirectUris,
    /// There is nothing to refresh.
    RefreshWithoutCode,
    /// Whoever holds a copy of it would be it.
    PublicByItself,
    /// It acts by itself, but on no account.
    NoAccount,
    /// It has an account on which it never acts.
    UnusedAccount,
    /// The account is not there, or not active.
    UnknownAccount,
}

impl Client {
    /// Where browsers may be sent with a code, compared as RFC 9700 §2.1 asks.
    pub fn accepts(&self, redirect: &str) -> bool {
        self.redirect_uris.iter().any(|registered| registered.matches(redirect))
    }

    pub fn may_use(&self, grant: GrantType) -> bool {
        self.grants.contains(&grant)
    }

    /// # Errors
    /// The first thing in it that does not go with the rest.
    pub fn check(&self) -> Result<(), ClientFault> {
        let asks = self.may_use(GrantType::AuthorizationCode);
        let by_itself = self.may_use(GrantType::ClientCredentials);
        if asks && self.redirect_uris.is_empty() {
            return Err(ClientFault::NoRedirectUri);
        }
        if !asks && !self.redirect_uris.is_empty() {
            return Err(ClientFault::UnusedRedirectUris);
        }
        if self.may_use(GrantType::RefreshToken) && !asks {
            return Err(ClientFault::RefreshWithoutCode);
        }
        if by_itself && self.kind == ClientKind::Public {
            return Err(ClientFault::PublicByItself);
        }
        match (by_itself, self.account) {
            (true, None) => Err(ClientFault::NoAccount),
            (false, Some(_)) => Err(ClientFault::UnusedAccount),
            (true, Some(_)) | (false, None) => Ok(()),
        }
    }
}

/// A scope that a client may be registered with: keys are managed by people themselves, and nothing that a client sets up may go on
/// without it.
///
/// # Errors
/// `unknown_scope` or `not_for_clients`.
pub fn scope_of_client(name: &str) -> Result<Scope, Violation> {
    match name.parse()? {
        Scope::KeysManage => {
            Err(Violation::new("not_for_clients", "is for people who signed in themselves"))
        }
        Scope::WebhooksManage => {
            let detail = "would leave endpoints behind that go on when the consent is withdrawn";
            Err(Violation::new("not_for_clients", detail))
        }
        scope => Ok(scope),
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::{Client, ClientFault, ClientKind, ClientName, GrantType, scope_of_client};
    use crate::domain::access::{Scope, ScopeSet};
    use crate::domain::oauth::RedirectUri;

    fn client(kind: ClientKind, grants: &[GrantType]) -> Client {
        let now = OffsetDateTime::UNIX_EPOCH;
        Client {
            id: Uuid::from_u128(1).into(),
            name: ClientName::parse("Ledger").unwrap(),
            kind,
            redirect_uris: Vec::new(),
            grants: grants.to_vec(),
            scopes: ScopeSet::default().with(Scope::OrdersRead),
            account: None,
            old_secret_until: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn a_client_that_asks_people_says_where_they_come_back_to() {
        use GrantType::{AuthorizationCode, ClientCredentials, RefreshToken};
        let mut web = client(ClientKind::Confidential, &[AuthorizationCode, RefreshToken]);
        assert_eq!(web.check(), Err(ClientFault::NoRedirectUri));
        web.redirect_uris = vec![RedirectUri::parse("https://app.example/back").unwrap()];
        assert_eq!(web.check(), Ok(()));
        web.grants = vec![RefreshToken];
        assert_eq!(web.check(), Err(ClientFault::UnusedRedirectUris));
        web.redirect_uris.clear();
        assert_eq!(web.check(), Err(ClientFault::RefreshWithoutCode));
        web.grants = vec![ClientCredentials];
        assert_eq!(web.check(), Err(ClientFault::NoAccount));
    }

    #[test]
    fn a_client_acts_by_itself_on_an_account_and_keeps_a_secret() {
        let mut batch = client(ClientKind::Confidential, &[GrantType::ClientCredentials]);
        batch.account = Some(Uuid::from_u128(2).into());
        assert_eq!(batch.check(), Ok(()));
        batch.kind = ClientKind::Public;
        assert_eq!(batch.check(), Err(ClientFault::PublicByItself));
        batch.kind = ClientKind::Confidential;
        batch.grants.clear();
        assert_eq!(batch.check(), Err(ClientFault::UnusedAccount));
    }

    #[test]
    fn a_name_hides_nothing_and_keys_are_for_people() {
        assert!(ClientName::parse("Ledger & Söhne").is_ok());
        for hidden in ["a\u{202e}b", "a\nb", "\u{2066}x", "a\u{2028}b", " "] {
            assert!(ClientName::parse(hidden).is_err(), "{hidden:?}");
        }
        assert_eq!(scope_of_client("keys:manage").unwrap_err().code, "not_for_clients");
        assert_eq!(scope_of_client("orders:all").unwrap_err().code, "unknown_scope");
        assert_eq!(scope_of_client("orders:read"), Ok(Scope::OrdersRead));
    }
}
