//! Authorisation codes: issued where somebody consents, good for one use within a minute.

use sqlx::PgConnection;
use time::Duration;

use crate::domain::access::ScopeSet;
use crate::domain::ids::{ClientId, UserId};
use crate::domain::oauth::pkce::CodeChallenge;
use crate::service::Services;
use crate::service::auth::opaque_token::{Kind, OpaqueToken};
use crate::store::StoreError;
use crate::store::oauth_codes::{self, NewCode};

/// How long a browser may take to carry a code over.
pub const CODE_LIVES: Duration = Duration::MINUTE;

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

/// What an application gets by a browser and trades for tokens.
#[derive(Debug, Clone)]
pub enum CodeKind {}

impl Kind for CodeKind {
    const PREFIX: &'static str = "tillac_";
}

pub type Code = OpaqueToken<CodeKind>;

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
