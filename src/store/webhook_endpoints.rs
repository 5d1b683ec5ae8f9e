//! Webhook endpoint rows, with their sealed secrets; nothing is opened and nothing is decided here.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::row::RowKey;
use crate::domain::ids::{Id, UserId, WebhookEndpointId};
use crate::domain::page::PageRequest;
use crate::domain::webhook::{
    DisabledReason, EndpointDescription, EndpointUrl, TopicFilter, WebhookEndpoint,
};

struct EndpointRow {
    id: Uuid,
    owner_id: Uuid,
    url: String,
    description: String,
    topics: Option<Vec<String>>,
    disabled_reason: Option<String>,
    old_secret_until: Option<OffsetDateTime>,
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
            old_secret_until: row.old_secret_until,
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
        "INSERT INTO webhook_endpoints (id, owner_id, url, description, topics, secret, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        endpoint.id.as_uuid(),
        endpoint.owner_id.as_uuid(),
        endpoint.url.as_str(),
        endpoint.description.as_str(),
        topics.as_deref(),
        sealed_secret,
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
        r#"SELECT count(*) AS "count!" FROM webhook_endpoints WHERE owner_id = $1"#,
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
        "SELECT id, owner_id, url, description, topics, disabled_reason, old_secret_until,
                created_at, updated_at
         FROM webhook_endpoints WHERE id = $1 AND owner_id = $2",
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
        "SELECT id, owner_id, url, description, topics, disabled_reason, old_secret_until,
                created_at, updated_at
         FROM webhook_endpoints WHERE id = $1 FOR UPDATE",
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
        "SELECT id, owner_id, url, description, topics, disabled_reason, old_secret_until,
                created_at, updated_at
         FROM webhook_endpoints
         WHERE owner_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3))
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
        "SELECT endpoint.id
         FROM webhook_endpoints endpoint JOIN users owner ON owner.id = endpoint.owner_id
         WHERE endpoint.disabled_reason IS NULL
           AND (endpoint.topics IS NULL OR $1 = ANY(endpoint.topics))
           AND owner.status = 'active'
           AND (owner.id = $2 OR owner.role = ANY($3))
         ORDER BY endpoint.id",
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
         SET url = $2, description = $3, topics = $4, disabled_reason = $5, updated_at = $6
         WHERE id = $1",
        endpoint.id.as_uuid(),
        endpoint.url.as_str(),
        endpoint.description.as_str(),
        topics.as_deref(),
        endpoint.disabled.map(DisabledReason::as_str),
        endpoint.updated_at
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
         SET old_secret = secret, old_secret_until = $3, secret = $2, updated_at = $4
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

/// Removes an endpoint with its deliveries; `false` where there is none of this owner.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_endpoints.delete", level = "debug", skip_all)]
pub async fn delete(
    conn: &mut PgConnection,
    id: WebhookEndpointId,
    owner: UserId,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM webhook_endpoints WHERE id = $1 AND owner_id = $2",
        id.as_uuid(),
        owner.as_uuid()
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes all endpoints that somebody has, with their deliveries.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_endpoints.delete_all", level = "debug", skip_all)]
pub async fn delete_all(conn: &mut PgConnection, owner: UserId) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM webhook_endpoints WHERE owner_id = $1", owner.as_uuid())
        .execute(conn)
        .await?;
    Ok(())
}
