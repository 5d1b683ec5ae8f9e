//! Webhook deliveries as their senders see them: leased when they are due, and marked with what became of the try.

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::outbox::Lease;
use super::row::RowKey;
use crate::domain::event::PastEvent;
use crate::domain::ids::{DeliveryId, Id, LeaseToken, WebhookEndpointId};
use crate::domain::webhook::{Circuit, EndpointUrl};

/// How many are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub deliveries: i64,
    /// At most so many are leased to one endpoint at a time, by whomever.
    pub of_each_endpoint: i64,
    /// And to all endpoints of one owner.
    pub of_each_owner: i64,
}

/// A delivery that is to be tried, with all that the try needs.
#[derive(Debug, Clone)]
pub struct QueuedDelivery {
    pub id: DeliveryId,
    pub endpoint: WebhookEndpointId,
    pub url: EndpointUrl,
    /// Sealed, as the old one.
    pub secret: Vec<u8>,
    /// Where it still signs.
    pub old_secret: Option<Vec<u8>>,
    pub event: PastEvent,
    /// How often it was tried before in the present round.
    pub round_tries: i32,
    /// When the first try of the round was; `None` before it.
    pub begun_at: Option<OffsetDateTime>,
    /// Whether the owner may still hear of this event.
    pub entitled: bool,
}

/// What was leased.
#[derive(Debug, Default)]
pub struct Leased {
    pub deliveries: Vec<QueuedDelivery>,
    /// Rows that can't be believed; they hold up no other.
    pub unbelievable: Vec<(DeliveryId, StoreError)>,
}

struct QueuedRow {
    id: Uuid,
    endpoint_id: Uuid,
    url: String,
    secret: Vec<u8>,
    old_secret: Option<Vec<u8>>,
    event_id: Uuid,
    topic: String,
    customer_id: Uuid,
    data: Value,
    trace_parent: Option<String>,
    happened_at: OffsetDateTime,
    round_tries: i32,
    begun_at: Option<OffsetDateTime>,
    entitled: bool,
}

impl TryFrom<QueuedRow> for QueuedDelivery {
    type Error = StoreError;

    fn try_from(row: QueuedRow) -> Result<Self, StoreError> {
        let named = RowKey { table: "webhook_endpoints", key: &row.endpoint_id };
        Ok(Self {
            id: row.id.into(),
            endpoint: row.endpoint_id.into(),
            url: named.believe("url", EndpointUrl::parse(&row.url))?,
            secret: row.secret,
            old_secret: row.old_secret,
            event: PastEvent {
                id: row.event_id.into(),
                topic: row.topic,
                customer_id: row.customer_id.into(),
                data: row.data,
                trace_parent: row.trace_parent,
                created_at: row.happened_at,
            },
            round_tries: row.round_tries,
            begun_at: row.begun_at,
            entitled: row.entitled,
        })
    }
}

impl FromIterator<QueuedRow> for Leased {
    fn from_iter<I: IntoIterator<Item = QueuedRow>>(rows: I) -> Self {
        let mut leased = Self::default();
        for row in rows {
            let id = DeliveryId::from(row.id);
            match QueuedDelivery::try_from(row) {
                Ok(delivery) => leased.deliveries.push(delivery),
                Err(error) => leased.unbelievable.push((id, error)),
            }
        }
        leased
    }
}

/// Leases deliveries that are due at `now`, but of no endpoint more than it has room for: none while its circuit is open,
/// one while it is probed. Owners take turns, so that who has much under way comes after who has little; of one owner's,
/// the longest due come first. Who may hear of everything is told by the names of the `staff` roles.
///
/// It goes from endpoint to endpoint by the index, so that a long queue of one costs no more than a short one.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_queue.lease_due", level = "debug", skip_all)]
pub async fn lease_due(
    conn: &mut PgConnection,
    (lease, now): (Lease, OffsetDateTime),
    wanted: Wanted,
    staff: &[String],
) -> Result<Leased, StoreError> {
    let rows = sqlx::query_as!(
        QueuedRow,
        r#"WITH RECURSIVE waiting AS (
               (SELECT endpoint_id FROM webhook_deliveries WHERE status = 'pending' ORDER BY endpoint_id LIMIT 1)
               UNION ALL
               SELECT (SELECT following.endpoint_id FROM webhook_deliveries following
                       WHERE following.status = 'pending' AND following.endpoint_id > waiting.endpoint_id
                       ORDER BY following.endpoint_id LIMIT 1)
               FROM waiting WHERE waiting.endpoint_id IS NOT NULL
           ), offered AS (
               SELECT due.id, due.due_at,
                      row_number() OVER (PARTITION BY owner_id ORDER BY due.due_at, due.id)
                      + (SELECT count(*) FROM webhook_endpoints own
                         JOIN webhook_deliveries live ON live.endpoint_id = own.id
                         WHERE own.owner_id = endpoint.owner_id AND live.lease_token IS NOT NULL
                           AND live.due_at > $3) AS turn
               FROM waiting
               JOIN webhook_endpoints endpoint ON endpoint.id = waiting.endpoint_id
               CROSS JOIN LATERAL (
                   SELECT id, due_at FROM webhook_deliveries
                   WHERE endpoint_id = endpoint.id AND status = 'pending' AND due_at <= $3
                   ORDER BY due_at, id
                   LIMIT greatest(0, CASE WHEN failures >= $6 THEN 1 ELSE $5::bigint END
                       - (SELECT count(*) FROM webhook_deliveries live
                          WHERE live.endpoint_id = endpoint.id AND live.lease_token IS NOT NULL
                            AND live.due_at > $3))) AS due
               WHERE disabled_reason IS NULL AND removed_at IS NULL AND (paused_until <= $3) IS NOT FALSE
           ), chosen AS (
               SELECT id FROM offered WHERE turn <= $8 ORDER BY turn, due_at, id LIMIT $4
           ), leased AS (
               UPDATE webhook_deliveries SET lease_token = $1, due_at = $2
               WHERE id = ANY (ARRAY(
                   SELECT id FROM webhook_deliveries WHERE id IN (SELECT id FROM chosen)
                     AND status = 'pending' AND due_at <= $3 FOR UPDATE SKIP LOCKED))
               RETURNING id, endpoint_id, event_id, round_tries, begun_at
           )
           SELECT leased.id, endpoint_id, url, secret,
                  CASE WHEN old_secret_until > $3 THEN old_secret END AS old_secret,
                  event_id, event.type AS topic, customer_id, data, trace_parent,
                  event.created_at AS happened_at, round_tries,
                  greatest(begun_at, CASE WHEN begun_at IS NOT NULL THEN url_since END) AS begun_at,
                  (owner.status = 'active' AND (owner.id = customer_id OR owner.role = ANY($7))) AS "entitled!"
           FROM leased
           JOIN webhook_endpoints endpoint ON endpoint.id = endpoint_id
           JOIN users owner ON owner.id = owner_id
           JOIN events event ON event.id = event_id"#,
        lease.token.as_uuid(),
        lease.until,
        now,
        wanted.deliveries,
        wanted.of_each_endpoint,
        i32::try_from(Circuit::OPENS_AFTER).unwrap_or(i32::MAX),
        staff,
        wanted.of_each_owner
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().collect())
}

/// The row that a lease holds.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    pub id: DeliveryId,
    pub token: LeaseToken,
}

/// How a try went.
#[derive(Debug, Clone, Copy)]
pub struct Tried<'a> {
    pub at: OffsetDateTime,
    pub status_code: Option<u16>,
    /// `None` where the endpoint took it.
    pub error: Option<&'a str>,
}

/// What becomes of a delivery after a try.
#[derive(Debug, Clone, Copy)]
pub enum Next {
    Again(OffsetDateTime),
    Delivered,
    Failed,
}

/// Writes down a try and ends the lease; `false` where it was lost: then nothing has changed.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_queue.update_tried", level = "debug", skip_all)]
pub async fn update_tried(
    conn: &mut PgConnection,
    held: Held,
    tried: Tried<'_>,
    next: Next,
) -> Result<bool, StoreError> {
    let (status, due_at, ended_at) = match next {
        Next::Again(due_at) => ("pending", Some(due_at), None),
        Next::Delivered => ("delivered", None, Some(tried.at)),
        Next::Failed => ("failed", None, Some(tried.at)),
    };
    let done = sqlx::query!(
        "UPDATE webhook_deliveries
         SET status = $3, due_at = coalesce($4, due_at), lease_token = NULL, tries = tries + 1,
             round_tries = round_tries + 1, begun_at = coalesce(begun_at, $5), tried_at = $5, status_code = $6,
             error = $7, ended_at = $8
         WHERE id = $1 AND lease_token = $2 AND status = 'pending'",
        held.id.as_uuid(),
        held.token.as_uuid(),
        status,
        due_at,
        tried.at,
        tried.status_code.map(i32::from),
        tried.error,
        ended_at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives up what was not even tried.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_queue.update_failed", level = "debug", skip_all)]
pub async fn update_failed(
    conn: &mut PgConnection,
    held: Held,
    error: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE webhook_deliveries SET status = 'failed', error = $3, ended_at = $4, lease_token = NULL
         WHERE id = $1 AND lease_token = $2 AND status = 'pending'",
        held.id.as_uuid(),
        held.token.as_uuid(),
        error,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives deliveries back as if they had not been leased.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "store.webhook_queue.update_given_back", level = "debug", skip_all)]
pub async fn update_given_back(
    conn: &mut PgConnection,
    held: Held,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE webhook_deliveries SET due_at = $3, lease_token = NULL
         WHERE id = $1 AND lease_token = $2 AND status = 'pending'",
        held.id.as_uuid(),
        held.token.as_uuid(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
