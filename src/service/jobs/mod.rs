//! Long jobs: asked for in one transaction with the message that tells a worker, done under a lease, looked at meanwhile.
//!
//! 1. *Ask* ([`ask`]): the job's row and the message commit with whatever asked for it.
//! 2. *Claim* ([`claim`], [`claim_due`]): a worker takes the lease. From then on the row keeps the job, not the message; a
//!    lease that lapses, because its worker died, is taken by the next one.
//! 3. *Run* ([`run`]): the lease is kept while the work goes on. Every word about the job (how far it is, that it is done,
//!    why it can't be) is compared with the lease: who lost it changes nothing and leaves no file.
//! 4. *Clear* ([`clear_expired`]): the files of a job go when its time is over, the row some weeks later.
//!
//! Nothing here knows what a job does, but for the one `match` in [`run`].

mod claim;
mod clear;
mod error;
mod read;
mod run;

use std::time::Duration;

use serde_json::json;
use sqlx::PgConnection;

use super::{Cause, Services, outbox};
use crate::clients::files::Files;
use crate::clients::payment_gateway::GatewayRecord;
use crate::domain::ids::JobId;
use crate::store::StoreError;
use crate::store::jobs::{self as rows, NewJob};

pub(in crate::service) use claim::lease_until;
pub use claim::{Leased, claim, claim_due, fail_lost, give_back};
pub use clear::{clear_expired, purge_cleared, sweep_strays};
pub use error::{JobsError, NotDone};
pub use read::{Sight, cancel, find, list};
pub(in crate::service) use run::Watch;
pub use run::{End, run};

/// How often a job is taken before it counts as one that no worker survives.
pub const MOST_TRIES: i32 = 3;

/// Files of a job that is done stay so long.
pub const FILES_LIVE: time::Duration = time::Duration::days(7);

/// How often a worker says something about its job.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Rows between two words on how far it is.
    pub rows: u32,
    /// Time between two words that keep the lease, far below [`claim::LEASE`].
    pub heartbeat: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { rows: 5_000, heartbeat: Duration::from_secs(10) }
    }
}

/// What the use cases about long jobs are given.
#[derive(Debug, Clone)]
pub struct Jobs {
    pub services: Services,
    pub files: Files,
    /// The payment gateway's own record of charges.
    pub gateway: GatewayRecord,
    pub pace: Pace,
}

/// Where the files of all jobs lie, each job's in a folder of its own.
const FOLDER: &str = "jobs";

/// Where a job's files lie.
pub(in crate::service) fn folder(job: JobId) -> String {
    format!("{FOLDER}/{job}")
}

/// Writes a job and the message that it waits, in the caller's transaction.
pub(in crate::service) async fn ask(
    conn: &mut PgConnection,
    services: &Services,
    cause: &Cause,
    job: NewJob<'_>,
) -> Result<(), StoreError> {
    let (id, topic) = (job.id, job.kind.topic());
    rows::insert(conn, job, services.ambient.now()).await?;
    outbox::send(conn, &services.ambient, cause, (topic, json!({ "jobId": id }))).await
}
