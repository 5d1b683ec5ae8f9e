//! Verifies over the whole database that no money was lost or doubled; it changes nothing.
//!
//! First the rules of the database, all on one unchanging view of it. Then the gateway's own record, a page at a time:
//! both sides go on changing meanwhile, so what differs is asked again before it counts, and payments whose answer is
//! still awaited are counted apart. At last the sums: if each of the gateway's charges is ours and the sums are equal,
//! nothing of ours is missing there; else each of ours is looked up. However much is wrong, the memory this takes is
//! bounded.

use scoped_futures::{ScopedBoxFuture, ScopedFutureExt};
use sqlx::PgConnection;
use uuid::Uuid;

pub use crate::clients::payment_gateway::GatewayRecord;
use crate::clients::payment_gateway::{GatewayError, RecordedCharge};
use crate::service::pool::Pool;
use crate::service::transact::{read, snapshot};
use crate::store::StoreError;
pub use crate::store::check::Offence;
use crate::store::check::gateway::{self as theirs, Recorded};
pub use crate::store::check::payments::InDoubt;
use crate::store::check::{journal, keys, orders, payments, stock};

/// Payments that are looked up at a time where the sums differ.
const LOOKED_UP: i64 = 1_000;

/// The check could not be done; that says nothing about the money.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the gateway's record can't be read: {0}")]
    Gateway(#[from] GatewayError),
}

/// What was found of one rule.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What must be true.
    pub rule: &'static str,
    /// Where it is not; at most as many as were asked for.
    pub offences: Vec<Offence>,
}

/// Everything that was found.
#[derive(Debug, Clone)]
pub struct Report {
    /// One for each rule, broken or not.
    pub findings: Vec<Finding>,
    /// Payments and refunds whose answer is still awaited: neither right nor wrong.
    pub in_doubt: InDoubt,
    /// Charges on the gateway's record.
    pub charges: u64,
}

impl Report {
    /// Whether every rule holds.
    pub fn is_clean(&self) -> bool {
        self.findings.iter().all(|finding| finding.offences.is_empty())
    }
}

/// A rule as a query for the rows that break it, at most so many.
type Query = for<'c> fn(&'c mut PgConnection, i64) -> Offences<'c>;
type Offences<'c> = ScopedBoxFuture<'static, 'c, Result<Vec<Offence>, StoreError>>;

const RULES: [(&str, Query); 13] = [
    ("an order's total is the sum of its lines", |conn, most| {
        async move { orders::list_wrong_totals(conn, most).await }.scope_boxed()
    }),
    ("an order's amounts are the sums of its payments", |conn, most| {
        async move { orders::list_wrong_sums(conn, most).await }.scope_boxed()
    }),
    ("no more is captured for an order than it costs", |conn, most| {
        async move { orders::list_overpaid(conn, most).await }.scope_boxed()
    }),
    ("an order's state and its amounts agree", |conn, most| {
        async move { orders::list_wrong_states(conn, most).await }.scope_boxed()
    }),
    ("no more goes back of a payment than came in, and as its refunds say", |conn, most| {
        async move { payments::list_wrong_refunds(conn, most).await }.scope_boxed()
    }),
    ("money has one currency and one customer from order to refund", |conn, most| {
        async move { payments::list_strangers(conn, most).await }.scope_boxed()
    }),
    ("whatever awaits an answer is asked for, and nothing else is", |conn, most| {
        async move { payments::list_abandoned(conn, most).await }.scope_boxed()
    }),
    ("every journal entry is balanced in each currency", |conn, most| {
        async move { journal::list_unbalanced(conn, most).await }.scope_boxed()
    }),
    ("every movement of money is in the journal, once and as it was", |conn, most| {
        async move { journal::list_unrecorded(conn, most).await }.scope_boxed()
    }),
    ("nothing is in the journal that did not happen", |conn, most| {
        async move { journal::list_unfounded(conn, most).await }.scope_boxed()
    }),
    ("stock is what was put in less what living orders hold", |conn, most| {
        async move { stock::list_not_conserved(conn, most).await }.scope_boxed()
    }),
    ("what an idempotency key tells of is there", |conn, most| {
        async move { keys::list_without_effect(conn, most).await }.scope_boxed()
    }),
    ("what was asked under an idempotency key is told of by it", |conn, most| {
        async move { keys::list_effects_without_key(conn, most).await }.scope_boxed()
    }),
];

const SAME_AS_GATEWAY: &str = "every charge of the gateway is a payment of ours, as it is there";
const KNOWN_TO_GATEWAY: &str = "every payment of ours with money in it is a charge of the gateway";

/// Checks everything; of each rule at most `most` rows that break it are named.
///
/// # Errors
/// [`CheckError`] where it could not be done to the end.
pub async fn check(
    pool: &Pool,
    gateway: Option<&GatewayRecord>,
    most: i64,
) -> Result<Report, CheckError> {
    let (mut findings, in_doubt) = snapshot(pool, |conn| {
        async move {
            let mut findings = Vec::with_capacity(RULES.len() + 2);
            for (rule, query) in RULES {
                findings.push(Finding { rule, offences: query(conn, most).await? });
            }
            Ok::<_, StoreError>((findings, payments::find_in_doubt(conn).await?))
        }
        .scope_boxed()
    })
    .await?;
    let mut charges = 0;
    if let Some(gateway) = gateway {
        let told = compare(pool, gateway, most).await?;
        let offences = find_missing(pool, gateway, &told, most).await?;
        charges = told.charges;
        findings.push(Finding { rule: SAME_AS_GATEWAY, offences: told.offences });
        findings.push(Finding { rule: KNOWN_TO_GATEWAY, offences });
    }
    Ok(Report { findings, in_doubt, charges })
}

/// What the gateway's record says.
#[derive(Debug, Default)]
struct Told {
    charges: u64,
    /// Charges that were captured or set aside, and their sums.
    held: i64,
    captured: i64,
    refunded: i64,
    offences: Vec<Offence>,
}

async fn compare(pool: &Pool, gateway: &GatewayRecord, most: i64) -> Result<Told, CheckError> {
    let mut told = Told::default();
    let mut after = Some(0);
    while let Some(place) = after {
        let page = gateway.page(place).await?;
        let charges: Vec<Recorded> = page.data.into_iter().map(recorded).collect();
        for charge in &charges {
            told.charges += 1;
            told.held += i64::from(matches!(charge.status.as_str(), "captured" | "authorized"));
            told.captured += charge.captured;
            told.refunded += charge.refunded;
        }
        for (key, _) in differences(pool, &charges).await? {
            if i64::try_from(told.offences.len()).is_ok_and(|named| named >= most) {
                break;
            }
            // It may have changed between the page and the look at ours.
            let again: Vec<_> = gateway.find(&key).await?.into_iter().map(recorded).collect();
            told.offences.extend(differences(pool, &again).await?.into_iter().map(|(_, row)| row));
        }
        after = page.next;
    }
    Ok(told)
}

async fn differences(
    pool: &Pool,
    charges: &[Recorded],
) -> Result<Vec<(String, Offence)>, StoreError> {
    read(pool, |conn| async move { theirs::list_differences(conn, charges).await }.scope_boxed())
        .await
}

fn recorded(charge: RecordedCharge) -> Recorded {
    Recorded {
        key: charge.key,
        status: charge.status,
        currency: charge.currency,
        amount: charge.amount,
        captured: charge.amount_captured,
        refunded: charge.amount_refunded,
    }
}

/// Payments that the gateway doesn't know.
async fn find_missing(
    pool: &Pool,
    gateway: &GatewayRecord,
    told: &Told,
    most: i64,
) -> Result<Vec<Offence>, CheckError> {
    let held: theirs::Held =
        read(pool, |conn| async move { theirs::find_held(conn).await }.scope_boxed())
            .await
            .map_err(CheckError::Store)?;
    if (held.payments, held.captured, held.refunded) == (told.held, told.captured, told.refunded) {
        return Ok(Vec::new());
    }
    let mut missing = Vec::new();
    let mut after = Uuid::nil();
    loop {
        let ids: Vec<Uuid> = read(pool, |conn| {
            async move { theirs::list_known_to_gateway(conn, after, LOOKED_UP).await }.scope_boxed()
        })
        .await
        .map_err(CheckError::Store)?;
        let Some(last) = ids.last() else { return Ok(missing) };
        after = *last;
        for id in ids {
            if gateway.find(&id.to_string()).await?.is_none() {
                let detail = "the gateway has no such charge".to_owned();
                missing.push(Offence { row: format!("payment {id}"), detail });
            }
            if i64::try_from(missing.len()).is_ok_and(|named| named >= most) {
                return Ok(missing);
            }
        }
    }
}
