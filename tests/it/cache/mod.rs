//! The cached catalogue over real servers: one query for many, nothing old after a change, something where the database
//! is gone.

mod instances;
mod outage;
mod processes;
mod stampede;
mod tier;

use std::sync::Arc;

use axum::Router;
use till::resilience::cache::tier::CacheTier;
use till::service::products::Catalogue;
use tokio_util::sync::CancellationToken;

use crate::api::shop::Shop;
use crate::api::support::{get, router_over};
use crate::support::TestServices;
use crate::support::directory::PATIENCE;

/// One instance of the API that hears what others change, until it is dropped.
struct Instance {
    test: TestServices,
    router: Router,
    stop: CancellationToken,
}

impl Instance {
    /// Over the shop's database and clock, with a cache of its own.
    async fn of(shop: &Shop, tier: Arc<dyn CacheTier>) -> Self {
        let test = shop.test.twin_sharing(Some(tier)).await;
        let (catalogue, stop) = (test.services.catalogue.clone(), CancellationToken::new());
        let (follower, until) = (catalogue.clone(), stop.clone());
        drop(tokio::spawn(async move { follower.follow(&until).await }));
        hears(&catalogue).await;
        Self { router: router_over(&test), test, stop }
    }

    fn catalogue(&self) -> &Catalogue {
        &self.test.services.catalogue
    }

    /// A member of what it answers there; the status where that is not 200.
    async fn says(&self, path: &str, pointer: &str) -> String {
        let answered = get(&self.router, path).await;
        if answered.status != 200 {
            return answered.status.as_u16().to_string();
        }
        let found = answered.json().pointer(pointer).cloned();
        found.map_or_else(|| "nothing".to_owned(), |found| found.as_str().unwrap_or("").to_owned())
    }

    /// Waits until it says so.
    async fn comes_to_say(&self, path: &str, pointer: &str, expected: &str) {
        let waiting = async {
            while self.says(path, pointer).await != expected {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(waited.is_ok(), "{path} never said {expected}");
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Waits until it hears changes.
async fn hears(catalogue: &Catalogue) {
    eventually(|| catalogue.hears()).await;
}

/// Waits until it knows that it hears none.
async fn hears_nothing(catalogue: &Catalogue) {
    eventually(|| !catalogue.hears()).await;
}

async fn eventually(fact: impl Fn() -> bool) {
    let waiting = async {
        while !fact() {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok());
}

/// Statements that wait for a lock on the catalogue's table.
async fn waiting_queries(shop: &Shop) -> i64 {
    shop.count(
        "SELECT count(*) FROM pg_locks
         WHERE NOT granted AND relation = 'products'::regclass
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    )
    .await
}
