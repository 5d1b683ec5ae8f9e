//! Rows of registered applications, with keyed hashes of their secrets; who may use one is decided elsewhere.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::row::RowKey;
use crate::domain::Violation;
use crate::domain::access::ScopeSet;
use crate::domain::ids::{ClientId, Id, UserId};
use crate::domain::oauth::{Client, ClientName, GrantType, RedirectUri};
use crate::domain::page::PageRequest;

/// HMAC-SHA-256 of a secret.
pub type SecretHash = [u8; 32];

/// A client with what its secrets are known by.
#[derive(Debug, Clone)]
pub struct ClientSecrets {
    pub client: Client,
    /// `None` of those that keep none.
    pub secret_hash: Option<Vec<u8>>,
    pub old_secret_hash: Option<Vec<u8>>,
}

struct ClientRow {
    id: Uuid,
    name: String,
    kind: String,
    redirect_uris: Vec<String>,
    grants: Vec<String>,
    scope: String,
    account_id: Option<Uuid>,
    old_secret_until: Option<OffsetDateTime>,
    version: i64,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<ClientRow> for Client {
    type Error = StoreError;

    fn try_from(row: ClientRow) -> Result<Self, StoreError> {
        let named = RowKey { table: "oauth_clients", key: &row.id };
        let uris = row.redirect_uris.iter().map(|uri| RedirectUri::parse(uri)).collect();
        let grants = row.grants.iter().map(|grant| grant.parse::<GrantType>()).collect();
        Ok(Self {
            name: named.believe("name", ClientName::parse(&row.name))?,
            kind: named.believe("kind", row.kind.parse())?,
            redirect_uris: named.believe::<_, Violation>("redirect_uris", uris)?,
            grants: named.believe::<_, Violation>("grants", grants)?,
            id: row.id.into(),
            scopes: ScopeSet::parse_known(&row.scope),
            account: row.account_id.map(UserId::from),
            old_secret_until: row.old_secret_until,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.oauth_clients.find", level = "debug", skip_all)]
pub async fn find(conn: &mut PgConnection, id: ClientId) -> Result<Option<Client>, StoreError> {
    sqlx::query_as!(
        ClientRow,
        "SELECT id, name, kind, redirect_uris, grants, scope, account_id, old_secret_until, version, created_at, updated_at
         FROM oauth_clients WHERE id = $1",
        id.as_uuid()
    )
    .fetch_optional(conn)
    .await?
    .map(Client::try_from)
    .transpose()
}

/// [`find`], so that it stays as it is until this transaction ends.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.oauth_clients.find_for_share", level = "debug", skip_all)]
pub async fn find_for_share(
    conn: &mut PgConnection,
    id: ClientId,
) -> Result<Option<Client>, StoreError> {
    sqlx::query_as!(
        ClientRow,
        "SELECT id, name, kind, redirect_uris, grants, scope, account_id, old_secret_until, version, created_at, updated_at
         FROM oauth_clients WHERE id = $1 FOR SHARE",
        id.as_uuid()
    )
    .fetch_optional(conn)
    .await?
    .map(Client::try_from)
    .transpose()
}

/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.oauth_clients.find_for_update", level = "debug", skip_all)]
pub async fn find_for_update(
    conn: &mut PgConnection,
    id: ClientId,
) -> Result<Option<Client>, StoreError> {
    sqlx::query_as!(
        ClientRow,
        "SELECT id, name, kind, redirect_uris, grants, scope, account_id, old_secret_until, version, created_at, updated_at
         FROM oauth_clients WHERE id = $1 FOR UPDATE",
        id.as_uuid()
    )
    .fetch_optional(conn)
    .await?
    .map(Client::try_from)
    .transpose()
}

/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.oauth_clients.find_secrets", level = "debug", skip_all)]
pub async fn find_secrets(
    conn: &mut PgConnection,
    id: ClientId,
) -> Result<Option<ClientSecrets>, StoreError> {
    let row = sqlx::query!(
        "SELECT id, name, kind, redirect_uris, grants, scope, account_id, old_secret_until, version, created_at, updated_at,
                secret_hash, old_secret_hash
         FROM oauth_clients WHERE id = $1",
        id.as_uuid()
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let client = ClientRow {
        id: row.id,
        name: row.name,
        kind: row.kind,
        redirect_uris: row.redirect_uris,
        grants: row.grants,
        scope: row.scope,
        account_id: row.account_id,
        old_secret_until: row.old_secret_until,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    };
    Ok(Some(ClientSecrets {
        client: client.try_into()?,
        secret_hash: row.secret_hash,
        old_secret_hash: row.old_secret_hash,
    }))
}

/// All of them, newest first, one row more than the page has.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.oauth_clients.list", level = "debug", skip_all)]
pub async fn list(conn: &mut PgConnection, page: PageRequest) -> Result<Vec<Client>, StoreError> {
    let rows = sqlx::query_as!(
        ClientRow,
        "SELECT id, name, kind, redirect_uris, grants, scope, account_id, old_secret_until, version, created_at, updated_at
         FROM oauth_clients WHERE $1::timestamptz IS NULL OR (created_at, id) < ($1, $2)
         ORDER BY created_at DESC, id DESC LIMIT $3",
        page.after.map(|position| position.created_at),
        page.after.map(|position| position.id),
        page.size.rows_and_one_more()
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Client::try_from).collect()
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.oauth_clients.insert", level = "debug", skip_all)]
pub async fn insert(
    conn: &mut PgConnection,
    client: &Client,
    secret: Option<&SecretHash>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO oauth_clients (id, name, kind, secret_hash, redirect_uris, grants, scope, account_id, version,
                                    created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        client.id.as_uuid(),
        client.name.as_str(),
        client.kind.as_str(),
        secret.map(<[u8; 32]>::as_slice),
        &redirect_uris(client),
        &grants(client),
        client.scopes.to_string(),
        client.account.map(Id::as_uuid),
        client.version,
        client.created_at,
        client.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what may change of a client; kind and secrets stay.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.oauth_clients.update", level = "debug", skip_all)]
pub async fn update(conn: &mut PgConnection, client: &Client) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE oauth_clients SET name = $2, redirect_uris = $3, grants = $4, scope = $5, account_id = $6, version = $7,
                updated_at = $8
         WHERE id = $1",
        client.id.as_uuid(),
        client.name.as_str(),
        &redirect_uris(client),
        &grants(client),
        client.scopes.to_string(),
        client.account.map(Id::as_uuid),
        client.version,
        client.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives a client another secret; the one that was old already is forgotten.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.oauth_clients.update_secret", level = "debug", skip_all)]
pub async fn update_secret(
    conn: &mut PgConnection,
    id: ClientId,
    secret: &SecretHash,
    old_until: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE oauth_clients SET old_secret_hash = secret_hash, old_secret_until = $3, secret_hash = $2 WHERE id = $1",
        id.as_uuid(),
        secret,
        old_until
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes a client with all that was granted to it: consents, codes, sessions and their tokens. Whether there was one.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.oauth_clients.delete", level = "debug", skip_all)]
pub async fn delete(conn: &mut PgConnection, id: ClientId) -> Result<bool, StoreError> {
    let done =
        sqlx::query!("DELETE FROM oauth_clients WHERE id = $1", id.as_uuid()).execute(conn).await?;
    Ok(done.rows_affected() == 1)
}

fn redirect_uris(client: &Client) -> Vec<String> {
    client.redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect()
}

fn grants(client: &Client) -> Vec<String> {
    client.grants.iter().map(|grant| grant.as_str().to_owned()).collect()
}
