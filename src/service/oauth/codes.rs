//! Authorisation codes: issued where somebody consents, good for one use within a minute.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use time::Duration;

use crate::domain::access::ScopeSet;
use crate::domain::ambient::Ambient;
use crate::domain::ids::{ClientId, UserId};
use crate::domain::oauth::pkce::CodeChallenge;
use crate::service::Services;
use crate::store::StoreError;
use crate::store::oauth_codes::{self, CodeHash, NewCode};

/// How long a browser may take to carry a code over.
pub const CODE_LIVES: Duration = Duration::MINUTE;

/// Tells people and secret scanners what they look at.
const PREFIX: &str = "tillac_";

/// What a code is issued for.
#[derive(Debug, Clone)]
pub struct CodeGrant {
    pub client: ClientId,
    pub user_id: UserId,
    /// The user's as it was when they signed in: a code is good for nothing once it is another.
    pub access_epoch: i64,
    /// Where the browser is sent with it.
    pub redirect_uri: String,
    /// Whether the application named that address: then it must name it again.
    pub redirect_uri_given: bool,
    /// What the user consented to.
    pub scopes: ScopeSet,
    pub challenge: CodeChallenge,
}

/// `tillac_` and 43 characters of base64url.
#[derive(Debug, Clone)]
pub struct Code(SecretString);

impl Code {
    fn generate(ambient: &Ambient) -> Self {
        let random = Zeroizing::new(ambient.bytes::<32>());
        Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random.as_slice())).into())
    }

    /// `None` for what can't be a code.
    pub fn parse(input: &str) -> Option<Self> {
        let bits = input.strip_prefix(PREFIX).filter(|bits| bits.len() == 43)?;
        let plain = bits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        plain.then(|| Self(input.to_owned().into()))
    }

    pub(super) fn hash(&self) -> CodeHash {
        Sha256::digest(self.0.expose_secret()).into()
    }

    /// For the address that the browser is sent to.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// To be called in the transaction that writes the consent; the entry is its caller's.
///
/// # Errors
/// The store's.
pub async fn issue(
    conn: &mut PgConnection,
    services: &Services,
    grant: &CodeGrant,
) -> Result<Code, StoreError> {
    let code = Code::generate(&services.ambient);
    let now = services.ambient.now();
    let new = NewCode {
        hash: &code.hash(),
        client: grant.client,
        user_id: grant.user_id,
        redirect_uri: &grant.redirect_uri,
        redirect_uri_given: grant.redirect_uri_given,
        scopes: grant.scopes,
        challenge: &grant.challenge,
        access_epoch: grant.access_epoch,
        issued_at: now,
        expires_at: now + CODE_LIVES,
    };
    oauth_codes::insert(conn, &new).await?;
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::Code;
    use crate::domain::ambient::Ambient;

    #[test]
    fn what_is_generated_parses_and_hashes_to_the_same() {
        let code = Code::generate(&Ambient::system());
        assert_eq!(Code::parse(code.expose()).unwrap().hash(), code.hash());
        assert!(!format!("{code:?}").contains("tillac_"));
        assert!(Code::parse("tillac_short").is_none() && Code::parse("").is_none());
    }
}
