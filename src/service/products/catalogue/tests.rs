//! What is left behind by changes that nobody knows the end of.

use std::time::Duration;

use futures_util::FutureExt;
use scoped_futures::ScopedFutureExt;
use sqlx::postgres::PgPoolOptions;

use super::{Catalogue, CatalogueSettings, Changed};
use crate::domain::ambient::Ambient;
use crate::service::pool::Pool;
use crate::service::transact::{about_to_commit, transact};
use crate::store::StoreError;

fn catalogue() -> Catalogue {
    let ttl = Duration::from_secs(60);
    let settings = CatalogueSettings { ttl, stale: ttl, entries: 100, places: 1 };
    Catalogue::new(&settings, &Ambient::system(), None)
}

/// Where nobody listens.
fn no_database() -> Pool {
    let patience = PgPoolOptions::new().acquire_timeout(Duration::from_millis(50));
    patience.connect_lazy("postgres://till@127.0.0.1:1/till").unwrap().into()
}

fn lost() -> Result<(), StoreError> {
    Err(StoreError::Unavailable(sqlx::Error::WorkerCrashed))
}

#[tokio::test]
async fn where_no_connection_was_had_nothing_is_doubted() {
    let (catalogue, pool) = (catalogue(), no_database());
    let before = catalogue.0.peers.epoch();
    let working = transact(&pool, |_| async { Ok::<_, StoreError>(()) }.scope_boxed());
    let failed = catalogue.change(working, |()| Changed::Lists).await;
    assert!(matches!(failed, Err(StoreError::Unavailable(_))));
    assert_eq!(catalogue.0.peers.epoch(), before);
}

#[tokio::test]
async fn a_lost_answer_is_a_doubt_once_it_may_be_that_of_a_commit() {
    let catalogue = catalogue();
    let before = catalogue.0.peers.epoch();
    assert!(catalogue.change(async { lost() }, |()| Changed::Lists).await.is_err());
    assert_eq!(catalogue.0.peers.epoch(), before);
    let committing = async {
        about_to_commit();
        lost()
    };
    assert!(catalogue.change(committing, |()| Changed::Lists).await.is_err());
    assert_ne!(catalogue.0.peers.epoch(), before);
}

#[tokio::test]
async fn whoever_goes_away_leaves_a_doubt_once_it_may_be_committed() {
    for commits in [false, true] {
        let catalogue = catalogue();
        let before = catalogue.0.peers.epoch();
        let working = async {
            if commits {
                about_to_commit();
            }
            std::future::pending::<Result<(), StoreError>>().await
        };
        assert!(catalogue.change(working, |()| Changed::Lists).now_or_never().is_none());
        assert_eq!(catalogue.0.peers.epoch() != before, commits);
    }
}
