//! Payments that are over, with all that belongs to them: refunds, what was asked of the gateway, the journal; each kind in one statement.

use serde_json::json;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::ids::{AttemptId, EntryId, Id, LeaseToken, PaymentId, RefundId};
use crate::domain::ledger::{Entry, Movement};
use crate::domain::payment::Payment;
use crate::domain::refund::{Refund, RefundReason};
use crate::store::StoreError;

/// Something that was asked of the gateway and answered.
#[derive(Debug, Clone)]
pub struct SettledAttempt {
    pub id: AttemptId,
    pub payment_id: PaymentId,
    /// The refund it was, else the charge.
    pub refund_id: Option<RefundId>,
    /// Minor units.
    pub amount: i64,
    pub gateway_key: String,
    pub lease_token: LeaseToken,
    pub created_at: OffsetDateTime,
    pub settled_at: OffsetDateTime,
}

/// An entry of the journal and when it was made.
#[derive(Debug, Clone)]
pub struct PastEntry {
    pub id: EntryId,
    pub entry: Entry,
    pub recorded_at: OffsetDateTime,
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[expect(trivial_casts, reason = "the query macro takes an array of options by a cast alone")]
#[tracing::instrument(name = "store.demo.past.insert_payments", level = "debug", skip_all)]
pub async fn insert_payments(
    conn: &mut PgConnection,
    payments: &[Payment],
) -> Result<(), StoreError> {
    let text = |of: fn(&Payment) -> &str| payments.iter().map(of).map(str::to_owned).collect();
    let number = |of: fn(&Payment) -> i64| payments.iter().map(of).collect();
    let time = |of: fn(&Payment) -> OffsetDateTime| payments.iter().map(of).collect();
    let ids: Vec<_> = payments.iter().map(|payment| payment.id.as_uuid()).collect();
    let orders: Vec<_> = payments.iter().map(|payment| payment.order_id.map(Id::as_uuid)).collect();
    let customers: Vec<_> = payments.iter().map(|payment| payment.customer_id.as_uuid()).collect();
    let statuses: Vec<String> = text(|payment| payment.status.as_str());
    let amounts: Vec<i64> = number(|payment| payment.amount.get());
    let captured: Vec<i64> = number(|payment| payment.amount_captured);
    let refunded: Vec<i64> = number(|payment| payment.amount_refunded);
    let currencies: Vec<String> = text(|payment| payment.currency.code());
    let methods: Vec<String> = text(|payment| payment.payment_method.as_str());
    let captures: Vec<String> = text(|payment| payment.capture_method.as_str());
    let failure = |payment: &Payment| payment.failure.clone();
    let codes: Vec<_> = payments.iter().map(|p| failure(p).map(|known| known.code)).collect();
    let messages: Vec<_> = payments.iter().map(|p| failure(p).map(|known| known.message)).collect();
    let metadata: Vec<_> = payments.iter().map(|payment| json!(payment.metadata)).collect();
    let charges: Vec<_> = payments.iter().map(|p| p.gateway_charge_id.clone()).collect();
    let authorized: Vec<_> = payments.iter().map(|payment| payment.authorized_at).collect();
    let created: Vec<OffsetDateTime> = time(|payment| payment.created_at);
    let updated: Vec<OffsetDateTime> = time(|payment| payment.updated_at);
    sqlx::query!(
        "INSERT INTO payments (id, order_id, customer_id, status, amount, amount_captured,
                               amount_refunded, currency, payment_method, capture_method,
                               failure_code, failure_message, metadata, gateway_charge_id,
                               authorized_at, created_at, updated_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[],
                              $6::bigint[], $7::bigint[], $8::text[], $9::text[], $10::text[],
                              $11::text[], $12::text[], $13::jsonb[], $14::text[],
                              $15::timestamptz[], $16::timestamptz[], $17::timestamptz[])",
        &ids,
        orders.as_slice() as &[Option<Uuid>],
        &customers,
        &statuses,
        &amounts,
        &captured,
        &refunded,
        &currencies,
        &methods,
        &captures,
        codes.as_slice() as &[Option<String>],
        messages.as_slice() as &[Option<String>],
        &metadata,
        charges.as_slice() as &[Option<String>],
        authorized.as_slice() as &[Option<OffsetDateTime>],
        &created,
        &updated
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[expect(trivial_casts, reason = "the query macro takes an array of options by a cast alone")]
#[tracing::instrument(name = "store.demo.past.insert_refunds", level = "debug", skip_all)]
pub async fn insert_refunds(conn: &mut PgConnection, refunds: &[Refund]) -> Result<(), StoreError> {
    let ids: Vec<_> = refunds.iter().map(|refund| refund.id.as_uuid()).collect();
    let payments: Vec<_> = refunds.iter().map(|refund| refund.payment_id.as_uuid()).collect();
    let statuses: Vec<_> = refunds.iter().map(|r| r.status.as_str().to_owned()).collect();
    let amounts: Vec<_> = refunds.iter().map(|refund| refund.amount.get()).collect();
    let currencies: Vec<_> = refunds.iter().map(|r| r.currency.code().to_owned()).collect();
    let reasons: Vec<_> =
        refunds.iter().map(|refund| refund.reason.as_ref().map(RefundReason::as_str)).collect();
    let created: Vec<_> = refunds.iter().map(|refund| refund.created_at).collect();
    let updated: Vec<_> = refunds.iter().map(|refund| refund.updated_at).collect();
    sqlx::query!(
        "INSERT INTO refunds (id, payment_id, status, amount, currency, reason, created_at, updated_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::text[],
                              $6::text[], $7::timestamptz[], $8::timestamptz[])",
        &ids,
        &payments,
        &statuses,
        &amounts,
        &currencies,
        reasons.as_slice() as &[Option<&str>],
        &created,
        &updated
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[expect(trivial_casts, reason = "the query macro takes an array of options by a cast alone")]
#[tracing::instrument(name = "store.demo.past.insert_attempts", level = "debug", skip_all)]
pub async fn insert_attempts(
    conn: &mut PgConnection,
    attempts: &[SettledAttempt],
) -> Result<(), StoreError> {
    let time = |of: fn(&SettledAttempt) -> OffsetDateTime| attempts.iter().map(of).collect();
    let ids: Vec<_> = attempts.iter().map(|attempt| attempt.id.as_uuid()).collect();
    let payments: Vec<_> = attempts.iter().map(|attempt| attempt.payment_id.as_uuid()).collect();
    let refunds: Vec<_> = attempts.iter().map(|a| a.refund_id.map(Id::as_uuid)).collect();
    let amounts: Vec<_> = attempts.iter().map(|attempt| attempt.amount).collect();
    let keys: Vec<_> = attempts.iter().map(|attempt| attempt.gateway_key.clone()).collect();
    let tokens: Vec<_> = attempts.iter().map(|attempt| attempt.lease_token.as_uuid()).collect();
    let created: Vec<OffsetDateTime> = time(|attempt| attempt.created_at);
    let settled: Vec<OffsetDateTime> = time(|attempt| attempt.settled_at);
    sqlx::query!(
        "INSERT INTO payment_attempts (id, payment_id, refund_id, kind, amount, gateway_key, state,
                                       lease_token, leased_until, next_try_at, keyed, request_id,
                                       created_at, settled_at)
         SELECT id, payment_id, refund_id, CASE WHEN refund_id IS NULL THEN 'charge' ELSE 'refund' END,
                amount, key, 'settled', token, settled_at, settled_at, false, 'demo', created_at,
                settled_at
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::uuid[],
                     $7::timestamptz[], $8::timestamptz[])
              AS new (id, payment_id, refund_id, amount, key, token, created_at, settled_at)",
        &ids,
        &payments,
        refunds.as_slice() as &[Option<Uuid>],
        &amounts,
        &keys,
        &tokens,
        &created,
        &settled
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Postgres checks the balance of each when the transaction commits.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[expect(trivial_casts, reason = "the query macro takes an array of options by a cast alone")]
#[tracing::instrument(name = "store.demo.past.insert_entries", level = "debug", skip_all)]
pub async fn insert_entries(
    conn: &mut PgConnection,
    entries: &[PastEntry],
) -> Result<(), StoreError> {
    let (mut payments, mut refunds) = (Vec::new(), Vec::new());
    for past in entries {
        let (payment, refund) = match past.entry.movement() {
            Movement::Capture { payment_id } => (payment_id, None),
            Movement::Refund { payment_id, refund_id } => (payment_id, Some(refund_id.as_uuid())),
        };
        payments.push(payment.as_uuid());
        refunds.push(refund);
    }
    let ids: Vec<_> = entries.iter().map(|past| past.id.as_uuid()).collect();
    let orders: Vec<_> =
        entries.iter().map(|past| past.entry.order_id().map(Id::as_uuid)).collect();
    let recorded: Vec<_> = entries.iter().map(|past| past.recorded_at).collect();
    sqlx::query!(
        "INSERT INTO journal_entries (id, kind, payment_id, refund_id, order_id, recorded_at)
         SELECT id, CASE WHEN refund_id IS NULL THEN 'capture' ELSE 'refund' END, payment_id,
                refund_id, order_id, recorded_at
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[])
              AS new (id, payment_id, refund_id, order_id, recorded_at)",
        &ids,
        &payments,
        refunds.as_slice() as &[Option<Uuid>],
        orders.as_slice() as &[Option<Uuid>],
        &recorded
    )
    .execute(&mut *conn)
    .await?;
    insert_lines(conn, entries).await
}

async fn insert_lines(conn: &mut PgConnection, entries: &[PastEntry]) -> Result<(), StoreError> {
    let numbered: Vec<_> = entries
        .iter()
        .flat_map(|past| {
            (1_i32..).zip(past.entry.lines()).map(|(number, line)| (past.id, number, line))
        })
        .collect();
    let owners: Vec<_> = numbered.iter().map(|(entry, _, _)| entry.as_uuid()).collect();
    let numbers: Vec<_> = numbered.iter().map(|(_, number, _)| *number).collect();
    let accounts: Vec<_> = numbered.iter().map(|(_, _, l)| l.account.as_str().to_owned()).collect();
    let currencies: Vec<_> =
        numbered.iter().map(|(_, _, l)| l.currency.code().to_owned()).collect();
    let amounts: Vec<_> = numbered.iter().map(|(_, _, line)| line.amount).collect();
    sqlx::query!(
        "INSERT INTO journal_lines (entry_id, line, account, currency, amount)
         SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::bigint[])",
        &owners,
        &numbers,
        &accounts,
        &currencies,
        &amounts
    )
    .execute(conn)
    .await?;
    Ok(())
}
