//! The public catalogue as everybody reads it, through the cache, and what keeps the cache right when it is changed;
//! stock is in no cache, and no order takes a price from one.
//!
//! A product has versions, so the new one takes the old one's place. A page, a search and the categories have none: a
//! change makes all of them void. What was bought together follows from orders, which make nothing void: it is as old as
//! its time allows, but it holds ids alone, so that every product in it is shown as it is now.

mod error;
mod kinds;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use scoped_futures::ScopedFutureExt;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use self::error::CatalogueError;
use self::kinds::{key_of, list_key};
use super::read::{MOST_CATEGORIES, ORDERS_LOOKED_AT, RECOMMENDATIONS};
use crate::domain::ambient::Ambient;
use crate::domain::ids::{Id, ProductId};
use crate::domain::page::{Page, PageRequest, Position};
use crate::domain::product::{CategoryCount, Product, ProductFilter};
use crate::resilience::bulkhead::Bulkhead;
use crate::resilience::cache::tier::{CacheTier, Notice};
use crate::resilience::cache::{Cache, Loaded, Moment, NotLoaded, Peers};
use crate::service::pool::Pool;
use crate::service::transact::{AsStoreError, CommitWatch, read};
use crate::store::{StoreError, products};

/// Longest wait for a place among those that load.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Longest time that whoever changed something tells it, and what others could not tell before.
const LONGEST_TELLING: Duration = Duration::from_secs(1);

/// How the catalogue is cached.
#[derive(Debug, Clone, Copy)]
pub struct CatalogueSettings {
    /// How long it is fresh; for as long again it is served while one refreshes it.
    pub ttl: Duration,
    /// How long after that it serves where the database does not answer.
    pub stale: Duration,
    /// Most products in memory by themselves, and as many again in lists.
    pub entries: u32,
    /// Connections that may load at a time, half of them pages: the others stay for what has to be done.
    pub places: usize,
}

/// What came of work that may change the catalogue.
#[derive(Debug)]
pub enum Changed {
    Nothing,
    /// Something, known by nobody here; each product by itself is as it was.
    Lists,
    Products(Vec<Product>),
}

/// The cached catalogue of one process; clones share it.
#[derive(Clone)]
pub struct Catalogue(Arc<Parts>);

struct Parts {
    ambient: Ambient,
    peers: Arc<Peers>,
    loads: Bulkhead,
    /// In front of that for pages, of which anybody may ask for any number: half of the places stay for the rest.
    pages: Bulkhead,
    products: Cache<Product, CatalogueError>,
    lists: Cache<Page<Product>, CatalogueError>,
    /// Apart from the lists, since anybody may think of any number of them; in no shared tier.
    searches: Cache<Page<Product>, CatalogueError>,
    categories: Cache<Vec<CategoryCount>, CatalogueError>,
    bought_with: Cache<Vec<ProductId>, CatalogueError>,
}

impl Catalogue {
    /// Empty; `tier`: what is shared with other instances.
    pub fn new(
        settings: &CatalogueSettings,
        ambient: &Ambient,
        tier: Option<Arc<dyn CacheTier>>,
    ) -> Self {
        let peers = Arc::new(Peers::new(tier, kinds::SPACES));
        Self(Arc::new(Parts {
            ambient: ambient.clone(),
            loads: Bulkhead::new(settings.places, LONGEST_WAIT),
            pages: Bulkhead::new((settings.places / 2).max(1), LONGEST_WAIT),
            products: Cache::new(kinds::products(settings), ambient, &peers),
            lists: Cache::new(kinds::lists(settings), ambient, &peers),
            searches: Cache::new(kinds::searches(settings), ambient, &peers),
            categories: Cache::new(kinds::categories(settings), ambient, &peers),
            bought_with: Cache::new(kinds::bought_with(settings), ambient, &peers),
            peers,
        }))
    }

    /// Hears what other instances change, until it is told to stop.
    pub async fn follow(&self, stop: &CancellationToken) {
        self.0.peers.follow(|notice| self.hear(notice), stop).await;
    }

    /// Whether it hears what other instances change.
    pub fn hears(&self) -> bool {
        self.0.peers.hears()
    }

    /// Does the work, and sees to it that what was in the catalogue before it is shown no more. Where nobody knows
    /// whether the work was committed, nothing in memory is believed any more.
    pub(in crate::service) async fn change<T, E: AsStoreError>(
        &self,
        work: impl Future<Output = Result<T, E>>,
        changed: impl FnOnce(&T) -> Changed,
    ) -> Result<T, E> {
        let moment = Moment::now(&self.0.ambient, &self.0.peers);
        let watch = CommitWatch::default();
        let open = Open { peers: Some(&self.0.peers), watch: &watch };
        let result = Box::pin(watch.over(work)).await;
        match &result {
            Ok(done) => {
                self.take_over(changed(done), moment);
                open.close();
            }
            Err(error) => match error.as_store_error() {
                Some(StoreError::Unavailable(_)) => drop(open),
                Some(
                    StoreError::Broken(..)
                    | StoreError::Retry(_)
                    | StoreError::TooSlow(_)
                    | StoreError::BadRow { .. }
                    | StoreError::Unexpected(_),
                )
                | None => open.close(),
            },
        }
        // Where it fails it is counted, and told by whoever follows; so is what takes too long.
        drop(timeout(LONGEST_TELLING, self.0.peers.tell()).await);
        result
    }

    fn take_over(&self, changed: Changed, moment: Moment) {
        let Parts { products, lists, searches, categories, .. } = &*self.0;
        match changed {
            Changed::Nothing => return,
            Changed::Lists => {}
            Changed::Products(changed) => {
                if changed.is_empty() {
                    return;
                }
                for product in changed {
                    let (key, version) = (key_of(product.id), product.version);
                    products.change(&key, product, version, moment);
                }
            }
        }
        lists.void();
        searches.void();
        categories.void();
    }

    fn hear(&self, notice: &Notice) {
        let Parts { peers, products, lists, searches, categories, bought_with, .. } = &*self.0;
        if *notice == Notice::Doubt {
            peers.distrust();
        }
        products.hear(notice);
        lists.hear(notice);
        searches.hear(notice);
        categories.hear(notice);
        bought_with.hear(notice);
    }

    /// For sale or not.
    pub(super) async fn product(
        &self,
        pool: &Pool,
        id: ProductId,
    ) -> Result<Option<Arc<Product>>, NotLoaded<CatalogueError>> {
        let load = || {
            let (pool, loads) = (pool.clone(), self.0.loads.clone());
            async move {
                let _place = loads.enter().await?;
                let found = read(&pool, |conn| products::find(conn, id).scope_boxed()).await?;
                let loaded = |product: Product| Loaded { version: product.version, value: product };
                Ok(found.map(loaded))
            }
        };
        let mut buffer = Uuid::encode_buffer();
        let key = id.as_uuid().hyphenated().encode_lower(&mut buffer);
        self.0.products.get(key, load).await
    }

    pub(super) async fn page(
        &self,
        pool: &Pool,
        filter: &ProductFilter,
        page: PageRequest,
    ) -> Result<Page<Product>, NotLoaded<CatalogueError>> {
        let load = || {
            let (pool, filter) = (pool.clone(), filter.clone());
            let (pages, loads) = (self.0.pages.clone(), self.0.loads.clone());
            async move {
                let _page = pages.enter().await?;
                let _place = loads.enter().await?;
                let filter = &filter;
                let rows =
                    read(&pool, move |conn| products::list(conn, filter, page).scope_boxed());
                let value = Page::cut(rows.await?, page.size, |product| Position {
                    created_at: product.created_at,
                    id: product.id.as_uuid(),
                });
                // Anybody may think of lists that are empty: they are kept as what is not there, and shared with nobody.
                Ok((!value.rows.is_empty()).then_some(Loaded { version: 0, value }))
            }
        };
        let cache = if filter.text.is_some() { &self.0.searches } else { &self.0.lists };
        let found = cache.get(&list_key(filter, page), load).await?;
        Ok(found.map_or_else(Page::empty, |page| (*page).clone()))
    }

    pub(super) async fn categories(
        &self,
        pool: &Pool,
    ) -> Result<Vec<CategoryCount>, NotLoaded<CatalogueError>> {
        let load = || {
            let (pool, loads) = (pool.clone(), self.0.loads.clone());
            async move {
                let _place = loads.enter().await?;
                let found = read(&pool, |conn| {
                    products::list_categories(conn, MOST_CATEGORIES).scope_boxed()
                });
                Ok(Some(Loaded { version: 0, value: found.await? }))
            }
        };
        let found = self.0.categories.get("all", load).await?;
        Ok(found.map(|all| (*all).clone()).unwrap_or_default())
    }

    /// Products for sale that were bought together with this one, each as it is now.
    pub(super) async fn bought_with(
        &self,
        pool: &Pool,
        id: ProductId,
    ) -> Result<Vec<Product>, NotLoaded<CatalogueError>> {
        let load = || {
            let (pool, loads) = (pool.clone(), self.0.loads.clone());
            async move {
                let _place = loads.enter().await?;
                let found = read(&pool, |conn| {
                    products::list_bought_with(conn, id, ORDERS_LOOKED_AT, RECOMMENDATIONS)
                        .scope_boxed()
                });
                let value = found.await?.into_iter().map(|product| product.id).collect();
                Ok(Some(Loaded { version: 0, value }))
            }
        };
        let ids = self.0.bought_with.get(&key_of(id), load).await?.unwrap_or_default();
        let found = try_join_all(ids.iter().map(|id| self.product(pool, *id))).await?;
        let for_sale = found.into_iter().flatten().filter(|product| product.active);
        Ok(for_sale.map(|product| (*product).clone()).collect())
    }
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalogue").finish_non_exhaustive()
    }
}

/// Work under way: whoever goes away from it once it may have been committed leaves a doubt behind.
struct Open<'a> {
    peers: Option<&'a Peers>,
    watch: &'a CommitWatch,
}

impl Open<'_> {
    fn close(mut self) {
        self.peers = None;
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if let Some(peers) = self.peers
            && self.watch.may_be_committed()
        {
            peers.doubt();
        }
    }
}
