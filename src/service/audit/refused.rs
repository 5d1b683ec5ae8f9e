//! Passwords that were wrong: counted in memory, the same for an account that is there and for one that is not, and written
//! down once a minute. A process that is killed loses a minute's worth.

use std::net::IpAddr;
use std::time::Duration;

use scoped_futures::ScopedFutureExt;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::audited::record;
use crate::domain::audit::{Act, Actor, Author, Entry, Origin, Target};
use crate::domain::ids::UserId;
use crate::resilience::counts::{Counted, Counts};
use crate::service::Services;
use crate::service::transact::transact;
use crate::store::StoreError;

/// Time between two writings.
pub const EVERY: Duration = Duration::from_secs(60);

/// Refusals that are told apart between two writings: no minute writes more entries than this, and one of each kind for all
/// that found no room.
pub(in crate::service) const MOST: usize = 1_000;

/// What wrong passwords are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refused {
    SignIn {
        /// Whose account was tried, where there is one.
        account: Option<UserId>,
        address: Option<IpAddr>,
    },
    /// Somebody who is signed in gave it as their own, to change it.
    PasswordChange { by: Actor, address: Option<IpAddr> },
}

impl Refused {
    /// The counts of one process.
    pub(in crate::service) fn counts() -> Counts<Self> {
        Counts::new(MOST, |refused| match refused {
            Self::SignIn { .. } => Self::SignIn { account: None, address: None },
            Self::PasswordChange { .. } => {
                Self::PasswordChange { by: Actor::Stranger, address: None }
            }
        })
    }

    fn told(self, counted: Counted) -> (Author, Entry) {
        let Counted { times, first: since, .. } = counted;
        let (actor, address, account, act) = match self {
            Self::SignIn { account, address } => {
                (Actor::Stranger, address, account, Act::RefuseSignIn { times, since })
            }
            Self::PasswordChange { by, address } => {
                (by, address, by.user(), Act::RefusePasswordChange { times, since })
            }
        };
        let origin = Origin { address, ..Origin::default() };
        let target = account.map_or(Target::Nothing, Target::User);
        (Author { actor, origin }, Entry { act, target })
    }
}

/// Writes an entry for each; what can't be written now is counted on from.
///
/// # Errors
/// [`StoreError`] where the database doesn't answer.
#[tracing::instrument(name = "service.audit.flush_refused", skip_all)]
pub async fn flush_refused(services: &Services) -> Result<(), StoreError> {
    let counts = services.auth.refused();
    let taken = counts.take();
    if taken.is_empty() {
        return Ok(());
    }
    let told: Vec<(Author, Entry)> =
        taken.iter().map(|(refused, counted)| refused.told(*counted)).collect();
    let told = &told;
    let writing = transact::<_, StoreError, _>(&services.pool, |conn| {
        async move {
            for (author, entry) in told {
                let entries = std::slice::from_ref(entry);
                record(conn, &services.ambient, author, entries, ()).await?.into_inner();
            }
            Ok(())
        }
        .scope_boxed()
    });
    let written = writing.await;
    if written.is_err() {
        counts.give_back(taken);
    }
    written
}

/// Writes again and again, and a last time when told to stop.
pub async fn keep_flushing(services: Services, stop: CancellationToken) {
    loop {
        let stopped = stop.run_until_cancelled(sleep(EVERY)).await.is_none();
        if let Err(error) = flush_refused(&services).await {
            tracing::warn!(%error, "wrong passwords can't be written down now");
        }
        if stopped {
            return;
        }
    }
}
