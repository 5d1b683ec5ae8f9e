//! What people let applications do for them; what follows from it is decided elsewhere.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::row::RowKey;
use crate::domain::access::ScopeSet;
use crate::domain::ids::{ClientId, Id, UserId};
use crate::domain::oauth::{ClientName, Consent};
use crate::domain::page::PageRequest;

struct ConsentRow {
    client_id: Uuid,
    client_name: String,
    scope: String,
    granted_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<ConsentRow> for Consent {
    type Error = StoreError;

    fn try_from(row: ConsentRow) -> Result<Self, StoreError> {
        let named = RowKey { table: "oauth_clients", key: &row.client_id };
        Ok(Self {
            client_name: named.believe("name", ClientName::parse(&row.client_name))?,
            client: row.client_id.into(),
            scopes: ScopeSet::parse_known(&row.scope),
            granted_at: row.granted_at,
            updated_at: row.updated_at,
        })
    }
}

/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.oauth_consents.find", level = "debug", skip_all)]
pub async fn find(
    conn: &mut PgConnection,
    (user, client): (UserId, ClientId),
) -> Result<Option<Consent>, StoreError> {
    sqlx::query_as!(
        ConsentRow,
        "SELECT o.client_id, c.name AS client_name, o.scope, o.granted_at, o.updated_at
         FROM oauth_consents o JOIN oauth_clients c ON c.id = o.client_id
         WHERE o.user_id = $1 AND o.client_id = $2",
        user.as_uuid(),
        client.as_uuid()
    )
    .fetch_optional(conn)
    .await?
    .map(Consent::try_from)
    .transpose()
}

/// Adds to what somebody lets a client do; what was there stays, also where two add at once.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.oauth_consents.upsert", level = "debug", skip_all)]
pub async fn upsert(
    conn: &mut PgConnection,
    (user, client): (UserId, ClientId),
    scopes: ScopeSet,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO oauth_consents (user_id, client_id, scope, granted_at, updated_at) VALUES ($1, $2, $3, $4, $4)
         ON CONFLICT (user_id, client_id) DO UPDATE SET updated_at = EXCLUDED.updated_at, scope =
             (SELECT string_agg(DISTINCT held, ' ')
              FROM unnest(string_to_array(oauth_consents.scope || ' ' || EXCLUDED.scope, ' ')) AS held)",
        user.as_uuid(),
        client.as_uuid(),
        scopes.to_string(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Somebody's consents, newest first, one row more than the page has.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.oauth_consents.list", level = "debug", skip_all)]
pub async fn list(
    conn: &mut PgConnection,
    user: UserId,
    page: PageRequest,
) -> Result<Vec<Consent>, StoreError> {
    let rows = sqlx::query_as!(
        ConsentRow,
        "SELECT o.client_id, c.name AS client_name, o.scope, o.granted_at, o.updated_at
         FROM oauth_consents o JOIN oauth_clients c ON c.id = o.client_id
         WHERE o.user_id = $1 AND ($2::timestamptz IS NULL OR (o.granted_at, o.client_id) < ($2, $3))
         ORDER BY o.granted_at DESC, o.client_id DESC LIMIT $4",
        user.as_uuid(),
        page.after.map(|position| position.created_at),
        page.after.map(|position| position.id),
        page.size.rows_and_one_more()
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Consent::try_from).collect()
}

/// Takes a consent back; whether there was one.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.oauth_consents.delete", level = "debug", skip_all)]
pub async fn delete(
    conn: &mut PgConnection,
    (user, client): (UserId, ClientId),
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM oauth_consents WHERE user_id = $1 AND client_id = $2",
        user.as_uuid(),
        client.as_uuid()
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes all consents of a user back.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.oauth_consents.delete_all_of", level = "debug", skip_all)]
pub async fn delete_all_of(conn: &mut PgConnection, user: UserId) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM oauth_consents WHERE user_id = $1", user.as_uuid())
        .execute(conn)
        .await?;
    Ok(())
}
