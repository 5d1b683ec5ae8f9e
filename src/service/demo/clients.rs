//! The demo's applications, whose secrets nobody is shown, and the demo customer's consent to one of them.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::people::demo_customer;
use super::{DemoError, examples};
use crate::domain::access::{Scope, ScopeSet};
use crate::domain::oauth::{Client, ClientKind, ClientName, GrantType, RedirectUri};
use crate::service::Services;
use crate::service::oauth::MadeSecret;
use crate::store::{oauth_clients, oauth_consents};

/// One for each use that the examples make of them; the first one is consented to.
pub(super) async fn insert(
    conn: &mut PgConnection,
    services: &Services,
    created_at: OffsetDateTime,
) -> Result<(), DemoError> {
    let scopes: ScopeSet = [Scope::ProfileRead, Scope::OrdersRead].into_iter().collect();
    for (ending, name) in examples::CLIENTS {
        let id = examples::client(ending);
        let client = Client {
            id,
            name: ClientName::parse(name)?,
            kind: ClientKind::Confidential,
            redirect_uris: vec![RedirectUri::parse("https://app.example/callback")?],
            grants: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            scopes,
            account: None,
            old_secret_until: None,
            version: 1,
            created_at,
            updated_at: created_at,
        };
        let secret = MadeSecret::generate(services, id);
        oauth_clients::insert(conn, &client, Some(&secret.hash)).await?;
    }
    for (ending, _) in examples::CLIENTS.into_iter().take(1) {
        let pair = (demo_customer(), examples::client(ending));
        oauth_consents::upsert(conn, pair, scopes, created_at).await?;
    }
    Ok(())
}
