//! The demo customer's API keys, whose secrets nobody is shown: whoever wants to call with one rotates it.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::people::demo_customer;
use super::{DemoError, examples};
use crate::domain::access::{Scope, ScopeSet};
use crate::domain::api_key::{ApiKey, KeyName, KeyTier};
use crate::service::Services;
use crate::service::api_keys::MadeSecret;
use crate::store::api_keys;

/// One for each use that the examples make of them.
pub(super) async fn insert(
    conn: &mut PgConnection,
    services: &Services,
    created_at: OffsetDateTime,
) -> Result<(), DemoError> {
    let scopes: ScopeSet = [Scope::OrdersRead, Scope::PaymentsRead].into_iter().collect();
    for (ending, name) in examples::KEYS {
        let id = examples::key(ending);
        let MadeSecret { hash, hint, .. } = MadeSecret::generate(services, id);
        let key = ApiKey {
            id,
            owner_id: demo_customer(),
            name: KeyName::parse(name)?,
            tier: KeyTier::Standard,
            scopes,
            hint,
            old_secret_until: None,
            expires_at: None,
            last_used_at: None,
            created_at,
        };
        api_keys::insert(conn, &key, &hash).await?;
    }
    Ok(())
}
