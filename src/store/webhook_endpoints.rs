//! Webhook endpoint rows, with their sealed secrets; nothing is opened and nothing is decided here.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::row::RowKey;
use super::webhook_queue::Held;
use crate::domain::ids::{EventId, Id, UserId, WebhookEndpointId};
use crate::domain::page::PageRequest;
use crate::domain::webhook::{
    Circuit, DisabledReason, EndpointDescription, EndpointUrl, TopicFilter, WebhookEndpoint,
};

struct EndpointRow {
    id: Uuid,
    owner_id: Uuid,
    url: String,
    url_since: OffsetDateTime,
    description: String,
    topics: Option<Vec<String>>,
    disabled_reason: Option<String>,
    old_secret_until: Option<OffsetDateTime>,
    failures: i32,
    paused_until: Option<OffsetDateTime>,
    version: i64,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<EndpointRow> for WebhookEndpoint {
    type Error = StoreError;

    fn try_from(row: EndpointRow) -> Result<Self, StoreError> {
        let named = RowKey { table: "webhook_endpoints", key: &row.id };
        let topics = row.topics.as_deref().map_or(Ok(TopicFilter::All), TopicFilter::parse);
        let disabled = row.disabled_reason.map(|reason| reason.parse()).transpose();
        let description = EndpointDescription::parse(&row.description);
        Ok(Self {
            id: row.id.into(),
            owner_id: row.owner_id.into(),
            url: named.believe("url", EndpointUrl::parse(&row.url))?,
            description: named.believe("description", description)?,
            topics: named.believe("topics", topics)?,
            disabled: named.believe("disabled_reason", disabled)?,
            url_since: row.url_since,
            old_secret_until: row.old_secret_until,
            circuit: Circuit {
                failures: named.believe("failures", row.failures.try_into())?,
                paused_until: row.paused_until,
            },
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// As the column holds them: none stands for all.
fn topics(filter: &TopicFilter) -> Option<Vec<String>> {
    match filter {
        TopicFilter::All => None,
        TopicFilter::Some(_) => Some(filter.names()),
    }
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_endpoints.insert", level = "debug", skip_all)]
pub async fn insert(
    conn: &mut PgConnection,
    endpoint: &WebhookEndpoint,
    sealed_secret: &[u8],
) -> Result<(), StoreError> {
    let topics = topics(&endpoint.topics);
    sqlx::query!(
        "INSERT INTO webhook_endpoints (id, owner_id, url, url_since, description, topics, secret, version,
                                        created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        endpoint.id.as_uuid(),
        endpoint.owner_id.as_uuid(),
        endpoint.url.as_str(),
        endpoint.url_since,
        endpoint.description.as_str(),
        topics.as_deref(),
        sealed_secret,
        endpoint.version,
        endpoint.created_at,
        endpoint.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many endpoints somebody has.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_endpoints.count", level = "debug", skip_all)]
pub async fn count(conn: &mut PgConnection, owner: UserId) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM webhook_endpoints WHERE owner_id = $1 AND removed_at IS NULL"#,
        owner.as_uuid()
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.webhook_endpoints.find", level = "debug", skip_all)]
pub async fn find(
    conn: &mut PgConnection,
    id: WebhookEndpointId,
    owner: UserId,
) -> Result<Option<WebhookEndpoint>, StoreError> {
    sqlx::query_as!(
        EndpointRow,
        "SELECT id, owner_id, url, url_since, description, topics, disabled_reason, old_secret_until, failures,
                paused_until, version, created_at, updated_at
         FROM webhook_endpoints WHERE id = $1 AND owner_id = $2 AND removed_at IS NULL",
        id.as_uuid(),
        owner.as_uuid()
    )
    .fetch_optional(conn)
    .await?
    .map(WebhookEndpoint::try_from)
    .transpose()
}

/// Whoever owns it.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or the row can't be believed.
#[tracing::instrument(name = "store.webhook_endpoints.find_for_update", level = "debug", skip_all)]
pub async fn find_for_update(
    conn: &mut PgConnection,
    id: WebhookEndpointId,
) -> Result<Option<WebhookEndpoint>, StoreError> {
    sqlx::query_as!(
        EndpointRow,
        "SELECT id, owner_id, url, url_since, description, topics, disabled_reason, old_secret_until, failures,
                paused_until, version, created_at, updated_at
         FROM webhook_endpoints WHERE id = $1 AND removed_at IS NULL FOR UPDATE",
        id.as_uuid()
    )
    .fetch_optional(conn)
    .await?
    .map(WebhookEndpoint::try_from)
    .transpose()
}

/// Somebody's endpoints, newest first, one row more than the page has.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer or a row can't be believed.
#[tracing::instrument(name = "store.webhook_endpoints.list", level = "debug", skip_all)]
pub async fn list(
    conn: &mut PgConnection,
    owner: UserId,
    page: PageRequest,
) -> Result<Vec<WebhookEndpoint>, StoreError> {
    let rows = sqlx::query_as!(
        EndpointRow,
        "SELECT id, owner_id, url, url_since, description, topics, disabled_reason, old_secret_until, failures,
                paused_until, version, created_at, updated_at
         FROM webhook_endpoints
         WHERE owner_id = $1 AND removed_at IS NULL AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3))
         ORDER BY created_at DESC, id DESC LIMIT $4",
        owner.as_uuid(),
        page.after.map(|position| position.created_at),
        page.after.map(|position| position.id),
        page.size.rows_and_one_more()
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(WebhookEndpoint::try_from).collect()
}

/// Endpoints that want to hear of an event and whose owners may: the customer it concerns, and those of `staff` roles.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_endpoints.list_hearing", level = "debug", skip_all)]
pub async fn list_hearing(
    conn: &mut PgConnection,
    topic: &str,
    customer: UserId,
    staff: &[String],
) -> Result<Vec<WebhookEndpointId>, StoreError> {
    let ids = sqlx::query_scalar!(
        r#"SELECT endpoint.id AS "id!"
           FROM webhook_endpoints endpoint JOIN users owner ON owner.id = endpoint.owner_id
           WHERE owner.id = $2 AND owner.status = 'active'
             AND endpoint.disabled_reason IS NULL AND endpoint.removed_at IS NULL
             AND (endpoint.topics IS NULL OR $1 = ANY(endpoint.topics))
           UNION
           SELECT endpoint.id
           FROM users owner JOIN webhook_endpoints endpoint ON endpoint.owner_id = owner.id
           WHERE owner.role <> 'customer' AND owner.role = ANY($3) AND owner.status = 'active'
             AND endpoint.disabled_reason IS NULL AND endpoint.removed_at IS NULL
             AND (endpoint.topics IS NULL OR $1 = ANY(endpoint.topics))
           ORDER BY 1"#,
        topic,
        customer.as_uuid(),
        staff
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(WebhookEndpointId::from).collect())
}

/// Writes what may change of an endpoint but its secrets.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_endpoints.update", level = "debug", skip_all)]
pub async fn update(conn: &mut PgConnection, endpoint: &WebhookEndpoint) -> Result<(), StoreError> {
    let topics = topics(&endpoint.topics);
    sqlx::query!(
        "UPDATE webhook_endpoints
         SET url = $2, url_since = $3, description = $4, topics = $5, disabled_reason = $6, failures = $7,
             paused_until = $8, version = $9, updated_at = $10
         WHERE id = $1",
        endpoint.id.as_uuid(),
        endpoint.url.as_str(),
        endpoint.url_since,
        endpoint.description.as_str(),
        topics.as_deref(),
        endpoint.disabled.map(DisabledReason::as_str),
        i32::try_from(endpoint.circuit.failures).unwrap_or(i32::MAX),
        endpoint.circuit.paused_until,
        endpoint.version,
        endpoint.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Closes the circuit, where it isn't and this lease took something at this address; whoever lost the lease, or spoke to
/// another address, knows nothing of it.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_endpoints.update_closed", level = "debug", skip_all)]
pub async fn update_closed(
    conn: &mut PgConnection,
    (id, url): (WebhookEndpointId, &EndpointUrl),
    held: Held,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE webhook_endpoints SET failures = 0, paused_until = NULL
         WHERE id = $1 AND url = $2 AND failures > 0
           AND EXISTS (SELECT FROM webhook_deliveries held WHERE held.id = $3 AND lease_token = $4)",
        id.as_uuid(),
        url.as_str(),
        held.id.as_uuid(),
        held.token.as_uuid()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A new secret; the one before it goes on signing until `old_until`, the one before that no more.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_endpoints.update_secret", level = "debug", skip_all)]
pub async fn update_secret(
    conn: &mut PgConnection,
    id: WebhookEndpointId,
    sealed_secret: &[u8],
    old_until: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE webhook_endpoints
         SET old_secret = secret, old_secret_until = $3, secret = $2, version = version + 1, updated_at = $4
         WHERE id = $1",
        id.as_uuid(),
        sealed_secret,
        old_until,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes an endpoint from its owner, with what it tells of them; `false` where there is none of this owner. The row goes
/// by [`delete_removed`].
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_endpoints.update_removed", level = "debug", skip_all)]
pub async fn update_removed(
    conn: &mut PgConnection,
    id: WebhookEndpointId,
    owner: UserId,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE webhook_endpoints
         SET removed_at = $3, url = 'https://removed.invalid/', description = '', secret = '', old_secret = NULL,
             old_secret_until = NULL
         WHERE id = $1 AND owner_id = $2 AND removed_at IS NULL",
        id.as_uuid(),
        owner.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// [`update_removed`] of all that somebody has.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(
    name = "store.webhook_endpoints.update_all_removed",
    level = "debug",
    skip_all
)]
pub async fn update_all_removed(
    conn: &mut PgConnection,
    owner: UserId,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE webhook_endpoints
         SET removed_at = $2, url = 'https://removed.invalid/', description = '', secret = '', old_secret = NULL,
             old_secret_until = NULL
         WHERE owner_id = $1 AND removed_at IS NULL",
        owner.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets up to `limit` removed endpoints that have no deliveries any more; how many.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_endpoints.delete_removed", level = "debug", skip_all)]
pub async fn delete_removed(conn: &mut PgConnection, limit: i64) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM webhook_endpoints WHERE id = ANY (ARRAY(
             SELECT id FROM webhook_endpoints
             WHERE removed_at IS NOT NULL
               AND NOT EXISTS (SELECT FROM webhook_deliveries WHERE endpoint_id = webhook_endpoints.id)
             LIMIT $1 FOR UPDATE SKIP LOCKED))",
        limit
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// The sealed secrets that sign at `now` for the endpoints that this event went to.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_endpoints.list_signing", level = "debug", skip_all)]
pub async fn list_signing(
    conn: &mut PgConnection,
    event: EventId,
    now: OffsetDateTime,
) -> Result<Vec<(WebhookEndpointId, Vec<u8>)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT endpoint.id, sealed AS "sealed!"
           FROM webhook_deliveries JOIN webhook_endpoints endpoint ON endpoint.id = endpoint_id,
                unnest(ARRAY[secret, CASE WHEN old_secret_until > $2 THEN old_secret END]) AS sealed
           WHERE event_id = $1 AND removed_at IS NULL AND sealed IS NOT NULL"#,
        event.as_uuid(),
        now
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id.into(), row.sealed)).collect())
}
