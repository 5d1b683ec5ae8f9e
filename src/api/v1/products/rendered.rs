//! Products as they were last shown, by id and version: what is read again and again is written as JSON once; whether it may
//! be shown is decided elsewhere.

use std::fmt;
use std::sync::Arc;

use moka::sync::Cache;
use uuid::Uuid;

use super::body::{ProductBody, tag_of};
use crate::api::problem::Problem;
use crate::api::representation::Representation;
use crate::domain::ids::Id;
use crate::domain::product::Product;

/// Bytes in memory at most, about: some twenty thousand products of the usual size.
const MOST: u64 = 16 * 1024 * 1024;

/// What a product never has two of: the version changes with every change.
type Key = (Uuid, i64);

/// Cloned for each request; clones share it.
#[derive(Clone)]
pub struct RenderedProducts(Arc<Cache<Key, Representation>>);

impl RenderedProducts {
    /// How this product is shown.
    ///
    /// # Errors
    /// 500 where it can't be written as JSON.
    pub fn show(&self, product: &Product) -> Result<Representation, Problem> {
        let key = (product.id.as_uuid(), product.version);
        if let Some(shown) = self.0.get(&key) {
            return Ok(shown);
        }
        let body = ProductBody::from(product.clone());
        let shown = Representation::versioned(&body, tag_of(product))?;
        let shown = shown.last_modified(product.updated_at)?;
        self.0.insert(key, shown.clone());
        Ok(shown)
    }
}

impl Default for RenderedProducts {
    fn default() -> Self {
        let weight = |_: &Key, shown: &Representation| shown.weight();
        Self(Arc::new(Cache::builder().max_capacity(MOST).weigher(weight).build()))
    }
}

impl fmt::Debug for RenderedProducts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenderedProducts").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::extract::FromRequestParts;
    use axum::http::Request;
    use axum::http::header::{ETAG, LAST_MODIFIED};
    use time::OffsetDateTime;
    use time::macros::datetime;
    use uuid::Uuid;

    use super::RenderedProducts;
    use crate::api::extract::ReadConditions;
    use crate::domain::money::{Amount, Currency, Money};
    use crate::domain::product::Product;

    fn mug(version: i64, name: &str) -> Product {
        let at = datetime!(2026-11-22 20:18:00.5 UTC);
        Product {
            id: Uuid::from_u128(1).into(),
            sku: "MUG".into(),
            name: name.into(),
            description: String::new(),
            category: "mugs".into(),
            price: Money {
                amount: Amount::new(5).unwrap(),
                currency: Currency::parse("EUR").unwrap(),
            },
            active: true,
            version,
            created_at: at,
            updated_at: at,
        }
    }

    /// Name, tag and date as they are shown at that time.
    async fn shown(
        rendered: &RenderedProducts,
        product: &Product,
        now: OffsetDateTime,
    ) -> [String; 3] {
        let (mut parts, ()) = Request::new(()).into_parts();
        let conditions = ReadConditions::from_request_parts(&mut parts, &()).await.unwrap();
        let response = rendered.show(product).unwrap().as_of(now).public(&conditions);
        let header = |name| {
            let value = response.headers().get(name);
            value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
        };
        let (tag, date) = (header(ETAG), header(LAST_MODIFIED));
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        [body["name"].as_str().unwrap().to_owned(), tag, date]
    }

    #[tokio::test]
    async fn another_version_is_another_rendering_and_the_first_stays_what_it_was() {
        let rendered = RenderedProducts::default();
        let now = datetime!(2026-11-22 20:19 UTC);
        let first = shown(&rendered, &mug(1, "Mug"), now).await;
        assert_eq!(first[0], "Mug");
        let second = shown(&rendered, &mug(2, "Cup"), now).await;
        assert_eq!(second[0], "Cup");
        assert_ne!(first[1], second[1]);
        assert_eq!(shown(&rendered, &mug(1, "Mug"), now).await, first);
    }

    #[tokio::test]
    async fn what_is_kept_shows_its_date_once_it_has_come() {
        let rendered = RenderedProducts::default();
        let before = shown(&rendered, &mug(1, "Mug"), datetime!(2026-11-22 20:18:00.6 UTC)).await;
        assert_eq!(before[2], "");
        let after = shown(&rendered, &mug(1, "Mug"), datetime!(2026-11-22 20:18:01 UTC)).await;
        assert_eq!(after[2], "Sun, 22 Nov 2026 20:18:01 GMT");
    }
}
