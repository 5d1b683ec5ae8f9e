//! What came of it: everything that was acknowledged is there once, and the gateway's own record says the same.

use std::collections::BTreeSet;
use std::fmt;

use sqlx::PgPool;
use till::config::BaseUrl;
use till::service::check::{GatewayRecord, check};
use uuid::Uuid;

use super::blows::Tally;
use super::clients::{Client, Deed, Name};
use super::house::House;
use crate::support::services::GATEWAY_DEADLINE;

const BROKER_REPLACED: &str =
    "; RabbitMQ came back broken: it was replaced, and all messages were sent once more";

/// The figures of one run.
pub struct Verdict {
    pub seed: u64,
    pub seconds: u64,
    pub tally: Tally,
    /// Charges at the gateway that nobody was told of, and orders, payments and refunds beyond those that were asked for.
    pub doubled: usize,
    /// Acknowledged and not there.
    pub lost: usize,
    /// Deeds whose answer was lost or open at first, and certain in the end.
    pub in_doubt_settled: usize,
    pub orders: usize,
    pub payments: usize,
    pub refunds: usize,
    pub repeats: u64,
    pub replays: u64,
    /// It came back broken from a kill.
    pub broker_replaced: bool,
    /// What `till check` found wrong.
    pub offences: Vec<String>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, seconds, tally, doubled, lost, in_doubt_settled, .. } = self;
        let Self { orders, payments, refunds, repeats, replays, .. } = self;
        let check = if self.offences.is_empty() { "passes" } else { "FAILS" };
        let broker = if self.broker_replaced { BROKER_REPLACED } else { "" };
        write!(
            f,
            "crash test, seed {seed}, {seconds} s: {doubled} double charges, {lost} lost, {in_doubt_settled} in doubt \
             settled; till check {check}; {tally}; {orders} orders, {payments} payments, {refunds} refunds; \
             {repeats} repeated requests, {replays} replayed answers{broker}"
        )
    }
}

/// Ids of what was acknowledged as made by such requests.
fn acknowledged(clients: &[Client], of: impl Fn(&Deed) -> bool) -> BTreeSet<Uuid> {
    let deeds = clients.iter().flat_map(|client| &client.deeds);
    let made = deeds.filter(|deed| of(deed)).filter_map(|deed| deed.answer.as_ref());
    made.filter_map(|answer| {
        let body = answer.json();
        // A declined payment is a problem that holds the payment.
        let made = body.get("payment").unwrap_or(&body);
        matches!(answer.status, 201 | 402).then(|| made["id"].as_str().unwrap().parse().unwrap())
    })
    .collect()
}

async fn stored(pool: &PgPool, query: &'static str) -> BTreeSet<Uuid> {
    let ids: Vec<Uuid> = sqlx::query_scalar(query).fetch_all(pool).await.unwrap();
    ids.into_iter().collect()
}

async fn charged(house: &House) -> BTreeSet<Uuid> {
    let record = record(house);
    let (mut keys, mut after) = (BTreeSet::new(), Some(0));
    while let Some(place) = after {
        let page = record.page(place).await.unwrap();
        keys.extend(page.data.iter().map(|charge| charge.key.parse::<Uuid>().unwrap()));
        after = page.next;
    }
    keys
}

fn record(house: &House) -> GatewayRecord {
    let url = BaseUrl::parse(&house.gateway_url).unwrap();
    GatewayRecord::new(url, GATEWAY_DEADLINE * 10).unwrap()
}

pub async fn judge(house: &House, clients: &[Client], tally: Tally, seed: u64) -> Verdict {
    let pool = &house.pool;
    let orders = acknowledged(clients, |deed| deed.path == "/v1/orders");
    let payments = acknowledged(clients, |deed| deed.path == "/v1/payments");
    let refunds = acknowledged(clients, |deed| deed.name == Name::Staff);
    let there = [
        (&orders, stored(pool, "SELECT id FROM orders").await),
        (&payments, stored(pool, "SELECT id FROM payments").await),
        (&refunds, stored(pool, "SELECT id FROM refunds").await),
    ];
    let beyond = charged(house).await.difference(&payments).count();
    let doubled = there.iter().map(|(told, there)| there.difference(told).count()).sum::<usize>();
    let lost = there.iter().map(|(told, there)| told.difference(there).count()).sum();
    let report = check(&pool.clone().into(), Some(&record(house)), 10).await.unwrap();
    let offences = report.findings.iter().flat_map(|finding| {
        finding.offences.iter().map(|row| format!("{}: {} {}", finding.rule, row.row, row.detail))
    });
    let deeds = || clients.iter().flat_map(|client| &client.deeds);
    Verdict {
        seed,
        seconds: 0,
        broker_replaced: false,
        tally,
        doubled: doubled + beyond,
        lost,
        in_doubt_settled: deeds().filter(|deed| deed.doubted && deed.answer.is_some()).count(),
        orders: orders.len(),
        payments: payments.len(),
        refunds: refunds.len(),
        repeats: clients.iter().map(|client| client.repeats).sum(),
        replays: clients.iter().map(|client| client.replays).sum(),
        offences: offences.collect(),
    }
}
